"""Ids that templates had before they changed, and the ids that their lines have now."""

from __future__ import annotations

from collections import Counter

import numpy as np

from faultmaven_lib.analysis.logs.text import Array


class Aliases:
    """Follows ids through the forms whose lines had them."""

    def __init__(self) -> None:
        self.now: dict[str, str] = {}
        self._had: list[tuple[Array, Array, list[str]]] = []
        """Rows of forms in the bank, which of the ids they had, and these ids."""

    def __len__(self) -> int:
        return sum(len(rows) for rows, _, _ in self._had)

    def of(self, name: str) -> str:
        """Return the id that a template has now."""
        return self.now.get(name, name)

    def update(self, template_of: Array, ids: list[str], counts: Array) -> None:
        """Find where the lines of old templates now are: most of them, if they went several ways.

        Parameters
        ----------
        template_of
            Of every form in the bank the number of its template, -1 for none.
        ids, counts
            Of the templates their ids, of the forms how many lines they have.
        """
        present = set(ids)
        moves: dict[str, Counter[str]] = {}
        for rows, name_of, names in self._had:
            gone = np.array([name not in present for name in names], dtype=bool)
            moved = gone[name_of] & (template_of[rows] >= 0)
            pairs = name_of[moved].astype(np.int64) * len(ids) + template_of[rows[moved]]
            distinct, inverse = np.unique(pairs, return_inverse=True)
            lines = np.bincount(inverse, counts[rows[moved]], len(distinct))
            for pair, count in zip(distinct.tolist(), lines.tolist(), strict=True):
                moves.setdefault(names[pair // len(ids)], Counter())[ids[pair % len(ids)]] += int(count)
        for old, ways in moves.items():
            self.now[old] = min(ways, key=lambda new: (-ways[new], new))
        for old, new in list(self.now.items()):
            now, seen = new, {old}
            while now not in present and now in self.now and now not in seen:
                seen.add(now)
                now = self.now[now]
            self.now[old] = now
        self.now = {old: new for old, new in self.now.items() if old not in present}
        rows = np.flatnonzero(template_of >= 0)
        self._had = [(rows.astype(np.int32), template_of[rows].astype(np.int32), ids)]

    def moved(self, to: Array) -> Aliases:
        """Return the same, with the form in row ``r`` in ``to[r]``; -1 where it is no more."""
        found = Aliases()
        found.now = self.now
        for rows, name_of, names in self._had:
            there = to[rows] >= 0
            found._had.append((to[rows[there]].astype(np.int32), name_of[there], names))
        return found

    def merge(self, other: Aliases) -> None:
        """Take over what another one of the same bank knows."""
        self.now = other.now | self.now
        self._had += other._had


__all__ = ["Aliases"]
