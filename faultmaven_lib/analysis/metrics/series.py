"""One series against its baseline: what kind of change, from which sample on, how large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from faultmaven_lib.analysis.statistics import best_segment, effective_size
from faultmaven_lib.model import FindingKind

Array = np.ndarray[Any, np.dtype[Any]]
MIN_SAMPLES = 5
"""A baseline with fewer says nothing."""
_CLIP = 12.0
"""Robust deviations beyond which one sample counts no more: a single spike must not pose as a shift."""
NOVEL = 20.0
"""Deviations of a value from a baseline that was zero throughout."""
_SHORT = 0.15
"""Share of the window that a change has to last, at its end, to count as lasting. One that passes over may come
of a single slow request: a baseline of minutes cannot know how often that happens, so it has to be larger."""
_FEW = 20
"""Of a window of fewer samples each stands for some time: two of five last."""
_RARE, _EXCURSIONS = 0.02, 50
"""Share of windows of the incident's length in which a baseline may stray as far; and how many strays are kept."""
_PASSING_DEVIATION = 3.0
_PASSING_CHANGE = {1: 1.5, -1: 0.5}
"""A change that passes over is this many times ``min_deviation`` large, and this much relative to the centre."""


@dataclass(frozen=True)
class Level:
    """What a series looks like when all is well."""

    centre: float
    scale: float
    size: float
    """Samples it is worth, autocorrelation taken into account."""
    low: float
    high: float
    excursions: tuple[float, ...]
    """The largest stretches of the baseline off its own centre, scored as the incident is, largest first."""
    full: bool
    """Nearly always 1, or 100: a share of something, which is told by what it lacks."""
    constant: bool
    """More than half of the samples have one value: there is no spread to measure distance by."""
    longest_run: int
    """Most samples in a row with one value."""
    longest_gap: int
    coverage: float
    """Share of samples that are there."""
    count: int


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


def level_of(values: Array) -> Level | None:
    """Describe a baseline; ``None`` where it has too few samples.

    Centre and scale are the median and the median absolute deviation (Hampel, "The influence curve and its role
    in robust estimation", J. Am. Stat. Assoc. 69, 1974). The scale has a floor: the spread of the middle nine
    tenths, and two hundredths of the centre, so that a series that hardly moved does not make every tremor
    infinitely unlikely.
    """
    known = values[np.isfinite(values)]
    if len(known) < MIN_SAMPLES:
        return None
    centre = float(np.median(known))
    low, high = (float(v) for v in np.percentile(known, [5, 95]))
    spread = 1.4826 * float(np.median(np.abs(known - centre)))
    scale = max(spread, (high - low) / 3.29, 0.02 * abs(centre))
    full = centre in (1.0, 100.0) and known.max() == centre == high and known.min() >= 0
    if full:
        scale = max(float(known.std()), 0.005 * centre)
    if scale == 0 and known.min() != known.max():  # mostly one value, with rare others
        scale = float(known.std())
    z = (known - centre) / scale if scale > 0 else np.zeros(len(known))
    peaks = np.concatenate([_peaks(_scores(sign * z)) for sign in (1.0, -1.0)])
    return Level(
        centre,
        scale,
        # A series that hardly moves may drift: that is no wave that could rise to what counts as a change.
        float(len(known)) if known.max() - known.min() < scale else effective_size(known),
        float(known.min()),
        float(known.max()),
        tuple(np.sort(peaks)[::-1][:_EXCURSIONS].tolist()),
        full,
        spread == 0,
        _longest(np.diff(known) == 0) + 1,
        _longest(~np.isfinite(values)),
        len(known) / len(values),
        len(known),
    )


def _peaks(scores: Array) -> Array:
    """Return the largest sum of every stretch that is above zero."""
    sums = np.concatenate([[0.0], np.cumsum(scores)])
    above = sums - np.minimum.accumulate(sums)
    starts = np.flatnonzero(above == 0)
    return np.asarray(np.maximum.reduceat(above, starts))


def _scores(z: Array) -> Array:
    """Score samples so that healthy ones pull a stretch down and far ones extend it."""
    return np.clip(z, -3.0, _CLIP) - 3.0


def moves(level: Level, values: Array, min_deviation: float, min_change: float) -> Move | None:
    """Return the change of a series in the incident, if it has one of sufficient size.

    Parameters
    ----------
    level
        The baseline.
    values
        The incident, one value a sample, ``nan`` where there is none.
    min_deviation, min_change
        Smallest effect in robust deviations, and relative to the baseline's centre.
    """
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return _missing(level, 0, len(values)) if level.coverage > 0.5 else None
    found = _shift(level, values[known], min_deviation, min_change)
    if found is not None:
        start, stop = int(known[found.start]), int(known[found.stop - 1]) + 1
        return Move(found.kind, start, stop, found.before, found.after, found.deviation, found.p)
    gap = _gap(level, values)
    if gap is not None:
        return gap
    flat = _flat(level, values[known])
    return None if flat is None else Move(flat.kind, int(known[flat.start]), len(values), *_sizes(flat))


def _sizes(move: Move) -> tuple[float, float, float, float]:
    return move.before, move.after, move.deviation, move.p


def _shift(level: Level, x: Array, min_deviation: float, min_change: float) -> Move | None:
    # Where the baseline was zero throughout there is no scale: whatever is not zero is as far off as can be said.
    z = (x - level.centre) / level.scale if level.scale > 0 else NOVEL * np.sign(x)
    best: Move | None = None
    for sign in (1.0, -1.0):
        start, stop, score = best_segment(_scores(sign * z))
        # The baseline's own largest excursion is what chance, waves and regular jobs bring about.
        if stop - start < 2 or score <= 1.5 * _usual_excursion(level, len(x)) + min_deviation:
            continue
        inside = x[start:stop]
        after = float(np.median(inside))
        deviation = sign * float(np.median(z[start:stop]))
        change = abs(after - level.centre) / abs(level.centre) if level.centre and not level.full else np.inf
        if deviation < min_deviation or change < min_change or level.low <= after <= level.high:
            continue
        lasting = stop >= len(x) - 1 and stop - start >= max(min(5, 0.4 * len(x)), _SHORT * len(x))
        if len(x) < _FEW:
            lasting |= stop - start >= 0.4 * len(x)
        if not (lasting or stop - start >= 0.5 * len(x)) and (
            deviation < _PASSING_DEVIATION * min_deviation or change < _PASSING_CHANGE[int(sign)]
        ):
            continue
        worth = max(min(effective_size(x), level.size) * len(inside) / len(x), 1.0)
        error = np.sqrt(1 / level.size + 1 / worth)
        # A stretch could have started anywhere: the p-value pays for the choice.
        p = min(float(stats.t.sf(deviation / error, max(level.size - 1, 1))) * len(x), 1.0)
        if level.constant:
            # No spread, no distance: how likely are so many samples beyond all others on this side of the border?
            beyond = int(((x > level.high) if sign > 0 else (x < level.low)).sum())
            p = max(p, (len(x) / (len(x) + level.count)) ** beyond)
        short = stop - start <= max(2.0, _SHORT * len(x)) and len(x) - stop >= stop - start
        up, down = (FindingKind.SPIKE, FindingKind.DIP) if short else (FindingKind.LEVEL_SHIFT,) * 2
        kind = up if sign > 0 else down
        move = Move(kind, start, stop, level.centre, after, deviation, p)
        if best is None or move.deviation > best.deviation:
            best = move
    return best


def _usual_excursion(level: Level, samples: int) -> float:
    """Return what a stretch off the centre has to exceed: of a baseline many times as long, not quite its largest."""
    rare = int(_RARE * level.count / max(samples, 1))
    return level.excursions[min(rare, len(level.excursions) - 1)]


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
