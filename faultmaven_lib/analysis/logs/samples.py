"""A few rows of every group of a stream: drawn by lot, and the same ones whatever order the rows come in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.logs.scan import compiled
from faultmaven_lib.analysis.logs.text import Text

Array = np.ndarray[Any, np.dtype[Any]]
_OPEN = np.uint64(2**64 - 1)
_LEAST = 16


class Sample:
    """At most ``each`` rows of every group, those with the smallest lots.

    A lot is a hash of the row (``lots``), so that a group's rows are a random sample of it (bottom-k sampling: Cohen
    and Kaplan, "Summarizing data using bottom-k sketches", PODC 2007), and the sample of two parts is that of both
    samples.

    Parameters
    ----------
    each
        Rows kept of a group. Halved as often as it takes to keep no more than ``total`` in all.
    total
        Rows kept of all groups.
    """

    def __init__(self, each: int, total: int) -> None:
        self.each, self.total = each, total
        self._bars = np.zeros(0, np.uint64)
        """Of every group, the smallest lot that was not kept."""
        self._parts: list[pd.DataFrame] = []
        self._pending = 0

    def wanted(self, groups: Array, lots: Array) -> Array:
        """Return which rows of these groups (0, 1, …) and lots are not left out already."""
        if len(groups):
            self._make_room(int(groups.max()) + 1)
        return np.flatnonzero(lots < self._bars[groups])

    def add(self, groups: Array, lots: Array, rows: pd.DataFrame) -> None:
        """Draw from more rows: those that are ``wanted``."""
        if not len(groups):
            return
        self._parts.append(rows.reset_index(drop=True).assign(**{"group ": groups, "lot ": lots}))
        self._pending += len(groups)
        if self._pending > self.total // 2:
            self._settle()

    def merge(self, other: Sample, names: Array) -> None:
        """Draw from the rows of another sample, whose group ``g`` is called ``names[g]`` here.

        Groups that get one name become one.
        """
        other._settle()
        if not len(other._bars):
            return
        known = min(len(names), len(other._bars))
        self._make_room(int(names.max()) + 1)
        self.each = min(self.each, other.each)
        np.minimum.at(self._bars, names[:known], other._bars[:known])
        for part in other._parts:
            self._parts.append(part.assign(**{"group ": names[part["group "].to_numpy()]}))
        self._settle()

    def of(self, groups: Array, by: str) -> pd.DataFrame:
        """Return a sample of some groups together, ascending in the column ``by``."""
        found, _, even = self.each_of(groups, by)
        return found[even]

    def each_of(self, groups: Array, by: str) -> tuple[pd.DataFrame, Array, Array]:
        """Return all that is kept of some groups, ascending in the column ``by``.

        Beside it, the group of every row, and which rows are a sample of the groups together: those of which less was
        left out would else count for more, so that all are drawn as the scarcest one was.
        """
        self._settle()
        if not self._parts:
            return pd.DataFrame(), np.zeros(0, np.int64), np.zeros(0, bool)
        frame = self._parts[0]
        number = frame["group "].to_numpy()
        starts, ends = np.searchsorted(number, groups), np.searchsorted(number, groups, side="right")
        before = np.cumsum(ends - starts) - (ends - starts)
        rows = np.repeat(starts - before, ends - starts) + np.arange((ends - starts).sum())
        lot, at = frame["lot "].to_numpy()[rows], frame[by].to_numpy()[rows]
        order = np.lexsort((lot, at))
        rows, lot = rows[order], lot[order]
        even = lot < self._bars[groups[groups < len(self._bars)]].min(initial=_OPEN)
        if even.sum() > self.each:
            even &= lot < np.partition(lot[even], self.each)[self.each]
        return frame.iloc[rows].drop(columns=["group ", "lot "]), number[rows], even

    def sizes(self, groups: int) -> Array:
        """Return how many rows are kept of each of so many groups."""
        self._settle()
        if not self._parts:
            return np.zeros(groups, np.int64)
        return np.bincount(self._parts[0]["group "].to_numpy(), minlength=groups)

    def _make_room(self, groups: int) -> None:
        if groups > len(self._bars):
            more = np.full(max(groups, 2 * len(self._bars)) - len(self._bars), _OPEN)
            self._bars = np.concatenate([self._bars, more])

    def _settle(self) -> None:
        self._pending = 0
        if not self._parts or (len(self._parts) == 1 and "sorted" in self._parts[0].attrs):
            return
        frame = pd.concat(self._parts, ignore_index=True)
        groups, lots = frame["group "].to_numpy(), frame["lot "].to_numpy()
        frame = frame.iloc[np.lexsort((lots, groups))]
        groups, lots = frame["group "].to_numpy(), frame["lot "].to_numpy()
        starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
        rank = np.arange(len(groups)) - np.repeat(starts, np.diff(np.r_[starts, len(groups)]))
        inside = lots < self._bars[groups]
        while ((rank < self.each) & inside).sum() > self.total and self.each > _LEAST:
            self.each //= 2
        first_out = np.flatnonzero(rank == self.each)
        self._bars[groups[first_out]] = np.minimum(self._bars[groups[first_out]], lots[first_out])
        frame = frame[(rank < self.each) & inside].reset_index(drop=True)
        frame.attrs = {"sorted": True}
        self._parts = [frame]


def lots(text: Text, at: Array) -> Array:
    """Return a number for every line that depends on its bytes and its moment alone, evenly spread."""
    salts = np.ascontiguousarray(at).view(np.uint64)
    return _lots(text.data, text.offsets, salts)


@compiled
def _lots(data: Array, offsets: Array, salts: Array) -> Array:
    out = np.empty(len(salts), np.uint64)
    for i in range(len(salts)):
        # FNV-1a over the bytes, then the finaliser of SplitMix64.
        mixed = np.uint64(14695981039346656037) ^ salts[i]
        for j in range(offsets[i], offsets[i + 1]):
            mixed = (mixed ^ np.uint64(data[j])) * np.uint64(1099511628211)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        out[i] = mixed ^ (mixed >> np.uint64(31))
    return out


__all__ = ["Sample", "lots"]
