"""Stored frames as the files of a recording, in formats that ``connect`` reads back."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.exceptions import SourceError

_READ_AGAIN = frozenset({"source", "line"})
"""Columns of logs that say where a line stood: in the new file it stands elsewhere."""


def kind_of_frame(frame: pd.DataFrame) -> str:
    """Return what a stored frame holds: ``logs``, ``metrics``, ``traces``, ``changes``; empty if none of these.

    Examples
    --------
    >>> kind_of_frame(pd.DataFrame(columns=["service", "level", "message"])), kind_of_frame(pd.DataFrame())
    ('logs', '')
    """
    if isinstance(frame.columns, pd.MultiIndex):
        return "metrics"
    names = set(map(str, frame.columns))
    if {"trace", "span", "parent", "duration"} <= names:
        return "traces"
    if {"time", "kind", "commit", "diff"} <= names:
        return "changes"
    return "logs" if {"service", "level", "message"} <= names else ""


def write_frame(frame: pd.DataFrame, folder: Path, number: int) -> str:
    """Write a frame of logs, metrics, traces or changes into a folder; return the name of the file.

    Raises
    ------
    SourceError
        If it is none of these.
    """
    kind = kind_of_frame(frame)
    if kind == "logs":
        # By its name it is a log, whatever the fields of its lines look like.
        name = f"logs-{number}.log.gz"
        with gzip.GzipFile(folder / name, "wb", mtime=0) as file:
            for record in _log_records(frame):
                file.write(json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        return name
    if kind == "metrics":
        name = f"metrics-{number}.parquet"
        frame.to_parquet(folder / name, compression="zstd")
        return name
    if kind == "traces":
        name = f"spans-{number}.parquet"
        frame.reset_index(drop=True).to_parquet(folder / name, compression="zstd")  # the time is in its column start
        return name
    if kind == "changes":
        name = f"changes-{number}.json"
        events = [{**r, "time": r["time"].isoformat(), "files": _lines(r.get("files"))} for r in _records(frame)]
        (folder / name).write_text(json.dumps(events, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return name
    raise SourceError(
        f"a frame with the columns {', '.join(map(str, frame.columns[:8]))} is no log, metric, trace or change"
    )


def _log_records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    stamps = [at.isoformat() for at in pd.DatetimeIndex(frame.index)]
    fields = _records(frame.drop(columns=[c for c in frame.columns if c in _READ_AGAIN]))
    return [{"time": at, **record} for at, record in zip(stamps, fields, strict=True)]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON takes them, without what is missing."""
    return [
        {str(name): _plain(value) for name, value in row.items() if value is not None and value == value}
        for row in frame.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _lines(files: Any) -> list[str]:
    return str(files or "").splitlines()
