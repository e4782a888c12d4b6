"""Changes of spread: a series that begins to swing, or swings no more, around a level that stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from faultmaven_lib.analysis.metrics.levels import RATIO, Level, calmness, loudness
from faultmaven_lib.analysis.statistics import best_segment

Array = np.ndarray[Any, np.dtype[Any]]
LEAST = 20
"""Samples that tell a spread."""
_SHARE = 0.2
"""Share of the window that has to have another spread."""
_JITTER = 1.5
"""Least ratio of the differences of neighbours before and after."""
_KINDS = 4
_OF_WALK = 0.3
"""How often one stretch of a random walk ranges so much further than another."""


@dataclass(frozen=True)
class Spread:
    """A stretch with another spread, in standard deviations of the values."""

    start: int
    stop: int
    before: float
    after: float
    p: float


def usable(level: Level) -> bool:
    """Whether a baseline has a spread that can be compared."""
    return level.scale > 0 and not level.constant and not level.full and level.count >= LEAST


def spread_change(level: Level, x: Array, min_deviation: float, min_change: float, stretch: float) -> Spread | None:
    """Return the stretch whose spread differs, if it lasts and is ``RATIO`` times as large or as small.

    Samples are scored by the likelihood of either spread and the best stretch is taken. Its p-value is that of the
    largest score by chance (Karlin and Altschul, PNAS 87, 1990), with the decay that the baseline itself shows.
    """
    if not usable(level) or len(x) < LEAST:
        return None
    around = (x - float(np.median(x))) / level.scale
    # Near the level that it had, or the one that it has now, a sample is no sign of a larger spread.
    near = np.minimum(np.abs(around), np.abs(x - level.centre) / level.scale)
    for scores, usual in ((loudness(near), level.loud), (calmness(around), level.calm)):
        start, stop, gain = best_segment(scores)
        if stop - start < max(LEAST, _SHARE * len(x)) or gain <= 1.5 * usual * stretch + min_deviation:
            continue
        lasting = stop >= 0.95 * len(x) or stop - start >= 0.5 * len(x)
        before, after = level.scale, _spread(x[start:stop])
        if not lasting or max(before, after) < RATIO * min(before, after):
            continue
        if 4 * abs(after - before) < min_change * abs(level.centre):  # nearly all samples lie in four deviations
            continue
        # What only strays further, by the steps that it always took, is a wave or a walk.
        jitter = float(np.abs(np.diff(x[start:stop])).mean())
        if (jitter < _JITTER * level.jitter) if after > before else (level.jitter < _JITTER * jitter):
            continue
        # Under independent normal samples a score of s is e^s times as rare.
        decay = min(level.size / level.count, np.log(max(level.count, 3)) / max(usual, 1e-9), 1.0)
        p = min(max(len(x) * float(np.exp(-decay * gain)), _OF_WALK * level.walk) * _KINDS, 1.0)
        return Spread(start, stop, before, after, p)
    return None


def _spread(x: Array) -> float:
    low, middle, high = np.percentile(x, [5, 50, 95])
    return max(1.4826 * float(np.median(np.abs(x - middle))), float(high - low) / 3.29)
