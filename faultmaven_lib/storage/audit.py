"""The audit log: one line for every change, saying which fields changed, not what they held."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from faultmaven_lib.model import AuditEntry
from faultmaven_lib.storage.schema import audit

_SHOWN = ("status", "severity", "team", "retain_until")
"""Fields from closed lists, and dates: their values may be shown."""
_IGNORED = {"version", "updated_at"}
_LISTED = {"evidence": "evidence", "hypotheses": "hypothesis", "findings": "finding"}
_COUNTED = {
    "action_items": "action items",
    "checks": "checks",
    "claims": "claims",
    "links": "links",
    "recommendations": "recommendations",
    "steps": "steps",
    "statements": "statements",
}
_MOST_IDS = 8


def describe(old: dict[str, Any] | None, new: dict[str, Any]) -> str:
    """Say in one line what changed between two documents of a case.

    Examples
    --------
    >>> describe({"status": "open", "impact": ""}, {"status": "resolved", "impact": "orders lost"})
    'status: open → resolved; impact changed'
    >>> describe({"evidence": []}, {"evidence": [{"id": "E1"}, {"id": "E2"}]})
    '+E1 +E2'
    """
    if old is None:
        return "created"
    said: list[str] = []
    for field in sorted({*old, *new} - _IGNORED, key=_order):
        before, after = old.get(field), new.get(field)
        if before == after:
            continue
        if field in _SHOWN:
            said.append(f"{field.replace('_', ' ')}: {before or 'none'} → {after or 'none'}")
        elif field == "confirmed_cause":
            said.append(f"confirmed cause: {_cause(before)} → {_cause(after)}")
        elif field in _LISTED:
            said += _ids(before or [], after or [], _LISTED[field])
        elif field in _COUNTED and len(before or []) != len(after or []):
            said.append(f"{_COUNTED[field]}: {len(before or [])} → {len(after or [])}")
        elif field == "times":
            names = sorted({*(before or {}), *(after or {})})
            said += [f"time {n} changed" for n in names if (before or {}).get(n) != (after or {}).get(n)]
        else:
            said.append(f"{field.replace('_', ' ')} changed")
    return "; ".join(said) or "nothing changed"


def _order(field: str) -> tuple[int, str]:
    return (_SHOWN.index(field) if field in _SHOWN else len(_SHOWN), field)


def _cause(cause: dict[str, Any] | None) -> str:
    return str(cause.get("mechanism", "unknown")) if cause else "none"


def _ids(before: list[dict[str, Any]], after: list[dict[str, Any]], noun: str) -> list[str]:
    old = {str(item.get("id") or ""): item for item in before}
    new = {str(item.get("id") or ""): item for item in after}
    said = []
    for sign, names in (("+", [n for n in new if n not in old]), ("-", [n for n in old if n not in new])):
        if names:
            more = f" and {len(names) - _MOST_IDS} more" if len(names) > _MOST_IDS else ""
            said.append(" ".join(f"{sign}{n or noun}" for n in names[:_MOST_IDS]) + more)
    for name in [n for n in new if n in old and new[n] != old[n]]:
        was, now = old[name].get("status"), new[name].get("status")
        changed = f"{was} → {now}" if was != now else "changed"
        said.append(f"{name or noun}: {changed}" if was != now else f"{name or noun} {changed}")
    return said


def append(connection: Connection, entry: AuditEntry, team: str) -> None:
    """Write one line, in the transaction of the change it tells of."""
    values = entry.model_dump()
    values["actor"], values["detail"] = (values[k].replace("\x00", "") for k in ("actor", "detail"))
    connection.execute(insert(audit).values(team=team, **values))


def entries(connection: Connection, case_id: str, team: str | None) -> list[AuditEntry]:
    """Return the lines of one case, oldest first."""
    query = select(audit).where(audit.c.case_id == case_id).order_by(audit.c.id)
    if team is not None:
        query = query.where(audit.c.team == team)
    return [_entry(row) for row in connection.execute(query).mappings()]


def last(connection: Connection, case_id: str) -> tuple[str, datetime] | None:
    """Return who changed a case last, and when."""
    query = select(audit.c.actor, audit.c.at).where(audit.c.case_id == case_id).order_by(audit.c.id.desc())
    row = connection.execute(query.limit(1)).first()
    return None if row is None else (row.actor, row.at)


def _entry(row: Any) -> AuditEntry:
    fields: Iterable[str] = AuditEntry.model_fields
    return AuditEntry(**{name: row[name] for name in fields})
