"""Prometheus histograms: cumulative buckets with their bound ``le``, to quantiles over time.

A bucket is a column named as Prometheus names it, ``…_bucket{…,le="0.5"}``, or a column ``…_bucket`` whose third
level is the bound: ``0.5``, ``+Inf`` or ``le="0.5"``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from faultmaven_lib.analysis.metrics.columns import Key

Array = np.ndarray[Any, np.dtype[Any]]
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_ENOUGH = 20.0
"""Observations that a quantile is read from, where so many come within ``_LONGEST`` samples."""
_LONGEST = 20
_NAME = re.compile(r"^(?P<name>[^{ ]+)_bucket(?:\{(?P<labels>.*)\})?(?: (?P<statistic>.*))?$", re.DOTALL)
_LE = re.compile(r'(?:^|,)\s*le\s*=\s*"?([^",]*)"?\s*(?=,|$)')


@dataclass(frozen=True)
class Histogram:
    """One histogram among the columns of a frame."""

    service: str
    name: str
    """Without ``_bucket``."""
    labels: str
    """All but ``le``, in braces; empty where there are none."""
    bounds: tuple[float, ...]
    """Of the buckets, ascending."""
    rows: tuple[int, ...]
    """Where the buckets are."""
    total: int
    """Where all observations are counted: the bucket ``+Inf``, or the column ``…_count``."""

    def key(self, statistic: str) -> Key:
        """Return the name of a series made of it."""
        return self.service, f"{self.name}_{statistic}{self.labels}"


def histograms_of(keys: Sequence[Key]) -> list[Histogram]:
    """Find the histograms among columns: at least two buckets, and one that counts all."""
    found: dict[tuple[str, str, str], dict[float, int]] = {}
    for row, (service, metric) in enumerate(keys):
        if "_bucket" not in metric:
            continue
        read = _bucket(metric)
        if read is not None:
            name, labels, bound = read
            found.setdefault((service, name, labels), {})[bound] = row
    place = {key: row for row, key in enumerate(keys)} if found else {}
    out = []
    for (service, name, labels), buckets in found.items():
        total = buckets.get(np.inf, place.get((service, f"{name}_count{labels}")))
        bounds = sorted(b for b in buckets if np.isfinite(b))
        if total is not None and bounds:
            rows = tuple(buckets[b] for b in bounds)
            out.append(Histogram(service, name, labels, tuple(bounds), rows, total))
    return out


def _bucket(metric: str) -> tuple[str, str, float] | None:
    match = _NAME.match(metric)
    if match is None:
        return None
    labels, statistic = match["labels"] or "", match["statistic"] or ""
    bound = _LE.search(labels)
    if bound is not None:
        rest = (labels[: bound.start()] + labels[bound.end() :]).strip(",")
        text = bound[1]
    else:
        rest = labels
        written = _LE.search(statistic)
        text = written[1] if written else statistic
    try:
        value = float(text)  # "+Inf" is a float to Python, too
    except ValueError:
        return None
    return (match["name"], f"{{{rest}}}" if rest else "", value) if value == value else None


def steps_of(histogram: Histogram, values: Array) -> int:
    """Return over how many samples observations have to be gathered, so that mostly enough come together."""
    known = values[histogram.total]
    news = _increases(known[None, :], known)[0]
    usual = float(np.nanmean(news)) if np.isfinite(news).any() else 0.0
    return int(np.clip(np.ceil(_ENOUGH / usual), 1, _LONGEST)) if usual > 0 else 1


def usual_bounds(histogram: Histogram, values: Array) -> tuple[float, ...]:
    """Return the bounds of the buckets that are there in most of the samples."""
    known = np.isfinite(values[histogram.total])
    return tuple(
        bound
        for bound, row in zip(histogram.bounds, histogram.rows, strict=True)
        if np.isfinite(values[row][known]).sum() > 0.5 * np.count_nonzero(known)
    )


def quantiles(histogram: Histogram, values: Array, steps: int = 1, usual: tuple[float, ...] | None = None) -> Array:
    """Return the quantiles of the observations that came with each sample, and the ``steps - 1`` before it.

    Linear within a bucket; of the last, unbounded one its lower bound: as Prometheus' ``histogram_quantile`` has it.
    Resets count from zero; a bucket that is missing leaves a wider one.

    Parameters
    ----------
    histogram
        Where the buckets are.
    values
        All columns, one a row.
    steps
        Samples that are put together.
    usual
        The bounds to use. Where one of them is missing there is no quantile: between other bounds it would be another
        estimate, and no change of what is measured.

    Returns
    -------
    Array
        One row for each of ``QUANTILES``; ``nan`` where nothing was observed.
    """
    total = values[histogram.total]
    out = np.full((len(QUANTILES), values.shape[1]), np.nan)
    known = np.flatnonzero(np.isfinite(total))
    if len(known) < 2:
        return out
    chosen = [i for i, bound in enumerate(histogram.bounds) if usual is None or bound in usual]
    if not chosen or (usual is not None and len(chosen) < len(usual)):
        return out
    counts = _gathered(_increases(values[[histogram.rows[i] for i in chosen]][:, known], total[known]), steps)
    everything = _gathered(_increases(total[None, known], total[known]), steps)[0]
    there = np.isfinite(counts)
    # Buckets are scraped one after the other: none may hold more than the next.
    rising = np.minimum(np.maximum.accumulate(np.where(there, counts, 0.0), axis=0), everything)
    bounds = np.array([histogram.bounds[i] for i in chosen])[:, None]
    index = np.arange(len(bounds))[:, None]
    below = np.maximum.accumulate(np.where(there, index, -1), axis=0)
    below = np.concatenate([np.full((1, len(known)), -1), below])  # the last bucket that is there, before each
    with np.errstate(invalid="ignore", divide="ignore"):
        for row, q in enumerate(QUANTILES.values()):
            rank = q * everything
            holds = there & (rising >= rank)
            inside = holds.any(axis=0)
            first = np.where(inside, holds.argmax(axis=0), len(bounds))
            lower = np.take_along_axis(below, first[None, :], axis=0)[0]
            columns = np.arange(len(known))
            floor = np.where(lower >= 0, bounds[lower, 0], np.minimum(0.0, bounds[0, 0]))
            seen = np.where(lower >= 0, rising[lower, columns], 0.0)
            top = bounds[np.minimum(first, len(bounds) - 1), 0]
            here = rising[np.minimum(first, len(bounds) - 1), columns]
            value = floor + (top - floor) * np.where(here > seen, (rank - seen) / (here - seen), 1.0)
            value = np.where(inside, value, np.where(lower >= 0, floor, np.nan))
            told = (everything > 0) & (usual is None or there.all(axis=0))
            out[row, known] = np.where(told, value, np.nan)
    return out


def _increases(values: Array, total: Array) -> Array:
    """Return how many observations came with each sample; with a restart of the process, all that there are."""
    out = np.full(values.shape, np.nan)
    if values.shape[1] > 1:
        restarted = np.diff(total) < 0
        rise = np.diff(values, axis=1)
        out[:, 1:] = np.where(restarted, np.where(np.isfinite(rise), values[:, 1:], np.nan), np.maximum(rise, 0.0))
    return out


def _gathered(news: Array, steps: int) -> Array:
    if steps <= 1:
        return news
    first = np.isfinite(news[:, 1:2])  # the first sample has nothing before it to rise from
    filled = news.copy()
    filled[:, :1] = np.where(first, 0.0, np.nan)
    sums = np.cumsum(np.where(np.isfinite(filled), filled, 0.0), axis=1)
    lost = np.cumsum(~np.isfinite(filled), axis=1)
    out = sums.copy()
    out[:, steps:] -= sums[:, :-steps]
    lost[:, steps:] -= lost[:, :-steps].copy()
    out[lost > 0] = np.nan
    out[:, 0] = np.nan
    return out
