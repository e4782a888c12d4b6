"""The service graph of traces, and its edges as metrics."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.traces.calls import read_calls
from faultmaven_lib.model import ServiceGraph

LEVELS = ["service", "metric", "caller"]
"""Names of the column levels of ``edge_metrics``."""
_LONGEST = 100_000
"""Most bins: a span with an absurd time must not stretch the axis over years."""


def service_graph(spans: pd.DataFrame, services: Collection[str] = ()) -> ServiceGraph:
    """Return who calls whom.

    Services that leave no spans of their own, such as a database, are in it under what their callers' spans say of
    them (``peer.service``, ``server.address``, ``db.system``, ``messaging.system``). A queue's producer is joined to
    its consumer.

    Parameters
    ----------
    spans
        As ``connect`` returns them; ``trace, span, parent`` and ``service`` have to be there.
    services
        Names under which services are known elsewhere: ``postgresql`` is then the ``postgres`` of the logs.

    Examples
    --------
    >>> spans = pd.DataFrame({"trace": "t", "span": ["a", "b", "c", "d"], "parent": ["", "a", "b", "c"],
    ...                       "service": ["web", "web", "cart", "cart"],
    ...                       "kind": ["server", "client", "server", "client"], "db.system": ["", "", "", "redis"]})
    >>> service_graph(spans).edges
    (('cart', 'redis'), ('web', 'cart'))
    """
    counted = edge_counts(spans, services)
    return ServiceGraph(edges=tuple(zip(counted["caller"], counted["callee"], strict=True)))


def edge_counts(spans: pd.DataFrame, services: Collection[str] = ()) -> pd.DataFrame:
    """Return one row an edge: ``caller, callee, calls, errors``, sorted by name."""
    if not {"trace", "span", "parent", "service"} <= set(spans.columns):
        spans = spans.reindex(columns=["trace", "span", "parent", "service"]).iloc[:0]
    calls = read_calls(spans, services)
    calls = calls[(calls["caller"] != "") & (calls["callee"] != "") & (calls["caller"] != calls["callee"])]
    grouped = calls.groupby(["caller", "callee"], sort=True)
    counted = grouped.agg(calls=("error", "size"), errors=("error", "sum")).reset_index()
    return counted.astype({"caller": "str", "callee": "str", "calls": "int64", "errors": "int64"})


def edge_metrics(spans: pd.DataFrame, every: str = "10s", services: Collection[str] = ()) -> pd.DataFrame:
    """Return the edges of the service graph as metrics, wide, as ``MetricAnalyzer`` and charts take them.

    Parameters
    ----------
    spans
        As ``connect`` returns them.
    every
        Length of a bin, as pandas writes it.
    services
        See ``service_graph``.

    Returns
    -------
    DataFrame
        Index ``time`` (UTC, start of the bin); columns (service, metric, caller). ``service`` is the one that is
        called, ``caller`` is empty for requests from outside and for what is the service's own:
        ``latency_seconds_p50`` and ``latency_seconds_p95`` as the caller waits, ``calls_per_second``, ``error_share``
        (0 to 1), and ``own_seconds_p50``, ``own_seconds_p95``: the time that passes in the service itself, not in
        what it calls. Missing where there was no call. The last bin is left out if it is not full.

    Examples
    --------
    >>> at = pd.date_range("2026-03-01T14:00Z", periods=40, freq="s", name="time")
    >>> spans = pd.DataFrame({"trace": [f"{i:x}" for i in range(40)], "span": "a", "parent": "", "service": "web",
    ...                       "kind": "server", "duration": 0.02, "status": "unset"}, index=at)
    >>> edge_metrics(spans)["web", "calls_per_second", ""].tolist()
    [1.0, 1.0, 1.0]
    """
    width = pd.Timedelta(every)
    if width <= pd.Timedelta(0):
        raise ValueError(f"every={every!r} is not a length of time: write 10s")
    calls = read_calls(spans, services)
    calls = calls[calls["callee"] != ""]
    columns = pd.MultiIndex.from_tuples([], names=LEVELS)
    empty = pd.DataFrame(index=pd.DatetimeIndex([], tz="UTC", name="time"), columns=columns, dtype="float64")
    if not len(calls):
        return empty
    first = calls.index[0]
    bins = np.asarray((calls.index - first) // width, dtype="int64")
    last = int(bins[-1])
    if last == 0 or last > _LONGEST:
        return empty
    calls = calls.assign(bin=bins)[bins < last]
    edges = calls.groupby(["callee", "caller", "bin"], sort=True)
    own = calls.groupby(["callee", "bin"], sort=True)["own"]
    series: dict[str, Any] = {
        "latency_seconds_p50": edges["wait"].quantile(0.5),
        "latency_seconds_p95": edges["wait"].quantile(0.95),
        "calls_per_second": edges.size() / width.total_seconds(),
        "error_share": edges["error"].mean(),
        "own_seconds_p50": own.quantile(0.5),
        "own_seconds_p95": own.quantile(0.95),
    }
    parts = []
    for metric, values in series.items():
        table = values.unstack([name for name in ("callee", "caller") if name in values.index.names])
        names = [column if isinstance(column, tuple) else (column, "") for column in table.columns]
        columns = pd.MultiIndex.from_tuples([(callee, metric, caller) for callee, caller in names], names=LEVELS)
        parts.append(table.set_axis(columns, axis=1))
    wide = pd.concat(parts, axis=1).reindex(range(last))
    quiet = [column for column in wide.columns if column[1] == "calls_per_second"]
    wide[quiet] = wide[quiet].fillna(0.0)
    wide.index = pd.DatetimeIndex(first + width * np.arange(last), name="time")
    result: pd.DataFrame = wide.sort_index(axis=1)
    return result
