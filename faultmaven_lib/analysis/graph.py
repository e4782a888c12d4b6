"""The service graph, whatever it is given as."""

from __future__ import annotations

import pandas as pd

from faultmaven_lib.analysis.traces.edges import service_graph
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
    found = service_graph(traces) if traces is not None else ServiceGraph()
    return found if found.edges else None
