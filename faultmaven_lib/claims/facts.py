"""Facts: the numbers, times and words that evidence, findings and hypotheses put at a claim's disposal."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from math import floor, isfinite, log10
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.claims.language import MOMENT, NUMBER, WORD
from faultmaven_lib.model import Evidence, Finding, Hypothesis, Window, duration

# What one unit of the text is in the unit the evidence may be in. A number without a unit has to be found as it is.
_SCALES = {
    "ms": (1.0, 1e-3),
    "µs": (1.0, 1e-6),
    "ns": (1.0, 1e-9),
    "s": (1.0, 1e3),
    "min": (1.0, 60.0),
    "h": (1.0, 3600.0),
    "d": (1.0, 86400.0),
    "%": (1.0, 0.01),
    "k": (1e3,),
    "K": (1e3,),
    "M": (1e6,),
    "B": (1.0,),
    "kB": (1e3,),
    "MB": (1e6,),
    "GB": (1e9,),
    "TB": (1e12,),
    "KiB": (2.0**10,),
    "MiB": (2.0**20,),
    "GiB": (2.0**30,),
    "TiB": (2.0**40,),
}
_NOT_FACTS = frozenset({"line", "score", "p_value", "operation", "evidence"})
"""Columns that number or rank rows: a claim that happens to hit one of them has not been supported."""

_DAY = 86_400 * 10**9


class Facts:
    """What a claim may say, gathered from what it cites."""

    def __init__(self) -> None:
        self._numbers: list[np.ndarray[Any, Any]] = []
        self._times: list[np.ndarray[Any, Any]] = []
        self._seconds: set[float] = set()
        self._texts: list[str] = []
        self._all_numbers: np.ndarray[Any, Any] | None = None
        self._words: set[str] | None = None
        self._blob: str | None = None

    def add_window(self, window: Window | None) -> None:
        """Add the ends and the length of a window."""
        if window is not None:
            self.add_time(window.start)
            self.add_time(window.end)
            self._seconds.add(window.length.total_seconds())

    def add_time(self, moment: datetime) -> None:
        """Add one moment."""
        self._times.append(np.array([pd.Timestamp(moment).as_unit("ns").value]))

    def add_text(self, *texts: str) -> None:
        """Add text: its words, and the numbers and times in it."""
        self._texts += [text for text in texts if text]

    def add_numbers(self, *numbers: float | None) -> None:
        """Add numbers as they are."""
        self._numbers.append(np.array([n for n in numbers if n is not None and isfinite(n)], dtype="float64"))

    def add_evidence(self, entry: Evidence) -> None:
        """Add all that a recorded result holds."""
        self.add_window(entry.window)
        self.add_numbers(entry.rows)
        self.add_text(entry.source, entry.query, *(c.replace("\x1f", " ") for c in entry.columns))
        frame = entry.frame
        columns = [(str(name), frame.iloc[:, i]) for i, name in enumerate(frame.columns)]
        for name, column in [*columns, ("", frame.index.to_series())]:
            if name in _NOT_FACTS or (name == "" and isinstance(frame.index, pd.RangeIndex)):
                continue
            if pd.api.types.is_datetime64_any_dtype(column.dtype):
                # A missing time is the smallest integer, which no text can name.
                self._times.append(column.astype("datetime64[ns, UTC]").astype("int64").to_numpy())
            elif pd.api.types.is_numeric_dtype(column.dtype):
                self._numbers.append(column.dropna().to_numpy(dtype="float64"))
            else:
                self.add_text(*column.dropna().astype(str).unique())

    def add_finding(self, finding: Finding) -> None:
        """Add what a stored finding says, its sizes, and their ratio."""
        self.add_text(finding.service, finding.subject, finding.sentence, finding.example, finding.kind.value)
        self.add_text(finding.unit)
        self.add_numbers(finding.before, finding.after, finding.size)
        if finding.before and finding.after is not None:
            self.add_numbers(finding.after / finding.before)
        if isinstance(finding.onset, datetime):
            self.add_time(finding.onset)
        elif finding.onset is not None:
            self.add_numbers(finding.onset)

    def add_hypothesis(self, hypothesis: Hypothesis) -> None:
        """Add the service, the mechanism and the standing of a hypothesis, not its sentence: that is what is judged."""
        self.add_text(hypothesis.service, hypothesis.mechanism.phrase, hypothesis.status.value)
        self.add_text(hypothesis.confidence.value)
        self.add_numbers(len(hypothesis.supports), len(hypothesis.contradicts))
        if isinstance(hypothesis.onset, datetime):
            self.add_time(hypothesis.onset)

    @property
    def blob(self) -> str:
        """All text, lower case, white space folded."""
        if self._blob is None:
            self._blob = "\n".join(fold(text) for text in self._texts)
        return self._blob

    def has_word(self, word: str) -> bool:
        """Whether a word occurs, alone or as the name of something."""
        if self._words is None:
            found = {match.group().lower() for match in WORD.finditer(self.blob)}
            self._words = found | {part for word in found for part in re.split(r"[-./:@_]", word)}
        return word.lower() in self._words

    def has_phrase(self, phrase: str) -> bool:
        """Whether a quoted text occurs; an ellipsis at its end stands for the rest."""
        wanted = fold(phrase).removesuffix("…").removesuffix("...").strip()
        return bool(wanted) and wanted in self.blob

    def has_number(self, text: str, unit: str = "") -> bool:
        """Whether a number occurs, to the digits in which it is written, in its unit or one it converts to."""
        value = abs(float(text.replace(",", "")))
        digits = significant_digits(text)
        numbers = np.abs(self._numbers_found())
        for scale in _SCALES.get(unit, (1.0,)):
            wanted = value * scale
            tolerance = 0.5000001 * 10.0 ** (floor(log10(wanted)) - digits + 1) if wanted else 1e-12
            if bool(np.any(np.abs(numbers - wanted) <= tolerance)):
                return True
        seconds = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}.get(unit)
        return seconds is not None and self._has_seconds(value * seconds, 0.5)

    def has_duration(self, text: str) -> bool:
        """Whether a duration occurs: in words, as the length of a window, or as a number of seconds."""
        if fold(text) in self.blob:
            return True
        return self._has_seconds(duration(text).total_seconds(), 0.5)

    def _has_seconds(self, span: float, tolerance: float) -> bool:
        return any(abs(span - known) <= tolerance for known in self._seconds)

    def has_moment(self, text: str) -> bool:
        """Whether a date or a time of day (UTC) occurs, to the precision in which it is written."""
        match = MOMENT.fullmatch(text.strip())
        if match is None:
            return False
        times = self._times_found()
        date, clock = match.group("date"), match.group("at") or match.group("clock")
        if clock is None:
            return bool(np.any(times // _DAY == pd.Timestamp(date).as_unit("ns").value // _DAY))
        unit = _precision(clock)
        wanted = pd.Timestamp(f"{date or '1970-01-01'}T{clock}").as_unit("ns").value
        return bool(np.any((times if date else times % _DAY) // unit == wanted // unit))

    def _numbers_found(self) -> np.ndarray[Any, Any]:
        if self._all_numbers is None:
            in_text = [_value(m) for text in self._texts for m in NUMBER.finditer(text)]
            self._all_numbers = np.unique(np.concatenate([*self._numbers, np.array(in_text, dtype="float64")]))
        return self._all_numbers

    def _times_found(self) -> np.ndarray[Any, Any]:
        found = [match for text in self._texts for match in MOMENT.finditer(text)]
        stamps = [
            f"{m.group('date') or '1970-01-01'}T{m.group('at') or m.group('clock')}"
            for m in found
            if m.group("at") or m.group("clock")
        ]
        return np.concatenate(
            [*self._times, pd.to_datetime(stamps, format="ISO8601", errors="coerce").as_unit("ns").asi8]
        )


def _precision(clock: str) -> int:
    """Return the nanoseconds of the last digit of a time of day."""
    if "." in clock:
        return int(10 ** (9 - len(clock.partition(".")[2])))
    return 10**9 if clock.count(":") == 2 else 60 * 10**9


def fold(text: str) -> str:
    """Return the text in lower case with white space folded, as it is compared."""
    return " ".join(text.lower().split())


def significant_digits(text: str) -> int:
    """Return how many digits of a number are said to be known; trailing zeros of a whole number are.

    Examples
    --------
    >>> significant_digits("0.0120"), significant_digits("1,234"), significant_digits("300")
    (3, 4, 3)
    """
    mantissa = re.split(r"[eE]", text.replace(",", ""))[0]
    return max(1, len(mantissa.replace(".", "").lstrip("0")))


def _value(match: re.Match[str]) -> float:
    return abs(float(match.group("digits").replace(",", "")))


def without(text: str, phrases: Iterable[str]) -> str:
    """Return the text without the phrases that stand in it to the letter."""
    for phrase in phrases:
        if phrase:
            text = text.replace(phrase, " ")
    return text
