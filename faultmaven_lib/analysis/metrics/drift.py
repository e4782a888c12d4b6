"""Slow growth: a series that climbs or sinks from some sample on, and goes on doing so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from faultmaven_lib.analysis.metrics.levels import Level
from faultmaven_lib.analysis.metrics.significance import of_process

Array = np.ndarray[Any, np.dtype[Any]]
LEAST = 12
"""Samples that a trend has to have."""
_BINS = 30
_BETTER = 0.6
"""What a ramp may leave unexplained of what a step leaves, to say it better."""
_KINDS = 4
"""A trend is one of several kinds of change that are looked for: its p-value pays for them."""


@dataclass(frozen=True)
class Ramp:
    """A level up to ``start``, and a straight line from there to the last sample."""

    start: int
    before: float
    after: float
    """At the last sample."""
    error: float
    """Mean square of what it leaves unexplained."""
    slope: float

    def line(self, samples: int) -> Array:
        """Return the first samples of the line."""
        return self.before + self.slope * np.arange(1, samples + 1)


def ramp_of(x: Array) -> Ramp:
    """Fit a level that turns into a straight line at the sample that explains most.

    Source: Hinkley, "Inference in two-phase regression", J. Am. Stat. Assoc. 66 (1971).
    """
    x = np.clip(x, *np.percentile(x, [1, 99]))
    n = len(x)
    starts = np.arange(0, n - max(LEAST // 2, n // 8))
    # A line from each start: h(t) = max(t - start + 1, 0); all sums over t at once.
    length = (n - starts).astype("float64")
    sum_h = length * (length + 1) / 2
    sum_hh = length * (length + 1) * (2 * length + 1) / 6
    tails = np.cumsum(x[::-1])[::-1]
    sum_xh = np.cumsum(tails[::-1])[::-1][starts]
    mean = x.mean()
    covers = sum_xh - sum_h * mean
    slope = covers / (sum_hh - sum_h**2 / n)
    gain = covers * slope
    best = int(np.argmax(gain))
    before = float(mean - slope[best] * sum_h[best] / n)
    error = max(float(np.square(x - mean).sum() - gain[best]), 0.0) / n
    return Ramp(int(starts[best]), before, before + float(slope[best] * length[best]), error, float(slope[best]))


def step_error(x: Array) -> float:
    """Return the mean square that the best two levels leave unexplained."""
    x = np.clip(x, *np.percentile(x, [1, 99]))
    n = len(x)
    sums = np.cumsum(x)[:-1]
    left = np.arange(1, n)
    gain = (sums - left * x.mean()) ** 2 * n / (left * (n - left))
    return max(float(np.square(x - x.mean()).sum() - gain.max(initial=0.0)), 0.0) / n


def is_better(ramp: Ramp, x: Array) -> bool:
    """Whether a ramp says better than a step how a series changed."""
    return ramp.error <= _BETTER * step_error(x)


def of_trend(level: Level, ramp: Ramp, x: Array) -> float:
    """Return the p-value of a trend: that of its ranks, and that of a process with the baseline's persistence.

    The first is the test of Mann ("Nonparametric tests against trend", Econometrica 13, 1945) and Kendall on means
    of bins, so that neighbours are nearly independent.
    """
    grows = x[ramp.start :]
    bins = min(_BINS, len(grows) // 2)
    if bins < 4:
        return 1.0
    edges = np.round(np.linspace(0, len(grows), bins + 1)).astype("int64")
    means = np.add.reduceat(grows, edges[:-1]) / np.diff(edges)
    first, second = np.triu_indices(bins, 1)
    sign = 1.0 if ramp.after > ramp.before else -1.0
    concordant = sign * float(np.sign(means[second] - means[first]).sum())
    p = float(stats.norm.sf((concordant - 1) / np.sqrt(bins * (bins - 1) * (2 * bins + 5) / 18)))
    third = max(len(grows) // 3, 1)
    off = sign * float(grows[-third:].mean() - grows[:third].mean())
    p = max(p, of_process(level, off, third, len(grows) - 2 * third, third))
    return min(p * len(x) * _KINDS, 1.0)
