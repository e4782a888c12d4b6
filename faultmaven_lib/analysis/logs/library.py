"""What a miner has learnt: a bank of forms, the templates they make, and lines of forms that are no more in it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.logs.aliases import Aliases
from faultmaven_lib.analysis.logs.bank import Bank
from faultmaven_lib.analysis.logs.patterns import Fit
from faultmaven_lib.analysis.logs.store import Mined, Store
from faultmaven_lib.analysis.logs.text import Array, Forms, Text

OTHER = ""
"""In place of an id, for lines without a template."""


class Library:
    """Forms by key with their counts, and their templates.

    Parameters
    ----------
    distinct, mined, alike
        Bounds on the forms that are kept, and for ``Store.mine``.
    limit
        Bytes of a line that are looked at.
    """

    def __init__(self, distinct: int, mined: int, alike: int, limit: int) -> None:
        self.bank = Bank(distinct, limit)
        self.aliases = Aliases()
        self.labelled = np.zeros(0, dtype=bool)
        """Which forms in the bank have their key as a label."""
        self.dropped: dict[int, str] = {}
        """For those that are no more in the bank, the id of the template they fitted."""
        self.lost = 0
        """Lines of forms that are no more in the bank and fitted none."""
        self.mined = _nothing()
        """What was found when the forms were last mined; those that came since stand behind."""
        self.ids: list[str] = []
        self.template_of = np.zeros(0, np.int64)
        """Of every form in the bank the number of its template, -1 without one."""
        self.templates = pd.DataFrame()
        self._bounds = alike, min(mined, distinct)
        self._store = Store()
        self._mined_at = -1
        self._more: Counter[str] = Counter()
        """Lines of forms that are no more in the bank, by the template they fitted."""
        self._stale = True

    def __getstate__(self) -> dict[str, Any]:
        # What was mined is as much again, and the bank is all that it takes to find it again.
        return self.__dict__ | {"_store": Store(), "mined": _nothing(), "_mined_at": -1, "_stale": True}

    def add(self, forms: Forms) -> None:
        """Count the lines of forms."""
        self._stale = True
        at = self.bank.add(forms)
        while at < len(forms.keys):
            self._make_room()
            at = self.bank.add(forms, at)
        new = np.zeros(len(self.bank) - len(self.labelled), dtype=bool)
        self.labelled = np.concatenate((self.labelled, new))

    def merge(self, other: Library) -> None:
        """Take over another library, which stays as it is."""
        forms = other.bank.forms
        self.add(forms)
        rows = self.bank.find(forms.keys)
        self.aliases.merge(other.aliases.moved(rows))
        self._more.update(other._more)
        self.lost += other.lost
        self.dropped = other.dropped | self.dropped
        self.labelled[rows[other.labelled & (rows >= 0)]] = True
        out = np.flatnonzero(other.labelled & (rows < 0))
        self._drop(forms.keys[out], self.fitting(other.bank.text, out, other.bank.disagree(out)))
        if len(self.aliases) > 2 * self.bank.most:
            self.refresh()

    def fitting(self, text: Text, lines: Array, disagree: Array) -> Array:
        """Return the patterns that forms fit, given a line of each, and whether its numbers are not those of all."""
        fit = self.mined.fit
        found = fit.find(text, lines, self.bank.limit)
        found[disagree & fit.numbered[found]] = -1
        return found

    def refresh(self) -> None:
        """Find the templates, if there are new lines."""
        if not self._stale:
            return
        if self._mined_at != self.bank.changes or not self.mined.chosen.all():
            self.mined = self._store.mine(self.bank, *self._bounds)
            self._mined_at = self.bank.changes
        self._tabulate()
        self._stale = False

    def _tabulate(self) -> None:
        patterns = self.mined.fit.patterns
        texts = {pattern.id: pattern.template for pattern in patterns}
        self.ids = list(texts)
        number_of = {name: i for i, name in enumerate(self.ids)}
        self.template_of = np.array([number_of[p.id] for p in patterns] + [-1])[self.mined.pattern_of]
        counts = self.bank.forms.counts
        self.aliases.update(self.template_of, self.ids, counts)
        lines = _sums(self.template_of, counts, len(texts))[1:]
        more, self._more = self._more, Counter()
        for name, count in more.items():
            now = self.aliases.of(name)
            if now in number_of:
                lines[number_of[now]] += count
                self._more[now] += count
            else:
                self.lost += count
        examples = [self.bank.example(row) for row in self.bank.first_of(self.template_of, len(texts)).tolist()]
        frame = pd.DataFrame(
            {"template": list(texts.values()), "count": lines, "example": examples},
            index=pd.Index(self.ids, name="id"),
        )
        self.templates = frame.sort_values(["count", "template"], ascending=[False, True])

    def _make_room(self) -> None:
        """Drop the forms that were not mined; of the others those of fewest lines, if they are more than half."""
        self._stale = True
        self.refresh()
        bank, forms = self.bank, self.bank.forms
        rows = np.flatnonzero(self.mined.chosen)
        rows = rows[np.lexsort((forms.keys[rows], -forms.counts[rows]))][: bank.most // 2]
        sizes = forms.stops[rows] - forms.starts[rows] + 8 * (forms.number_stops[rows] - forms.number_starts[rows])
        rows = np.sort(rows[np.cumsum(sizes) <= bank.room // 2])
        to = np.full(len(bank), -1, np.int64)
        to[rows] = np.arange(len(rows))
        out = np.flatnonzero(to < 0)
        lost, *lines = _sums(self.template_of[out], forms.counts[out], len(self.ids)).tolist()
        self.lost += lost
        self._more.update({name: count for name, count in zip(self.ids, lines, strict=True) if count})
        labelled = out[np.flatnonzero(self.labelled[out[out < len(self.labelled)]])]
        self._drop(forms.keys[labelled], self.mined.pattern_of[labelled])
        self.aliases = self.aliases.moved(to)
        self.mined = self.mined._replace(pattern_of=self.mined.pattern_of[rows], chosen=self.mined.chosen[rows])
        self.labelled = self.labelled[rows[rows < len(self.labelled)]]
        self.template_of = self.template_of[rows]
        bank.keep(rows)
        self._stale = True

    def _drop(self, keys: Array, patterns: Array) -> None:
        """Remember what forms fitted that are no more in the bank, and have their key as a label."""
        names = [*(pattern.id for pattern in self.mined.fit.patterns), OTHER]
        self.dropped.update(zip(keys.tolist(), (names[p] for p in patterns.tolist()), strict=True))


def _nothing() -> Mined:
    return Mined(Fit([]), np.zeros(0, np.int64), np.zeros(0, dtype=bool), full=False)


def _sums(groups: Array, counts: Array, size: int) -> Array:
    """Return the sum of all counts of group -1, and behind it those of the others."""
    return np.bincount(groups + 1, counts, size + 1).astype(np.int64)
