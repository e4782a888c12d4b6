"""Arithmetic on many series at a time: one a row, in order of time, ``nan`` where a sample is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
_CELLS = 400_000
"""Samples that are worked on at a time: a dozen arrays of this size fit a processor's cache, or nearly."""


def blocks(values: Array) -> Iterator[slice]:
    """Yield slices of rows that together hold some hundred thousand samples."""
    step = max(1, _CELLS // max(values.shape[1], 1))
    for first in range(0, len(values), step):
        yield slice(first, first + step)


def packed(values: Array, finite: Array) -> tuple[Array, Array]:
    """Return the rows with what is missing moved to their end, and how many samples each has."""
    count = finite.sum(axis=1)
    out = np.where(finite, values, np.nan)
    gappy = np.flatnonzero(count < values.shape[1])
    if len(gappy):
        order = np.argsort(~finite[gappy], axis=1, kind="stable")
        out[gappy] = np.take_along_axis(out[gappy], order, axis=1)
    return out, count


def quantile(ordered: Array, count: Array, q: float) -> Array:
    """Return a quantile of the first ``count`` samples of each sorted row, linear between neighbours."""
    if ordered.shape[1] == 0:
        return np.full(len(ordered), np.nan)
    place = q * np.maximum(count - 1, 0)
    below = np.floor(place).astype("int64")
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    low, high = (np.take_along_axis(ordered, at[:, None], axis=1)[:, 0] for at in (below, above))
    return np.asarray(low + (place - below) * (high - low))


def gains(scores: Array) -> Array:
    """Return the largest sum of a contiguous stretch of each row, at least 0 (``statistics.best_segment``)."""
    sums = np.cumsum(scores, axis=1)
    lowest = np.minimum(np.minimum.accumulate(sums, axis=1), 0.0)
    # A stretch may start behind the lowest sum so far, the empty one included.
    before = np.concatenate([np.zeros((len(scores), 1)), lowest[:, :-1]], axis=1)
    return np.asarray(np.maximum((sums - before).max(axis=1, initial=0.0), 0.0))


def stretches(scores: Array, most: int) -> Array:
    """Return the largest sums of the stretches of each row that are above zero, largest first, zeros behind."""
    rows = len(scores)
    sums = np.concatenate([np.zeros((rows, 1)), np.cumsum(scores, axis=1)], axis=1)
    above = sums - np.minimum.accumulate(sums, axis=1)
    out = np.zeros((rows, most))
    if not rows:
        return out
    # Every row begins with a zero, so that no stretch reaches from one into the next.
    starts = np.flatnonzero(above.ravel() == 0)
    peaks = np.maximum.reduceat(above.ravel(), starts)
    real = peaks > 0
    row, peak = starts[real] // above.shape[1], peaks[real]
    order = np.lexsort((-peak, row))
    row, peak = row[order], peak[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    kept = place < most
    out[row[kept], place[kept]] = peak[kept]
    return out


def longest_run(flags: Array) -> Array:
    """Return how many flags in a row are set at most, for each row."""
    if flags.shape[1] == 0:
        return np.zeros(len(flags), dtype="int64")
    at = np.arange(flags.shape[1])
    last = np.maximum.accumulate(np.where(flags, -1, at), axis=1)
    return np.asarray((at - last).max(axis=1))
