"""How long incidents took, one by one: what a mean hides."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from faultmaven_lib.notebook import look
from faultmaven_lib.notebook.incident_metrics import FEW, Overview
from faultmaven_lib.render.formats import count, in_words

if TYPE_CHECKING:
    import plotly.graph_objects as go

_LABELLED = 15
_SYMBOLS = {"sev1": "square", "sev2": "diamond", "sev3": "circle", "sev4": "circle-open"}
_STEPS = (60, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 172_800, 604_800, 2_592_000)
"""Seconds at which people put marks on a clock."""
_WIDE = 12
"""Where the longest took this many times the shortest, the axis is logarithmic."""


def resolve_chart(overview: Overview) -> go.Figure:
    """Draw the time to resolve of every incident of a period over when it began, with the median.

    Raises
    ------
    MissingExtra
        If plotly is not installed.
    """
    measure = overview["resolve"]
    if not measure.each:
        return look.empty(
            "Time to resolve, incident by incident: none known",
            "No incident of this period has both a started and a resolved time.",
            "Set them on the case and save it; MTTR needs them, too.",
        )
    rows = overview.frame[overview.frame["id"].isin(list(measure.each))].sort_values("began")
    seconds = [max(measure.each[case], 1.0) for case in rows["id"]]
    middle = measure.median or 0.0
    figure = look.rows(1)
    many = len(rows) > _LABELLED
    figure.add_scatter(
        x=look.moments(rows["began"]),
        y=seconds,
        mode="markers" if many else "markers+text",
        marker={
            "symbol": [_SYMBOLS.get(name, "circle") for name in rows["severity"]],
            "size": 10,
            "color": look.ACCENT,
            "line": {"width": 1.5, "color": look.ACCENT},
        },
        text=[look.plain(case, 20) for case in rows["id"]],
        textposition=["bottom center" if i % 2 else "top center" for i in range(len(rows))],
        textfont={"size": 11, "color": look.INK},
        customdata=[
            [look.plain(case, 20), look.plain(title, 80), in_words(timedelta(seconds=measure.each[case])), name]
            for case, title, name in zip(rows["id"], rows["title"], rows["severity"].map(look.plain), strict=True)
        ],
        hovertemplate="%{customdata[0]} %{customdata[3]}, %{customdata[2]}<br>%{customdata[1]}<extra></extra>",
        cliponaxis=False,
    )
    period = overview.period
    first = max(pd.Timestamp(period.start), rows["began"].min() - (period.end - rows["began"].min()) * 0.05)
    ends = look.moments((first, period.end))
    _median_line(figure, ends, middle, len(measure.each))
    log = max(seconds) > _WIDE * min(seconds)
    ticks = [float(step) for step in _STEPS if min(seconds) * 0.7 <= step <= max(seconds) * 1.4] or [max(seconds)]
    figure.update_yaxes(
        type="log" if log else "linear", tickvals=ticks, ticktext=[in_words(timedelta(seconds=s)) for s in ticks],
        gridcolor=look.GRID, zeroline=False, ticks="", automargin=True,
    )  # fmt: skip
    low, high = min(seconds) * 0.7, max(seconds) * 1.5
    figure.update_yaxes(range=[math.log10(low), math.log10(high)] if log else [0, max(seconds) * 1.2])
    figure.update_xaxes(type="date", range=ends, showgrid=False, zeroline=False, linecolor=look.GRID, nticks=8)
    look.heading(figure, f"Time to resolve, incident by incident: median {in_words(timedelta(seconds=middle))}",
                 _second(overview, many), height=300)  # fmt: skip
    figure.update_layout(margin={"t": 72, "b": 40, "r": 64})
    return figure


def _second(overview: Overview, many: bool) -> str:
    signs = "■ sev1  ◆ sev2  ● sev3  ○ sev4"
    measure, before = overview["resolve"], overview.before.get("resolve")
    if before is None or before.median is None:
        return f"{signs}   Nothing to compare with in the period before."
    then = in_words(timedelta(seconds=before.median))
    few = ", too few to compare" if min(len(measure.cases), len(before.cases)) < FEW else ""
    told = f"{signs}   In the period before: median {then} ({count(len(before.cases), 'incident')}{few})."
    return f"{told} Point at a mark for its incident." if many else told


def _median_line(figure: go.Figure, ends: list[str], middle: float, known: int) -> None:
    if known < 2:
        return
    line = {"color": look.INK, "width": 1, "dash": "dot"}
    figure.add_scatter(x=ends, y=[middle, middle], mode="lines", line=line, hoverinfo="skip")
    figure.add_scatter(
        x=[ends[1]], y=[middle], mode="text", text=["  median"], textposition="middle right",
        textfont={"size": 11, "color": look.INK}, hoverinfo="skip", cliponaxis=False,
    )  # fmt: skip
