"""Change events as a source: deploys, commits, feature flags, configuration, from CSV or JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import SourceKind, Window
from faultmaven_lib.redaction import redactor
from faultmaven_lib.sources.logs import names_of
from faultmaven_lib.sources.metrics import span_of
from faultmaven_lib.sources.querying import parse_query, quiet, select
from faultmaven_lib.sources.report import FileReport, ReadReport
from faultmaven_lib.sources.tables import read_csv, read_json, read_parquet
from faultmaven_lib.sources.times import column_times, parse_times

COLUMNS = ["time", "kind", "service", "version", "commit", "author", "message", "files", "diff"]
"""The columns of change events."""
ALIASES: dict[str, tuple[str, ...]] = {
    "time": ("time", "timestamp", "ts", "at", "date", "datetime", "@timestamp", "when"),
    "kind": ("kind", "type", "event", "category"),
    "service": ("service", "app", "application", "component", "target", "repo", "repository"),
    "version": ("version", "release", "tag", "image", "to"),
    "commit": ("commit", "sha", "revision", "commit_id", "hash"),
    "author": ("author", "user", "by", "actor", "who"),
    "message": ("message", "title", "summary", "description", "subject", "msg"),
    "files": ("files", "paths", "changed_files"),
    "diff": ("diff", "patch", "change"),
}
"""Names under which the columns are found, in lower case."""
_WRAPPERS = ("changes", "events", "items", "data", "deployments")
_BOUNDS = {"diff": 200_000, "message": 20_000, "files": 50_000}


def read_changes(table: pd.DataFrame, report: FileReport, modified: datetime) -> pd.DataFrame:
    """Bring a table of change events to the columns of the convention, missing ones filled with ``""``.

    Files are one text with a name a line. Rows without a readable time are skipped and counted.
    """
    lower: dict[str, Any] = {}
    for column in table.columns:
        lower.setdefault(str(column).strip().lower(), column)
    found = {name: next((lower[a] for a in names if a in lower), None) for name, names in ALIASES.items()}
    if len(table.columns) and found["time"] is None:
        raise SourceError(
            f"{report.path} has no time column; its columns are {', '.join(map(str, table.columns[:10]))}: "
            "a change event needs time and kind"
        )
    report.lines += len(table)
    times = column_times(table[found["time"]], modified) if found["time"] is not None else parse_times([], modified)
    good = np.asarray(times.index.notna())
    report.skipped += int((~good).sum())
    report.records += int(good.sum())
    report.zone = ", ".join(sorted(times.zones)) or "none"
    if len(table) and not good.any():
        raise SourceError(
            f"{report.path}: no change event has a readable time: write ISO 8601, as 2026-03-01T14:02:00Z"
        )
    frame = pd.DataFrame({"time": times.index})
    for name in COLUMNS[1:]:
        given = found[name]
        cells = [""] * len(table) if given is None else [_cell(v) for v in table[given].tolist()]
        bound = _BOUNDS.get(name, 1000)
        long = sum(len(cell) > bound for cell in cells)
        if long:
            report.remarks.append(f"{long:,} values of {name} are cut at {bound:,} characters")
            cells = [c if len(c) <= bound else c[:bound] + "\n… (cut)" for c in cells]
        frame[name] = pd.Series(cells, dtype="str")
    frame["kind"] = frame["kind"].where(frame["kind"] != "", "change")
    return frame[good]


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and value != value) or value is pd.NA:
        return ""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        text = "\n".join(v if isinstance(v, str) else json.dumps(v, default=str) for v in value)
    elif isinstance(value, dict):
        text = next((str(value[k]) for k in ("email", "name", "login") if k in value), json.dumps(value, default=str))
    else:
        text = str(value)
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def rows_of(document: Any, path: str) -> pd.DataFrame:
    """Return the objects of a JSON document as a table, each key a column."""
    if isinstance(document, dict):
        inner = next((document[k] for k in _WRAPPERS if isinstance(document.get(k), list)), None)
        document = [document] if inner is None else inner
    if not isinstance(document, list) or not all(isinstance(item, dict) for item in document):
        raise SourceError(f'{path} is not a list of change events: write [{{"time": …, "kind": …}}, …]')
    names = list(dict.fromkeys(key for item in document for key in item))[:200]
    data = {name: pd.Series([item.get(name) for item in document], dtype="object") for name in names}
    return pd.DataFrame(data)


def conclude(frame: pd.DataFrame, report: ReadReport, text: str, window: Window | None) -> tuple[pd.DataFrame, str]:
    """Sort, redact and filter change events; return them and the id of the redaction key."""
    terms = parse_query(text)
    clean = redactor()
    frame = frame.sort_values("time", kind="stable")
    if window is not None:
        inside = (frame["time"] >= pd.Timestamp(window.start)) & (frame["time"] < pd.Timestamp(window.end))
        frame = frame[inside]
    frame = clean.redact_frame(frame, keep=("time",)).reset_index(drop=True)
    mask, unknown = select(frame, terms, quiet(clean))
    if unknown:
        report.remarks.append(f"change events have no field {', '.join(unknown)}")
    report.redacted = +clean.counts
    if clean.note:
        report.remarks.append(clean.note)
    return frame[mask].reset_index(drop=True), clean.key_id


class ChangeSource:
    """Reads change events; ``connect`` makes it. A query filters as it does logs."""

    kind: SourceKind = "changes"

    def __init__(self, paths: list[Path], url: str, name: str = "") -> None:
        self.paths, self.url, self.name = paths, url, name
        self.key_id = redactor().key_id
        self.notes: list[str] = []
        self.report = ReadReport()

    def query(self, text: str = "", window: Window | None = None) -> pd.DataFrame:
        """Return the events that match, by time, with the columns ``COLUMNS``."""
        parse_query(text)
        report = ReadReport()
        frame, self.key_id = conclude(self._read(report), report, text, window)
        self.report, self.notes = report, report.sentences()
        return frame

    def span(self) -> Window | None:
        """Return the window from the first to just after the last event."""
        return span_of(pd.DatetimeIndex(self._read(ReadReport())["time"]))

    def _read(self, report: ReadReport) -> pd.DataFrame:
        frames = []
        for path, name in zip(self.paths, names_of(self.paths), strict=True):
            entry = FileReport(path=str(path), name=name, format="changes")
            report.files.append(entry)
            modified = datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else datetime.now(UTC)
            if path.suffix == ".parquet":
                table = read_parquet(path)
                table = table.reset_index() if table.index.name in ALIASES["time"] else table
            elif ".csv" in path.suffixes:
                table = read_csv(path, entry)
            else:
                table = rows_of(read_json(path, entry), str(path))
            frames.append(read_changes(table, entry, modified))
        return pd.concat(frames, ignore_index=True)
