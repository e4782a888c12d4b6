"""TemplateMiner: from lines to templates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError

from faultmaven_lib.analysis.logs.forms import Scan, read_forms, read_raw, scan
from faultmaven_lib.analysis.logs.library import OTHER, Library
from faultmaven_lib.analysis.logs.patterns import PLACE, Pattern, own_pattern
from faultmaven_lib.analysis.logs.text import Array, Text, text_of

Label = int | str
"""What ``learn`` calls a line: ``resolve`` says which template that is, now or later."""
_LABELS = 10_000
"""So many forms are labels; from then on, those that fit a template get its id, and its forms are mined again when
as many more fitted none."""
_LINES = 1_000_000
"""Lines that are read at once."""


class TemplateMiner(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Find the templates of log lines: the text that stays, with ``<*>`` for what varies.

    Values that are written as such (numbers, addresses, paths, dates, ...) are masked in one compiled pass over the
    bytes. What is left are fewer *forms*, distinct masked lines; those of one punctuation are partitioned until the
    words that still differ explain nothing of each other (see ``grouping.group``). There is nothing to tune: the
    parameters bound memory and time.

    Templates, ids and counts do not depend on the order of the lines, nor on the batches or parts they came in, up to
    ``max_distinct`` forms. Where there are more, those without a line of their own among the templates make room, see
    below; the result is then the same for the same calls.

    Parameters
    ----------
    max_distinct
        Forms that are kept, each with a line; these have 512 bytes each, on average. When there is no room for
        another one, only those that were mined are kept: lines of the others are counted with the template they fit,
        or else in ``other_``.
    max_mined
        Forms that templates are made of. A form that fits a template there is needs none.
    max_alike
        Forms of one shape (the same number of words, and the same punctuation between them) that are mined at first;
        others only if they fit none of the templates found.
    max_length
        Bytes of a line that are looked at; what lies beyond is one value.

    Attributes
    ----------
    templates_ : DataFrame
        One row a template, index ``id`` (a hash of the template): ``template``, ``count``, ``example``;
        most frequent first.
    aliases_ : dict of str to str
        Ids of templates that have generalised since they were handed out, and the ids they have now.
    other_ : int
        Lines without a template: those of forms beyond ``max_mined``, fewest lines first, that fit none.

    Notes
    -----
    The first call compiles for about three seconds, once on a machine. White space at both ends of a line is left out
    of its template, and a run of it inside is one space. Lines are UTF-8 inside: half of a surrogate pair becomes
    ``?``.

    Examples
    --------
    >>> miner = TemplateMiner()
    >>> ids = miner.fit_transform(["took 12 ms", "took 7 ms", "disk full"])
    >>> miner.templates_["template"].tolist(), len(set(ids))
    (['took <*> ms', 'disk full'], 2)
    >>> miner.parameters(["took 99 ms"])
    [('99',)]
    """

    def __init__(
        self,
        *,
        max_distinct: int = 1_000_000,
        max_mined: int = 50_000,
        max_alike: int = 250,
        max_length: int = 2_000,
    ) -> None:
        self.max_distinct = max_distinct
        self.max_mined = max_mined
        self.max_alike = max_alike
        self.max_length = max_length

    def fit(self, lines: Iterable[str], y: Any = None) -> Self:  # noqa: ARG002  # scikit-learn's signature
        """Learn the templates of these lines, and only of these.

        Lines are strings in a list, a Series, a numpy or an Arrow array; what is missing counts as empty.
        """
        self._reset()
        return self.partial_fit(lines)

    def partial_fit(self, lines: Iterable[str], y: Any = None) -> Self:  # noqa: ARG002
        """Learn more lines on top of those seen so far."""
        if not hasattr(self, "_library"):
            self._reset()
        text = text_of(lines)
        for at in range(0, len(text.offsets) - 1, _LINES):
            self._learn(Text(text.data, text.offsets[at : at + _LINES + 1]))
        return self

    def fit_transform(self, lines: Iterable[str], y: Any = None) -> Array:  # noqa: ARG002
        """Learn the templates and return the id of every line, as an array of objects."""
        self._reset()
        text = text_of(lines)
        patterns, pattern_of = self._find(text, self._learn(text), learnt=True)
        return np.array([pattern.id for pattern in patterns], dtype=object)[pattern_of]

    def learn(self, lines: Iterable[str]) -> tuple[list[Label], Array]:
        """Learn more lines; return labels, and which of them every line has.

        A template can still change when more lines are learnt, a label stays: lines in batches are labelled as they
        come, and their templates asked for at the end. Where there are more than 10,000 labels, those of further lines
        are the ids of templates that they fit, so that labels have an end if templates have one.

        Examples
        --------
        >>> miner = TemplateMiner()
        >>> (label,), _ = miner.learn(["took 12 ms"])
        >>> _ = miner.learn(["took 7 ms", "gave 7 ms"])
        >>> miner.templates_["template"][miner.resolve([label])[0]]
        'took <*> ms'
        """
        if not hasattr(self, "_library"):
            self._reset()
        text = text_of(lines)
        found = self._learn(text)
        library = self._library
        rows = library.bank.find(found.keys)
        labels = found.keys.astype(object)
        new = np.flatnonzero((rows < 0) | ~library.labelled[rows])
        known = np.count_nonzero(library.labelled) + len(library.dropped)
        if known + len(new) > _LABELS or (rows < 0).any():
            new = new[self._label_by_template(text, found, rows, new, labels)]
        library.labelled[rows[new]] = True
        self._unnamed += len(new)
        return labels.tolist(), found.form_of

    def resolve(self, labels: Iterable[Label]) -> list[str]:
        """Return the ids of templates that labels of ``learn`` stand for; empty for lines that found no room."""
        library = self._refreshed()
        given = list(labels)
        keys = [label for label in given if isinstance(label, int)]
        rows = library.bank.find(np.array(keys, np.int64))
        ids = np.array([*library.ids, OTHER], dtype=object)[np.r_[library.template_of, -1][rows]]
        id_of = {
            key: name if row >= 0 else library.aliases.of(library.dropped.get(key, OTHER))
            for key, row, name in zip(keys, rows.tolist(), ids.tolist(), strict=True)
        }
        return [id_of[label] if isinstance(label, int) else library.aliases.of(label) for label in given]

    def transform(self, lines: Iterable[str]) -> Array:
        """Return the template id of every line; a line that fits none gets the id of a template of its own."""
        text = text_of(lines)
        patterns, pattern_of = self._find(text, scan(text, self.max_length))
        return np.array([pattern.id for pattern in patterns], dtype=object)[pattern_of]

    def parameters(self, lines: Iterable[str]) -> list[tuple[str, ...]]:
        """Return the values behind the ``<*>`` of every line's template, in order.

        Put back into the template they give the line again, but for white space (see Notes).
        """
        return self.parse(lines)[1]

    def parse(self, lines: Iterable[str]) -> tuple[Array, list[tuple[str, ...]]]:
        """Return what both ``transform`` and ``parameters`` return."""
        text = text_of(lines)
        patterns, pattern_of = self._find(text, scan(text, self.max_length))
        raw = read_raw(text, np.arange(len(pattern_of)), self.max_length)
        values = [
            tuple(patterns[p].values(words, gaps)) for p, (words, gaps) in zip(pattern_of.tolist(), raw, strict=True)
        ]
        return np.array([pattern.id for pattern in patterns], dtype=object)[pattern_of], values

    def merge(self, other: TemplateMiner) -> Self:
        """Take over what another miner has learnt, as if this one had learnt its lines, too.

        Examples
        --------
        >>> one, two = TemplateMiner().fit(["user bob left"]), TemplateMiner().fit(["disk full"])
        >>> one.merge(two).templates_["template"].tolist()
        ['disk full', 'user bob left']
        """
        self._known().merge(other._known())
        return self

    @property
    def templates_(self) -> pd.DataFrame:
        """The templates, most frequent first."""
        return self._refreshed().templates

    @property
    def aliases_(self) -> dict[str, str]:
        """Ids that templates had, and the ids they have now."""
        return self._refreshed().aliases.now

    @property
    def other_(self) -> int:
        """Lines without a template."""
        library = self._refreshed()
        return library.lost + int(library.bank.forms.counts[library.template_of < 0].sum())

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_library")

    def _reset(self) -> None:
        self._library = Library(self.max_distinct, self.max_mined, self.max_alike, self.max_length)
        self._unnamed = 0  # labels given since the forms were last mined for ``learn``
        self._due = 0  # forms in the bank at which they are mined again

    def _known(self) -> Library:
        if not hasattr(self, "_library"):
            raise NotFittedError("this TemplateMiner has seen no lines yet: call fit or fit_transform first")
        return self._library

    def _refreshed(self) -> Library:
        library = self._known()
        library.refresh()
        return library

    def _learn(self, text: Text) -> Scan:
        """Count the lines; return their forms."""
        found = scan(text, self.max_length)
        self._library.add(found.forms(text))
        return found

    def _label_by_template(self, text: Text, found: Scan, rows: Array, new: Array, labels: Array) -> Array:
        """Label forms with the id of the template they fit; return which of them keep their key for a label."""
        library = self._library
        if len(library.bank) >= self._due or (self._unnamed >= _LABELS and not library.mined.full):
            library.refresh()
            self._unnamed = 0
            self._due = 2 * len(library.bank)
        mined = library.mined
        known = (rows[new] >= 0) & (rows[new] < len(mined.pattern_of))
        pattern_of = np.full(len(new), -1, np.int64)
        pattern_of[known] = mined.pattern_of[rows[new[known]]]
        pattern_of[~known] = library.fitting(text, found.smallest[new[~known]], found.disagree(new[~known]))
        keep = (pattern_of < 0) & (rows[new] >= 0) & (not mined.full)
        keep[known] |= mined.chosen[rows[new[known]]]
        names = np.array([*(pattern.id for pattern in mined.fit.patterns), OTHER], dtype=object)
        labels[new[~keep]] = names[pattern_of[~keep]]
        return keep

    def _find(self, text: Text, found: Scan, *, learnt: bool = False) -> tuple[list[Pattern], Array]:
        """Return patterns, and which of them every line fits: its own if it fits none of those that were learnt.

        ``learnt`` says that the templates are of these lines.
        """
        library = self._refreshed()
        fit = library.mined.fit
        patterns = list(fit.patterns)
        of_form = np.r_[library.mined.pattern_of, -1][library.bank.find(found.keys)]
        unknown = np.flatnonzero(of_form < 0)
        of_form[unknown] = library.fitting(text, found.smallest[unknown], learnt & found.disagree(unknown))
        pattern_of = of_form[found.form_of]
        if not learnt:
            # Where a template says "ssh2", every line of a form is held against it: "ssh3" is of the same form.
            single = np.flatnonzero(fit.numbered[pattern_of] | (pattern_of < 0))
            pattern_of[single] = fit.find(text, single, self.max_length)
        lost = np.flatnonzero(pattern_of < 0)
        forms = found.form_of[lost]
        # One line stands for all lines of a form, but where they have different numbers in numbered words.
        alone = found.disagree(forms)
        _, first, inverse = np.unique(
            np.where(alone, -1 - np.arange(len(lost)), forms), return_index=True, return_inverse=True
        )
        pattern_of[lost] = len(patterns) + inverse
        patterns.extend(own_pattern(form) for form in read_forms(text, lost[first], self.max_length))
        return patterns, pattern_of


__all__ = ["PLACE", "TemplateMiner"]
