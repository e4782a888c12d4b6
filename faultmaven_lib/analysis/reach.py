"""How far trouble reaches: who depends on a service, and on whom it depends."""

from __future__ import annotations

from collections import deque

import pandas as pd

from faultmaven_lib.analysis.graph import Graph, read_graph
from faultmaven_lib.analysis.moved import nouns
from faultmaven_lib.analysis.suspects import number_of, side_of, weight
from faultmaven_lib.exceptions import FaultMavenError
from faultmaven_lib.model import Finding, ServiceGraph

COLUMNS = ("service", "distance", "path", "affected", "findings", "onset", "symptom", "evidence")
_ARROW = " → "


def blast_radius(graph: Graph, service: str | pd.DataFrame, findings: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return who depends on a service, directly and through others, and which of them show it.

    Parameters
    ----------
    graph
        Who calls whom, in any form that ``read_graph`` takes.
    service
        The service, or ranked causes as ``rank_root_causes`` returns them: the first counts.
    findings
        Findings of logs, metrics and traces. A finding on an edge is one of both its ends.

    Returns
    -------
    DataFrame
        One row a service that depends on it, the nearest first, those with symptoms before those without: ``distance``
        (1 calls it), ``path`` (the calls of a shortest way to it), ``affected`` (whether it has findings; missing where
        no findings were given), ``findings`` (how many), ``onset`` (of the earliest), ``symptom`` (what the strongest
        says) and its ``evidence``.

    Raises
    ------
    FaultMavenError
        If the graph does not know the service.

    Examples
    --------
    >>> calls = [("web", "checkout"), ("checkout", "postgres"), ("checkout", "redis"), ("report", "postgres")]
    >>> reached = blast_radius(calls, "postgres")
    >>> reached[["service", "distance", "path"]].values.tolist()
    [['checkout', 1, 'checkout → postgres'], ['report', 1, 'report → postgres'],
     ['web', 2, 'web → checkout → postgres']]
    """
    known = _known(graph)
    return _reached(known, _named(service), findings, up=True)


def dependencies(graph: Graph, service: str | pd.DataFrame, findings: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return on whom a service depends, directly and through others, and which of them show something.

    Parameters and result are those of ``blast_radius``, with paths that begin at the service.

    Examples
    --------
    >>> reached = dependencies({"web": "api", "api": ["db", "cache"]}, "web")
    >>> reached[["service", "distance", "path"]].values.tolist()
    [['api', 1, 'web → api'], ['cache', 2, 'web → api → cache'], ['db', 2, 'web → api → db']]
    """
    known = _known(graph)
    return _reached(known, _named(service), findings, up=False)


def _known(graph: Graph) -> ServiceGraph:
    return read_graph(graph) or ServiceGraph()


def _named(service: str | pd.DataFrame) -> str:
    if not isinstance(service, pd.DataFrame):
        return service
    if not len(service):
        raise FaultMavenError("there is no cause whose reach could be told: the ranking is empty")
    return str(service["service"].iloc[0])


def _reached(graph: ServiceGraph, service: str, findings: pd.DataFrame | None, *, up: bool) -> pd.DataFrame:
    if service not in graph.services:
        names = ", ".join(graph.services[:20]) or "none"
        more = f" and {len(graph.services) - 20} more" if len(graph.services) > 20 else ""
        raise FaultMavenError(f"no call from or to {service!r} is known; the services of the graph are {names}{more}")
    symptoms = _symptoms(findings)
    rows = []
    for name, way in _ways(graph, service, up=up).items():
        own = symptoms.get(name, [])
        worst = max(own, key=weight, default=None)
        onsets = [finding.onset for finding in own if finding.onset is not None]
        rows.append(
            {
                "service": name,
                "distance": len(way) - 1,
                "path": _ARROW.join(reversed(way) if up else way),
                "affected": bool(own) if findings is not None else None,
                "findings": len(own) if findings is not None else None,
                "onset": min(onsets, key=number_of, default=None),
                "symptom": worst.sentence if worst else "",
                "evidence": " ".join(worst.evidence) if worst else "",
            }
        )
    rows.sort(key=lambda row: (row["distance"], not row["affected"], row["service"]))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame = frame.astype({"distance": "int64", "affected": "boolean", "findings": "Int64"})
    if not any(isinstance(onset, float) for onset in frame["onset"].dropna()):
        frame["onset"] = pd.to_datetime(frame["onset"], utc=True)
    return frame.astype(dict.fromkeys(("service", "path", "symptom", "evidence"), "str"))


def _ways(graph: ServiceGraph, start: str, *, up: bool) -> dict[str, list[str]]:
    """Return a shortest way from a service to each that can be reached, itself left out: breadth first."""
    neighbours: dict[str, set[str]] = {}
    for caller, callee in graph.edges:
        a, b = (callee, caller) if up else (caller, callee)
        neighbours.setdefault(a, set()).add(b)
    ways = {start: [start]}
    todo = deque([start])
    while todo:
        here = todo.popleft()
        for name in sorted(neighbours.get(here, ())):
            if name not in ways:
                ways[name] = [*ways[here], name]
                todo.append(name)
    del ways[start]
    return ways


def _symptoms(findings: pd.DataFrame | None) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in nouns(findings):
        caller = finding.subject.partition(_ARROW)[0] if side_of(finding) == "trace" else finding.service
        for name in {finding.service, caller}:
            found.setdefault(name, []).append(finding)
    return found
