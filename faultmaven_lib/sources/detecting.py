"""Which kind of data files hold: logs, metrics, traces, or change events."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import SourceKind
from faultmaven_lib.sources.changes import ALIASES
from faultmaven_lib.sources.formats.postgres import parse_postgres_csv
from faultmaven_lib.sources.opening import pieces
from faultmaven_lib.sources.report import FileReport
from faultmaven_lib.sources.tables import TIME_NAMES, read_csv
from faultmaven_lib.sources.traces.frame import has_spans

_COMPRESSED = (".gz", ".zst", ".zstd", ".bz2", ".xz")
_CHANGE_MARKS = ("commit", "version", "message", "diff", "author", "title")
_SAMPLE = 1 << 18
_FIRST_LINE = 1 << 14
_KEY = re.compile(r'"(\w{1,40})"\s*:')
_SPANS = re.compile(
    r'\s*\{\s*"resource_?[sS]pans"\s*:'  # OpenTelemetry
    r'|\s*\{\s*"data"\s*:\s*\[\s*\{\s*"(?:traceID|spans|processes)"\s*:'  # Jaeger
)


def kind_of(path: Path) -> SourceKind:
    """Return the kind of a file: a table of numbers is metrics, events with time and kind are changes, else logs.

    Spans are told by the names that OpenTelemetry, Jaeger and Zipkin give to what they write.
    """
    suffixes = [s.lower() for s in path.suffixes]
    while suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
    last = suffixes[-1] if suffixes else ""
    if last == ".parquet":
        return kind_of_names(_parquet_names(path))
    if last in (".csv", ".tsv"):
        if parse_postgres_csv(_first_line(path)) is not None:
            return "logs"
        head = read_csv(path, FileReport(str(path), path.name), rows=5)
        if isinstance(head.columns, pd.MultiIndex):
            return "metrics"
        return kind_of_names([str(c) for c in head.columns])
    if last in (".json", ".jsonl", ".ndjson"):
        return _kind_of_json(path)
    return "logs"


def _first_line(path: Path) -> str:
    start = next(pieces(path, FileReport(str(path), path.name)), b"")
    return start[:_FIRST_LINE].partition(b"\n")[0].decode("utf-8", "replace").rstrip("\r")


def kind_of_names(names: Collection[str]) -> SourceKind:
    """Return the kind of a table by the names of its columns.

    Examples
    --------
    >>> kind_of_names(["time", "kind", "service", "version"]), kind_of_names(["time", "api/latency"])
    ('changes', 'metrics')
    >>> kind_of_names(["time", "level", "message"])
    'logs'
    >>> kind_of_names(["trace_id", "span_id", "parent_id", "service", "start", "duration"])
    'traces'
    """
    if has_spans(names):
        return "traces"
    lower = {name.strip().lower() for name in names}
    timed = not lower.isdisjoint(ALIASES["time"]) or not lower.isdisjoint(TIME_NAMES)
    kinds = {"kind", "type"} & lower
    if timed and "kind" in lower and not lower.isdisjoint(_CHANGE_MARKS):
        return "changes"
    if timed and kinds and not lower.isdisjoint({"commit", "diff", "version"}):
        return "changes"
    if not lower.isdisjoint({"message", "msg"}):
        return "logs"
    return "metrics"


def _parquet_names(path: Path) -> list[str]:
    import pyarrow.parquet as pq

    try:
        return [str(name) for name in pq.read_schema(path).names]
    except Exception as error:  # noqa: BLE001 (pyarrow raises many kinds)
        raise SourceError(f"{path} is not a readable Parquet table: {str(error).splitlines()[0][:200]}") from None


def _kind_of_json(path: Path) -> SourceKind:
    data = b""
    for piece in pieces(path, FileReport(str(path), path.name)):
        data += piece
        if len(data) >= _SAMPLE:
            break
    text = data.decode("utf-8", "replace").lstrip()
    if _SPANS.match(text):
        return "traces"
    decoder = json.JSONDecoder()
    try:
        first: Any
        if text.startswith("["):
            first, _ = decoder.raw_decode(text[1:].lstrip())
        else:
            first, _ = decoder.raw_decode(text)
    except (ValueError, RecursionError):
        # An object longer than the sample: its keys tell enough.
        names = _KEY.findall(text)[:50] if len(data) >= _SAMPLE and text.startswith(("[", "{")) else []
        return "changes" if kind_of_names(names) == "changes" else "logs"
    if _is_zipkin(first) and text.startswith("["):
        return "traces"
    if isinstance(first, dict):
        for name in ("changes", "events", "deployments"):
            if isinstance(first.get(name), list) and first[name] and isinstance(first[name][0], dict):
                first = first[name][0]
        if kind_of_names(list(map(str, first))) == "changes":
            return "changes"
    return "logs"


def _is_zipkin(first: Any) -> bool:
    while isinstance(first, list) and first:  # Zipkin groups spans by trace
        first = first[0]
    return isinstance(first, dict) and isinstance(first.get("traceId"), str) and isinstance(first.get("id"), str)
