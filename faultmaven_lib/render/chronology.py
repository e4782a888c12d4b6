"""One time line of a case: its clock, its alert, changes and findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from faultmaven_lib.model import Case, Evidence, FindingKind, utc
from faultmaven_lib.render.escape import clip

if TYPE_CHECKING:
    import pandas as pd

CLOCK = ("started", "detected", "acknowledged", "mitigated", "resolved")
_MOST_FINDINGS = 20
_MOST_CHANGES = 40
_CHANGE_COLUMNS = {"time", "kind", "message"}


@dataclass(frozen=True)
class Entry:
    """Something that happened."""

    at: datetime
    kind: str
    """``clock``, ``alert``, ``change`` or ``finding``."""
    text: str
    service: str = ""
    evidence: tuple[str, ...] = ()
    name: str = ""
    """What the entry is called in its column: a finding's kind, a change's kind."""


def timeline(case: Case, frames: Mapping[str, pd.DataFrame] | None = None) -> list[Entry]:
    """Return what happened in a case, in order.

    Of many findings the ones that stand out most are kept; change events come from the stored evidence,
    each once, and where a finding speaks of one, with the finding's evidence.

    Parameters
    ----------
    case
        The case.
    frames
        Results by evidence id, in place of the stored ones.
    """
    entries = [
        Entry(at, "clock", name.capitalize() + ".", name=name)
        for name in CLOCK
        if (at := getattr(case.times, name)) is not None
    ]
    if case.alert is not None:
        alert = case.alert
        entries.append(Entry(alert.starts_at, "alert", alert.summary, alert.service, name="alert fires"))
        if alert.ends_at is not None:
            entries.append(Entry(alert.ends_at, "alert", alert.name, alert.service, name="alert ends"))
    dated = [f for f in case.findings if isinstance(f.onset, datetime)]
    dated.sort(key=lambda f: (f.kind != FindingKind.CHANGE_EVENT, -f.score))
    for finding in dated[:_MOST_FINDINGS]:
        kind = "change" if finding.kind == FindingKind.CHANGE_EVENT else "finding"
        entries.append(
            Entry(utc(finding.onset), kind, finding.sentence, finding.service, finding.evidence, finding.kind)
        )
    told = {(e.at.replace(microsecond=0), e.service) for e in entries if e.kind == "change"}
    untold = (c for c in changes(case.evidence, frames) if (c.at.replace(microsecond=0), c.service) not in told)
    entries += [change for change, _ in zip(untold, range(_MOST_CHANGES), strict=False)]
    return sorted(entries, key=lambda e: (e.at, e.kind))


def changes(evidence: tuple[Evidence, ...], frames: Mapping[str, pd.DataFrame] | None = None) -> Iterator[Entry]:
    """Yield the change events that are stored as evidence, each once."""
    seen = set()
    for entry in evidence:
        # "operation" sets a frame of findings apart, which has a kind, too.
        if not set(entry.columns) >= _CHANGE_COLUMNS or "operation" in entry.columns:
            continue
        frame = (frames or {}).get(entry.id)
        if frame is None:
            try:
                frame = entry.frame
            except (OSError, ValueError):
                continue
        for row in frame.reset_index(drop="time" in frame.columns).to_dict("records"):
            event = _change(row, entry.id)
            if event is not None and (event.at, event.service, event.text) not in seen:
                seen.add((event.at, event.service, event.text))
                yield event


def _change(row: Mapping[Any, Any], evidence_id: str) -> Entry | None:
    at = row.get("time")
    if at is None or not hasattr(at, "tzinfo") or at != at:
        return None
    if at.tzinfo is None:
        at = at.tz_localize("UTC") if hasattr(at, "tz_localize") else None
        if at is None:
            return None
    kind, service, version, commit, author, message = (
        _word(row.get(name)) for name in ("kind", "service", "version", "commit", "author", "message")
    )
    details = [f"version {version}" if version else "", commit[:12], f"by {author}" if author else ""]
    told = ", ".join(part for part in details if part)
    text = clip(message or kind or "change", 240)
    return Entry(utc(at), "change", f"{text} ({told})" if told else text, service, (evidence_id,), kind or "change")


def _word(value: Any) -> str:
    return "" if value is None or value != value else str(value)
