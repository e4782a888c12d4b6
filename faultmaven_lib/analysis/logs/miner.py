"""TemplateMiner: from lines to templates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError

from faultmaven_lib.analysis.logs.forms import Form, Scan, example_of, read_forms, read_raw, scan
from faultmaven_lib.analysis.logs.patterns import PLACE, Pattern, own_pattern
from faultmaven_lib.analysis.logs.store import Store
from faultmaven_lib.analysis.logs.text import Array, Text, text_of

Label = int | str
"""What ``learn`` calls a line: ``resolve`` says which template that is, now or later."""
OTHER = ""
"""Label of lines that found no room."""


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
        Forms of one shape (the same number of words, and the same punctuation between them) that are kept without
        asking whether they fit a template there is: more teach nothing on which of the words vary.
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

    aliases_: dict[str, str]
    other_: int
    _pattern_of: dict[int, Pattern]
    _dropped: dict[int, str]

    def __init__(self, *, max_distinct: int = 50_000, max_alike: int = 250, max_length: int = 2_000) -> None:
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
        if not hasattr(self, "_store"):
            self._reset()
        self._learn(text_of(lines))
        return self

    def fit_transform(self, lines: Iterable[str], y: Any = None) -> Array:  # noqa: ARG002
        """Learn the templates and return the id of every line, as an array of objects."""
        self._reset()
        text = text_of(lines)
        found, fits = self._learn(text)
        self._refresh()
        ids = np.full(len(found.keys), "", dtype=object)
        for chosen, names in fits:
            ids[chosen] = names
        kept = np.flatnonzero(self._store.holds(found.keys))
        ids[kept] = [self._pattern_of[key].id for key in found.keys[kept].tolist()]
        lost = np.flatnonzero(ids == "")
        ids[lost] = [own_pattern(form).id for form in self._read(text, found.smallest[lost], found.shapes[lost])]
        now = {name: self.aliases_.get(name, name) for name in set(ids.tolist())}
        return np.array([now[name] for name in ids.tolist()], dtype=object)[found.form_of]

    def learn(self, lines: Iterable[str]) -> tuple[list[Label], Array]:
        """Learn more lines; return labels, and which of them every line has.

        A template can still change when more lines are learnt, a label stays: lines in batches are labelled as they
        come, and their templates asked for at the end.

        Examples
        --------
        >>> miner = TemplateMiner()
        >>> (label,), _ = miner.learn(["took 12 ms"])
        >>> _ = miner.learn(["took 7 ms", "gave 7 ms"])
        >>> miner.templates_["template"][miner.resolve([label])[0]]
        'took <*> ms'
        """
        if not hasattr(self, "_store"):
            self._reset()
        found, fits = self._learn(text_of(lines))
        labels = np.full(len(found.keys), OTHER, dtype=object)
        for chosen, names in fits:
            labels[chosen] = names
        kept = np.flatnonzero(self._store.holds(found.keys))
        labels[kept] = found.keys[kept]
        return labels.tolist(), found.form_of

    def resolve(self, labels: Iterable[Label]) -> list[str]:
        """Return the ids of templates that labels of ``learn`` stand for; empty for lines that found no room."""
        self._refresh()
        out = []
        for label in labels:
            pattern = self._pattern_of.get(label) if isinstance(label, int) else None
            known = self._dropped.get(label, OTHER) if isinstance(label, int) else label
            out.append(pattern.id if pattern else self.aliases_.get(known, known))
        return out

    def transform(self, lines: Iterable[str]) -> Array:
        """Return the template id of every line; a line that fits none gets the id of a template of its own."""
        patterns, pattern_of = self._find(text_of(lines))
        return np.array([pattern.id for pattern in patterns], dtype=object)[pattern_of]

    def parameters(self, lines: Iterable[str]) -> list[tuple[str, ...]]:
        """Return the values behind the ``<*>`` of every line's template, in order.

        Put back into the template they give the line again, but for white space (see Notes).
        """
        return self.parse(lines)[1]

    def parse(self, lines: Iterable[str]) -> tuple[Array, list[tuple[str, ...]]]:
        """Return what both ``transform`` and ``parameters`` return."""
        text = text_of(lines)
        patterns, pattern_of = self._find(text)
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
        self._refresh()
        other._refresh()
        self._store.merge(other._store)
        self._before.extend(other._before)
        self._more.update(other._more)
        self._dropped = other._dropped | self._dropped
        self.aliases_ = other.aliases_ | self.aliases_
        self.other_ += other.other_
        beyond = self._store.least(len(self._store.forms) - self.max_distinct)
        if beyond:
            self._stale = True
            self._refresh()
            for form in beyond:
                self._dropped[form.key] = self._pattern_of[form.key].id
                self._more[self._dropped[form.key]] += form.count
                self._store.drop(form)
        self._stale = True
        return self

    @property
    def templates_(self) -> pd.DataFrame:
        """The templates, most frequent first."""
        self._refresh()
        return self._templates

    def _reset(self) -> None:
        self._store = Store()
        self._more: Counter[str] = Counter()  # lines beyond the bounds that fit a template
        self._before: list[tuple[int, str]] = []  # forms, and ids they had
        self._dropped = {}  # templates of forms there was no room for in a merge
        self.aliases_ = {}
        self.other_ = 0
        self._stale = True

    def _read(self, text: Text, chosen: Array, shapes: Array) -> Iterator[Form]:
        return read_forms(text, chosen, shapes, self.max_length)

    def _learn(self, text: Text) -> tuple[Scan, list[tuple[Array, Array]]]:
        """Count the lines. Return their forms, and the ids of forms that were not kept."""
        found = scan(text, self.max_length)
        kept = self._store.holds(found.keys)
        for i in np.flatnonzero(kept).tolist():
            example = example_of(text, found.smallest[i])
            self._store.add(int(found.keys[i]), int(found.counts[i]), example, found.numbers_of(i))
        left = np.flatnonzero(~kept)
        fits = []
        self._stale = True
        room = 0
        full = False
        while len(left) and not full:
            left = self._admit(text, found, left, room)
            room = 2 * room or self.max_alike
            full = len(self._store.forms) >= self.max_distinct
            if not len(left):
                break
            fit = self._store.fit()
            fitting = fit.find(text, found.smallest[left], self.max_length)
            fitting[found.disagree(left) & fit.numbered[fitting]] = -1
            names = np.array([pattern.id for pattern in fit.patterns], dtype=object)
            hit = fitting >= 0
            counts = np.bincount(fitting[hit], found.counts[left[hit]], len(names))
            for i in np.flatnonzero(counts).tolist():
                self._more[names[i]] += int(counts[i])
            fits.append((left[hit], names[fitting[hit]]))
            self._before.extend((pattern.forms[0].key, pattern.id) for pattern in fit.patterns)
            left = left[~hit]
        self.other_ += int(found.counts[left].sum())
        return found, fits

    def _admit(self, text: Text, found: Scan, left: Array, more: int) -> Array:
        """Keep forms as far as there is room, those of most lines; return the others.

        There is room for ``more`` of every shape: those that come back fit no template, so they teach something. At
        first (0), it is what the shape has left.
        """
        left = left[np.lexsort((found.keys[left], -found.counts[left], found.shapes[left]))]
        shapes, starts, sizes = np.unique(found.shapes[left], return_index=True, return_counts=True)
        alike = self._store.alike
        room = np.array([more or self.max_alike - alike[s] for s in shapes.tolist()], dtype=np.int64)
        inside = np.arange(len(left)) - np.repeat(starts, sizes) < np.repeat(room, sizes)
        chosen = left[inside]
        total = max(self.max_distinct - len(self._store.forms), 0)
        if len(chosen) > total:
            chosen = chosen[np.lexsort((found.keys[chosen], -found.counts[chosen]))[:total]]
            inside = np.isin(left, chosen)
        forms = self._read(text, found.smallest[chosen], found.shapes[chosen])
        for i, form in zip(chosen.tolist(), forms, strict=True):
            form.key = int(found.keys[i])
            form.add(int(found.counts[i]), form.example, found.numbers_of(i))
            self._store.keep(form)
        return left[~inside]

    def _find(self, text: Text) -> tuple[list[Pattern], Array]:
        """Return patterns, and which of them every line fits: its own if it fits none of those that were learnt."""
        self._refresh()
        found = scan(text, self.max_length)
        fit = self._store.fit()
        patterns = list(fit.patterns)
        number_of = {id(pattern): i for i, pattern in enumerate(patterns)}
        own = (self._pattern_of.get(key) for key in found.keys.tolist())
        of_form = np.array([-1 if pattern is None else number_of[id(pattern)] for pattern in own], dtype=np.int64)
        unknown = of_form < 0
        of_form[unknown] = fit.find(text, found.smallest[unknown], self.max_length)
        pattern_of = of_form[found.form_of]
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
        patterns.extend(own_pattern(form) for form in self._read(text, lost[first], found.shapes[forms[first]]))
        return patterns, pattern_of

    def _refresh(self) -> None:
        if not hasattr(self, "_store"):
            raise NotFittedError("this TemplateMiner has seen no lines yet: call fit or fit_transform first")
        if not self._stale:
            return
        patterns = self._store.patterns()
        self._pattern_of = {form.key: pattern for pattern in patterns for form in pattern.forms}
        self._alias()
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
        for row in rows.values():
            row[2] = row[2][1]
        frame = pd.DataFrame.from_dict(rows, orient="index", columns=["template", "count", "example"])
        frame.index.name = "id"
        self._templates = frame.astype({"count": "int64"}).sort_values(["count", "template"], ascending=[False, True])
        self._stale = False

    def _alias(self) -> None:
        """Find where the lines of old templates now are: most of them, if they went several ways."""
        ids = {key: pattern.id for key, pattern in self._pattern_of.items()}
        present = set(ids.values())
        moves: dict[str, Counter[str]] = {}
        for key, old in self._before:
            if old not in present and key in ids:
                moves.setdefault(old, Counter())[ids[key]] += self._store.forms[key].count
        for old, ways in moves.items():
            self.aliases_[old] = min(ways, key=lambda new: (-ways[new], new))
        for old, new in list(self.aliases_.items()):
            now, seen = new, {old}
            while now not in present and now in self.aliases_ and now not in seen:
                seen.add(now)
                now = self.aliases_[now]
            self.aliases_[old] = now
        self.aliases_ = {old: new for old, new in self.aliases_.items() if old not in present}
        self._before = list(ids.items())


__all__ = ["PLACE", "TemplateMiner"]
