"""How likely chance alone brings a stretch that far off: waves, walks and heavy tails each have their own way."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special, stats

from faultmaven_lib.analysis.metrics.levels import NOVEL, Level
from faultmaven_lib.analysis.statistics import effective_size

Array = np.ndarray[Any, np.dtype[Any]]
_FURTHER = 10.0
"""How many times rarer than one of the baseline's samples a tail is followed."""
_WALK = 0.9995
"""More persistence than this cannot be told from a walk."""


def of_shift(level: Level, x: Array, start: int, stop: int, sign: float) -> float:
    """Return the p-value of a stretch ``x[start:stop]`` off the baseline's centre; it pays for the choice of the start.

    The largest of three: of a mean of as many samples as the autocorrelated ones are worth (Student's t); of a
    first-order process with the baseline's persistence and shocks, which may be a walk; of so many samples that far
    out in the baseline's own tail.
    """
    inside = x[start:stop]
    off = sign * (float(np.median(inside)) - level.centre)
    deviations = off / level.scale if level.scale > 0 else NOVEL
    worth = max(min(effective_size(x), level.size) * len(inside) / len(x), 1.0)
    error = np.sqrt(1 / level.size + 1 / worth)
    p = float(stats.t.sf(deviations / error, max(level.size - 1, 1)))
    if not level.constant and level.scale > 0:
        p = max(p, of_process(level, off, len(inside), start), _of_tail(level, sign * (inside - level.centre), sign))
    p *= len(x)
    if level.constant:
        # No spread, no distance: how likely are so many samples beyond all others on this side of the border?
        beyond = int(((x > level.high) if sign > 0 else (x < level.low)).sum())
        p = max(p, (len(x) / (len(x) + level.count)) ** beyond)
    return min(p, 1.0)


def of_process(level: Level, off: float, length: int, gap: int, reference: int = 0) -> float:
    """Return how likely the mean of a later stretch of the baseline's process lies that far from its mean.

    The process is a first-order autoregression with the baseline's persistence and shocks (Box and Jenkins, "Time
    series analysis", 1970), or else a random walk, so far as the baseline could be one.

    Parameters
    ----------
    level
        The baseline.
    off
        The distance, unsigned.
    length, gap
        Samples of the stretch, and between it and what it is compared with.
    reference
        Samples of what it is compared with; those of the baseline if 0.
    """
    n = reference or level.count
    keep = min(level.keep, _WALK)
    p = _beyond(off, _error(keep, level.shock, n, length, gap), level.count)
    return max(p, level.walk * _beyond(off, _error(_WALK, level.step, n, length, gap), level.count))


def _beyond(off: float, error: float, count: int) -> float:
    return float(stats.t.sf(off / error, max(count - 2, 1))) if error > 0 else 0.0


def _error(keep: float, shock: float, n: int, length: int, gap: int) -> float:
    """Return the standard error of the difference of two means of a first-order process."""
    varies = shock**2 / (1 - keep**2)
    shared = keep ** (gap + 1) * (1 - keep**n) * (1 - keep**length) / (n * length * (1 - keep) ** 2)
    return float(np.sqrt(max(varies * (_mean_varies(keep, n) + _mean_varies(keep, length) - 2 * shared), 0.0)))


def _mean_varies(keep: float, n: int) -> float:
    """Return the variance of the mean of ``n`` samples relative to that of one."""
    return ((1 + keep) / (1 - keep) - 2 * keep * (1 - keep**n) / (n * (1 - keep) ** 2)) / n


def _of_tail(level: Level, far: Array, sign: float) -> float:
    """Return how likely a stretch lies as far out in the tail of the baseline: more than half of it, or all of it.

    Of samples that come in bursts the first is as rare as it is, and the others as new as they are behind it.
    """
    length, fresh = len(far), float(level.tails[0 if sign > 0 else 1][4])
    p = 1.0
    for beyond in {length // 2 + 1, length}:
        rare = _rarity(level, float(np.sort(far)[length - beyond]) / level.scale, sign)
        ways = special.gammaln(length + 1) - special.gammaln(beyond + 1) - special.gammaln(length - beyond + 1)
        p = min(p, 2 * float(np.exp(fresh * ways + (1 + fresh * (beyond - 1)) * np.log(rare))))
    return p


def _rarity(level: Level, deviations: float, sign: float) -> float:
    """Return the share of the baseline's samples beyond so many robust deviations."""
    threshold, width, shape, share, _ = level.tails[0 if sign > 0 else 1]
    beyond = (deviations - threshold) / width
    if beyond <= 0:
        return float(max(share, 0.2))
    rare = share * ((1 + shape * beyond) ** (-1 / shape) if shape > 0 else np.exp(-beyond))
    # So many samples say nothing of what is many times rarer than one of them.
    return float(max(rare, 1 / (_FURTHER * level.count)))
