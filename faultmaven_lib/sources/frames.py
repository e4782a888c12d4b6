"""DataFrames as a source: what somebody already holds in memory, redacted like everything else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import SourceKind, Window
from faultmaven_lib.redaction import redactor
from faultmaven_lib.sources.changes import conclude, read_changes
from faultmaven_lib.sources.columns import CORE, empty_logs
from faultmaven_lib.sources.detecting import kind_of_names
from faultmaven_lib.sources.levels import level_of
from faultmaven_lib.sources.metrics import chosen, redacted_names, span_of, wide_metrics
from faultmaven_lib.sources.querying import parse_query, quiet, select
from faultmaven_lib.sources.report import FileReport, ReadReport
from faultmaven_lib.sources.tables import TIME_NAMES, time_column
from faultmaven_lib.sources.times import column_times
from faultmaven_lib.sources.traces.frame import finished, redacted, spans_of_table

_ALIASES = {"level": ("severity", "levelname"), "message": ("msg", "text"), "service": ("app",)}


class FrameSource:
    """Answers queries from a DataFrame of logs, metrics, changes or traces; ``connect`` makes it.

    Its URL starts with ``memory:``: evidence from it can be run again only while the frame is at hand.
    """

    def __init__(self, frame: pd.DataFrame, kind: SourceKind | None = None, name: str = "") -> None:
        if not frame.columns.is_unique:
            twice = ", ".join(map(str, frame.columns[frame.columns.duplicated()].unique()[:5]))
            raise SourceError(f"the frame has columns of the same name ({twice}): rename them")
        names = [str(c) for c in frame.columns]
        if frame.index.name is not None:
            names.append(str(frame.index.name))
        detected = "metrics" if isinstance(frame.columns, pd.MultiIndex) else kind_of_names(names)
        self.kind: SourceKind = kind or detected
        if self.kind not in ("logs", "metrics", "changes", "traces"):
            raise SourceError(f"a DataFrame cannot be read as {self.kind}: kind is logs, metrics, changes or traces")
        self.name = name or self.kind
        self.url = f"memory:{self.name}"
        self.key_id = redactor().key_id
        self.notes: list[str] = []
        self.report = ReadReport()
        self._frame = frame.copy()
        self._frame.attrs = {}
        self._prepared(ReadReport())  # what cannot be used is said at once

    def query(self, text: str = "", window: Window | None = None) -> pd.DataFrame:
        """Return what matches, in the form of the convention for this kind."""
        terms = parse_query(text)
        report = ReadReport()
        frame = self._prepared(report)
        clean = redactor()
        self.key_id = clean.key_id
        if self.kind == "changes":
            found, self.key_id = conclude(frame, report, text, window)
        elif self.kind == "metrics":
            found, notes = chosen(redacted_names(frame, clean), text, window)
            report.remarks += notes
        else:
            if window is not None:
                index = pd.DatetimeIndex(frame.index)
                inside = (index >= pd.Timestamp(window.start)) & (index < pd.Timestamp(window.end))
                frame = frame[np.asarray(inside)]
            traces = self.kind == "traces"
            frame = redacted(frame, clean) if traces else clean.redact_frame(frame, keep=("level",))
            mask, unknown = select(frame, terms, quiet(clean))
            found = frame[mask]
            if unknown:
                report.remarks.append(f"no {'span' if traces else 'line'} has a field {', '.join(unknown)}")
        report.redacted.update(+clean.counts)
        self.report, self.notes = report, report.sentences()
        return found

    def span(self) -> Window | None:
        """Return the window from the first to just after the last row."""
        frame = self._prepared(ReadReport())
        return span_of(pd.DatetimeIndex(frame["time"] if self.kind == "changes" else frame.index))

    def _prepared(self, report: ReadReport) -> pd.DataFrame:
        entry = FileReport(path=self.url, name=self.name, format="frame")
        report.files.append(entry)
        frame = self._frame
        now = datetime.now(UTC)
        if self.kind == "metrics":
            return wide_metrics(frame, entry, now)
        if self.kind == "traces":
            return finished([spans_of_table(frame, entry, now)], report)
        if time_column(frame) is None and _timed_index(frame):
            frame = frame.rename_axis(index="time").reset_index()
        if self.kind == "changes":
            return read_changes(frame, entry, now)
        return _logs(frame, entry, now, self.name)


def _timed_index(frame: pd.DataFrame) -> bool:
    return isinstance(frame.index, pd.DatetimeIndex) or str(frame.index.name).lower() in TIME_NAMES


def _logs(frame: pd.DataFrame, entry: FileReport, now: datetime, name: str) -> pd.DataFrame:
    if frame.empty and not len(frame.columns):
        return empty_logs()
    column = time_column(frame)
    lower = {str(c).lower(): c for c in reversed(list(frame.columns))}
    found = {n: next((lower[a] for a in (n, *names) if a in lower), None) for n, names in _ALIASES.items()}
    if column is None or found["message"] is None:
        raise SourceError(
            f"the frame has no {'time' if column is None else 'message'} column; its columns are "
            f"{', '.join(map(str, frame.columns[:10]))}: logs need time and message"
        )
    times = column_times(frame[column], now)
    entry.lines = entry.records = len(frame)
    entry.zone = ", ".join(sorted(times.zones))
    entry.timeless = int(np.count_nonzero(times.index.isna()))
    filled = pd.Series(times.index).ffill().bfill()
    if filled.isna().all() and len(filled):
        raise SourceError(f"no value of the column {column} is a time: write ISO 8601 or epoch seconds")

    def text(of: str) -> pd.Series[Any]:
        if found[of] is None:
            return pd.Series([""] * len(frame), dtype="str")
        return pd.Series(["" if v is None or v != v else str(v) for v in frame[found[of]].tolist()], dtype="str")

    result = pd.DataFrame(
        {"service": text("service"), "level": text("level").map(level_of), "message": text("message")}
    )
    result["level"] = result["level"].astype("str")
    result["source"] = frame["source"].astype("str").tolist() if "source" in frame.columns else name
    given = frame["line"] if "line" in frame.columns else pd.Series(dtype="float64")
    whole = pd.api.types.is_integer_dtype(given.dtype) and len(given) == len(frame)
    result["line"] = np.asarray(given.tolist() if whole else range(1, len(frame) + 1), dtype="int64")
    used = {column, "source", "line", *found.values()}
    for other in frame.columns:
        if other not in used and str(other) not in CORE:
            result[str(other)] = frame[other].array
    result["source"] = result["source"].astype("str")
    result.index = pd.DatetimeIndex(filled, name="time").as_unit("ns")
    ordered = np.argsort(result.index.asi8, kind="stable")
    return result.iloc[ordered]
