"""What each finding is about, as a series."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.axis import counts_samples, in_order, seconds
from faultmaven_lib.analysis.moved import Moved, moved
from faultmaven_lib.analysis.signals.calls import CallSeries
from faultmaven_lib.analysis.signals.grid import Array, Grid
from faultmaven_lib.analysis.signals.lines import LineSeries
from faultmaven_lib.analysis.signals.metrics import MetricSeries

KEY = ["service", "what", "kind"]
"""Names of the column levels: together they name what moved."""
_MOST_BINS = 600
_MOST_SERIES = 500
_BINS = 120
"""Bins of a span whose data has no step of its own."""
_STEPS = (1, 2, 3, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)


def signal_series(
    *findings: pd.DataFrame | None,
    logs: pd.DataFrame | None = None,
    metrics: pd.DataFrame | None = None,
    spans: pd.DataFrame | None = None,
    every: float | None = None,
    services: Collection[str] = (),
) -> pd.DataFrame:
    """Follow what findings are about on one grid of time, whatever kind of data it comes from.

    A metric is followed by its mean in each bin (a counter by its rate), a template by its lines a minute, a value in
    the log by its quantile or share, calls by their quantile of waiting or the share that fails.

    Parameters
    ----------
    findings
        Frames of findings. Of many, the 500 with the highest score are followed.
    logs, metrics, spans
        The data that they were found in, baseline and incident in one frame each. What is not given is not followed.
    every
        Step of the grid in seconds (samples); default: the usual step of the metrics, else a round part of the span.
        It gets wider where there would be more than 600 bins.
    services
        Names under which services are known elsewhere, as ``TraceAnalyzer`` was given them.

    Returns
    -------
    DataFrame
        Index ``time`` (UTC, or the unit of the data), the start of each bin; a long stretch between two windows that
        no data covers has none. Columns (service, what, kind) as in ``timeline``, missing where there is no data.

    Examples
    --------
    >>> from faultmaven_lib.analysis import LogAnalyzer
    >>> at = pd.date_range("2026-03-01T14:00Z", periods=120, freq="s", name="time")
    >>> calm = pd.DataFrame({"service": "api", "level": "INFO", "message": "request served"}, index=at)
    >>> ill = calm.set_index(at + pd.Timedelta("2min"))
    >>> ill.loc["2026-03-01T14:03Z":, ["level", "message"]] = ["ERROR", "lock wait timeout"]
    >>> odd = LogAnalyzer().fit(calm).compare(ill)
    >>> signal_series(odd, logs=pd.concat([calm, ill]), every=60)["api", "lock wait timeout", "new template"].tolist()
    [0.0, 0.0, 0.0, 60.0]
    """
    return followed(moved(*findings), logs=logs, metrics=metrics, spans=spans, every=every, services=services)


def followed(
    things: Iterable[Moved],
    *,
    logs: pd.DataFrame | None = None,
    metrics: pd.DataFrame | None = None,
    spans: pd.DataFrame | None = None,
    every: float | None = None,
    services: Collection[str] = (),
) -> pd.DataFrame:
    """Follow what moved; see ``signal_series``."""
    frames = [in_order(frame) for frame in (logs, metrics, spans) if frame is not None and len(frame)]
    chosen = sorted(things, key=lambda one: -one.score)[:_MOST_SERIES]
    timed = {isinstance(frame.index, pd.DatetimeIndex) for frame in frames}
    if not chosen or len(timed) != 1 or not any(len(frame) for frame in frames):
        return _frame({}, np.empty(0), timed=True)
    gauges = MetricSeries(metrics)
    step = every or gauges.step(chosen) or _step(frames)
    grid = Grid.of([seconds(frame.index) for frame in frames], step, _MOST_BINS)
    ways = (gauges, CallSeries(spans, services), LineSeries(logs))
    found: dict[tuple[str, str, str], Array] = {}
    for one in chosen:
        for way in ways:
            values = None if one.key in found else way.of(one, grid)
            if values is not None and np.isfinite(values).any():
                found[one.key] = values
    return _frame(found, grid.starts, timed=timed == {True})


def _frame(found: dict[tuple[str, str, str], Array], starts: Array, *, timed: bool) -> pd.DataFrame:
    index: pd.Index[Any] = pd.Index(starts, name="time")
    if timed:
        index = pd.DatetimeIndex(pd.to_datetime(np.round(starts * 1e9).astype("int64"), utc=True), name="time")
    names = sorted(found)
    values = np.column_stack([found[name] for name in names]) if names else np.empty((len(starts), 0))
    return pd.DataFrame(values, index=index, columns=pd.MultiIndex.from_tuples(names, names=KEY))


def _step(frames: list[pd.DataFrame]) -> float:
    ends = [seconds(frame.index)[[0, -1]] for frame in frames if len(frame)]
    span = float(max(e[1] for e in ends) - min(e[0] for e in ends))
    if counts_samples(frames[0].index):
        return max(span / _BINS, 1.0)
    return float(next((step for step in _STEPS if span / step <= _BINS), _STEPS[-1]))
