"""Lists of cases as a DataFrame, with the same columns and types when there is none."""

from __future__ import annotations

from typing import Any

import pandas as pd
from sqlalchemy import Connection, Select, select

from faultmaven_lib.model import Mechanism
from faultmaven_lib.storage.schema import case_services

_MOMENTS = ("began", "started", "detected", "acknowledged", "mitigated", "resolved", "created_at", "updated_at")
_COLUMNS = (
    *("id", "title", "team", "severity", "status", "services"),
    *_MOMENTS[:6],
    *("cause", "cause_service", "cause_mechanism", "retain_until", "n_evidence", "version"),
    *_MOMENTS[6:],
)
_WHOLE = ("n_evidence", "version")


def frame(connection: Connection, query: Select[Any]) -> pd.DataFrame:
    """Return the cases that a query selects, in its order."""
    kept = query.with_only_columns(*(c for c in query.selected_columns if c.name not in ("document", "words")))
    rows = [dict(row) for row in connection.execute(kept).mappings()]
    services = _services(connection, query)
    for row in rows:
        row["services"] = ", ".join(services.get(row["id"], ()))
        row["cause"] = _cause(row["cause_service"], row["cause_mechanism"])
        row["cause_service"] = row["cause_service"] or ""
        row["cause_mechanism"] = row["cause_mechanism"] or ""
    columns: dict[str, Any] = {}
    for name in _COLUMNS:
        values = [row[name] for row in rows]
        if name in _MOMENTS:
            columns[name] = pd.Series(pd.to_datetime(pd.Series(values, dtype=object), utc=True)).dt.as_unit("us")
        elif name in _WHOLE:
            columns[name] = pd.Series(values, dtype="int64")
        else:
            columns[name] = pd.Series(values, dtype="object" if name == "retain_until" else "str")
    return pd.DataFrame(columns)


def _services(connection: Connection, query: Select[Any]) -> dict[str, list[str]]:
    ids = query.with_only_columns(query.selected_columns["id"]).subquery()
    wanted = select(case_services).where(case_services.c.case_id.in_(select(ids.c.id)))
    found: dict[str, list[str]] = {}
    for row in connection.execute(wanted.order_by(case_services.c.case_id, case_services.c.service)):
        found.setdefault(row.case_id, []).append(row.service)
    return found


def _cause(service: str | None, mechanism: str | None) -> str:
    if mechanism is None:
        return ""
    phrase = Mechanism(mechanism).phrase if mechanism in set(Mechanism) else mechanism
    return f"{service}: {phrase}"
