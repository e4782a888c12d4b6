"""Templates, metrics and changes on one time line."""

from __future__ import annotations

from typing import Any

import pandas as pd

from faultmaven_lib.analysis.axis import in_order
from faultmaven_lib.analysis.wording import clean
from faultmaven_lib.evidence import cited

COLUMNS = ("time", "kind", "service", "what", "evidence")


def timeline(
    logs_findings: pd.DataFrame | None = None,
    metric_findings: pd.DataFrame | None = None,
    changes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Put findings and change events on one time line: what moved first, and what came before it.

    Parameters
    ----------
    logs_findings, metric_findings
        Frames of findings; those without an onset are left out.
    changes
        Change events, with the columns ``time, kind, service, version, message`` as far as they are known
        (``time`` may be the index).

    Returns
    -------
    DataFrame
        Columns ``time, kind, service, what, evidence``, ascending in time; ``what`` is a sentence.

    Examples
    --------
    >>> deploys = pd.DataFrame({"time": [pd.Timestamp("2026-03-01T14:01Z")], "kind": "deploy", "service": "api",
    ...                         "version": "1.4.2", "message": "retry payments"})
    >>> timeline(changes=deploys)["what"].tolist()
    ['deploy of api 1.4.2: retry payments']
    """
    rows: list[tuple[Any, ...]] = []
    for findings in (logs_findings, metric_findings):
        if findings is None:
            continue
        known = findings[findings["onset"].notna()]
        rows += [(r["onset"], r["kind"], r["service"], r["sentence"], r["evidence"]) for r in known.to_dict("records")]
    if changes is not None and len(changes):
        source = " ".join(cited(changes))
        rows += [(r["time"], r["kind"], r["service"], describe(r), source) for r in events(changes)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    if len(frame) and all(isinstance(t, pd.Timestamp) or hasattr(t, "tzinfo") for t in frame["time"]):
        frame["time"] = pd.to_datetime(frame["time"], utc=True)
    elif len(frame):  # numbers beside times cannot be ordered: those of the majority stay
        numeric = pd.to_numeric(frame["time"], errors="coerce")
        frame = frame[numeric.notna()].assign(time=numeric[numeric.notna()])
    return frame.sort_values("time", kind="stable", ignore_index=True)


def events(changes: pd.DataFrame) -> list[dict[str, Any]]:
    """Return change events as records with every field there, as text, in order of time."""
    if "time" in changes.columns:
        changes = changes.set_index("time")
    frame = in_order(changes)
    out = []
    for time, record in zip(frame.index, frame.to_dict("records"), strict=True):
        fields = {
            name: _text(record.get(name))
            for name in ("kind", "service", "version", "commit", "author", "message", "files", "diff")
        }
        out.append({"time": time} | fields | {"kind": fields["kind"] or "change"})
    return out


def describe(event: dict[str, Any]) -> str:
    """Return a change event in one line."""
    head = f"{event['kind']} of {event['service']}" if event["service"] else str(event["kind"])
    name = event["version"] or event["commit"][:12]
    text = " ".join(p for p in (head, name) if p)
    return clean(f"{text}: {event['message']}" if event["message"] else text, 300)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple) or hasattr(value, "tolist"):
        return " ".join(str(v) for v in value)
    return "" if value is None or value != value else str(value)
