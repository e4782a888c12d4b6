"""The service graph, whatever it is given as."""

from __future__ import annotations

from typing import Any

import pandas as pd

from faultmaven_lib.model import ServiceGraph


def read_graph(graph: pd.DataFrame | ServiceGraph | None, traces: pd.DataFrame | None = None) -> ServiceGraph | None:
    """Return a graph from an adjacency frame, a ``ServiceGraph``, or spans; ``None`` where there is none.

    Examples
    --------
    >>> spans = pd.DataFrame({"trace": "t", "span": ["a", "b"], "parent": ["", "a"], "service": ["web", "db"]})
    >>> read_graph(None, spans).edges
    (('web', 'db'),)
    """
    if isinstance(graph, ServiceGraph):
        return graph
    if graph is not None and len(graph):
        return ServiceGraph.from_frame(graph)
    return _of_traces(traces) if traces is not None else None


def _of_traces(traces: pd.DataFrame) -> ServiceGraph | None:
    if not {"trace", "span", "parent", "service"} <= set(traces.columns):
        return None
    columns = ["trace", "span", "service"]
    callers = traces[columns].rename(columns={"span": "parent", "service": "caller"})
    calls: Any = traces[["trace", "parent", "service"]].merge(callers, on=["trace", "parent"])
    calls = calls[calls["caller"] != calls["service"]]
    pairs = sorted({(str(a), str(b)) for a, b in zip(calls["caller"], calls["service"], strict=True)})
    return ServiceGraph(edges=tuple(pairs)) if pairs else None
