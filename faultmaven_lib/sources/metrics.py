"""Metric tables as a source: CSV and Parquet, wide or long, to one wide frame."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import SourceKind, Window
from faultmaven_lib.redaction import redactor
from faultmaven_lib.sources.logs import names_of
from faultmaven_lib.sources.querying import parse_query, quiet, select
from faultmaven_lib.sources.report import FileReport, ReadReport, count_of
from faultmaven_lib.sources.tables import TIME_NAMES, read_csv, read_parquet, time_column
from faultmaven_lib.sources.times import column_times, parse_times

_METRIC = ("metric", "metric_name", "__name__", "name", "series")
_VALUE = ("value", "val", "v", "sample", "reading")
_SERVICE = ("service", "service_name", "app", "application", "job", "deployment", "component", "instance")
_PROMETHEUS = re.compile(r"^([A-Za-z_:][\w:]*)?\{(.*)\}$", re.DOTALL)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
LEVELS = ["service", "metric", "statistic"]
"""Names of the column levels."""


def split_name(name: str) -> tuple[str, str]:
    """Return service and metric of a wide table's column.

    ``service/metric`` is split at the first slash, else ``service.metric`` at the first dot; a Prometheus
    series gives its ``service`` (or ``app``, ``job``) label. Other names have no service: an underscore
    says nothing.

    Examples
    --------
    >>> split_name("checkout/latency_p99"), split_name("db.connections"), split_name("cpu_load")
    (('checkout', 'latency_p99'), ('db', 'connections'), ('', 'cpu_load'))
    >>> split_name('up{service="api",zone="a"}')
    ('api', 'up{zone="a"}')
    """
    if match := _PROMETHEUS.match(name.strip()):
        labels = dict(_LABEL.findall(match[2]))
        service = next((labels.pop(k) for k in ("service", "app", "job") if labels.get(k)), "")
        metric = match[1] or labels.pop("__name__", "") or "value"
        rest = ",".join(f'{k}="{v}"' for k, v in sorted(labels.items()))
        return service, f"{metric}{{{rest}}}" if rest else metric
    for mark in ("/", "."):
        service, found, metric = name.partition(mark)
        if found and service and metric:
            return service.strip(), metric.strip()
    return "", name.strip()


def wide_metrics(frame: pd.DataFrame, report: FileReport, modified: datetime) -> pd.DataFrame:
    """Bring a metric table, wide or long, to a sorted UTC index ``time`` and columns (service, metric).

    Raises
    ------
    SourceError
        If there is no time column, or no number in it.
    """
    if frame.empty and not len(frame.columns):
        return empty_metrics()
    frame = _with_time(frame, report)
    name = time_column(frame)
    times = column_times(frame[name], modified)
    report.lines += len(frame)
    report.zone = ", ".join(sorted(times.zones)) or "none"
    good = np.asarray(times.index.notna())
    report.skipped += int((~good).sum())
    report.records += int(good.sum())
    if len(frame) and not good.any():
        raise SourceError(
            f"{report.path}: no value of the column {_shown(name)} is a time (the first is "
            f"{str(frame[name].iloc[0])[:40]!r}): write ISO 8601 or epoch seconds"
        )
    body = frame.drop(columns=[name])
    body = body.set_axis(times.index)[good]
    lower = {str(c).strip().lower(): c for c in body.columns if not isinstance(c, tuple)}
    metric = next((lower[m] for m in _METRIC if m in lower), None)
    value = next((lower[v] for v in _VALUE if v in lower and lower[v] != metric), None)
    wide = (
        _from_long(body, metric, value, report)
        if metric is not None and value is not None
        else _from_wide(body, report)
    )
    return _sorted_unique(wide, report)


def _with_time(frame: pd.DataFrame, report: FileReport) -> pd.DataFrame:
    if time_column(frame) is not None:
        return frame
    if isinstance(frame.index, pd.DatetimeIndex) or str(frame.index.name).lower() in TIME_NAMES:
        columns = frame.columns
        inserted = ("time", *[""] * (columns.nlevels - 1)) if columns.nlevels > 1 else "time"
        body = frame.copy(deep=False)
        body.insert(0, inserted, frame.index)
        return body.reset_index(drop=True)
    first = frame.columns[0]
    label = str(first[0] if isinstance(first, tuple) else first)
    unnamed = not label.strip() or label.startswith("Unnamed") or label == "service"
    if unnamed and len(frame):
        # A frame written with its index has a first column without a name (pandas adds a row for two headers).
        body = frame if str(frame.iloc[0, 0]).lower() not in TIME_NAMES else frame.iloc[1:]
        readable = parse_times(body.iloc[:5, 0].tolist(), datetime.now(UTC)).index.notna()
        if len(readable) and readable.all():
            names = list(frame.columns)
            names[0] = ("time", "") if isinstance(first, tuple) else "time"
            index = pd.MultiIndex.from_tuples(names) if isinstance(first, tuple) else pd.Index(names)
            return body.set_axis(index, axis=1)
    shown = ", ".join(_shown(c) for c in frame.columns[:10]) + (", …" if len(frame.columns) > 10 else "")
    raise SourceError(
        f"{report.path} has no time column; its columns are {shown}: name one of them {', '.join(TIME_NAMES[:4])}, "
        "or read the file with kind='logs'"
    )


def _shown(column: Any) -> str:
    return "/".join(str(part) for part in column if str(part)) if isinstance(column, tuple) else str(column)


def _from_long(body: pd.DataFrame, metric: str, value: str, report: FileReport) -> pd.DataFrame:
    lower = {str(c).strip().lower(): c for c in body.columns}
    service = next((lower[s] for s in _SERVICE if s in lower and lower[s] not in (metric, value)), None)
    others = sorted(str(c) for c in body.columns if c not in (metric, value, service))
    names = body[metric].astype("str").tolist()
    if others:  # further labels tell series apart
        rows = body[others].astype("str").to_numpy().tolist()
        labels = [
            "{" + ",".join(f'{k}="{v}"' for k, v in zip(others, row, strict=True) if v not in ("", "nan")) + "}"
            for row in rows
        ]
        names = [n + (x if x != "{}" else "") for n, x in zip(names, labels, strict=True)]
    services = body[service].astype("str").tolist() if service is not None else [""] * len(body)
    numbers = _numbers(body[value], report)
    long = pd.DataFrame({"time": body.index, "service": services, "metric": names, "value": numbers.to_numpy()})
    repeated = long.duplicated(["time", "service", "metric"], keep="last")
    if repeated.any():
        report.remarks.append(f"{count_of(int(repeated.sum()), 'sample')} given twice, the last one is used")
        long = long[~repeated]
    wide = long.pivot(index="time", columns=["service", "metric"], values="value")
    return wide.sort_index(axis=1)


def _from_wide(body: pd.DataFrame, report: FileReport) -> pd.DataFrame:
    columns: dict[tuple[str, ...], pd.Series[Any]] = {}
    dropped = []
    for position, column in enumerate(body.columns):
        cells = body.iloc[:, position]
        key = tuple(map(str, column)) if isinstance(column, tuple) else split_name(str(column))
        before = list(report.remarks)
        numbers = _numbers(cells, report)
        if len(cells) and numbers.isna().all() and cells.dtype.kind not in "fiu" and (cells.astype("str") != "").any():
            report.remarks[:] = before
            dropped.append(_shown(column))
            continue
        if key in columns:
            key = (*key[:-1], f"{key[-1]}#{position}")
        columns[key] = numbers
    if dropped:
        report.remarks.append(f"columns without numbers left out: {', '.join(dropped[:5])}")
    if not columns:
        raise SourceError(f"{report.path} has no column of numbers beside its time: a metric table needs one")
    wide = pd.DataFrame(dict(enumerate(columns.values())), index=body.index)
    levels = max(len(k) for k in columns)
    keys = [(*k, *[""] * (levels - len(k))) for k in columns]
    wide.columns = pd.MultiIndex.from_tuples(keys, names=[*LEVELS, "level4", "level5"][:levels])
    return wide


def _numbers(cells: pd.Series[Any], report: FileReport) -> pd.Series[Any]:
    if cells.dtype.kind in "fiub":
        return cells.astype("float64")
    texts = cells.astype("str").str.strip()
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    void = texts.str.lower().isin(["", "nan", "null", "none", "na", "n/a", "-", "nat", "<na>"])
    bad = int((numbers.isna() & ~void).sum())
    if bad:
        report.remarks.append(f"{count_of(bad, 'cell')} of {_shown(cells.name)} not a number, taken as missing")
    return numbers


def _sorted_unique(wide: pd.DataFrame, report: FileReport) -> pd.DataFrame:
    repeated = wide.index.duplicated(keep="last")
    if repeated.any():
        report.remarks.append(f"{count_of(int(repeated.sum()), 'time')} given twice, the last row is used")
        wide = wide[~repeated]
    wide = wide.sort_index()
    wide.index = pd.DatetimeIndex(wide.index, name="time").as_unit("ns")
    return wide


def empty_metrics() -> pd.DataFrame:
    """Return a frame of metrics without rows and columns."""
    columns = pd.MultiIndex.from_tuples([], names=LEVELS[:2])
    return pd.DataFrame(
        index=pd.DatetimeIndex([], tz="UTC", name="time").as_unit("ns"), columns=columns, dtype="float64"
    )


def chosen(wide: pd.DataFrame, text: str, window: Window | None) -> tuple[pd.DataFrame, list[str]]:
    """Return the columns that a query selects, in a window; and what the reader should know."""
    terms = parse_query(text)
    notes = []
    if terms and len(wide.columns):
        names = pd.DataFrame(wide.columns.tolist(), columns=list(wide.columns.names), dtype="str")
        names["message"] = [" ".join(map(str, c)) for c in wide.columns]
        mask, unknown = select(names, terms, quiet(redactor()))
        wide = wide.loc[:, mask]
        if unknown:
            notes.append(f"metrics have no field {', '.join(unknown)}: ask for service or metric")
    if window is not None:
        index = pd.DatetimeIndex(wide.index)
        inside = np.asarray((index >= pd.Timestamp(window.start)) & (index < pd.Timestamp(window.end)))
        wide = wide[inside]
    return wide, notes


class MetricSource:
    """Reads metric files; ``connect`` makes it. A query chooses columns: ``service=checkout metric~latency``."""

    kind: SourceKind = "metrics"

    def __init__(self, paths: list[Path], url: str, name: str = "") -> None:
        self.paths, self.url, self.name = paths, url, name
        self.key_id = redactor().key_id
        self.notes: list[str] = []
        self.report = ReadReport()

    def query(self, text: str = "", window: Window | None = None) -> pd.DataFrame:
        """Return the chosen columns: index ``time`` (UTC), columns (service, metric), missing values NaN."""
        parse_query(text)
        report = ReadReport()
        wide, notes = chosen(self._read(report), text, window)
        report.remarks += notes
        clean = redactor()
        self.key_id = clean.key_id
        wide = redacted_names(wide, clean)
        report.redacted = +clean.counts
        self.report, self.notes = report, report.sentences()
        return wide

    def span(self) -> Window | None:
        """Return the window from the first to just after the last row."""
        return span_of(pd.DatetimeIndex(self._read(ReadReport()).index))

    def _read(self, report: ReadReport) -> pd.DataFrame:
        frames = []
        for path, name in zip(self.paths, names_of(self.paths), strict=True):
            entry = FileReport(path=str(path), name=name, format="csv")
            report.files.append(entry)
            modified = datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else datetime.now(UTC)
            if path.suffix == ".parquet":
                entry.format = "parquet"
                table = read_parquet(path)
            else:
                table = read_csv(path, entry)
            frames.append(wide_metrics(table, entry, modified))
        filled = [f for f in frames if len(f.columns)]
        if not filled:
            return empty_metrics()
        if len(filled) == 1:
            return filled[0]
        return pd.concat(filled).groupby(level=0).last().sort_index()


def redacted_names(wide: pd.DataFrame, clean: Any) -> pd.DataFrame:
    """Redact column names: labels may hold anything."""
    names = [tuple(clean.redact(str(part)) for part in column) for column in wide.columns]
    if names and names != list(map(tuple, wide.columns)):
        wide = wide.copy(deep=False)
        wide.columns = pd.MultiIndex.from_tuples(names, names=wide.columns.names)
    return wide


def span_of(times: pd.DatetimeIndex) -> Window | None:
    """Return the window from the first to just after the last time."""
    times = times[times.notna()]
    return None if not len(times) else Window(start=times.min(), end=times.max() + pd.Timedelta(microseconds=2))
