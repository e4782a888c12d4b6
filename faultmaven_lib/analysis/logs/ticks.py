"""Events counted by row and moment: exact as long as they are few, in coarser steps of time where they are many."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class Events(NamedTuple):
    """Events of rows, ascending by row and then by moment; those of one row and moment are counted together."""

    rows: Array
    at: Array
    counts: Array

    def of(self, row: int) -> tuple[Array, Array]:
        """Return the moments of one row, and how many events there were at each."""
        low, high = np.searchsorted(self.rows, [row, row + 1])
        return self.at[low:high], self.counts[low:high]

    def renamed(self, names: Array) -> Events:
        """Return the events with row ``r`` called ``names[r]``; rows that get one name become one."""
        return _summed(names[self.rows], self.at, self.counts)


class Ticks:
    """Counts of events by row and moment, in bounded memory.

    Moments are kept as they are until there are more than ``limit`` of them; from then on they are rounded down to
    the smallest power of two of their unit with which there are fewer, one for each row at least. What comes out
    depends neither on the order of the events nor on the parts in which they came.

    Parameters
    ----------
    limit
        Pairs of row and moment that are kept.

    Examples
    --------
    >>> ticks = Ticks()
    >>> ticks.add(np.array([0, 1, 0]), np.array([10, 10, 10]))
    >>> [part.tolist() for part in ticks.events()]
    [[0, 1], [10, 10], [2, 1]]
    """

    def __init__(self, limit: int = 500_000) -> None:
        self.limit = limit
        self.width: int | float = 0
        """Length of a step, in the unit of the moments; 0 while they are exact."""
        self._parts: list[Events] = []
        self._settled = True
        self._forgotten: set[int] = set()

    def add(self, rows: Array, at: Array, counts: Array | None = None) -> None:
        """Count events of rows at moments (nanoseconds, or any numbers)."""
        if not len(rows):
            return
        part = Events(rows.astype(np.int64, copy=False), at, np.ones(len(rows), np.int64) if counts is None else counts)
        if self.width:
            part = _summed(part.rows, at - at % self.width, part.counts)
        self._parts.append(part)
        self._settled = False
        if sum(len(p.rows) for p in self._parts[1:]) > self.limit // 2:
            self._settle()

    def forget(self, rows: Iterable[int]) -> None:
        """Drop what was counted of these rows."""
        self._forgotten.update(rows)

    def merge(self, other: Ticks, names: Array) -> None:
        """Add the events of another, whose row ``r`` is called ``names[r]`` here; -1 for rows that are left out."""
        events = other.events()
        rows = names[events.rows] if len(events.rows) else events.rows
        kept = rows >= 0
        self._settle()  # which may coarsen it beyond the other
        if other.width > self.width:
            self._coarsen(other.width)
        self.add(rows[kept], events.at[kept], events.counts[kept])

    def events(self) -> Events:
        """Return all events."""
        self._settle()
        return self._parts[0] if self._parts else Events(*(np.zeros(0, np.int64) for _ in range(3)))

    def _settle(self) -> None:
        if not self._parts or (self._settled and not self._forgotten):
            return
        rows, at, counts = (np.concatenate(columns) for columns in zip(*self._parts, strict=True))
        if self._forgotten:
            kept = ~np.isin(rows, _array(self._forgotten))
            rows, at, counts = rows[kept], at[kept], counts[kept]
            self._forgotten.clear()
        self._parts = [_summed(rows, at, counts)]
        self._settled = True
        while len(self._parts[0].rows) > max(self.limit, len(np.unique(self._parts[0].rows))):
            first = 2**20 if np.issubdtype(at.dtype, np.integer) else 2.0**-10
            self._coarsen(self.width * 2 or first)

    def _coarsen(self, width: float) -> None:
        self.width = width
        self._parts = [_summed(p.rows, p.at - p.at % width, p.counts) for p in self._parts]


def _summed(rows: Array, at: Array, counts: Array) -> Events:
    order = np.lexsort((at, rows))
    rows, at, counts = rows[order], at[order], counts[order]
    if not len(rows):
        return Events(rows, at, counts)
    starts = np.flatnonzero(np.r_[True, (rows[1:] != rows[:-1]) | (at[1:] != at[:-1])])
    return Events(rows[starts], at[starts], np.add.reduceat(counts, starts))


def _array(rows: Collection[int]) -> Array:
    return np.fromiter(rows, np.int64, len(rows))
