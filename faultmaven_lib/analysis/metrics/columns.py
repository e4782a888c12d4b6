"""The columns of a frame of metrics: (service, metric) pairs with their samples as rates and numbers."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

Key = tuple[str, str]
Array = np.ndarray[Any, np.dtype[Any]]
_COUNTER = re.compile(r"(_total|_count|_sum|_bucket)$")
_HUGE = 1e100
"""Numbers that overflow when squared measure nothing."""


def keys(frame: pd.DataFrame) -> list[Key]:
    """Return service and metric of every column; further levels (a statistic) belong to the metric's name."""
    pairs = []
    for column in frame.columns:
        parts = [str(part) for part in column] if isinstance(column, tuple) else ["", str(column)]
        pairs.append((parts[0], " ".join(p for p in parts[1:] if p and p != "nan")))
    return pairs


def samples(frame: pd.DataFrame) -> list[Array]:
    """Return the values of every column as floats; what is not a finite number is missing."""
    out = []
    for i in range(frame.shape[1]):
        column = frame.iloc[:, i]
        if pd.api.types.is_numeric_dtype(column.dtype):
            values = column.to_numpy(dtype="float64", na_value=np.nan)
        else:
            values = pd.to_numeric(column, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
        out.append(np.where(np.abs(values) < _HUGE, values, np.nan))
    return out


def matrix(frame: pd.DataFrame) -> Array:
    """Return the values of all columns, one a row; what is not a finite number is missing (see ``samples``)."""
    if all(isinstance(dtype, np.dtype) and dtype.kind in "fiub" for dtype in frame.dtypes.unique()):
        values = np.array(frame.to_numpy(dtype="float64").T, order="C")
        with np.errstate(invalid="ignore"):
            values[~(np.abs(values) < _HUGE)] = np.nan
        return values
    return np.array(samples(frame)).reshape(frame.shape[1], len(frame))


def name_of(metric: str) -> str:
    """Return a metric's name without labels and statistic.

    Examples
    --------
    >>> name_of('requests_total{path="/"}'), name_of("latency_seconds p99")
    ('requests_total', 'latency_seconds')
    """
    return re.split(r"[{ ]", metric, maxsplit=1)[0]


def is_named_counter(metric: str) -> bool:
    """Whether a series has the name of a Prometheus counter, whatever labels it has."""
    return bool(_COUNTER.search(name_of(metric)))


def is_counter(metric: str, values: Array) -> bool:
    """Whether a series is a Prometheus counter: named as one, and never falling but to restart."""
    known = values[np.isfinite(values)]
    if not is_named_counter(metric) or len(known) < 3:
        return False
    falls = np.flatnonzero(np.diff(known) < 0)
    return len(falls) <= max(1, len(known) // 50) and bool((known[falls + 1] <= 0.5 * known[falls]).all())


def rate(values: Array, at: Array, scraped: int = 1) -> Array:
    """Return a counter's increase a second at every sample; a reset counts from zero, the first one is missing.

    Parameters
    ----------
    values, at
        The counter, ``nan`` where it is missing, and when.
    scraped
        Every how many samples there is a new value (``scraped_every``): what rose since the last one is spread over
        them.
    """
    out = np.full(len(values), np.nan)
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < 2:
        return out
    times, rise = at[known], np.diff(values[known])
    rise = np.where(rise < 0, values[known][1:], rise)
    if scraped > 1:
        return _held(out, known, times, rise, scraped)
    step = np.diff(times)
    with np.errstate(divide="ignore", invalid="ignore"):
        out[known[1:]] = np.where(step > 0, rise / step, np.nan)
    return out


def scraped_every(values: Array) -> int:
    """Return every how many samples a counter has a new value.

    A query with a step shorter than the interval of scrapes repeats each value some times over. A counter of rare
    events repeats its values as well, but not with a beat.

    Examples
    --------
    >>> scraped_every(np.repeat(np.arange(50.0) ** 2, 4)), scraped_every(np.arange(50.0))
    (4, 1)
    """
    known = values[np.isfinite(values)]
    gaps = np.diff(np.flatnonzero(np.diff(known) != 0))
    if len(gaps) < 5:
        return 1
    low, middle, high = np.percentile(gaps, [5, 50, 95])
    return int(middle) if middle >= 2 and high - low <= 1 else 1


def _held(out: Array, known: Array, times: Array, rise: Array, scraped: int) -> Array:
    """Give each sample the rate at the last new value; without one for twice as long as usual nothing comes."""
    news = np.flatnonzero(rise > 0) + 1
    if not len(news):
        out[known[1:]] = 0.0
        return out
    before = np.r_[max(news[0] - scraped, 0), news[:-1]]
    # After a standstill the rise came within one interval of scrapes, or two.
    before = np.where(news - before > 2 * scraped, news - scraped, before)
    rates = rise[news - 1] / np.maximum(times[news] - times[before], 1e-9)
    last = np.searchsorted(news, np.arange(1, len(known)), side="right") - 1
    since = np.arange(1, len(known)) - news[np.maximum(last, 0)]
    values = np.where(since > 2 * scraped, 0.0, rates[np.maximum(last, 0)])
    out[known[1:]] = np.where(last >= 0, values, np.nan)
    return out
