"""Which of many series may have changed: all that ``series.moves`` would find, found for thousands at a time."""

from __future__ import annotations

from typing import Any

import numpy as np

from faultmaven_lib.analysis.metrics.levels import EXCURSIONS, NOVEL, Levels, calmness, drift, loudness, scores_of
from faultmaven_lib.analysis.metrics.rows import blocks, gains, longest_run, packed, quantile
from faultmaven_lib.analysis.metrics.series import RARE
from faultmaven_lib.analysis.metrics.spread import LEAST

Array = np.ndarray[Any, np.dtype[Any]]


def may_have_moved(levels: Levels, values: Array, min_deviation: float, stretch: float) -> Array:
    """Return for each series whether it needs a closer look; see ``series.moves`` for the parameters."""
    parts = [_block(levels[rows], values[rows], min_deviation, stretch) for rows in blocks(values)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=bool)


def may_be_flat(levels: Levels, values: Array) -> Array:
    """Return for each series whether it repeats one value for longer than its baseline ever did."""
    return _flat(levels, *packed(values, np.isfinite(values)))


def _flat(levels: Levels, known: Array, count: Array) -> Array:
    run = np.maximum(np.maximum(10, 4 * levels.longest_run), np.round(0.3 * count)) - 1
    return np.asarray(longest_run(np.diff(known, axis=1) == 0) >= run)


def _block(levels: Levels, values: Array, min_deviation: float, stretch: float) -> Array:
    rows, samples = values.shape
    if not samples:
        return np.zeros(rows, dtype=bool)
    finite = np.isfinite(values)
    known, count = packed(values, finite)
    inside = np.arange(samples) < count[:, None]
    still = levels.scale <= 0
    scale = np.where(still, 1.0, levels.scale)[:, None]
    off = np.where(inside, known - levels.centre[:, None], 0.0)
    z = np.where(still[:, None], NOVEL * np.sign(np.where(inside, known, 0.0)), off / scale)
    place = np.minimum((RARE * levels.count * stretch / np.maximum(count, 1)).astype("int64"), EXCURSIONS - 1)
    usual = np.take_along_axis(levels.excursions, place[:, None], axis=1)[:, 0]
    bound = 1.5 * stretch * usual + min_deviation
    out = np.zeros(rows, dtype=bool)
    for sign in (1.0, -1.0):
        out |= gains(np.where(inside, scores_of(sign * z), -3.0)) > bound
    gap = np.maximum(np.maximum(5, 3 * levels.longest_gap), round(0.2 * samples))
    out |= (count == 0) | ((count < samples) & (longest_run(~finite) >= gap))
    out |= _flat(levels, known, count)
    # A slope that takes the end so far from the level leaves some of its last eighth there.
    last = known[:, -max(samples // 8, 3) :] if count.min(initial=0) == samples else known
    with np.errstate(invalid="ignore"):
        far = (np.abs(last - levels.centre[:, None]) >= 0.8 * min_deviation * scale).sum(axis=1) >= 3
    out |= far & (np.abs(drift(np.where(inside, known, np.nan), count)) >= 0.2 * min_deviation * scale[:, 0])
    swings = ~still & ~levels.constant & ~levels.full & (levels.count >= LEAST) & (count >= LEAST) & ~out
    if swings.any():
        some = known[swings]
        middle = quantile(np.sort(some, axis=1), count[swings], 0.5)
        apart = np.where(inside[swings], (some - middle[:, None]) / scale[swings], np.nan)
        near = np.minimum(np.abs(apart), np.abs(z[swings]))
        for scores, loud in ((loudness(near), levels.loud), (calmness(apart), levels.calm)):
            usable = np.where(inside[swings], scores, -3.0)
            out[swings] |= gains(usable) > 1.5 * stretch * loud[swings] + min_deviation
    return out
