"""TemplateMiner: from lines to templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError

from faultmaven_lib.analysis.logs.forms import Form, Scan, example_of, read_forms, scan
from faultmaven_lib.analysis.logs.patterns import PLACE, Fit, Pattern, own_pattern, patterns_of
from faultmaven_lib.analysis.logs.text import Array, Text, text_of

_ROUNDS = 4
"""How often lines beyond the bounds that fit no template are looked at for templates of their own."""


class TemplateMiner(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Find the templates of log lines: the text that stays, with ``<*>`` for what varies.

    Values that are written as such (numbers, addresses, paths, dates, ...) are masked in one compiled pass over the
    bytes. What is left are few *forms*; those of one punctuation are partitioned until the words that still differ
    explain nothing of each other (see ``grouping.group``). There is nothing to tune: the parameters bound memory and
    time. Templates, ids and counts do not depend on the order of the lines, nor on the batches or parts they came in,
    as long as the bounds on forms are kept.

    Parameters
    ----------
    max_distinct
        Forms that are kept. Lines of others are matched to templates there are, and those that match none are
        counted in ``other_``.
    max_alike
        The same for forms of one shape (the same number of words, and the same punctuation between them): more
        would teach nothing on which of the words vary.
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
        Lines that found no room.

    Notes
    -----
    The first call compiles for about two seconds, once on a machine. White space at both ends of a line is left out
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

    def __init__(self, *, max_distinct: int = 50_000, max_alike: int = 500, max_length: int = 2_000) -> None:
        self.max_distinct = max_distinct
        self.max_alike = max_alike
        self.max_length = max_length

    def fit(self, lines: Iterable[str], y: Any = None) -> Self:  # noqa: ARG002  # scikit-learn's signature
        """Learn the templates of these lines, and only of these.

        Lines are strings in a list, a Series, a numpy or an Arrow array; what is missing counts as empty.
        """
        self._reset()
        self._learn(text_of(lines))
        return self

    def partial_fit(self, lines: Iterable[str], y: Any = None) -> Self:  # noqa: ARG002
        """Learn more lines on top of those seen so far."""
        if not hasattr(self, "_forms"):
            self._reset()
        self._learn(text_of(lines))
        return self

    def fit_transform(self, lines: Iterable[str], y: Any = None) -> Array:  # noqa: ARG002
        """Learn the templates and return the id of every line, as an array of objects."""
        self._reset()
        text = text_of(lines)
        found, fits = self._learn(text)
        self._refresh()
        ids = np.empty(len(found.keys), dtype=object)
        for chosen, names in fits:
            ids[chosen] = names
        kept = np.flatnonzero(np.isin(found.keys, np.fromiter(self._forms, np.uint64, len(self._forms))))
        ids[kept] = [self._pattern_of[key].id for key in found.keys[kept].tolist()]
        lost = np.flatnonzero(np.equal(ids, None))
        ids[lost] = [own_pattern(form).id for form in read_forms(text, found.smallest[lost], self.max_length)]
        now = {name: self.aliases_.get(name, name) for name in set(ids.tolist())}
        return np.array([now[name] for name in ids.tolist()], dtype=object)[found.form_of]

    def transform(self, lines: Iterable[str]) -> Array:
        """Return the template id of every line; a line that fits none gets the id of a template of its own."""
        patterns, pattern_of = self._find(text_of(lines))
        return np.array([pattern.id for pattern in patterns], dtype=object)[pattern_of]

    def parameters(self, lines: Iterable[str]) -> list[tuple[str, ...]]:
        """Return the values behind the ``<*>`` of every line's template, in order.

        Put back into the template they give the line again, but for white space (see Notes).
        """
        text = text_of(lines)
        patterns, pattern_of = self._find(text)
        forms = read_forms(text, np.arange(len(pattern_of)), self.max_length)
        return [
            tuple(patterns[p].values(form.raw, form.gaps)) for p, form in zip(pattern_of.tolist(), forms, strict=True)
        ]

    def merge(self, other: TemplateMiner) -> Self:
        """Take over what another miner has learnt, as if this one had learnt its lines, too.

        Examples
        --------
        >>> one, two = TemplateMiner().fit(["user bob left"]), TemplateMiner().fit(["disk full"])
        >>> one.merge(two).templates_["template"].tolist()
        ['disk full', 'user bob left']
        """
        self._refresh()
        other._refresh()
        for key, form in other._forms.items():
            if key in self._forms:
                self._forms[key].add(form.count, form.example, form.numbers[list(form.numbered)])
            else:
                self._keep(form.copy())
        self._before.extend(other._before)
        self._more.update(other._more)
        self.aliases_ = other.aliases_ | self.aliases_
        self.other_ += other.other_
        self._stale = True
        beyond = sorted(self._forms)[self.max_distinct :]
        if beyond:
            self._refresh()
            for key in beyond:
                form = self._forms.pop(key)
                self._alike[form.shape] -= 1
                self._more[self._pattern_of[key].id] += form.count
            self._stale = True
        return self

    @property
    def templates_(self) -> pd.DataFrame:
        """The templates, most frequent first."""
        self._refresh()
        return self._templates

    def _reset(self) -> None:
        self._forms: dict[int, Form] = {}
        self._alike: Counter[int] = Counter()  # forms of every shape
        self._more: Counter[str] = Counter()  # lines beyond the bounds that fit a template
        self._before: list[tuple[int, str]] = []  # forms, and ids they had
        self.aliases_: dict[str, str] = {}
        self.other_ = 0
        self._stale = True

    def _learn(self, text: Text) -> tuple[Scan, list[tuple[Array, Array]]]:
        """Count the lines. Return their forms, and the ids of forms that were not kept."""
        found = scan(text, self.max_length)
        kept = np.isin(found.keys, np.fromiter(self._forms, np.uint64, len(self._forms)))
        for i in np.flatnonzero(kept).tolist():
            numbers = found.numbers[found.numbers_at[i] : found.numbers_at[i + 1]]
            form = self._forms[int(found.keys[i])]
            form.add(int(found.counts[i]), example_of(text, found.smallest[i]), numbers)
        left = np.flatnonzero(~kept)
        fits = []
        self._stale = True
        for number in range(_ROUNDS):
            left = self._admit(text, found, left, first=number == 0)
            if not len(left):
                break
            self._refresh()
            fitting = self._fit.find(text, found.smallest[left], self.max_length)
            fitting[_disagreeing(found, left) & self._fit.numbered[fitting]] = -1
            names = np.array([pattern.id for pattern in self._fit.patterns], dtype=object)
            hit = fitting >= 0
            counts = np.bincount(fitting[hit], found.counts[left[hit]], len(names))
            for i in np.flatnonzero(counts).tolist():
                self._more[names[i]] += int(counts[i])
            fits.append((left[hit], names[fitting[hit]]))
            left = left[~hit]
            self._stale = True
        self.other_ += int(found.counts[left].sum())
        return found, fits

    def _admit(self, text: Text, found: Scan, left: Array, *, first: bool) -> Array:
        """Keep forms as far as there is room, those with the smallest keys; return the others."""
        left = left[np.lexsort((found.keys[left], found.shapes[left]))]
        shapes, starts, sizes = np.unique(found.shapes[left], return_index=True, return_counts=True)
        room = np.array([self.max_alike - (self._alike[s] if first else 0) for s in shapes.tolist()], dtype=np.int64)
        inside = np.arange(len(left)) - np.repeat(starts, sizes) < np.repeat(room, sizes)
        chosen = left[inside]
        total = max(self.max_distinct - len(self._forms), 0)
        if len(chosen) > total:
            chosen = chosen[np.argsort(found.keys[chosen], kind="stable")[:total]]
            inside = np.isin(left, chosen)
        for i, form in zip(chosen.tolist(), read_forms(text, found.smallest[chosen], self.max_length), strict=True):
            form.key, form.shape = int(found.keys[i]), int(found.shapes[i])
            form.count, form.example = 0, example_of(text, found.smallest[i])
            numbers = found.numbers[found.numbers_at[i] : found.numbers_at[i + 1]]
            form.add(int(found.counts[i]), form.example, numbers)
            self._keep(form)
        return left[~inside]

    def _keep(self, form: Form) -> None:
        self._forms[form.key] = form
        self._alike[form.shape] += 1

    def _find(self, text: Text) -> tuple[list[Pattern], Array]:
        """Return patterns, and which of them every line fits: its own if it fits none of those that were learnt."""
        self._refresh()
        found = scan(text, self.max_length)
        patterns: list[Pattern] = list(self._fit.patterns)
        number_of = {id(pattern): i for i, pattern in enumerate(patterns)}
        own = (self._pattern_of.get(key) for key in found.keys.tolist())
        of_form = np.array([-1 if pattern is None else number_of[id(pattern)] for pattern in own], dtype=np.int64)
        unknown = of_form < 0
        of_form[unknown] = self._fit.find(text, found.smallest[unknown], self.max_length)
        pattern_of = of_form[found.form_of]
        # Where a template says "ssh2", every line of a form has to be held against it: the form is that of "ssh3", too.
        single = np.flatnonzero((pattern_of >= 0) & self._fit.numbered[pattern_of])
        pattern_of[single] = self._fit.find(text, single, self.max_length)
        lost = np.flatnonzero(pattern_of < 0)
        ids: dict[str, int] = {}
        for line, form in zip(lost.tolist(), read_forms(text, lost, self.max_length), strict=True):
            pattern = own_pattern(form)
            pattern_of[line] = len(patterns)
            patterns.append(pattern)
        return patterns, pattern_of

    def _refresh(self) -> None:
        if not hasattr(self, "_forms"):
            raise NotFittedError("this TemplateMiner has seen no lines yet: call fit or fit_transform first")
        if not self._stale:
            return
        patterns = patterns_of(self._forms.values())
        self._fit = Fit(patterns)
        self._pattern_of = {form.key: pattern for pattern in patterns for form in pattern.forms}
        ids = {key: pattern.id for key, pattern in self._pattern_of.items()}
        self._alias(ids)
        self._before = list(ids.items())
        rows: dict[str, list[Any]] = {}
        for pattern in patterns:
            row = rows.setdefault(pattern.id, [pattern.template, 0, pattern.forms[0].example])
            row[1] += sum(form.count for form in pattern.forms)
            row[2] = min(row[2], *(form.example for form in pattern.forms))
        more, self._more = self._more, Counter()
        for name, count in more.items():
            now = self.aliases_.get(name, name)
            if now in rows:
                rows[now][1] += count
                self._more[now] += count
            else:
                self.other_ += count
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=["template", "count", "example"])
        frame.index.name = "id"
        self._templates = frame.astype({"count": "int64"}).sort_values(["count", "template"], ascending=[False, True])
        self._stale = False

    def _alias(self, ids: dict[int, str]) -> None:
        """Where the lines of an old template now are: most of them, if they went several ways."""
        moves: dict[str, Counter[str]] = {}
        present = set(ids.values())
        for key, old in self._before:
            if old not in present and key in ids:
                moves.setdefault(old, Counter())[ids[key]] += self._forms[key].count
        for old, ways in moves.items():
            self.aliases_[old] = min(ways, key=lambda new: (-ways[new], new))
        for old, new in list(self.aliases_.items()):
            now, seen = new, {old}
            while now not in present and now in self.aliases_ and now not in seen:
                seen.add(now)
                now = self.aliases_[now]
            self.aliases_[old] = now
        self.aliases_ = {old: new for old, new in self.aliases_.items() if old not in present}


def _disagreeing(found: Scan, forms: Array) -> Array:
    """Which of these forms have a numbered word with different numbers."""
    zeros = np.r_[0, np.cumsum(found.numbers == 0)]
    at = found.numbers_at
    return np.asarray(zeros[at[forms + 1]] > zeros[at[forms]])


__all__ = ["PLACE", "TemplateMiner"]
