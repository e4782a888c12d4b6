"""The calls of one kind against their baseline: longer waits, more failures, clocks that are off."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import stats

from faultmaven_lib.analysis.metrics.series import level_of, moves
from faultmaven_lib.analysis.statistics import best_segment
from faultmaven_lib.analysis.traces.spans import Array
from faultmaven_lib.model import FindingKind

_FEW = 100
"""Fewer calls than this are not put into bins."""
_CALLS_A_BIN = 10.0
_SHORTEST_BIN = 2.0
_LEAST_BINS = 10
_CLOCK = 1.0
"""Seconds by which a clock has to be off."""
_RATIO = 3.0
"""How many times as often calls have to fail."""


@dataclass(frozen=True)
class Moved:
    """One change: from when (nanoseconds since 1970) until when, how large, how sure."""

    start: int
    stop: int | None
    """First moment behind it, ``None`` where it lasts."""
    before: float
    after: float
    deviation: float
    p: float
    statistic: str = ""
    count: int = 0
    """Calls that show it."""

    def inside(self, calls: pd.DataFrame) -> pd.DataFrame:
        """Return the calls that start while it lasts."""
        at = _nanoseconds(calls)
        return calls[(at >= self.start) & (at < (self.stop if self.stop is not None else np.iinfo("int64").max))]


def times_moved(
    before: pd.DataFrame, after: pd.DataFrame, part: str, min_deviation: float, min_change: float, min_seconds: float
) -> Moved | None:
    """Return how much longer calls of one kind take: their median, or else their 95th percentile.

    Parameters
    ----------
    before, after
        Calls; where they are few, they are followed one by one, else in bins of time.
    part
        The column of seconds: ``wait``, or ``alone`` for what does not pass in others.
    min_deviation, min_change, min_seconds
        Smallest change in robust deviations, relative to the baseline, and in seconds.
    """
    was, now = (c[c[part].notna()] for c in (before, after))
    if len(was) < _LEAST_BINS or not len(now):
        return None
    at, then = _nanoseconds(was) / 1e9, _nanoseconds(now) / 1e9
    values, values_now = was[part].to_numpy(), now[part].to_numpy()
    width = 0.0
    if len(was) >= _FEW:
        span = float(at[-1] - at[0])
        width = min(max(_CALLS_A_BIN * span / len(was), _SHORTEST_BIN), span / _LEAST_BINS)
    for name, q in (("median", 0.5), ("95th percentile", 0.95))[: 2 if width > 0 else 1]:
        level = level_of(_binned(at, values, width, q)[0])
        series, times = _binned(then, values_now, width, q)
        move = None if level is None else moves(level, series, min_deviation, min_change)
        rises = move is not None and move.kind in (FindingKind.LEVEL_SHIFT, FindingKind.SPIKE, FindingKind.TREND)
        if move is None or not rises or move.after - move.before < min_seconds:
            continue
        lasts = move.stop >= len(series) - 1
        last = np.inf if lasts else float(times[move.stop])
        # The first call that is nearer to the new level than to the old one, from the bin before on.
        slow = (values_now > (move.before + move.after) / 2) & (then >= times[move.start] - width) & (then < last)
        first = int(np.argmax(slow)) if slow.any() else int(np.searchsorted(then, times[move.start]))
        start = int(_nanoseconds(now)[first])
        stop = None if lasts else int(last * 1e9)
        return Moved(start, stop, move.before, move.after, move.deviation, move.p, name, int(slow.sum()))
    return None


def errors_moved(before: pd.DataFrame, after: pd.DataFrame, min_errors: int, min_share: float) -> Moved | None:
    """Return how the share of failing calls of one kind grew."""
    failed, failed_now = before["error"].to_numpy(), after["error"].to_numpy()
    if failed_now.sum() < min_errors:
        return None
    usual = (failed.sum() + 0.5) / (len(failed) + 1)
    wanted = min(max(_RATIO * usual, usual + min_share, 0.05), 0.5 + usual / 2)
    gain, loss = np.log(wanted / usual), np.log((1 - wanted) / (1 - usual))
    start, stop, score = best_segment(np.where(failed_now, gain, loss))
    by_chance = best_segment(np.where(failed, gain, loss))[2]
    count = int(failed_now[start:stop].sum())
    share = count / max(stop - start, 1)
    if count < min_errors or share - usual < min_share or share < _RATIO * failed.mean():
        return None
    if score <= 1.5 * by_chance + np.log(len(failed_now)):
        return None
    # The stretch could have started anywhere: the p-value pays for the choice.
    p = min(float(stats.binom.sf(count - 1, stop - start, usual)) * len(failed_now), 1.0)
    expected = (stop - start) * usual
    deviance = 2 * (count * np.log(count / expected) + _xlogx(stop - start - count, stop - start - expected))
    at = _nanoseconds(after)
    ends = stop < len(at) and len(at) - stop >= min_errors
    return Moved(
        int(at[start]),
        int(at[stop]) if ends else None,
        100 * float(failed.mean()),
        100 * share,
        float(np.sqrt(max(deviance, 0.0))),
        p,
        count=count,
    )


def clock_moved(before: pd.DataFrame, after: pd.DataFrame) -> Moved | None:
    """Return how the callee's clock moved against the caller's: a call cannot be answered before it was made.

    An offset is believed where it is negative, or larger than the caller's whole wait.
    """
    was, now = (c[c["offset"].notna()] for c in (before, after))
    if len(was) < _LEAST_BINS or len(now) < _LEAST_BINS:
        return None
    usual = float(was["offset"].median())
    offset, wait = now["offset"].to_numpy(), now["wait"].fillna(0.0).to_numpy()
    apart = np.abs(offset - usual) > _CLOCK
    wrong = apart & ((offset < 0) | (offset > wait))
    start, stop, score = best_segment(np.where(wrong, 1.0, -1.0))
    if score < _LEAST_BINS:
        return None
    at = _nanoseconds(now)
    after_level = float(np.median(offset[start:stop][wrong[start:stop]]))
    lasts = len(at) - stop < _LEAST_BINS
    count = int(wrong[start:stop].sum())
    return Moved(
        int(at[start]), None if lasts else int(at[stop]), usual, after_level, abs(after_level - usual) * 10, 0.0,
        count=count,
    )  # fmt: skip


def _xlogx(x: float, expected: float) -> float:
    return float(x * np.log(x / expected)) if x > 0 and expected > 0 else 0.0


def _nanoseconds(calls: pd.DataFrame) -> Array:
    return np.asarray(pd.DatetimeIndex(calls.index).as_unit("ns").asi8)


def _binned(at: Array, values: Array, width: float, q: float) -> tuple[Array, Array]:
    """Return a quantile of the values in each bin of time, ``nan`` where a bin is empty, and when the bins begin.

    Without a width, every value is a bin of its own.
    """
    if width <= 0:
        return values, at
    bins = np.floor((at - at[0]) / width).astype("int64")
    out = np.full(int(bins[-1]) + 1, np.nan)
    edges = np.r_[0, np.flatnonzero(np.diff(bins)) + 1, len(bins)]
    for low, high in pairwise(edges.tolist()):
        out[bins[low]] = np.quantile(values[low:high], q)
    return out, at[0] + width * np.arange(len(out))
