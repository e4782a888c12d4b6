"""What moves together: at the same time, and in the same shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from faultmaven_lib.analysis.axis import seconds
from faultmaven_lib.analysis.metrics.series import level_of
from faultmaven_lib.analysis.moved import Moved, moved
from faultmaven_lib.model import FindingKind

COLUMNS = ("group", "time", "service", "what", "kind", "leader", "lag", "correlation")
Array = np.ndarray[Any, np.dtype[Any]]
_QUIET = 3.0
"""Robust deviations up to which a sample is like the baseline: all of these are ties."""
_LEAST = 8
"""Fewest bins that two series have in common."""
_LINES, _WIDEST = 12.0, 7
"""Lines that a bin should hold for a dip to leave the noise, and most bins that are put together for that."""
_MOST = 300
_LATER = 0.01
"""What a bin of lag has to add to a correlation."""


def move_together(
    findings: pd.DataFrame,
    series: pd.DataFrame,
    *,
    min_correlation: float = 0.8,
    max_lag: int = 3,
) -> pd.DataFrame:
    """Group what started at the same time and has the same shape since: most likely one thing, seen in many ways.

    Two series are alike by their largest rank correlation (Spearman, "The proof and measurement of association
    between two things", Am. J. Psychol. 15, 1904) over a few bins of lag, as metrics of services are held together
    in Sieve (Thalheim et al., "Sieve: actionable insights from monitored metrics in distributed systems", Middleware
    2017), there with the shape-based distance of Paparrizos and Gravano, "k-Shape", SIGMOD 2015. Ranks take away the
    scale and bound what a single peak does. Samples that are no further from the baseline than it strays are ties,
    so that noise before the onset counts for nothing; of what is missing, it counts when it was there. A group holds
    what is alike each with each (complete linkage), and what fell goes with what rose. Pairs whose onsets are further
    apart than the largest lag are not alike.

    Parameters
    ----------
    findings
        What moved; the 300 with the highest score are held against each other.
    series
        As ``signal_series`` returns it. Bins may be missing: pairs are compared on those that both have.
    min_correlation
        Least rank correlation within a group, 0 to 1.
    max_lag
        Most bins of lag.

    Returns
    -------
    DataFrame
        One row a member of a group of two or more: ``group`` (``G1`` has the earliest leader), ``time`` (of its
        onset), ``service, what, kind``, ``leader`` (the earliest, of these the strongest), ``lag`` behind the
        leader in seconds, and ``correlation`` with it, negative for what goes the other way.

    Examples
    --------
    >>> from faultmaven_lib.analysis import MetricAnalyzer, signal_series
    >>> at = pd.date_range("2026-03-01T14:00Z", periods=80, freq="5s", name="time")
    >>> wave = np.sin(np.arange(80)) / 10 + 1
    >>> wide = pd.DataFrame({("db", "locks"): wave, ("api", "latency"): wave, ("api", "threads"): wave}, index=at)
    >>> wide.iloc[50:, 0] += 5 + 3 * np.sin(np.arange(30) / 2)
    >>> wide.iloc[51:, 1] += 5 + 3 * np.sin(np.arange(29) / 2)
    >>> wide.iloc[70:, 2] += 5
    >>> odd = MetricAnalyzer().fit(wide[:40]).compare(wide[40:])
    >>> move_together(odd, signal_series(odd, metrics=wide))[["group", "service", "what", "lag"]].values.tolist()
    [['G1', 'db', 'locks', 0.0], ['G1', 'api', 'latency', 5.0]]
    """
    return grouped(moved(findings), series, min_correlation=min_correlation, max_lag=max_lag)


def grouped(
    things: Sequence[Moved], series: pd.DataFrame, *, min_correlation: float = 0.8, max_lag: int = 3
) -> pd.DataFrame:
    """Group what moved; see ``move_together``."""
    known: set[Any] = set(series.columns)
    strongest = sorted((one for one in things if one.key in known), key=lambda one: -one.score)[:_MOST]
    chosen = sorted(strongest, key=lambda one: (one.at, -one.score))
    at = seconds(series.index)
    rows: list[dict[str, Any]] = []
    if len(chosen) > 1 and len(at) > _LEAST:
        step = float(np.median(np.diff(at)))
        shapes = _shapes(chosen, series, at)
        correlation, lags = _correlations(shapes, max_lag)
        onset = np.array([one.at for one in chosen])
        resolution = np.array([max(one.resolution, step) for one in chosen])
        near = max_lag * step + np.maximum(resolution[:, None], resolution)
        together = np.abs(onset[:, None] - onset) <= near
        for number, members in enumerate(_clusters(np.where(together, np.abs(correlation), 0.0), min_correlation), 1):
            leader = members[0]
            for i in members:
                one = chosen[i]
                rows.append(
                    {
                        "group": f"G{number}",
                        "time": one.time,
                        "service": one.service,
                        "what": one.what,
                        "kind": one.kind,
                        "leader": i == leader,
                        "lag": float(lags[leader, i]) * step,
                        "correlation": 1.0 if i == leader else round(float(correlation[leader, i]), 3),
                    }
                )
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"leader": "bool", "lag": "float64"})
    if isinstance(series.index, pd.DatetimeIndex):
        frame["time"] = pd.to_datetime(frame["time"], utc=True)
    return frame


def _shapes(things: Sequence[Moved], series: pd.DataFrame, at: Array) -> Array:
    """Return deviations from the baseline, one row a series, over the incident and as long a time before it."""
    first = min(one.at for one in things)
    step = float(np.median(np.diff(at)))
    start = max(int(np.searchsorted(at, first - (at[-1] - first))), 0)
    calm = at < first
    rows = []
    for one in things:
        values = series[one.key].to_numpy(dtype="float64")
        if one.kind == FindingKind.MISSING:
            values = np.isfinite(values).astype("float64")
        if one.side == "log" and one.unit == "/min":
            values = _smooth(values * step / 60) * 60 / step
        level = level_of(values[calm])
        if level is None:
            centre, scale = float(np.nanmedian(values)), 0.0
        else:
            centre, scale = level.centre, level.scale
        z = (values - centre) / (scale or 1.0)
        quiet = _QUIET if scale else 0.0
        rows.append((np.sign(z) * np.maximum(np.abs(z) - quiet, 0.0))[start:])
    return np.array(rows)


def _smooth(counts: Array) -> Array:
    """Return the moving mean of counts of lines, over as many bins as it takes for a few lines in each."""
    known = counts[np.isfinite(counts)]
    usual = max((float(part.mean()) for part in np.array_split(known, 4) if len(part)), default=0.0)
    width = int(np.clip(np.ceil(_LINES / max(usual, 1e-9)), 1, _WIDEST))
    return pd.Series(counts).rolling(width, center=True, min_periods=1).mean().to_numpy()


def _correlations(shapes: Array, max_lag: int) -> tuple[Array, Array]:
    """Return the rank correlation of each pair at its best lag, and how many bins the second is behind the first."""
    ranks = stats.rankdata(shapes, axis=1, nan_policy="omit")
    there = np.isfinite(shapes)
    ranks = np.where(there, ranks, 0.0)
    # Centred, so that sums of squares do not cancel.
    ranks = np.where(there, ranks - ranks.sum(axis=1, keepdims=True) / np.maximum(there.sum(axis=1), 1)[:, None], 0.0)
    best = np.zeros((len(shapes), len(shapes)))
    lags = np.zeros(best.shape, dtype="int64")
    for lag in sorted(range(-max_lag, max_lag + 1), key=abs):
        width = shapes.shape[1] - abs(lag)
        a, b = slice(max(-lag, 0), max(-lag, 0) + width), slice(max(lag, 0), max(lag, 0) + width)
        found = _pairwise(ranks[:, a], there[:, a], ranks[:, b], there[:, b])
        better = np.abs(found) - _LATER * abs(lag) > np.abs(best) - _LATER * np.abs(lags) + 1e-9
        best[better], lags[better] = found[better], lag
    return best, lags


def _pairwise(x: Array, x_there: Array, y: Array, y_there: Array) -> Array:
    """Return correlations of all rows with all rows, of each pair over the bins that both have."""
    m, k = x_there.astype("float64"), y_there.astype("float64")
    n = m @ k.T
    sum_x, sum_y = x @ k.T, m @ y.T
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = x @ y.T - sum_x * sum_y / n
        variance = ((x**2) @ k.T - sum_x**2 / n) * (m @ (y**2).T - sum_y**2 / n)
        found = covariance / np.sqrt(variance)
    return np.where((n >= _LEAST) & (variance > 1e-6) & np.isfinite(found), found, 0.0)


def _clusters(alike: Array, least: float) -> list[list[int]]:
    """Return groups of two or more, each in order of its members, the first member's order among them."""
    apart = 1 - np.minimum(alike, 1.0)
    apart = np.maximum(apart, apart.T)  # at one lag and its opposite the overlap is the same: only rounding differs
    np.fill_diagonal(apart, 0.0)
    tree = hierarchy.linkage(squareform(apart, checks=False), method="complete")
    labels = hierarchy.fcluster(tree, t=1 - least, criterion="distance")
    groups: dict[int, list[int]] = {}
    for i, label in enumerate(labels.tolist()):
        groups.setdefault(label, []).append(i)
    return sorted((members for members in groups.values() if len(members) > 1), key=lambda members: members[0])
