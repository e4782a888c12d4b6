"""Findings as a DataFrame: what analyzers return and people filter, and the way back to nouns."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pandas as pd

from faultmaven_lib.evidence import ATTRS
from faultmaven_lib.model import Finding, Operation

COLUMNS = (
    "kind",
    "service",
    "subject",
    "direction",
    "onset",
    "until",
    "before",
    "after",
    "size",
    "unit",
    "score",
    "p_value",
    "sentence",
    "example",
    "evidence",
    "operation",
)
"""Columns of a frame of findings. ``evidence`` holds ids with a space between, ``operation`` JSON, so that
both survive filtering, sorting and concatenation, which ``attrs`` do not."""

_LATER = frozenset({"until"})
"""Columns that cases stored before them do not have."""


def findings_frame(findings: Iterable[Finding], operation: Operation, parents: Iterable[str] = ()) -> pd.DataFrame:
    """Return findings as a DataFrame, best first as given, each row naming what made it and from what.

    Parameters
    ----------
    findings
        In the order in which they are to be shown.
    operation
        The analyzer, its parameters and version.
    parents
        Evidence that was analyzed: what ``cited(baseline, incident)`` returns.

    Returns
    -------
    DataFrame
        One row a finding, columns as in ``COLUMNS``; the columns are there when there is no finding, too.

    Examples
    --------
    >>> odd = Finding(kind="surge", service="api", subject="timed out after <*> ms", sentence="…", score=3)
    >>> frame = findings_frame([odd], Operation(name="logs.compare"), ["E1", "E2"])
    >>> to_findings(frame)[0].evidence, operation_of(frame)[0].name
    (('E1', 'E2'), 'logs.compare')
    """
    ids = tuple(parents)
    stated = list(findings)
    made_by = operation.model_copy(update={"rows": len(stated)}).model_dump_json()
    rows = [
        {**finding.model_dump(exclude={"id", "evidence"}), "kind": finding.kind.value}
        | {"evidence": " ".join(finding.evidence or ids), "operation": made_by}
        for finding in stated
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    if any(_is_time(row["onset"]) for row in rows):
        frame["onset"] = pd.to_datetime(frame["onset"], utc=True)
        frame["until"] = pd.to_datetime(frame["until"], utc=True)
    for number in ("before", "after", "size", "score", "p_value"):
        frame[number] = pd.to_numeric(frame[number]).astype("float64")
    for text in (
        "kind",
        "service",
        "subject",
        "direction",
        "unit",
        "sentence",
        "example",
        "evidence",
        "operation",
    ):
        frame[text] = frame[text].astype("str")
    frame.attrs[ATTRS] = {"evidence": list(ids), "operation": json.loads(made_by)}
    return frame


def _is_time(value: Any) -> bool:
    return value is not None and not isinstance(value, int | float)


def is_findings(frame: pd.DataFrame) -> bool:
    """Whether a frame is one of findings."""
    return set(COLUMNS) - _LATER <= set(map(str, frame.columns))


def to_findings(frame: pd.DataFrame) -> list[Finding]:
    """Return the rows of a frame of findings as nouns."""
    findings = []
    for row in frame[[name for name in COLUMNS if name in frame.columns]].to_dict("records"):
        fields = {str(k): (None if _missing(v) else v) for k, v in row.items() if k != "operation"}
        fields["evidence"] = tuple(str(row["evidence"]).split())
        fields["score"] = fields["score"] or 0.0
        findings.append(Finding.model_validate(fields))
    return findings


def _missing(value: Any) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and value != value)


def operation_of(frame: pd.DataFrame) -> list[Operation]:
    """Return the operations that made the rows, each once; empty for a frame of none."""
    texts = list(dict.fromkeys(str(text) for text in frame["operation"])) if "operation" in frame.columns else []
    if not texts and "operation" in frame.attrs.get(ATTRS, {}):
        return [Operation.model_validate(frame.attrs[ATTRS]["operation"])]
    return [Operation.model_validate_json(text) for text in texts]
