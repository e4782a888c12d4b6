"""Digest: all that the comparison of two windows needs of a log, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.logs.lines import Array, Lines, is_number, read
from faultmaven_lib.analysis.logs.miner import Label, TemplateMiner
from faultmaven_lib.analysis.logs.samples import Sample, lots
from faultmaven_lib.analysis.logs.text import text_of
from faultmaven_lib.analysis.logs.ticks import Ticks
from faultmaven_lib.analysis.logs.values import AT, TEXT
from faultmaven_lib.model import Window

CATEGORIES = 200
"""A field of a service with more values than this has none that are worth counting."""
_TEXT = 300
"""Characters of an example, and of a value, that are kept."""
_LINES, _ALL_LINES = 2_000, 200_000
"""Lines kept to look into, of a template and in all."""
_ROWS, _ALL_ROWS = 20_000, 200_000
"""Lines whose numbers are kept, of a template and in all."""
_SERVICES = 2_000
_STRAINS = 50_000
"""With more strains than this, those of one template become one."""


class Digest:
    """What is kept of the lines of one window, however many there are.

    Lines are counted by service, level and template over time, values of fields too, where a field has few of them;
    numbers, and what varies inside messages, are kept of a random sample. Digests of parts of a log merge into that
    of the whole: the result does not depend on the order of lines or parts, unless there are so many distinct ones
    that ``TemplateMiner.learn`` labels them by the template they fit.

    Parameters
    ----------
    window
        The window that the log covers, if it is known: lines outside of it are left out, and a rate counts the time
        in it without lines. Without it, the window is from the first to the last line.

    Attributes
    ----------
    miner
        The ``TemplateMiner`` that has learnt the messages.
    lines
        How many lines were taken.
    notes
        What was noticed while they were read.

    Examples
    --------
    >>> at = pd.date_range("2026-03-01T14:00Z", periods=3, freq="s")
    >>> frame = pd.DataFrame({"service": "api", "message": ["took 12 ms", "took 7 ms", "disk full"]}, index=at)
    >>> digest = Digest().update(frame[:2]).merge(Digest().update(frame[2:]))
    >>> digest.lines, digest.miner.templates_["count"].tolist()
    (3, [2, 1])
    """

    def __init__(self, window: Window | None = None) -> None:
        self.window = window
        self.miner = TemplateMiner().fit([])
        self.lines = 0
        self.notes: list[str] = []
        self.strains: dict[tuple[str, str, Label], int] = {}
        """Numbers of (service, level, label of the template)."""
        self.counts = Ticks()
        self.examples: dict[int, tuple[Any, str]] = {}
        """The first line of every strain, and its moment."""
        self.messages = Sample(_LINES, _ALL_LINES)
        """Of every strain, the lines that no number among the fields tells about."""
        self.services: dict[str, int] = {}
        self.fields: dict[tuple[str, str], dict[str, int] | None] = {}
        """For every service and field the numbers of its values; None where they are too many."""
        self.worded: set[str] = set()
        """Fields that hold texts."""
        self.values = Ticks()
        self.value_examples: dict[int, tuple[Any, str]] = {}
        self.numbers = Sample(_ROWS, _ALL_ROWS)
        """Of every strain, the numbers among the fields."""
        self._n_values = 0
        self._folded: dict[Label, Label] = {}
        """Labels whose strains were folded, and the ids of their templates."""
        self._most = _STRAINS
        self._first: Any = None
        self._last: Any = None

    def update(self, frame: pd.DataFrame) -> Self:
        """Take lines, in a frame as ``connect`` returns it.

        Raises
        ------
        ValueError
            If its index are times where that of earlier frames were numbers, or the other way round.
        """
        self.take(read(frame))
        return self

    def take(self, lines: Lines) -> None:
        """Take lines that were read already."""
        if self.window is not None and np.issubdtype(lines.at.dtype, np.integer):
            lines = lines.windowed(*(pd.Timestamp(t).as_unit("ns").value for t in (self.window.start, self.window.end)))
        if not len(lines.at):
            return
        if self._first is not None and isinstance(self._first, int) != np.issubdtype(lines.at.dtype, np.integer):
            raise ValueError("some frames have times as their index, others numbers: give all the same kind")
        first, last = lines.at[[0, -1]].tolist()
        self._first = first if self._first is None else min(self._first, first)
        self._last = last if self._last is None else max(self._last, last)
        self.lines += len(lines.at)
        service_of = self._service_numbers(lines.services)
        strain_of = self._count(lines, service_of)
        lot_of = lots(text_of(lines.texts), lines.at)
        told = self._take_numbers(lines, strain_of, lot_of)
        self._take_values(lines, service_of)
        plain = np.flatnonzero(~told)
        plain = plain[self.messages.wanted(strain_of[plain], lot_of[plain])]
        rows = pd.DataFrame({AT: lines.at[plain], "message": lines.messages.iloc[plain].array})
        self.messages.add(strain_of[plain], lot_of[plain], rows)
        if len(self.strains) > self._most:
            self._fold()

    def merge(self, other: Digest) -> Self:
        """Take over another digest, of other lines; it stays as it is."""
        self.miner.merge(other.miner)
        self.lines += other.lines
        self.notes += [note for note in other.notes if note not in self.notes]
        if other._first is not None:
            self._first = other._first if self._first is None else min(self._first, other._first)
            self._last = other._last if self._last is None else max(self._last, other._last)
        names = np.array([self._strain(*key) for key in other.strains], np.int64)
        self.counts.merge(other.counts, names)
        self.messages.merge(other.messages, names)
        self.numbers.merge(other.numbers, names)
        _merge_examples(self.examples, other.examples, names)
        if len(self.strains) > self._most:
            self._fold()
        for service in other.services:
            self.services.setdefault(service, len(self.services))
        self.worded |= other.worded
        numbers = np.full(other._n_values, -1, np.int64)
        for key, values in other.fields.items():
            if values is None:
                self._is_diverse(key)
            elif (mine := self.fields.setdefault(key, {})) is not None:
                for value, number in values.items():
                    numbers[number] = self._value_number(mine, value)
                if len(mine) > CATEGORIES:
                    self._is_diverse(key)
        _merge_examples(self.value_examples, other.value_examples, numbers)
        self.values.merge(other.values, numbers)
        return self

    @property
    def counts_samples(self) -> bool:
        """Whether the index has no time."""
        return isinstance(self._first, float) and self._last < 1e8

    @property
    def bounds(self) -> tuple[float, float]:
        """Start and end of the window as numbers, seconds for times."""
        if self.window is not None:
            return self.window.start.timestamp(), self.window.end.timestamp()
        low = float(self.seconds(self._first)) if self._first is not None else 0.0
        return low, low + self.length

    @property
    def length(self) -> float:
        """Length of the window: without a given one, what the lines cover and one mean step."""
        if self.window is not None:
            return self.window.length.total_seconds()
        if not self.lines:
            return 0.0
        span = float(self.seconds(self._last) - self.seconds(self._first))
        return span * self.lines / (self.lines - 1) if span > 0 else 1.0

    @property
    def start(self) -> Any:
        """Where the window starts, as an onset."""
        if self.window is not None:
            return self.window.start
        return None if self._first is None else moment_of(self._first)

    def seconds(self, at: Any) -> Any:
        """Return moments as floats: seconds since 1970 for times, the numbers themselves otherwise."""
        return np.asarray(at) / 1e9 if isinstance(self._first, int) else np.asarray(at, dtype="float64")

    def _service_numbers(self, services: pd.Series[Any]) -> Array:
        codes, names = pd.factorize(services)
        numbers = []
        for name in names.tolist():
            if name not in self.services and len(self.services) >= _SERVICES:
                name = ""  # noqa: PLW2901  # names without end are no names
            numbers.append(self.services.setdefault(name, len(self.services)))
        return np.array(numbers, np.int64)[codes]

    def _count(self, lines: Lines, service_of: Array) -> Array:
        """Count the lines; return the strain of every line."""
        labels, label_of = self.miner.learn(lines.messages)
        level_of, levels = pd.factorize(lines.levels)
        keys = (service_of * len(levels) + level_of) * len(labels) + label_of
        _, firsts, inverse = np.unique(keys, return_index=True, return_inverse=True)
        names = list(self.services)
        numbers = np.empty(len(firsts), np.int64)
        for i, row in enumerate(firsts.tolist()):
            strain = self._strain(names[service_of[row]], str(levels[level_of[row]]), labels[label_of[row]])
            numbers[i] = strain
            _keep_first(self.examples, strain, lines.at[row].item(), str(lines.texts.iat[row]))
        strain_of = numbers[inverse]
        self.counts.add(strain_of, lines.at)
        return strain_of

    def _strain(self, service: str, level: str, label: Label) -> int:
        return self.strains.setdefault((service, level, self._folded.get(label, label)), len(self.strains))

    def _fold(self) -> None:
        """Take the strains of one template for one: their labels become its id."""
        labels = list(dict.fromkeys(label for *_, label in self.strains))
        self._folded.update(zip(labels, self.miner.resolve(labels), strict=True))
        old = self.strains, self.counts, self.messages, self.examples, self.numbers
        self.strains, self.counts, self.examples = {}, Ticks(), {}
        self.messages, self.numbers = Sample(_LINES, _ALL_LINES), Sample(_ROWS, _ALL_ROWS)
        names = np.array([self._strain(*key) for key in old[0]], np.int64)
        self.counts.merge(old[1], names)
        self.messages.merge(old[2], names)
        _merge_examples(self.examples, old[3], names)
        self.numbers.merge(old[4], names)
        self._most = max(_STRAINS, 2 * len(self.strains))

    def _take_numbers(self, lines: Lines, strain_of: Array, lot_of: Array) -> Array:
        """Draw from the numbers among the fields; return which lines have one."""
        names = list(lines.numeric())
        there = lines.fields[names].notna().to_numpy() if names else np.zeros((len(lines.at), 1), dtype=bool)
        told = np.asarray(there.any(axis=1))
        rows = np.flatnonzero(told)
        rows = rows[self.numbers.wanted(strain_of[rows], lot_of[rows])]
        if len(rows):
            numbers = lines.fields[names].iloc[rows].astype("float64")
            numbers = numbers.assign(**{AT: lines.at[rows], TEXT: lines.texts.iloc[rows].array})
            self.numbers.add(strain_of[rows], lot_of[rows], numbers)
        return told

    def _take_values(self, lines: Lines, service_of: Array) -> None:
        """Count the values of fields that have few."""
        names = list(self.services)
        present = np.unique(service_of).tolist()
        for field, column in lines.fields.items():
            name = str(field)
            numeric = is_number(column)
            open_to = [s for s in present if self.fields.get((names[s], name), {}) is not None]
            known = column.notna().to_numpy()
            if not numeric and name not in self.worded and known.any():
                self.worded.add(name)
            if len(open_to) < len(present):
                known = known & np.isin(service_of, open_to)
            rows = np.flatnonzero(known)
            if not len(rows):
                continue
            codes, values = pd.factorize(column.iloc[rows] if len(rows) < len(known) else column)
            keys = service_of[rows] * len(values) + codes
            distinct, firsts, inverse = np.unique(keys, return_index=True, return_inverse=True)
            service_at = distinct // len(values)
            for service in np.flatnonzero(np.bincount(service_at) > CATEGORIES).tolist():
                self._is_diverse((names[service], name))
            numbers = np.full(len(distinct), -1, np.int64)
            for i, (service, first) in enumerate(zip(service_at.tolist(), rows[firsts].tolist(), strict=True)):
                kept = self.fields.setdefault((names[service], name), {})
                if kept is not None:
                    numbers[i] = number = self._value_number(kept, written(values[distinct[i] % len(values)]))
                    _keep_first(self.value_examples, number, lines.at[first].item(), str(lines.texts.iat[first]))
            for service in np.unique(service_at).tolist():
                kept = self.fields[names[service], name]
                if kept is not None and len(kept) > CATEGORIES:
                    self._is_diverse((names[service], name))
            counted = numbers[inverse]
            self.values.add(counted[counted >= 0], lines.at[rows][counted >= 0])

    def _value_number(self, kept: dict[str, int], value: str) -> int:
        if value not in kept:
            kept[value] = self._n_values
            self._n_values += 1
        return kept[value]

    def _is_diverse(self, key: tuple[str, str]) -> None:
        """Stop to count the values of a field."""
        dropped = self.fields.get(key)
        self.fields[key] = None
        if dropped:
            self.values.forget(dropped.values())
            for number in dropped.values():
                self.value_examples.pop(number, None)


def digest(frames: pd.DataFrame | Iterable[pd.DataFrame], windows: Sequence[Window] = ()) -> list[Digest]:
    """Read frames once and return a digest for each window.

    Parameters
    ----------
    frames
        A frame of logs, or an iterator over some, as ``LogSource.frames`` returns.
    windows
        For instance baseline and incident; without any, one digest of all lines is returned.

    Examples
    --------
    >>> at = pd.date_range("2026-03-01T14:00Z", periods=4, freq="min")
    >>> log = pd.DataFrame({"message": ["calm", "calm", "storm", "storm"]}, index=at)
    >>> hours = [Window.parse(f"2026-03-01T14:0{m}:00Z/2026-03-01T14:0{m + 2}:00Z") for m in (0, 2)]
    >>> [d.miner.templates_["template"].tolist() for d in digest(log, hours)]
    [['calm'], ['storm']]
    """
    found = [Digest(window) for window in windows or (None,)]
    for frame in [frames] if isinstance(frames, pd.DataFrame) else frames:
        lines = read(frame)
        for one in found:
            one.take(lines)
    return found


def moment_of(at: float) -> Any:
    """Return a moment of a digest as an onset: a time in UTC, or the number it is."""
    if isinstance(at, int | np.integer):
        return pd.Timestamp(int(at), tz="UTC").floor("us").to_pydatetime()
    return float(at)


def written(value: Any) -> str:
    """Return a value as text; a code is the same whether missing values made its column one of floats or not."""
    if isinstance(value, float):
        value = f"{value:.0f}" if value == np.floor(value) and abs(value) < 1e300 else repr(float(value))
    text = str(value)
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"


def _keep_first(examples: dict[int, tuple[Any, str]], number: int, at: Any, text: str) -> None:
    known = examples.get(number)
    if known is None or at < known[0]:
        examples[number] = (at, text if len(text) <= _TEXT else text[: _TEXT - 1] + "…")


def _merge_examples(mine: dict[int, tuple[Any, str]], others: dict[int, tuple[Any, str]], names: Array) -> None:
    for number, example in others.items():
        name = int(names[number])
        if name >= 0:
            mine[name] = min(mine.get(name, example), example)


__all__ = ["CATEGORIES", "Digest", "digest", "moment_of", "written"]
