"""Tables out of files: CSV and Parquet to frames of text and numbers, with errors that name the file."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.sources.opening import pieces
from faultmaven_lib.sources.report import FileReport

TIME_NAMES = ("time", "timestamp", "ts", "datetime", "date", "@timestamp", "_time", "at", "when", "epoch", "t")
"""Names of time columns, in lower case, in order of preference."""
_MAX_JSON = 256 * 1024 * 1024


def read_csv(path: Path, report: FileReport, rows: int | None = None) -> pd.DataFrame:
    """Read a CSV file, compressed or not, all cells as text; two header rows become (service, metric)."""
    data = b"".join(pieces(path, report)) if rows is None else _head(path, report)
    if report.problem.startswith("could not be read"):
        raise SourceError(f"{path} {report.problem}: check the path and its permissions")
    text = data.decode("utf-8", "replace")
    report.replaced += text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    text = text.replace("\x00", "\ufffd")
    if not text.strip():
        report.empty = True
        return pd.DataFrame()
    first, _, rest = text.partition("\n")
    header: Any = 0
    if first.split(",")[0].strip().lower() == "service" and rest.split(",", 1)[0].strip().lower() == "metric":
        header = [0, 1]
    separator = max(",;\t", key=first.count)
    options: dict[str, Any] = {"dtype": "str", "keep_default_na": False, "sep": separator, "nrows": rows}
    try:
        table: pd.DataFrame = pd.read_csv(io.StringIO(text), header=header, **options)
    except (ValueError, pd.errors.ParserError, RecursionError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise SourceError(f"{path} is not a readable CSV table: {reason}") from None
    return table


def _head(path: Path, report: FileReport) -> bytes:
    """The first whole lines of a file."""
    data = b""
    for piece in pieces(path, report):
        data += piece
        if len(data) > 65_536:
            return data[: data.rfind(b"\n", 0, len(data)) + 1] or data
    return data


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file with its index."""
    try:
        # Without Arrow's own threads: one that is still starting when Python exits aborts the process.
        return pd.read_parquet(path, use_threads=False, pre_buffer=False)
    except Exception as error:  # noqa: BLE001 (pyarrow raises many kinds; all mean the same to a reader)
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise SourceError(f"{path} is not a readable Parquet table: {reason}") from None


def read_json(path: Path, report: FileReport) -> Any:
    """Read a JSON document, or JSON lines as a list."""
    data = b""
    for piece in pieces(path, report):
        data += piece
        if len(data) > _MAX_JSON:
            raise SourceError(f"{path} is larger than {_MAX_JSON:,} bytes: split it, or write JSON lines as a log")
    if report.problem.startswith("could not be read"):
        raise SourceError(f"{path} {report.problem}: check the path and its permissions")
    text = data.decode("utf-8", "replace").replace("\x00", "\ufffd")
    try:
        return json.loads(text)
    except RecursionError:
        raise SourceError(f"{path} is nested too deeply to be read as JSON") from None
    except ValueError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2 or not lines[0].lstrip().startswith("{"):
            if not lines:
                report.empty = True
                return []
            raise SourceError(f"{path} is not JSON: {error}") from None
    found = []
    for line in lines:
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError):
            report.skipped += 1
    if not found:
        raise SourceError(f"{path} is neither a JSON document nor JSON lines")
    return found


def time_column(frame: pd.DataFrame) -> Any | None:
    """Return the column that holds the time, or None; the index counts if it is one of times."""
    lower: dict[str, Any] = {}
    for column in frame.columns:
        label = str(column[0] if isinstance(column, tuple) else column).strip().lower()
        lower.setdefault(label, column)
    return next((lower[name] for name in TIME_NAMES if name in lower), None)
