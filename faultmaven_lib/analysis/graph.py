"""The service graph, whatever it is given as."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from faultmaven_lib.analysis.traces.edges import service_graph
from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import ServiceGraph
from faultmaven_lib.sources.report import FileReport
from faultmaven_lib.sources.tables import read_csv

Graph = ServiceGraph | pd.DataFrame | Mapping[str, Any] | Iterable[tuple[str, str]] | str | Path
"""Whatever says who calls whom."""
_ENDS = (
    ("caller", "callee"),
    ("source", "target"),
    ("source", "destination"),
    ("src", "dst"),
    ("from", "to"),
    ("client", "server"),
    ("upstream", "downstream"),
    ("parent", "child"),
)
"""Names of the two columns of a list of edges, the caller first."""


def read_graph(graph: Graph | None, traces: pd.DataFrame | None = None) -> ServiceGraph | None:
    """Return who calls whom, in whatever form that is known; ``None`` where it is not.

    Parameters
    ----------
    graph
        A ``ServiceGraph``; pairs of caller and callee; a mapping of each caller to whom it calls; a frame with one row
        an edge and the columns ``caller`` and ``callee`` (or ``source`` and ``target``, ``from`` and ``to``, ``client``
        and ``server``), or the path of a CSV file of that kind; an adjacency frame, ``graph.loc[a, b] != 0`` where a
        calls b. Edges without a name, and those of a service to itself, are left out.
    traces
        Spans, for the graph where none is given.

    Raises
    ------
    SourceError
        If it is none of these, or the file cannot be read.

    Examples
    --------
    >>> read_graph([("web", "api"), ("api", "db")]).callers("db")
    ('api',)
    >>> read_graph({"web": ["api", "cart"], "api": "db"}).callees("web")
    ('api', 'cart')
    >>> read_graph(pd.DataFrame({"caller": ["web"], "callee": ["db"], "calls": [17]})).edges
    (('web', 'db'),)
    >>> read_graph(pd.DataFrame([[0, 1], [0, 0]], index=["web", "db"], columns=["web", "db"])).edges
    (('web', 'db'),)
    >>> spans = pd.DataFrame({"trace": "t", "span": ["a", "b"], "parent": ["", "a"], "service": ["web", "db"]})
    >>> read_graph(None, spans).edges
    (('web', 'db'),)
    """
    if isinstance(graph, ServiceGraph):
        return graph
    if graph is not None and not (isinstance(graph, pd.DataFrame) and not len(graph)):
        return ServiceGraph(edges=tuple(dict.fromkeys(_clean(_pairs(graph)))))
    found = service_graph(traces) if traces is not None else ServiceGraph()
    return found if found.edges else None


def _pairs(graph: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(graph, str | Path):
        return _listed(_table(Path(graph)), str(graph))
    if isinstance(graph, pd.DataFrame):
        return _adjacent(graph) if _is_adjacency(graph) else _listed(graph, "the frame")
    if isinstance(graph, Mapping):
        named = [(a, [b] if isinstance(b, str) else list(b)) for a, b in graph.items()]
        return [(caller, callee) for caller, callees in named for callee in callees]
    pairs = list(graph) if isinstance(graph, Iterable) else [graph]
    wrong = next((p for p in pairs if isinstance(p, str) or not _has_two(p)), None)
    if wrong is not None:
        raise SourceError(f"{str(wrong)[:80]!r} is no edge: a graph is given as pairs of caller and callee")
    return [(a, b) for a, b in pairs]


def _has_two(pair: Any) -> bool:
    return hasattr(pair, "__len__") and len(pair) == 2


def _table(path: Path) -> pd.DataFrame:
    return read_csv(path, FileReport(path=str(path), name=path.name, format="csv"))


def _is_adjacency(frame: pd.DataFrame) -> bool:
    """Whether a frame holds numbers, from and to services; a list of edges holds names."""
    numbers = all(pd.api.types.is_numeric_dtype(dtype) for dtype in frame.dtypes)
    return numbers and (_columns(frame) is None or not pd.api.types.is_integer_dtype(frame.index.dtype))


def _columns(frame: pd.DataFrame) -> tuple[Any, Any] | None:
    lower = {str(name).strip().lower(): name for name in reversed(frame.columns.tolist())}
    return next(((lower[a], lower[b]) for a, b in _ENDS if a in lower and b in lower), None)


def _listed(frame: pd.DataFrame, what: str) -> Iterable[tuple[Any, Any]]:
    ends = _columns(frame)
    if ends is None:
        names = ", ".join(map(str, frame.columns[:10])) or "none"
        raise SourceError(f"{what} has no columns caller and callee; its columns are {names}")
    return zip(frame[ends[0]], frame[ends[1]], strict=True)


def _adjacent(frame: pd.DataFrame) -> Iterable[tuple[Any, Any]]:
    calls = frame.fillna(0).to_numpy() != 0
    names = frame.index.tolist(), frame.columns.tolist()
    return [(names[0][i], names[1][j]) for i, j in zip(*calls.nonzero(), strict=True)]


def _clean(pairs: Iterable[tuple[Any, Any]]) -> Iterable[tuple[str, str]]:
    for pair in pairs:
        caller, callee = ("" if end is None or end != end else str(end).strip() for end in pair)
        if caller and callee and caller != callee:
            yield caller, callee
