"""PostgreSQL's log, on stderr and as CSV."""

from __future__ import annotations

import csv
import re

from faultmaven_lib.sources.formats.shape import Format, Record

_POSTGRES = re.compile(
    r"^(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{3,5}| ?[+-]\d\d(?::?\d\d)?)?) "
    r"(?P<prefix>[^\n]{0,200}?)"
    r"\b(?P<severity>LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG[1-5]?|DETAIL|HINT|STATEMENT|CONTEXT|QUERY|LOCATION):"
    r"  (?P<message>.*)$"
)
_PID = re.compile(r"\[(\d+)(?:-\d+)?\]|^(\d+)\b")
_USER = re.compile(r"(?:^|\s)([\w.-]+|\[unknown\])@([\w.-]+|\[unknown\])(?=[\s:,]|$)")
_PAIR = re.compile(r"\b(user|db|app|client|host)=([^,\s\]]+)")
_PAIR_NAMES = {"db": "database", "app": "application", "host": "client"}
_CSV = re.compile(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \w{3,5},(?:"[^"]*")?,(?:"[^"]*")?,\d+,')
_CSV_FIELDS = (
    "time", "user", "database", "pid", "client", "session", "", "command", "", "", "", "severity", "sqlstate",
    "message", "detail", "hint", "", "", "context", "statement", "", "", "application", "backend",
)  # fmt: skip


def parse_postgres(line: str) -> Record | None:
    """Read PostgreSQL's stderr log with the usual prefixes: pid, user, database and application are fields."""
    match = _POSTGRES.match(line)
    if match is None:
        return None
    severity = match["severity"]
    record: Record = {
        "time": match["time"],
        "level": severity,
        "message": match["message"],
        "severity": severity,
    }
    prefix = match["prefix"]
    if pid := _PID.search(prefix):
        record["pid"] = pid[1] or pid[2]
    if user := _USER.search(prefix):
        record["user"], record["database"] = user[1], user[2]
    for name, value in _PAIR.findall(prefix):
        record[_PAIR_NAMES.get(name, name)] = value
    return record if record.keys() & {"pid", "user", "database"} else None


def parse_postgres_csv(line: str) -> Record | None:
    """Read PostgreSQL's csvlog; what a message of many lines carries behind it stays in the message."""
    if not _CSV.match(line):
        return None
    try:
        values = next(csv.reader([line]))
    except (csv.Error, StopIteration):
        return None
    if len(values) < _CSV_FIELDS.index("message") + 1:
        return None
    record: Record = {n: v for n, v in zip(_CSV_FIELDS, values, strict=False) if n and v}
    record.setdefault("message", "")
    record["level"] = record.get("severity", "")
    return record


POSTGRES = Format("postgresql", parse_postgres, multiline=True)
POSTGRES_CSV = Format("postgresql csv", parse_postgres_csv, multiline=True)
