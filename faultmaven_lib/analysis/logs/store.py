"""From the forms in a bank to their patterns: which forms are mined, and which pattern each of the others fits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from faultmaven_lib.analysis.logs.bank import Bank
from faultmaven_lib.analysis.logs.forms import Form, read_forms
from faultmaven_lib.analysis.logs.patterns import Fit, Pattern, absorb, mine
from faultmaven_lib.analysis.logs.text import Array

Gaps = tuple[str, ...]


class Mined(NamedTuple):
    """The patterns of the forms in a bank."""

    fit: Fit
    pattern_of: Array
    """Of every form the number of its pattern; -1 for those without, which are more than are mined."""
    chosen: Array
    """Which forms were mined."""
    full: bool
    """Whether there are forms without a pattern for want of room."""


class Store:
    """Mines the forms of a bank, and again only what has changed since it last did.

    Of every shape some forms are mined: those of most lines, and of as many lines, those with the smallest keys. Keys
    are hashes, so that is a random sample, and the same one whatever order the forms came in. The others are held
    against the patterns found. Of those that fit none some more are mined, twice as many each time, until none is left.
    """

    def __init__(self) -> None:
        self._forms: dict[int, Form] = {}
        self._mined: dict[bytes, list[Pattern]] = {}

    def mine(self, bank: Bank, alike: int, most: int) -> Mined:
        """Return the patterns of the forms in the bank.

        Parameters
        ----------
        alike
            Forms of one shape that are mined at first; fewer, if all shapes together would have more than half of
            ``most``.
        most
            Forms that are mined in all: those of most lines, if there are more to mine.
        """
        work = _Work(bank, self._forms, self._mined)
        sizes = np.bincount(work.shape_of)
        while alike > 1 and np.minimum(sizes, alike).sum() > most // 2:
            alike //= 2
        left, room = work.order, 0
        while len(left):
            chosen = left[_rank(work.shape_of[left]) < max(room, alike)]
            total = most - int(work.chosen.sum())
            if len(chosen) > total:
                keys, counts = bank.forms.keys[chosen], bank.forms.counts[chosen]
                chosen = chosen[np.lexsort((keys, -counts))[:total]]
            if not len(chosen):
                break
            work.take(chosen)
            left = work.order[(work.pattern_of[work.order] < 0) & ~work.chosen[work.order]]
            room = 2 * room or alike
        self._forms, self._mined = work.forms, work.mined
        return work.result(full=bool(len(left)))


class _Work:
    """What is known while a bank is mined."""

    def __init__(self, bank: Bank, forms: dict[int, Form], mined: dict[bytes, list[Pattern]]) -> None:
        self.bank = bank
        self.text = bank.text
        self.known_forms, self.known_mined = forms, mined
        self.forms: dict[int, Form] = {}
        self.mined: dict[bytes, list[Pattern]] = {}
        kept = bank.forms
        shapes, self.shape_of = np.unique(kept.shapes, return_inverse=True)
        self._shapes = {shape: i for i, shape in enumerate(shapes.tolist())}
        self.order = np.lexsort((kept.keys, -kept.counts, self.shape_of))
        self.chosen = np.zeros(len(bank), dtype=bool)
        self.pattern_of = np.full(len(bank), -1, np.int64)
        """Numbers in ``_every``."""
        self._every: list[Pattern] = []
        self._by_gaps: dict[Gaps, list[Form]] = {}
        self._mined_of: dict[Gaps, dict[int, list[Pattern]]] = {}
        self._gaps_of: dict[int, dict[Gaps, None]] = {}
        self._patterns: dict[int, list[Pattern]] = {}

    def take(self, rows: Array) -> None:
        """Mine these forms, too, and hold those of the shapes whose patterns change against them."""
        self.chosen[rows] = True
        touched: dict[Gaps, None] = {}
        for form in self._read(rows):
            gaps = form.joined().gaps
            self._by_gaps.setdefault(gaps, []).append(form)
            touched[gaps] = None
        changed: dict[int, None] = {}
        for gaps in touched:
            found: dict[int, list[Pattern]] = {}
            for pattern in self._mine(gaps):
                found.setdefault(pattern.shape, []).append(pattern)
            self._mined_of[gaps] = found
            for shape in found:
                self._gaps_of.setdefault(shape, {})[gaps] = None
                changed[shape] = None
        for shape in changed:
            self._patterns[shape] = absorb([p for gaps in self._gaps_of[shape] for p in self._mined_of[gaps][shape]])
        self._match([p for shape in changed for p in self._patterns[shape]], changed)

    def result(self, *, full: bool) -> Mined:
        """Return what was found."""
        fit = Fit([pattern for patterns in self._patterns.values() for pattern in patterns])
        number_of = {id(pattern): i for i, pattern in enumerate(fit.patterns)}
        # Patterns of earlier rounds are in it no more, but no form fits one of those.
        numbers = np.array([number_of.get(id(pattern), -1) for pattern in self._every] + [-1])
        pattern_of = numbers[self.pattern_of]
        rows = self.bank.find(np.fromiter(self.forms, np.int64, len(self.forms)))
        row_of = dict(zip(self.forms, rows.tolist(), strict=True))
        for number, pattern in enumerate(fit.patterns):
            pattern_of[[row_of[form.key] for form in pattern.forms]] = number
        return Mined(fit, pattern_of, self.chosen, full)

    def _read(self, rows: Array) -> Iterable[Form]:
        kept = self.bank.forms
        keys, starts, stops = (c[rows].tolist() for c in (kept.keys, kept.number_starts, kept.number_stops))
        new = [i for i, key in enumerate(keys) if key not in self.known_forms]
        forms = dict(zip(new, read_forms(self.text, rows[new], self.bank.limit), strict=True))
        for i, (key, start, stop) in enumerate(zip(keys, starts, stops, strict=True)):
            form = forms[i] if i in forms else self.known_forms[key]
            numbers = kept.numbers[start:stop]
            self.forms[key] = form if form.has(numbers) else form.told(numbers)
            yield self.forms[key]

    def _mine(self, gaps: Gaps) -> list[Pattern]:
        """Mine the forms with this punctuation, unless the same ones were mined before."""
        forms = sorted(self._by_gaps[gaps], key=lambda form: form.key)
        name = hashlib.blake2b(np.array([form.key for form in forms]).tobytes())
        for form in forms:
            if form.numbered:
                name.update(form.numbers.tobytes())
        known = self.known_mined.get(name.digest())
        self.mined[name.digest()] = found = mine(forms, gaps) if known is None else known
        return found

    def _match(self, patterns: list[Pattern], shapes: Iterable[int]) -> None:
        """Hold the forms of these shapes that are not mined against their patterns."""
        changed = np.zeros(len(self._shapes), dtype=bool)
        changed[[self._shapes[shape] for shape in shapes]] = True
        rows = np.flatnonzero(changed[self.shape_of] & ~self.chosen)
        if len(rows):
            fit = Fit([pattern for pattern in patterns if not pattern.required.all()])  # one form fits the others
            found = fit.find(self.text, rows, self.bank.limit)
            found[self.bank.disagree(rows) & fit.numbered[found]] = -1
            self.pattern_of[rows] = np.where(found < 0, -1, len(self._every) + found)
            self._every += fit.patterns


def _rank(groups: Array) -> Array:
    """Return of every element how many of its group come before it; groups stand together."""
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    return np.arange(len(groups)) - np.repeat(starts, np.diff(np.r_[starts, len(groups)]))
