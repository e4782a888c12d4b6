"""The frame of spans, out of what was read or out of a table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.redaction import Redactor
from faultmaven_lib.sources.report import FileReport, ReadReport, count_of
from faultmaven_lib.sources.times import column_times
from faultmaven_lib.sources.traces.spans import ATTRIBUTES, Span, text_of

CORE = ("trace", "span", "parent", "service", "name", "start", "duration", "status", "kind")
"""The columns that every frame of spans has."""
NAMES: dict[str, tuple[str, ...]] = {
    "trace": ("trace", "trace_id", "traceid"),
    "span": ("span", "span_id", "spanid"),
    "parent": ("parent", "parent_id", "parent_span_id", "parentspanid", "parent_span"),
    "service": ("service", "service_name", "service.name", "servicename"),
    "name": ("name", "operation", "operation_name", "span_name"),
    "start": ("start", "start_time", "time", "timestamp"),
    "duration": ("duration", "duration_seconds", "duration_s"),
    "status": ("status", "status_code"),
    "kind": ("kind", "span_kind"),
}
"""Names under which the columns are found in a table, in lower case."""
SHOWN = 300
"""Longest text of a column; what is longer is cut after it was redacted."""


def block_frame(spans: Iterable[Span]) -> pd.DataFrame:
    """Make a frame of spans as they were read."""
    columns = list(zip(*spans, strict=True))
    if not columns:
        return empty_spans()
    starts, trace, own, parent, service, name, durations, status, kind, attributes = columns
    start = pd.DatetimeIndex(np.array(starts, dtype="int64").view("datetime64[ns]")).tz_localize("UTC")
    seconds = np.array([np.nan if d is None else d / 1e9 for d in durations], dtype="float64")
    texts = {"trace": trace, "span": own, "parent": parent, "service": service, "name": name}
    data: dict[str, Any] = {n: pd.Series(values, dtype="str") for n, values in texts.items()}
    data |= {"start": start, "duration": seconds}
    data |= {"status": pd.Series(status, dtype="str"), "kind": pd.Series(kind, dtype="str")}
    present = {key for one in attributes for key in one}
    for key in ATTRIBUTES:
        if key in present:
            data[key] = pd.Series([one.get(key, "") for one in attributes], dtype="str")
    frame = pd.DataFrame(data)
    return frame.set_axis(start.rename("time"))


def redacted(frame: pd.DataFrame, clean: Redactor) -> pd.DataFrame:
    """Redact all texts, then cut the long ones."""
    frame = clean.redact_frame(frame, keep=("start", "duration"))
    for name in frame.columns:
        if name not in ("start", "duration"):
            long = frame[name].str.len() > SHOWN
            if long.any():
                frame = frame.assign(**{str(name): frame[name].where(~long, frame[name].str.slice(0, SHOWN - 1) + "…")})
    return frame


def finished(blocks: list[pd.DataFrame], report: ReadReport) -> pd.DataFrame:
    """Join blocks into one frame on one time line; a span that is there twice is kept once."""
    filled = [b for b in blocks if len(b)]
    if not filled:
        return empty_spans()
    present = {str(name) for block in filled for name in block.columns}
    extra = [name for name in ATTRIBUTES if name in present]
    whole = pd.concat([_aligned(block, extra) for block in filled])
    ordered = np.argsort(whole.index.asi8, kind="stable")  # type: ignore[attr-defined]
    whole = whole.iloc[ordered]
    twice = whole.duplicated(["trace", "span", "service", "kind"]).to_numpy()
    if twice.any():
        report.remarks.append(f"{count_of(int(twice.sum()), 'span')} exported twice, kept once")
        whole = whole[~twice]
    whole.index.name = "time"
    return whole


def _aligned(block: pd.DataFrame, extra: list[str]) -> pd.DataFrame:
    missing = {name: pd.Series([""] * len(block), dtype="str", index=block.index) for name in extra}
    block = block.assign(**{name: column for name, column in missing.items() if name not in block.columns})
    return block[[*CORE, *extra]]


def empty_spans() -> pd.DataFrame:
    """Return a frame of spans without rows.

    Examples
    --------
    >>> list(empty_spans().columns)
    ['trace', 'span', 'parent', 'service', 'name', 'start', 'duration', 'status', 'kind']
    """
    index = pd.DatetimeIndex([], tz="UTC", name="time").as_unit("ns")
    frame = pd.DataFrame({name: pd.Series([], dtype="str") for name in CORE}, index=index)
    return frame.assign(start=index, duration=np.array([], dtype="float64"))


def has_spans(names: Iterable[str]) -> bool:
    """Whether columns of these names are those of spans.

    Examples
    --------
    >>> has_spans(["trace_id", "span_id", "parent_id", "duration"]), has_spans(["time", "trace_id", "message"])
    (True, False)
    """
    lower = {name.strip().lower() for name in names}
    return all(not lower.isdisjoint(NAMES[column]) for column in ("trace", "span", "parent", "duration"))


def spans_of_table(table: pd.DataFrame, report: FileReport, modified: datetime) -> pd.DataFrame:
    """Bring a table of spans to the columns of the convention; durations are seconds.

    Rows without a readable start or without ids are skipped and counted.
    """
    report.unit = "span"
    if isinstance(table.index, pd.DatetimeIndex) and "start" not in table.columns:
        table = table.rename_axis(index="start").reset_index()
    table = table.reset_index(drop=True)
    lower: dict[str, Any] = {}
    for column in table.columns:
        lower.setdefault(str(column).strip().lower(), column)
    found = {name: next((lower[a] for a in names if a in lower), None) for name, names in NAMES.items()}
    lacking = [name for name in ("trace", "span", "parent", "service", "start", "duration") if found[name] is None]
    if not len(table.columns):
        return empty_spans()
    if lacking:
        raise SourceError(
            f"{report.path} has no column {', '.join(lacking)}; its columns are "
            f"{', '.join(map(str, table.columns[:12]))}: spans need trace, span, parent, service, start and duration"
        )
    times = column_times(table[found["start"]], modified)
    data: dict[str, Any] = {}
    for name in CORE:
        if name not in ("start", "duration"):
            data[name] = _texts(table[found[name]]) if found[name] is not None else pd.Series([""] * len(table))
    good = np.asarray(times.index.notna()) & (data["trace"] != "").to_numpy() & (data["span"] != "").to_numpy()
    report.lines, report.records = len(table), int(good.sum())
    report.skipped = int((~good).sum())
    report.why_skipped = "without a readable start or an id"
    report.zone = ", ".join(sorted(times.zones)) or "none"
    durations = pd.to_numeric(table[found["duration"]], errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    wrong = ~np.isfinite(durations) | (durations < 0)
    if (wrong & good).any():
        report.remarks.append(f"{count_of(int((wrong & good).sum()), 'span')} without a duration")
    data |= {"start": times.index, "duration": np.where(wrong, np.nan, durations)}
    data["status"] = data["status"].str.lower().str.removeprefix("status_code_").replace({"": "unset"}).astype("str")
    data["kind"] = data["kind"].str.lower().str.removeprefix("span_kind_").astype("str")
    for name in ATTRIBUTES:
        if name in lower:
            data[name] = _texts(table[lower[name]])
    frame = pd.DataFrame(data).astype({name: "str" for name in data if name not in ("start", "duration")})
    frame = frame.set_axis(pd.DatetimeIndex(frame["start"], name="time"))
    usable: pd.DataFrame = frame.loc[good, [*CORE, *(name for name in ATTRIBUTES if name in data)]]
    return usable


def _texts(column: pd.Series[Any]) -> pd.Series[Any]:
    values = ["" if v is None or v is pd.NA or v != v else text_of(v) for v in column.tolist()]
    return pd.Series(values, dtype="str")
