"""Named operations: what derives evidence from evidence, and how ``verify`` does it again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from faultmaven_lib.analysis import TemplateMiner, compute, rank_root_causes
from faultmaven_lib.analysis.traces.edges import edge_counts
from faultmaven_lib.evidence import cited
from faultmaven_lib.exceptions import NotRerunnable
from faultmaven_lib.findings import COLUMNS, findings_frame, is_findings
from faultmaven_lib.model import Finding, FindingKind, Operation, ServiceGraph
from faultmaven_lib.troubleshooting import measure

Frames = Sequence[pd.DataFrame]


def rerun(operation: Operation, frames: Frames) -> pd.DataFrame:
    """Apply an operation to its parents' results.

    Parameters
    ----------
    operation
        Its name, parameters and version, as recorded.
    frames
        The parents' results, in the order in which they were recorded.

    Raises
    ------
    NotRerunnable
        If the package does not know the operation, or another version of it.
    """
    known = OPERATIONS.get(operation.name)
    if known is None:
        return compute(operation, frames)
    version, function = known
    if operation.version != version:
        raise NotRerunnable(
            f"{operation.name} is at version {version} here, the result was made by {operation.version}"
        )
    return function(frames, dict(operation.parameters))


_UNHARMED = (
    "nothing stands out: nobody was alerted, no call fails, no request from outside waits longer, and no log speaks of "
    "a new failure"
)


def rank(frames: Frames, parameters: dict[str, Any]) -> pd.DataFrame:
    """Rank root causes; ``parameters["roles"]`` says what each frame is, ``unharmed`` that there is none to rank."""
    if parameters.get("unharmed"):
        causes = rank_root_causes(None, None)
        causes.attrs["reason"] = _UNHARMED
        return causes
    given: dict[str, list[pd.DataFrame]] = {}
    for role, frame in zip(parameters["roles"], frames, strict=True):
        given.setdefault(role, []).append(frame)
    findings = [f for f in given.get("findings", []) if is_findings(f) and len(f)]
    edges = [(a, b) for a, b in parameters.get("graph") or []]
    edges += [edge for frame in given.get("graph", []) for edge in graph_of(frame).edges]
    graph = ServiceGraph(edges=tuple(edges)) if edges else None
    return rank_root_causes(
        _side_by_side(given.get("baseline", [])),
        _side_by_side(given.get("incident", [])),
        graph,
        parameters.get("target") or None,
        findings=pd.concat(findings, ignore_index=True) if findings else pd.DataFrame(columns=list(COLUMNS)),
        changes=pd.concat(given["changes"]) if given.get("changes") else None,
        abstain=float(least) if (least := parameters.get("least")) is not None else True,
    )


def _side_by_side(frames: list[pd.DataFrame]) -> pd.DataFrame | None:
    return pd.concat(frames, axis=1) if frames else None


def traces_graph(frames: Frames, parameters: dict[str, Any]) -> pd.DataFrame:
    """Return the service graph that spans show, one row an edge: ``caller, callee, calls, errors``."""
    return edge_counts(pd.concat(frames), parameters.get("services", ()))


def graph_of(edges: pd.DataFrame) -> ServiceGraph:
    """Return the graph out of a frame of edges."""
    pairs = zip(edges["caller"].astype(str), edges["callee"].astype(str), strict=True)
    return ServiceGraph(edges=tuple(pairs))


def logs_summary(frames: Frames, parameters: dict[str, Any]) -> pd.DataFrame:
    """Count templates by service and level: the most severe and most frequent first.

    Returns
    -------
    DataFrame
        Columns ``service, level, template, count, first, last, example``.
    """
    logs = pd.concat(frames) if len(frames) > 1 else frames[0]
    columns = ["service", "level", "template", "count", "first", "last", "example"]
    if logs.empty:
        return pd.DataFrame(columns=columns)
    miner = TemplateMiner()
    ids = miner.fit_transform(logs["message"].astype(str).tolist())
    templates = miner.templates_["template"]
    table = pd.DataFrame(
        {
            "service": logs["service"].astype(str).to_numpy(),
            "level": logs["level"].astype(str).to_numpy(),
            "template": [templates.get(i, "") for i in ids],
            "time": logs.index,
            "example": logs["message"].astype(str).str.slice(0, 300).to_numpy(),
        }
    )
    grouped = table.groupby(["service", "level", "template"], sort=False, dropna=False)
    summary = grouped.agg(
        count=("time", "size"), first=("time", "min"), last=("time", "max"), example=("example", "first")
    ).reset_index()
    severity = {"CRITICAL": 0, "ERROR": 1, "WARNING": 2}
    order = summary["level"].map(severity).fillna(3)
    ranked = summary.assign(order=order).sort_values(["order", "count", "first"], ascending=[True, False, True])
    return ranked[columns].head(int(parameters.get("most", 500))).reset_index(drop=True)


def logs_errors(frames: Frames, parameters: dict[str, Any]) -> pd.DataFrame:
    """Return the errors in logs that have no baseline, as findings: the most severe and most frequent first."""
    summary = logs_summary(frames, {})
    severe = summary[summary["level"].isin(["CRITICAL", "ERROR"])].head(int(parameters.get("most", 20)))
    findings = [
        Finding(
            kind=FindingKind.ERROR_TEMPLATE,
            service=row["service"],
            subject=row["template"],
            onset=row["first"],
            after=float(row["count"]),
            size=float(row["count"]),
            unit="lines",
            score=float(row["count"]) * (2.0 if row["level"] == "CRITICAL" else 1.0),
            sentence=_error_sentence(row),
            example=row["example"],
        )
        for row in severe.to_dict("records")
    ]
    return findings_frame(findings, Operation(name="logs.errors", parameters=parameters), cited(*frames))


def _error_sentence(row: dict[Any, Any]) -> str:
    times = "once" if row["count"] == 1 else f"{row['count']:,} times"
    template = row["template"] if len(row["template"]) <= 160 else f"{row['template'][:159]}…"
    return f'{row["service"]} logged "{template}" {times}; first at {row["first"]:%Y-%m-%d %H:%M:%S} UTC.'


OPERATIONS: dict[str, tuple[int, Callable[[Frames, dict[str, Any]], pd.DataFrame]]] = {
    "root_cause.rank": (1, rank),
    "traces.graph": (1, traces_graph),
    "logs.summary": (1, logs_summary),
    "logs.errors": (1, logs_errors),
    "check.measure": (1, measure),
}
"""Beside those of the analysis: by name the version, and the function of the parents' frames and the parameters."""
