"""What all charts share: colours, harmless text, the time axis, the shaded incident, the empty state."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from faultmaven_lib.exceptions import MissingExtra
from faultmaven_lib.model import Window
from faultmaven_lib.render.escape import one_line
from faultmaven_lib.render.formats import local_text

if TYPE_CHECKING:
    import plotly.graph_objects as go

INK = "#66707b"
"""Text and axes where no style sheet reaches: it reads on white and on black. ``notebook.css`` follows the theme."""
BASE = "#8a929b"
ACCENT = "#2f7fd1"
ONSET = "#66707b"
CHANGE = "#c26a1f"
SHADE = "rgba(128, 140, 155, 0.13)"
GRID = "rgba(128, 128, 128, 0.22)"
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif'
_FAR = 0.25
"""A gap between baseline and incident above this part of the whole is left out of the time axis."""


def graph_objects() -> Any:
    """Return plotly's figures.

    Raises
    ------
    MissingExtra
        If plotly is not installed.
    """
    try:
        import plotly.graph_objects as go
    except ImportError:
        raise MissingExtra("Charts", "notebook") from None
    return go


def rows(number_of: int, heights: Sequence[float] | None = None) -> go.Figure:
    """Return a figure of rows over one time axis; the first thing a chart does, so that it says what is missing.

    Rows are equally high, unless ``heights`` says by how much they differ.
    """
    graph_objects()
    from plotly.subplots import make_subplots

    figure: go.Figure = make_subplots(
        rows=number_of,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.3 / number_of if number_of > 1 else 0,
        row_heights=heights,
    )
    return figure


def shown(window: Window, baseline: Window) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first and the last moment of the two windows."""
    return pd.Timestamp(min(baseline.start, window.start)), pd.Timestamp(max(baseline.end, window.end))


def plain(text: object, limit: int = 80) -> str:
    """Return text that plotly draws as it is: it takes some HTML for mark-up, and ``$…$`` for TeX.

    Examples
    --------
    >>> plain("<b>a</b> costs $3")
    '&lt;b&gt;a&lt;/b&gt; costs &#36;3'
    """
    line = one_line(text)
    short = line if len(line) <= limit else f"{line[: limit - 1]}…"
    return html.escape(short, quote=True).replace("$", "&#36;")


def moments(values: Iterable[Any]) -> list[str]:
    """Return moments as plotly draws them: UTC, without the offset that it would ignore."""
    times = pd.to_datetime(pd.Series(list(values), dtype=object), utc=True)
    return [moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] for moment in times]


def interval(seconds: float, most: int = 120) -> int:
    """Return the shortest round interval in seconds that cuts a span into at most so many parts.

    Examples
    --------
    >>> interval(1200), interval(86_400)
    (10, 900)
    """
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
    return next((step for step in steps if seconds / step <= most), 604_800)


def heading(figure: go.Figure, title: str, subtitle: str = "", *, height: int) -> None:
    """Give a figure its title, which says what it shows, and the look. Both texts are plotly mark-up."""
    second = f'<br><span style="font-size:12px">{subtitle}</span>' if subtitle else ""
    figure.update_layout(
        title={
            "text": f"<b>{title}</b>{second}",
            "font": {"size": 14, "color": INK},
            "x": 0,
            "xanchor": "left",
            "xref": "container",
            "y": 1 - 10 / height,
            "yanchor": "top",
            "yref": "container",
        },
        template="none",
        font={"family": FONT, "size": 12, "color": INK},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        height=height,
        margin={"l": 8, "r": 16, "t": 88, "b": 56},
        hovermode="closest",
        hoverlabel={"font": {"family": FONT, "size": 12}, "align": "left"},
        dragmode="zoom",
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": "rgba(128,128,128,0.6)"},
    )


def time_axis(figure: go.Figure, window: Window, baseline: Window, rows: int) -> None:
    """Put one time axis under all rows, in UTC, with the reader's clock beside it."""
    first, last = min(baseline.start, window.start), max(baseline.end, window.end)
    local = local_text(window.start)
    title = f"UTC ({window.start:%H:%M} UTC is {plain(local)})" if local else "UTC"
    figure.update_xaxes(
        type="date",
        range=moments((first, last)),
        showgrid=False,
        zeroline=False,
        ticks="outside",
        ticklen=4,
        tickcolor=GRID,
        linecolor=GRID,
        hoverformat="%Y-%m-%d %H:%M:%S UTC",
        tickformatstops=_TICKS,
        nticks=10,
    )
    figure.update_xaxes(title={"text": title, "font": {"size": 12}, "standoff": 4}, row=rows, col=1)
    earlier, later = sorted((baseline, window), key=lambda w: w.start)
    gap = (later.start - earlier.end) / (last - first)
    if gap > _FAR:
        bounds = moments((earlier.end, later.start))
        figure.update_xaxes(rangebreaks=[{"bounds": bounds}])


_TICKS = [
    {"dtickrange": [None, 1000], "value": "%H:%M:%S.%L"},
    {"dtickrange": [1000, 60_000], "value": "%H:%M:%S"},
    {"dtickrange": [60_000, 86_400_000], "value": "%H:%M\n%Y-%m-%d"},
    {"dtickrange": [86_400_000, None], "value": "%Y-%m-%d"},
]


def shade(figure: go.Figure, window: Window, baseline: Window, *, lift: int = 0) -> None:
    """Shade the incident over all rows and name both windows above the first."""
    start, end = moments((window.start, window.end))
    box = {"type": "rect", "xref": "x", "yref": "paper", "x0": start, "x1": end, "y0": 0, "y1": 1}
    figure.add_shape(**box, fillcolor=SHADE, line={"width": 0}, layer="below")
    for which, name in ((baseline, "baseline"), (window, "incident")):
        label(figure, moments((which.start,))[0], name, INK, shift=2, lift=lift)


def onset_line(figure: go.Figure, onset: datetime | None, window: Window, baseline: Window, *, lift: int = 0) -> None:
    """Draw the onset as a labelled line, if it lies in what is shown."""
    if onset is None or not min(baseline.start, window.start) <= onset <= max(baseline.end, window.end):
        return
    at = moments((onset,))[0]
    line = {"color": ONSET, "width": 1.5, "dash": "dot"}
    figure.add_shape(type="line", xref="x", yref="paper", x0=at, x1=at, y0=0, y1=1, line=line, layer="below")
    # Above "baseline" and "incident", so that an onset at the edge of the window covers neither.
    label(figure, at, f"onset {onset:%H:%M:%S}", ONSET, shift=2, lift=lift + 14)


def label(figure: go.Figure, at: str, text: str, colour: str, *, shift: int = 0, lift: int = 0) -> None:
    """Write a direct label above the first row."""
    figure.add_annotation(
        x=at,
        xref="x",
        y=1,
        yref="paper",
        yshift=lift,
        xshift=shift,
        xanchor="left",
        yanchor="bottom",
        text=text,
        showarrow=False,
        font={"size": 11, "color": colour},
    )


def change_ticks(figure: go.Figure, changes: Sequence[tuple[datetime, str]], row: int, level: float) -> None:
    """Mark changes as ticks on the time axis of a row; what was changed is said on hover."""
    if not changes:
        return
    go = graph_objects()
    ticks = go.Scatter(
        x=moments(at for at, _ in changes),
        y=[level] * len(changes),
        mode="markers",
        marker={"symbol": "triangle-up", "size": 9, "color": CHANGE},
        customdata=[[plain(what, 160)] for _, what in changes],
        hovertemplate="%{x}<br>%{customdata[0]}<extra>change</extra>",
        cliponaxis=False,
    )
    figure.add_trace(ticks, row=row, col=1)


def change_list(changes: pd.DataFrame | None, window: Window, baseline: Window) -> list[tuple[datetime, str]]:
    """Return the changes of a frame that lie in what is shown, each with what was changed."""
    if changes is None or changes.empty or "time" not in changes.columns:
        return []
    first, last = min(baseline.start, window.start), max(baseline.end, window.end)
    times = pd.to_datetime(changes["time"], utc=True)
    shown = changes[(times >= first) & (times <= last)]
    return [
        (pd.Timestamp(at).to_pydatetime(), change_words(row))
        for at, row in zip(times[shown.index], shown.to_dict("records"), strict=True)
    ]


def change_words(row: dict[Any, Any]) -> str:
    """Return a change in one line: what, where, which version, why."""
    parts = [str(row.get(name) or "") for name in ("kind", "service", "version", "message")]
    return " · ".join(part for part in parts if part and part != "nan")


def empty(title: str, what: str, todo: str) -> go.Figure:
    """Return a figure that says why there is nothing to draw, and what to do."""
    figure = graph_objects().Figure()
    heading(figure, title, height=160)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(
        x=0, y=0.5, xref="paper", yref="paper", xanchor="left", align="left", showarrow=False,
        text=f"{what}<br>{todo}", font={"size": 13, "color": INK},
    )  # fmt: skip
    return figure
