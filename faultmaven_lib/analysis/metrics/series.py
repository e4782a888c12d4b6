"""One series against its baseline: what kind of change, from which sample on, how large."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from faultmaven_lib.analysis.metrics.drift import LEAST, is_better, of_trend, ramp_of
from faultmaven_lib.analysis.metrics.levels import EXCURSIONS, NOVEL, Level, level_of, scores_of
from faultmaven_lib.analysis.metrics.significance import of_shift
from faultmaven_lib.analysis.metrics.spread import spread_change
from faultmaven_lib.analysis.statistics import best_segment
from faultmaven_lib.model import FindingKind

__all__ = ["Actual", "Level", "Move", "level_of", "moves"]

Array = np.ndarray[Any, np.dtype[Any]]
_SHORT = 0.15
"""Share of the window that a change has to last, at its end, to count as lasting. One that passes over may come
of a single slow request: a baseline of minutes cannot know how often that happens, so it has to be larger."""
_FEW = 20
"""Of a window of fewer samples each stands for some time: two of five last."""
RARE = 0.02
"""Share of windows of the incident's length in which a baseline may stray as far."""
_PASSING_DEVIATION = 2.0
_PASSING_CHANGE = {1: 1.0, -1: 0.5}
"""A change that passes over is this many times ``min_deviation`` large, and this much relative to the centre."""


@dataclass(frozen=True)
class Move:
    """One change of one series."""

    kind: FindingKind
    start: int
    """First sample that shows it."""
    stop: int
    before: float
    after: float
    deviation: float
    """Robust deviations between both, unsigned and not capped."""
    p: float
    around: float = float("nan")
    """Of a change of spread, the level around which the series swings."""
    season: str = ""
    """``day`` or ``week`` where ``before`` is what is usual at that time of it."""


@dataclass(frozen=True)
class Actual:
    """What a series that is adjusted for its season really was, and what was usual at that time."""

    values: Array
    expected: Array
    season: str

    def sizes(self, start: int, stop: int) -> tuple[float, float]:
        """Return both over a stretch; what cannot be told is ``nan``."""
        inside = self.values[start:stop]
        inside = inside[np.isfinite(inside)]
        return float(np.median(self.expected[start:stop])), float(np.median(inside)) if len(inside) else float("nan")

    def known(self, known: Array) -> Actual:
        """Return some of the samples."""
        return Actual(self.values[known], self.expected[known], self.season)

    def of(self, move: Move) -> Move:
        """Return a change of the adjusted series as one of the actual series."""
        if move.kind is FindingKind.VARIANCE_CHANGE:
            return replace(move, around=self.sizes(move.start, move.stop)[1], season=self.season)
        start = move.start if move.kind is not FindingKind.TREND else move.stop - max((move.stop - move.start) // 8, 1)
        before, after = self.sizes(start, move.stop)
        return replace(move, before=before, after=after, season=self.season)


def moves(
    level: Level,
    values: Array,
    min_deviation: float,
    min_change: float,
    *,
    stretch: float = 1.0,
    actual: Actual | None = None,
) -> Move | None:
    """Return the change of a series in the incident, if it has one of sufficient size.

    Parameters
    ----------
    level
        The baseline.
    values
        The incident, one value a sample, ``nan`` where there is none.
    min_deviation, min_change
        Smallest effect in robust deviations, and relative to the baseline's centre.
    stretch
        How many samples the incident has in the time of one of the baseline.
    actual
        Of a series that is adjusted for its season, what it was.
    """
    found = _move(level, values, min_deviation, min_change, stretch, actual)
    return found if found is None or actual is None else actual.of(found)


def _move(
    level: Level, values: Array, min_deviation: float, min_change: float, stretch: float, actual: Actual | None
) -> Move | None:
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return _missing(level, 0, len(values)) if level.coverage > 0.5 else None
    x = values[known]
    # What is frozen does not follow its season either: that it is frozen says it better.
    flat = None if actual is None else _flat(level, actual.values[known])
    if flat is not None:
        return replace(flat, start=int(known[flat.start]), stop=len(values))
    found = _shift(level, x, min_deviation, min_change, stretch, actual.known(known) if actual else None)
    if found is not None:
        found = _swing(level, x, min_deviation, min_change, stretch, found) or found
        return replace(found, start=int(known[found.start]), stop=int(known[found.stop - 1]) + 1)
    gap = _gap(level, values)
    if gap is not None:
        return gap
    flat = _flat(level, x)
    if flat is not None:
        return replace(flat, start=int(known[flat.start]), stop=len(values))
    found = _trend(level, x, min_deviation, min_change) or _swing(level, x, min_deviation, min_change, stretch)
    return found and replace(found, start=int(known[found.start]), stop=int(known[found.stop - 1]) + 1)


def _shift(
    level: Level, x: Array, min_deviation: float, min_change: float, stretch: float, actual: Actual | None
) -> Move | None:
    # Where the baseline was zero throughout there is no scale: whatever is not zero is as far off as can be said.
    z = (x - level.centre) / level.scale if level.scale > 0 else NOVEL * np.sign(x)
    best: Move | None = None
    for sign in (1.0, -1.0):
        start, stop, score = best_segment(scores_of(sign * z))
        # The baseline's own largest excursion is what chance, waves and regular jobs bring about.
        if stop - start < 2 or score <= 1.5 * stretch * usual_excursion(level, len(x) / stretch) + min_deviation:
            continue
        inside = x[start:stop]
        after = float(np.median(inside))
        deviation = sign * float(np.median(z[start:stop]))
        was, now = actual.sizes(start, stop) if actual else (level.centre, after)
        change = abs(now - was) / abs(was) if was and not level.full else np.inf
        # A single sample of the baseline may lie further off where a job started late in one of its nights.
        known = actual is None and level.low <= after <= level.high
        if deviation < min_deviation or change < min_change or known:
            continue
        lasting = stop >= len(x) - 1 and stop - start >= max(min(5, 0.4 * len(x)), _SHORT * len(x))
        if len(x) < _FEW:
            lasting |= stop - start >= 0.4 * len(x)
        # A baseline of days knows how often something passes over.
        enough = min_deviation * (_PASSING_DEVIATION if actual is None else 1.0)
        if not (lasting or stop - start >= 0.5 * len(x)) and (
            deviation < enough or change < _PASSING_CHANGE[int(sign)]
        ):
            continue
        p = of_shift(level, x, start, stop, sign)
        short = stop - start <= max(2.0, _SHORT * len(x)) and len(x) - stop >= stop - start
        up, down = (FindingKind.SPIKE, FindingKind.DIP) if short else (FindingKind.LEVEL_SHIFT,) * 2
        kind = up if sign > 0 else down
        move = Move(kind, start, stop, level.centre, after, deviation, p)
        if lasting and not short:
            move = _as_trend(level, x, move, min_deviation)
        if best is None or move.deviation > best.deviation:
            best = move
    return best


def usual_excursion(level: Level, samples: float) -> float:
    """Return what a stretch off the centre has to exceed: of a baseline many times as long, not quite its largest."""
    rare = int(RARE * level.count / max(samples, 1))
    return float(level.excursions[min(rare, EXCURSIONS - 1)])


def _as_trend(level: Level, x: Array, move: Move, min_deviation: float) -> Move:
    """Say of a lasting shift that it is a trend, where a slope says it better than a step."""
    if len(x) - move.start < LEAST:
        return move
    ramp = ramp_of(x)
    rise = ramp.after - ramp.before
    # Most of the way has to be the slope's, and it has to be going on.
    whole = abs(rise) >= max(min_deviation * level.scale, 0.5 * abs(ramp.after - level.centre))
    if not whole or rise * (move.after - move.before) <= 0 or not is_better(ramp, x):
        return move
    if of_trend(level, ramp, x) > 0.01:
        return move
    start = ramp.start
    ahead = x[start : move.start]
    if len(ahead) and np.square(ahead - ramp.before).sum() < np.square(ahead - ramp.line(len(ahead))).sum():
        start = move.start  # it jumped before it went on to grow
    return replace(move, kind=FindingKind.TREND, start=start, stop=len(x), after=ramp.after)


def _trend(level: Level, x: Array, min_deviation: float, min_change: float) -> Move | None:
    """A slope too slow for any stretch of it to stand out, which takes the series out of its range all the same."""
    if len(x) < LEAST or level.scale <= 0 or level.constant or level.full:
        return None
    ramp = ramp_of(x)
    rise, end = ramp.after - ramp.before, ramp.after - level.centre
    deviation = abs(end) / level.scale
    usual = level.slope * (len(x) - ramp.start) / level.count
    if min(deviation, abs(rise) / level.scale, abs(rise - usual) / level.scale) < min_deviation:
        return None
    change = abs(end) / abs(level.centre) if level.centre else np.inf
    if change < min_change or level.low <= ramp.after <= level.high or not is_better(ramp, x):
        return None
    p = of_trend(level, ramp, x)
    return Move(FindingKind.TREND, ramp.start, len(x), level.centre, ramp.after, deviation, p)


def _swing(
    level: Level, x: Array, min_deviation: float, min_change: float, stretch: float, move: Move | None = None
) -> Move | None:
    """A series that swings more, or less, than it did; beside a move only where that passes and the swing does not."""
    if move is not None and (move.kind is FindingKind.TREND or 4 * (move.stop - move.start) > len(x)):
        return None
    found = spread_change(level, x, min_deviation, min_change, stretch)
    if found is None or (move is not None and found.stop - found.start < 4 * (move.stop - move.start)):
        return None
    around = float(np.median(x[found.start : found.stop]))
    ratio = max(found.after, found.before) / max(min(found.after, found.before), 1e-300)
    return Move(FindingKind.VARIANCE_CHANGE, found.start, found.stop, found.before, found.after, ratio, found.p, around)


def _missing(level: Level, start: int, stop: int) -> Move:
    return Move(FindingKind.MISSING, start, stop, level.centre, float("nan"), 10.0, 0.5 ** (stop - start))


def _gap(level: Level, values: Array) -> Move | None:
    """Samples that stop coming, or stay away for longer than the baseline ever knew."""
    start, stop = _longest_stretch(~np.isfinite(values))
    long = max(5, 3 * level.longest_gap, round(0.2 * len(values)))
    if level.coverage < 0.5 or stop - start < long:
        return None
    return _missing(level, start, stop)


def _flat(level: Level, x: Array) -> Move | None:
    """A series that varied and is frozen now: its source hangs, or its exporter does."""
    if level.count < 20 or level.scale <= 0 or level.low == level.high:
        return None
    start, stop = _longest_stretch(np.r_[False, np.diff(x) == 0])
    start = max(start - 1, 0)
    if stop - start < max(10, 4 * level.longest_run, round(0.3 * len(x))):
        return None
    # A series that repeats one value in five anyway repeats it twenty times by chance once in 5^20 tries.
    p = (level.longest_run / (level.longest_run + 1)) ** (stop - start)
    return Move(FindingKind.FLAT_LINE, start, stop, level.centre, float(x[start]), 8.0, min(p * len(x), 1.0))


def _longest(flags: Array) -> int:
    start, stop = _longest_stretch(flags)
    return stop - start


def _longest_stretch(flags: Array) -> tuple[int, int]:
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False]))
    if not len(edges):
        return 0, 0
    starts, stops = edges[::2], edges[1::2]
    longest = int(np.argmax(stops - starts))
    return int(starts[longest]), int(stops[longest])
