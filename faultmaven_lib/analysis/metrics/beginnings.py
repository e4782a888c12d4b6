"""Baselines that end in the trouble: the onset that was given is late, and what began before it would pass as usual."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from faultmaven_lib.analysis.metrics.levels import MIN_SAMPLES, Level, Levels, level_of, scores_of
from faultmaven_lib.analysis.metrics.series import Move, moves
from faultmaven_lib.analysis.statistics import best_segment

Array = np.ndarray[Any, np.dtype[Any]]
_LAST = 3
"""So many samples at the end of a baseline are off before it is asked whether something began there."""
_SHARE = 1 / 3
"""A stretch at the end of a baseline that is longer belongs to it: the median itself would not be of calm times."""


class Beginning(NamedTuple):
    """A stretch at the end of a baseline that is off, and what was usual before it."""

    before: Level
    sign: int
    """1 where it lies above, -1 where it lies below."""


def beginnings(values: Array, levels: Levels, min_deviation: float) -> dict[int, Beginning]:
    """Return for rows whose baseline ends off its usual level what was usual before.

    Whether it is trouble that has begun, or one more wave, the incident tells: it is if the incident starts out where
    the baseline ended.

    Parameters
    ----------
    values
        Baselines, one a row, ``nan`` where a sample is missing.
    levels
        Their levels.
    min_deviation
        How far off the last samples have to be, in robust deviations of the whole baseline: median and median
        absolute deviation bear a third of bad samples.
    """
    if values.shape[1] < 2 * MIN_SAMPLES:
        return {}
    last = values[:, -_LAST:]
    with np.errstate(invalid="ignore"):
        up: Array = np.all(last > ((levels.centre + levels.high) / 2)[:, None], axis=1)
        down: Array = np.all(last < ((levels.centre + levels.low) / 2)[:, None], axis=1)
    found = {}
    for row in np.flatnonzero(up | down).tolist():
        sign = 1 if up[row] else -1
        begun = _begun(values[row], sign, min_deviation)
        before = level_of(values[row][:begun]) if begun else None
        if before is not None:
            found[row] = Beginning(before, sign)
    return found


def went_on(begun: Beginning, values: Array, min_deviation: float, min_change: float) -> Move | None:
    """Return the change of a series whose baseline ended in it: it is there from the first samples on."""
    move = moves(begun.before, values, min_deviation, min_change)
    if move is None or move.start > 1 or not begun.sign * (move.after - move.before) > 0:
        return None
    return move


def _begun(values: Array, sign: int, min_deviation: float) -> int:
    """Return where the last stretch starts that is off, 0 if there is none."""
    known = np.flatnonzero(np.isfinite(values))
    x = values[known]
    centre = float(np.median(x))
    scale = max(1.4826 * float(np.median(np.abs(x - centre))), 0.02 * abs(centre))
    off = sign * (x - centre)
    z: Array = off / scale if scale > 0 else np.where(off > 0, np.inf, 0.0)
    if len(x) < 2 * MIN_SAMPLES or z[-_LAST:].min() < min_deviation:
        return 0
    start, stop, _ = best_segment(scores_of(z[-int(_SHARE * len(z)) - 1 :]))
    begun = len(z) - int(_SHARE * len(z)) - 1 + start
    return int(known[begun]) if start > 0 and stop >= int(_SHARE * len(z)) else 0
