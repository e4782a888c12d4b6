"""A frame of logs as the comparison needs it: in order, with every column there, weighed by level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.axis import counts_samples, in_order, length, seconds, start
from faultmaven_lib.analysis.logs.tracebacks import headline
from faultmaven_lib.model import Window

_SEVERE = frozenset({"error", "err", "fatal", "critical", "crit", "panic", "emerg", "emergency", "alert", "severe"})
_WEIGHTS = {"warn": 1.3, "warning": 1.3, "notice": 1.0, "info": 1.0, "log": 1.0, "debug": 0.7, "trace": 0.6}


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


@dataclass(frozen=True)
class Lines:
    """Log lines of one window, ascending in time."""

    frame: pd.DataFrame
    services: list[str]
    levels: list[str]
    messages: list[str]
    window: Window | None

    @property
    def at(self) -> np.ndarray[Any, Any]:
        """Seconds (or numbers) of every line."""
        return seconds(self.frame.index)

    @property
    def length(self) -> float:
        """Length of the window."""
        return length(self.frame.index, self.window)

    @property
    def start(self) -> Any:
        """Where the window starts, as an onset."""
        return start(self.frame.index, self.window)

    @property
    def bounds(self) -> tuple[float, float]:
        """Start and end of the window as numbers."""
        if self.window is not None:
            return self.window.start.timestamp(), self.window.end.timestamp()
        return (float(self.at[0]), float(self.at[0]) + self.length) if len(self.at) else (0.0, 0.0)

    @property
    def counts_samples(self) -> bool:
        """Whether the index has no time."""
        return counts_samples(self.frame.index)

    def example(self, row: int, bound: int = 300) -> str:
        """Return one line as it was logged, bounded."""
        column = "line" if "line" in self.frame.columns else "message"
        value = self.frame[column].iloc[row] if column in self.frame.columns else ""
        text = self.messages[row] if pd.isna(value) or not str(value) else str(value)
        return text if len(text) <= bound else text[: bound - 1] + "…"


def read(frame: pd.DataFrame, window: Window | None = None) -> Lines:
    """Bring a frame of logs into order; columns that are missing count as empty."""
    frame = in_order(frame)
    messages = _texts(frame, "message")
    if "message" not in frame.columns or not any(messages):
        messages = _texts(frame, "line")
    short = {m: headline(m) for m in set(messages) if "\n" in m}
    messages = [short.get(m, m) for m in messages]
    return Lines(frame, _texts(frame, "service"), _texts(frame, "level"), messages, window)


def _texts(frame: pd.DataFrame, column: str) -> list[str]:
    if column not in frame.columns:
        return [""] * len(frame)
    values = frame[column].astype(object)
    return [str(v) for v in values.where(values.notna(), "")]
