"""A frame of logs as the comparison needs it: in order, with every column there, weighed by level."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.axis import in_order
from faultmaven_lib.analysis.logs.tracebacks import FIELDS, headline, holds_traceback, shortened

Array = np.ndarray[Any, np.dtype[Any]]
STANDARD = frozenset({"time", "service", "level", "message", "source", "line", "exception", "traceback"})
"""Columns that are no values of their own. An exception is part of the template."""
IDENTIFIERS = frozenset(
    "pid tid thread lineno line_number seq port connection conn session request_id trace_id span_id".split()
)
"""Fields that number things: a new value says no more than that something was started again."""
_SEVERE = frozenset({"error", "err", "fatal", "critical", "crit", "panic", "emerg", "emergency", "alert", "severe"})
_WEIGHTS = {"warn": 1.3, "warning": 1.3, "notice": 1.0, "info": 1.0, "log": 1.0, "debug": 0.7, "trace": 0.6}
_SHOWN = 300
"""Characters of a traceback that are shown."""
_FATAL = frozenset({"fatal", "critical", "crit", "panic", "emerg", "emergency", "alert"})


def lines_that_count(level: str) -> int:
    """Return how many lines of a new template count, whatever chance says: of a crash one, of an error three."""
    if level.lower() in _FATAL:
        return 1
    return 3 if is_severe(level) else 1_000_000_000


def is_severe(level: str) -> bool:
    """Whether a level says that something failed."""
    return level.lower() in _SEVERE


def level_weight(level: str) -> float:
    """How much a level adds to the score of a finding: an error ranks above the same count of debug lines."""
    return 1.7 if is_severe(level) else _WEIGHTS.get(level.lower(), 1.0)


def is_number(values: pd.Series[Any]) -> bool:
    """Whether a column holds numbers; booleans are categories."""
    return bool(pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype))


@dataclass(frozen=True)
class Lines:
    """Log lines, ascending in time."""

    at: Array
    """Nanoseconds since 1970, or the numbers of the index."""
    services: pd.Series[Any]
    levels: pd.Series[Any]
    messages: pd.Series[Any]
    """What is mined: of a traceback the exception."""
    texts: pd.Series[Any]
    """What is shown."""
    fields: pd.DataFrame

    def windowed(self, start: Any, end: Any) -> Lines:
        """Return the lines from a moment to just before another."""
        low, high = np.searchsorted(self.at, [start, end])
        chosen = slice(int(low), int(high))
        return Lines(
            self.at[chosen],
            self.services.iloc[chosen],
            self.levels.iloc[chosen],
            self.messages.iloc[chosen],
            self.texts.iloc[chosen],
            self.fields.iloc[chosen],
        )

    def numeric(self) -> Iterator[str]:
        """Yield the fields that are numbers."""
        return (str(name) for name, column in self.fields.items() if is_number(column))


def read(frame: pd.DataFrame) -> Lines:
    """Bring a frame of logs into order; columns that are missing count as empty."""
    frame = in_order(frame)
    index = frame.index
    at = index.as_unit("ns").asi8 if isinstance(index, pd.DatetimeIndex) else index.to_numpy(dtype="float64")
    frame = frame.reset_index(drop=True)
    messages = _texts(frame, "message")
    if "message" not in frame.columns or not (messages != "").any():
        messages = _texts(frame, "line")
    told = [c for c in frame.columns if str(c).lower() in FIELDS and not is_number(frame[c])]
    messages, inside = _with_tracebacks(frame, messages, told)
    shown = messages
    if "line" in frame.columns and not is_number(frame["line"]):  # the line itself, and not its number
        line = _texts(frame, "line")
        shown = line.where(line != "", messages)
    long = np.flatnonzero(messages.str.contains("\n", regex=False).to_numpy(dtype=bool))
    if len(long):
        mined, seen = (texts.to_numpy(dtype=object, copy=True) for texts in (messages, shown))
        mined[long] = [headline(m) for m in mined[long]]
        seen[long] = [shortened(m, _SHOWN) for m in seen[long]]
        messages, shown = pd.Series(mined, dtype="str"), pd.Series(seen, dtype="str")
    without = STANDARD | inside
    names = [c for c in frame.columns if c not in without and str(c).lower() not in IDENTIFIERS]
    return Lines(at, _texts(frame, "service"), _texts(frame, "level"), messages, shown, frame[names])


def _with_tracebacks(
    frame: pd.DataFrame, messages: pd.Series[Any], fields: list[str]
) -> tuple[pd.Series[Any], set[str]]:
    """Put tracebacks behind the messages that they belong to; return the fields that held them, too."""
    inside = set()
    for field in fields:
        column = _texts(frame, field)
        texts = column.to_numpy(dtype=object)
        long = np.flatnonzero(column.str.contains("\n", regex=False).to_numpy(dtype=bool)).tolist()
        rows = [row for row in long if holds_traceback(texts[row])]
        if rows:
            inside.add(field)
            joined = messages.to_numpy(dtype=object, copy=True)
            for row in rows:
                if not holds_traceback(joined[row]):
                    joined[row] = f"{str(joined[row]).rstrip()}\n{texts[row]}"
            messages = pd.Series(joined, dtype="str")
    return messages, inside


def _texts(frame: pd.DataFrame, column: str) -> pd.Series[Any]:
    if column not in frame.columns:
        return pd.Series([""] * len(frame), dtype="str")
    values = frame[column]
    if isinstance(values.dtype, pd.StringDtype):
        return values.fillna("")
    return pd.Series(["" if missing else str(v) for v, missing in zip(values, values.isna(), strict=True)], dtype="str")
