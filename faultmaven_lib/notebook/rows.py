"""One row of a chart of small multiples: its line, its scale, its label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from faultmaven_lib.model import Window
from faultmaven_lib.notebook import look
from faultmaven_lib.render.formats import number

if TYPE_CHECKING:
    import plotly.graph_objects as go


def line(
    figure: go.Figure,
    row: int,
    series: pd.Series[Any],
    window: Window,
    *,
    unit: str = "",
    connected: bool = False,
) -> None:
    """Draw a series: grey while all is well, in the accent colour from the incident on.

    Missing values are gaps, unless they are to be connected: where there was nothing to be measured in between.
    """
    if connected:
        series = series.dropna()
    values = series.astype("float64").replace([np.inf, -np.inf], np.nan)
    now = (values.index >= window.start) & (values.index < window.end)
    # The last point before the incident belongs to both, or the line would have a hole there.
    joined = now.copy()
    joined[:-1] |= now[1:]
    for part, colour, width in ((~now, look.BASE, 1.25), (joined, look.ACCENT, 1.75)):
        figure.add_scatter(
            x=look.moments(values.index[part]),
            y=values.to_numpy()[part],
            mode="lines",
            line={"color": colour, "width": width},
            hovertemplate="%{x}<br>%{y:.4g}<extra></extra>",
            row=row,
            col=1,
        )
    known = values.dropna()
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    figure.update_yaxes(scale(min(0.0, low) if high - low > 0.2 * abs(high) else low, high, unit), row=row, col=1)


def scale(low: float, high: float, unit: str = "") -> dict[str, Any]:
    """Return an axis that shows two numbers: the lowest and the highest."""
    high = high if high > low else low + (abs(low) * 0.1 or 1.0)
    return {
        "range": [low - (high - low) * 0.02, high + (high - low) * 0.12],
        "tickvals": [low, high],
        "ticktext": [look.plain(number(value, unit), 20) for value in (low, high)],
        "showgrid": False,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "automargin": True,
    }


def label(figure: go.Figure, row: int, text: str) -> None:
    """Write above a row what it shows. The text is plotly mark-up."""
    axis = "" if row == 1 else str(row)
    figure.add_annotation(
        x=0, xref="x domain", y=1, yref=f"y{axis} domain", yshift=2, xanchor="left", yanchor="bottom",
        text=text, showarrow=False, font={"size": 12, "color": look.INK}, align="left",
    )  # fmt: skip
