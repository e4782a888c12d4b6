"""Small charts as inline SVG: a time series with its baseline, its incident and its onset; a sparkline.

No library and no script: a chart is text that prints, scales and is read out. Colours come from the style
sheet; without it the chart is still drawn, in the colour of the text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from markupsafe import Markup

from faultmaven_lib.model import Window
from faultmaven_lib.render.axis import Axis, number_line
from faultmaven_lib.render.escape import clip, visible
from faultmaven_lib.render.formats import count, moment, number

if TYPE_CHECKING:
    import pandas as pd

_WIDTH, _HEIGHT = 400.0, 150.0
_X0, _X1, _TOP, _FLOOR = 56.0, 336.0, 28.0, 116.0
"""The plot itself; scales stand left of it, medians right, times below."""
_FLAT = 0.2
"""A range smaller than this part of the level is drawn by itself, not from zero."""
_LABELLED_CHANGES = 2
_LABEL_LENGTH = 34


def timeseries(
    series: pd.Series[Any],
    *,
    title: str,
    caption: str = "",
    unit: str = "",
    window: Window | None = None,
    baseline: Window | None = None,
    onset: datetime | float | None = None,
    changes: Sequence[tuple[datetime, str]] = (),
    zone: str | tzinfo | None = None,
    style: Literal["line", "bars"] = "line",
) -> str:
    """Return a figure: baseline grey, incident shaded, onset labelled, changes as ticks under the time axis.

    Parameters
    ----------
    series
        Numbers over a UTC time index, or over plain numbers; missing values are gaps.
    title
        What the chart shows.
    caption
        A sentence under the title.
    unit
        Of the values.
    window, baseline
        The incident and what it is compared with. Where they lie far apart the time axis is broken between
        them. Without them, and over plain numbers, the whole series is drawn.
    onset
        Where it began.
    changes
        When something was changed, and what.
    zone
        The reader's zone, for the description.
    style
        ``bars`` for counts per interval.

    Examples
    --------
    >>> import pandas as pd
    >>> times = pd.date_range("2026-03-01T14:00Z", periods=3, freq="min")
    >>> figure = timeseries(pd.Series([1.0, None, 3.0], times), title="api latency", unit="s")
    >>> figure.startswith('<figure class="fm-chart">'), "2 values from 1.00 s to 3.00 s" in figure
    (True, True)
    """
    caption_html = Markup("<span>{}</span>").format(visible(caption)) if caption else ""
    heading = Markup("<figcaption><b>{}</b>{}</figcaption>").format(visible(title), caption_html)
    times, values = number_line(series)
    timed = _is_timed(series)
    if not timed:
        window, baseline, changes = None, None, ()
    axis = Axis.over(times, (baseline, window), _X0, _X1, timed=timed)
    inside = axis.holds(times)
    plot = _Plot(axis, times[inside], values[inside], window, from_zero=style == "bars")
    if not len(plot.known):
        empty = Markup('<p class="fm-empty">No values in these windows.</p>')
        return Markup('<figure class="fm-chart">{}{}</figure>').format(heading, empty)
    parts = [
        _ground(plot, window, baseline, unit),
        _bars(plot) if style == "bars" else _lines(plot) + _medians(plot, unit),
        _onset(axis, onset),
        _changes(axis, changes, zone),
        *(_text(x, _HEIGHT - 6, text, "fm-c-label", place) for text, x, place in axis.labels()),
    ]
    drawing = Markup(
        '<svg viewBox="0 0 {w:.0f} {h:.0f}" role="img" aria-label="{title}">'
        "<title>{title}</title><desc>{told}</desc>{parts}</svg>"
    ).format(
        w=_WIDTH,
        h=_HEIGHT,
        title=visible(title),
        told=_told(plot, unit, onset, changes, zone),
        parts=Markup("").join(parts),
    )
    return Markup('<figure class="fm-chart">{}{}</figure>').format(heading, drawing)


def sparkline(
    series: pd.Series[Any],
    *,
    title: str,
    unit: str = "",
    window: Window | None = None,
    width: int = 120,
    height: int = 24,
) -> str:
    """Return a line as high as a line of text, the incident in the accent colour, its last value a dot.

    Examples
    --------
    >>> import pandas as pd
    >>> "no values" in sparkline(pd.Series([], dtype=float), title="errors")
    True
    """
    times, values = number_line(series)
    axis = Axis.over(times, (), 3, width - 3)
    plot = _Plot(axis, times, values, window if _is_timed(series) else None, top=3, floor=height - 3)
    told, drawn = f"{title}: no values", Markup("")
    if len(plot.known):
        low, high, last = (number(float(v), unit) for v in (plot.known.min(), plot.known.max(), plot.known[-1]))
        told = f"{title}: from {low} to {high}, last {last}"
        end = int(np.flatnonzero(np.isfinite(values))[-1])
        drawn = _lines(plot) + Markup('<circle class="fm-c-now" cx="{}" cy="{}" r="2" fill="currentColor"/>').format(
            _f(axis.x(times[end])), _f(plot.y(values[end]))
        )
    return Markup(
        '<svg class="fm-spark" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{t}">'
        "<title>{t}</title>{parts}</svg>"
    ).format(w=width, h=height, t=visible(told), parts=drawn)


class _Plot:
    """Points, where the incident starts in them, and the scale of their values."""

    def __init__(
        self,
        axis: Axis,
        times: np.ndarray,
        values: np.ndarray,
        window: Window | None,
        *,
        from_zero: bool = False,
        top: float = _TOP,
        floor: float = _FLOOR,
    ) -> None:
        self.axis, self.times, self.values = axis, times, values
        self.top, self.floor = top, floor
        self.is_now = times >= (window.start.timestamp() if window is not None else -math.inf)
        finite = np.isfinite(values)
        self.known = values[finite]
        self.before, self.now = values[finite & ~self.is_now], values[finite & self.is_now]
        self.low, self.high = _limits(self.known, from_zero) if len(self.known) else (0.0, 1.0)

    def y(self, value: float) -> float:
        """Return the pixel of a value."""
        # Halves first: a range may be wider than the largest float.
        part = (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)
        return self.floor - part * (self.floor - self.top)


def _is_timed(series: pd.Series[Any]) -> bool:
    return hasattr(series.index, "tz")


def _limits(known: np.ndarray, from_zero: bool) -> tuple[float, float]:
    low, high = float(known.min()), float(known.max())
    if low >= 0 and (from_zero or high - low >= _FLAT * high):
        low = 0.0
    if high / 2 - low / 2 > 0:
        return low, high
    pad = min(abs(high) * 0.1, 1e300) or 1.0
    return (0.0, high + pad) if low == 0 else (low - pad, high + pad)


def _median(values: np.ndarray) -> float:
    return float(np.median(values / 2)) * 2  # the sum of two in the middle may be more than a float holds


def _f(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(x: float, y: float, text: str, css: str, place: str = "start") -> Markup:
    return Markup('<text class="{}" x="{}" y="{}" text-anchor="{}" fill="currentColor">{}</text>').format(
        css, _f(x), _f(y), place, visible(text)
    )


def _ground(plot: _Plot, window: Window | None, baseline: Window | None, unit: str) -> Markup:
    axis, parts = plot.axis, []
    if window is not None:
        x0, x1 = axis.x(window.start.timestamp()), axis.x(window.end.timestamp())
        parts += [
            Markup(
                '<rect class="fm-c-shade" x="{}" y="{}" width="{}" height="{}" fill="currentColor" fill-opacity=".08"/>'
            ).format(_f(x0), _f(_TOP), _f(max(0.0, x1 - x0)), _f(_FLOOR - _TOP)),
            _text(x1 - 4, _TOP - 6, "incident", "fm-c-label", "end"),
        ]
    if baseline is not None:
        parts.append(_text(axis.x(baseline.start.timestamp()), _TOP - 6, "baseline", "fm-c-label"))
    parts += [
        Markup('<path class="fm-c-axis" d="M{} {}H{}" fill="none" stroke="currentColor"/>').format(
            _f(x0), _f(_FLOOR), _f(x1)
        )
        for *_, x0, x1 in axis.spans
    ]
    parts.append(_text(_X0 - 6, _TOP + 6, number(plot.high, unit), "fm-c-label", "end"))
    parts.append(_text(_X0 - 6, _FLOOR, number(plot.low, unit), "fm-c-label", "end"))
    return Markup("").join(parts)


def _lines(plot: _Plot) -> Markup:
    drawn = []
    for css, part in (("fm-c-base", ~plot.is_now), ("fm-c-now", plot.is_now)):
        path = []
        for run in plot.axis.runs(plot.times[part], plot.values[part]):
            points = [f"{_f(plot.axis.x(at))} {_f(plot.y(value))}" for at, value in run]
            # A lone point between two gaps is a line of no length with round ends.
            path.append("M" + "L".join(points if len(points) > 1 else points * 2))
        if path:
            drawn.append(
                Markup('<path class="{}" d="{}" fill="none" stroke="currentColor" stroke-linecap="round"/>').format(
                    css, "".join(path)
                )
            )
    return Markup("").join(drawn)


def _bars(plot: _Plot) -> Markup:
    step = float(np.median(np.diff(plot.times))) if len(plot.times) > 1 else 0.0
    drawn = []
    for at, value, is_now in zip(plot.times.tolist(), plot.values.tolist(), plot.is_now.tolist(), strict=True):
        if not (math.isfinite(value) and value > 0):
            continue
        y = min(plot.y(value), plot.floor - 1)
        # A bar covers the interval that starts at its time, less a hairline.
        width = max(1.0, plot.axis.width(at, step) - 0.8) if step else 3.0
        drawn.append(
            Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" fill="currentColor"/>').format(
                "fm-c-now" if is_now else "fm-c-base", _f(plot.axis.x(at)), _f(y), _f(width), _f(plot.floor - y)
            )
        )
    return Markup("").join(drawn)


def _medians(plot: _Plot, unit: str) -> Markup:
    """Write the medians at the right margin, apart from each other."""
    marks = [
        (css, _median(values))
        for css, values in (("fm-c-now-label", plot.now), ("fm-c-label", plot.before))
        if len(values)
    ]
    places = [min(plot.y(value) + 4, _FLOOR) for _, value in marks]
    if len(places) == 2 and abs(places[0] - places[1]) < 12:
        up = -6 if marks[0][1] >= marks[1][1] else 6
        middle = min(max(sum(places) / 2, _TOP + 6), _FLOOR - 6)
        places = [middle + up, middle - up]
    return Markup("").join(
        _text(_X1 + 6, y, number(value, unit), css) for (css, value), y in zip(marks, places, strict=True)
    )


def _onset(axis: Axis, onset: datetime | float | None) -> Markup:
    at = onset.timestamp() if isinstance(onset, datetime) else onset
    if at is None or axis.timed != isinstance(onset, datetime) or not axis.holds(np.array([at]))[0]:
        return Markup("")
    x = axis.x(at)
    label = f"onset {onset:%H:%M:%S}" if isinstance(onset, datetime) else f"onset {number(at)}"
    # The label stands left of the line where the line is in the right half.
    place, side = ("end", -4) if x > (_X0 + _X1) / 2 else ("start", 4)
    line = Markup('<path class="fm-c-onset" d="M{} {}V{}" fill="none" stroke="currentColor"/>').format(
        _f(x), 2, _f(_FLOOR)
    )
    return line + _text(x + side, _TOP - 18, label, "fm-c-onset-label", place)


def _changes(axis: Axis, changes: Sequence[tuple[datetime, str]], zone: str | tzinfo | None) -> Markup:
    drawn = []
    for at, what in changes:
        if not axis.holds(np.array([at.timestamp()]))[0]:
            continue
        x = axis.x(at.timestamp())
        drawn.append(
            Markup(
                '<path class="fm-c-change" d="M{} {}l4 8h-8z" fill="currentColor"><title>{}, {}</title></path>'
            ).format(_f(x), _f(_FLOOR + 1), visible(what), moment(at, zone))
        )
        if len(changes) <= _LABELLED_CHANGES:
            place, side = ("end", -7) if x > _X0 + (_X1 - _X0) * 0.6 else ("start", 7)
            short = what if len(what) <= _LABEL_LENGTH else what[: _LABEL_LENGTH - 1] + "…"
            drawn.append(_text(x + side, _FLOOR + 11, short, "fm-c-label", place))
    return Markup("").join(drawn)


def _told(
    plot: _Plot,
    unit: str,
    onset: datetime | float | None,
    changes: Sequence[tuple[datetime, str]],
    zone: str | tzinfo | None,
) -> str:
    low, high = number(float(plot.known.min()), unit), number(float(plot.known.max()), unit)
    words = [f"{count(len(plot.known), 'value')} from {low} to {high}"]
    if len(plot.before) and len(plot.now):
        before, now = (number(_median(v), unit) for v in (plot.before, plot.now))
        words.append(f"median {before} before and {now} in the incident")
    if isinstance(onset, datetime):
        words.append(f"onset {moment(onset, zone)}")
    if changes:
        words.append("changes: " + ", ".join(clip(what, 60) for _, what in changes[:5]))
    return visible("; ".join(words) + ".")
