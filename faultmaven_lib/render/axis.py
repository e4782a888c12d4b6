"""The time axis of a small chart: where a moment lies, where the axis is broken, what is drawn as one line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from faultmaven_lib.model import Window
from faultmaven_lib.render.formats import number

if TYPE_CHECKING:
    import pandas as pd

_FAR = 0.25
"""Windows further apart than this part of their lengths are drawn side by side, the axis broken between them."""
_UNEQUAL = 6.0
"""So are windows of which one is this many times longer than the other: the shorter would be a hairline."""
_LEAST = 0.3
_BREAK = 14.0
_SILENCE = 5.0
"""A pause longer than this many usual steps is a gap in the line."""
_POINTS = 2
"""Lowest and highest kept of so many pixels' values."""


def number_line(series: pd.Series[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return times (seconds since 1970 for a time index) and values as sorted floats; infinities are gaps."""
    index: Any = series.index
    if hasattr(index, "tz"):
        times = (index if index.tz is not None else index.tz_localize("UTC")).as_unit("ns").asi8 / 1e9
        times[np.asarray(index.isna())] = np.nan
    else:
        times = np.array([_float(value) for value in index], dtype="float64")
    values = series.astype("float64").to_numpy(na_value=np.nan).copy()
    values[~np.isfinite(values)] = np.nan
    placed = np.isfinite(times)
    order = np.argsort(times[placed], kind="stable")
    return times[placed][order], values[placed][order]


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


@dataclass(frozen=True)
class Axis:
    """One or two stretches of time on a line of pixels.

    Examples
    --------
    >>> axis = Axis.over(np.array([0.0, 10.0]), (), 0, 100)
    >>> axis.x(5.0), axis.labels()
    (50.0, [('0', 0, 'start'), ('10', 100, 'end')])
    """

    spans: tuple[tuple[float, float, float, float], ...]
    """Start and end in time, start and end in pixels."""
    timed: bool = False
    inner: tuple[float, ...] = ()
    """Moments to be labelled between the ends."""

    @classmethod
    def over(
        cls, times: np.ndarray, windows: Sequence[Window | None], x0: float, x1: float, *, timed: bool = False
    ) -> Axis:
        """Return the axis that shows the windows, or all times where there are none."""
        given = sorted((w.start.timestamp(), w.end.timestamp()) for w in windows if w is not None)
        if not given:
            low, high = (float(times.min()), float(times.max())) if len(times) else (0.0, 1.0)
            high = high if high > low else low + 1.0
            return cls(((low, high, x0, x1),), timed)
        start, end = given[0][0], max(stop for _, stop in given)
        lengths = [stop - begin for begin, stop in given]
        apart = len(given) > 1 and given[1][0] - given[0][1] > _FAR * sum(lengths)
        unequal = len(given) > 1 and max(lengths) > _UNEQUAL * min(lengths) and given[1][0] >= given[0][1]
        if not (apart or unequal):
            return cls(((start, end, x0, x1),), timed, tuple(begin for begin, _ in given[1:]))
        part = min(max(lengths[0] / sum(lengths), _LEAST), 1 - _LEAST)
        middle = x0 + (x1 - x0) * part
        return cls(((*given[0], x0, middle - _BREAK / 2), (*given[1], middle + _BREAK / 2, x1)), timed)

    def x(self, at: float) -> float:
        """Return the pixel of a moment; one outside is put at the nearest end."""
        for start, end, x0, x1 in self.spans:
            if at <= end:
                return x0 + (x1 - x0) * max(0.0, at - start) / (end - start)
        return self.spans[-1][3]

    def width(self, at: float, length: float) -> float:
        """Return the pixels that a length of time takes from a moment on, up to the end of its stretch."""
        start, end, x0, x1 = next(span for span in self.spans if at <= span[1])
        return (x1 - x0) * min(length, end - at) / (end - start)

    def holds(self, times: np.ndarray) -> np.ndarray:
        """Return which moments the axis shows."""
        inside = np.zeros(len(times), dtype=bool)
        for start, end, *_ in self.spans:
            inside |= (times >= start) & (times <= end)
        return inside

    def labels(self) -> list[tuple[str, float, str]]:
        """Return texts, pixels and how each text stands to its pixel."""
        first, last = self.spans[0][0], self.spans[-1][1]
        with_day = self.timed and (last - first >= 86400)
        marks = []
        for start, end, x0, x1 in self.spans:
            marks += [(start, x0, "start"), (end, x1, "end")]
        for at in self.inner:
            x = self.x(at)
            if min(x - marks[0][1], marks[-1][1] - x) > 64:
                marks.append((at, x, "middle"))
        if with_day and len(self.spans) > 1:
            marks = [mark for mark in marks if mark[2] == "start"]
        return [(self._label(at, with_day, x == marks[0][1]), x, place) for at, x, place in marks]

    def _label(self, at: float, with_day: bool, first: bool) -> str:
        if not self.timed:
            return number(at)
        text = datetime.fromtimestamp(at, UTC).strftime("%m-%d %H:%M" if with_day else "%H:%M")
        return f"{text} UTC" if first else text

    def runs(self, times: np.ndarray, values: np.ndarray) -> Iterator[list[tuple[float, float]]]:
        """Yield what is drawn as one line: unbroken by a gap or the break of the axis, thinned to what can be seen."""
        if not len(times):
            return
        steps = np.diff(times)
        usual = float(np.median(steps)) if len(steps) else 0.0
        ends = [end for _, end, *_ in self.spans[:-1]]
        run: list[tuple[float, float]] = []
        for at, value in self._thinned(times, values):
            broken = run and (
                at - run[-1][0] > max(_SILENCE * usual, self._pixel(at) * 8)
                or any(run[-1][0] <= end < at for end in ends)
            )
            if run and (broken or math.isnan(value)):
                yield run
                run = []
            if not math.isnan(value):
                run.append((at, value))
        if run:
            yield run

    def _pixel(self, at: float) -> float:
        start, end, x0, x1 = next((span for span in self.spans if at <= span[1]), self.spans[-1])
        return (end - start) / max(1.0, x1 - x0)

    def _thinned(self, times: np.ndarray, values: np.ndarray) -> Iterator[tuple[float, float]]:
        pixels = int(self.spans[-1][3] - self.spans[0][2])
        size = -(-len(times) // (_POINTS * max(1, pixels)))
        if size <= 2:
            yield from zip(times.tolist(), values.tolist(), strict=True)
            return
        for start in range(0, len(times), size):
            part = values[start : start + size]
            known = np.flatnonzero(np.isfinite(part))
            if not len(known):
                yield float(times[start]), float("nan")
                continue
            # The extremes of each part stay: a spike of one sample is what the chart is for.
            for place in sorted({known[np.argmin(part[known])], known[np.argmax(part[known])]}):
                yield float(times[start + place]), float(part[place])
