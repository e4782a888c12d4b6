"""What moved first, and what moved with it: the time line as small multiples."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from faultmaven_lib.model import Window
from faultmaven_lib.notebook import look, rows
from faultmaven_lib.render.formats import count, number

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from faultmaven_lib.investigation import Investigation

_ROW, _EVENT, _HEAD = 84, 22, 176
"""Pixels of a row, of a change or alert, and of title and time axis together."""
_MOST_EVENTS = 6
_LATE = 0.55
"""Part of the time axis from which on the text of a change stands to its left."""
_ROOM, _SERVICE, _SHORTEST, _BETWEEN = 100, 28, 16, 3
"""Letters of a label, of a service, of a name that is worth its room, and between two parts of a label."""
_SPARSE = ("edge latency", "edge errors", "value shift")
"""Kinds that are measured only when something happens: silence is no gap."""


def plot_timeline(inv: Investigation, *, top: int = 8) -> go.Figure:
    """Draw what moved first in an investigation, and what moved with it: ``inv.timeline()`` and ``inv.signals()``.

    Parameters
    ----------
    inv
        After ``inv.analyze()``.
    top
        Most rows to draw.

    Raises
    ------
    MissingExtra
        If plotly is not installed.

    Examples
    --------
    >>> from faultmaven_lib import Investigation
    >>> inv = Investigation("slow checkout", "2026-03-01T14:00Z/10m")
    >>> plot_timeline(inv).layout.title.text
    '<b>What moved first: nothing stands out</b>'
    """
    series = inv.signals()
    return movers_chart(inv.timeline(series), series, inv.window, inv.baseline, top=top)


def movers_chart(
    line: pd.DataFrame, series: pd.DataFrame, window: Window, baseline: Window, *, top: int = 8
) -> go.Figure:
    """Draw the time line as small multiples: a row each for what moved, the earliest at the top, changes below.

    What moves together is one row: the member that moved first, with the names of the others. Drawn are those that
    moved first and those that stand out most.

    Parameters
    ----------
    line
        As ``faultmaven_lib.analysis.timeline`` returns it.
    series
        As ``faultmaven_lib.analysis.signal_series`` returns it. Where it has no series, a row shows the onset alone.
    window, baseline
        Of the incident.
    top
        Most rows to draw.

    Raises
    ------
    MissingExtra
        If plotly is not installed.

    Examples
    --------
    >>> from faultmaven_lib.analysis import MetricAnalyzer, signal_series, timeline
    >>> window = Window.parse("2026-03-01T14:05Z/5m")
    >>> at = pd.date_range("2026-03-01T14:00Z", periods=120, freq="5s", name="time")
    >>> wide = pd.DataFrame({("db", "locks"): np.where(np.arange(120) < 72, 0.0, 9.0)}, index=at)
    >>> odd = MetricAnalyzer().fit(wide[:60]).compare(wide[60:])
    >>> figure = movers_chart(timeline(odd, metrics=wide), signal_series(odd, metrics=wide), window, window.before())
    >>> figure.layout.title.text
    '<b>db moved first, at 14:06:00 UTC</b>...'
    """
    first, last = look.shown(window, baseline)
    inside = line.head(0)
    if isinstance(line["time"].dtype, pd.DatetimeTZDtype):
        inside = line[line["order"].notna() & (line["time"] >= first) & (line["time"] <= last)]
    if inside.empty:
        return look.empty("What moved first: nothing stands out", *_nothing(line))
    units = _units(inside)
    drawn = _chosen(units, top)
    events = _Events.of(line, first, last)
    heights = [float(_ROW)] * len(drawn) + ([events.height] if events.shown else [])
    figure = look.rows(len(heights), heights)
    for row, unit in enumerate(drawn, start=1):
        _row(figure, row, unit, series, window)
    if events.shown:
        _lane(figure, len(heights), events, first, last)
    left = len(inside) - sum(len(unit.members) for unit in drawn)
    second = f"{count(len(inside), 'thing')} moved, the earliest at the top; ● first, ○ later"
    second += f"; {left} weaker not drawn" if left else ""
    look.heading(figure, _title(inside), second, height=int(_HEAD + sum(heights)))
    look.time_axis(figure, window, baseline, len(heights))
    look.shade(figure, window, baseline, lift=18)
    look.onset_line(figure, _onset(line, inside), window, baseline, lift=18)
    figure.update_layout(margin={"t": 106})
    return figure


class _Unit(NamedTuple):
    """What is drawn as one row: one thing, or several that move together."""

    lead: dict[Any, Any]
    members: Sequence[dict[Any, Any]]

    @property
    def first(self) -> bool:
        return any(member["first"] for member in self.members)

    @property
    def score(self) -> float:
        return float(np.nanmax([member["score"] for member in self.members]))


def _units(inside: pd.DataFrame) -> list[_Unit]:
    """Return what moves together as one, told by the member that moved first, of several the strongest."""
    groups: dict[str, list[dict[Any, Any]]] = {}
    for i, record in enumerate(inside.to_dict("records")):
        groups.setdefault(record["group"] or f"alone {i}", []).append(record)
    units = []
    for members in groups.values():
        leaders = [m for m in members if m["first"]] or [
            m for m in members if m["order"] == min(x["order"] for x in members)
        ]
        units.append(_Unit(max(leaders, key=lambda m: m["score"]), members))
    return units


def _chosen(units: list[_Unit], top: int) -> list[_Unit]:
    strongest = sorted(units, key=lambda unit: (not unit.first, -unit.score))[: max(top, 1)]
    return sorted(strongest, key=lambda unit: (unit.lead["time"], not unit.first))


def _row(figure: go.Figure, row: int, unit: _Unit, series: pd.DataFrame, window: Window) -> None:
    lead = unit.lead
    key = (lead["service"], lead["what"], lead["kind"])
    onset = lead["time"].to_pydatetime()
    known = series[key] if key in series.columns else None
    level = 0.5
    if known is not None and known.notna().any():
        rows.line(figure, row, known, window, unit=lead["unit"], connected=lead["kind"] in _SPARSE)
        level = _at(known, onset)
    else:
        figure.update_yaxes(visible=False, range=[0, 1], row=row, col=1)
    figure.add_scatter(
        x=look.moments([onset]),
        y=[level],
        mode="markers",
        marker={
            "size": 9,
            "color": look.ACCENT,
            "symbol": "circle" if unit.first else "circle-open",
            "line": {"width": 2, "color": look.ACCENT},
        },
        customdata=[[look.plain(lead["sentence"], 160)]],
        hovertemplate="%{x}<br>%{customdata[0]}<extra></extra>",
        cliponaxis=False,
        row=row,
        col=1,
    )
    rows.label(figure, row, _told_of(unit))
    _aside(figure, row, str(lead["since_onset"]))


def _aside(figure: go.Figure, row: int, text: str) -> None:
    """Write how long after the onset it was, at the right end of the label."""
    axis = "" if row == 1 else str(row)
    figure.add_annotation(
        x=1, xref="x domain", y=1, yref=f"y{axis} domain", yshift=2, xanchor="right", yanchor="bottom",
        text=look.plain(text, 30).replace("-", "−"), showarrow=False, font={"size": 12, "color": look.INK},
    )  # fmt: skip


def _at(series: pd.Series[Any], onset: datetime) -> float:
    """Return where the line of a series is at a moment."""
    known = series.replace([np.inf, -np.inf], np.nan).dropna()
    at = pd.DatetimeIndex(known.index).as_unit("ns").asi8
    return float(np.interp(pd.Timestamp(onset).as_unit("ns").value, at, known.to_numpy()))


def _told_of(unit: _Unit) -> str:
    """Return the label of a row, as long as there is room: what moved, from where to where, what moved with it."""
    lead, others = unit.lead, [member for member in unit.members if member is not unit.lead]
    kind, service = str(lead["kind"]), str(lead["service"] or "–")[:_SERVICE]
    change = ""
    if not (pd.isna(lead["before"]) or pd.isna(lead["after"])):
        change = f"{number(lead['before'], lead['unit'])} → {number(lead['after'], lead['unit'])}"
    company = f"with {len(others)} more" if others else ""
    room = _ROOM - sum(len(text) + _BETWEEN for text in (service, kind, change, company) if text)
    what = look.plain(lead["what"], max(room, _SHORTEST))
    room -= len(str(lead["what"])) + len(" and")
    if others and room >= _SHORTEST:
        best = max(others, key=lambda m: (m["service"] != lead["service"], m["score"]))
        name = look.plain(f"{best['service']} {best['what']}".strip(), room)
        company = f"with {name}" + (f" and {count(len(others) - 1, 'more', 'more')}" if len(others) > 1 else "")
    parts = (
        f"<b>{look.plain(service, _SERVICE)}</b>  {what}",
        f"<i>{look.plain(kind, 20)}</i>",
        look.plain(change, 40),
    )
    return "   ".join(part for part in (*parts, company) if part)


class _Events(NamedTuple):
    """Changes and alerts in what is shown."""

    shown: Sequence[dict[Any, Any]]
    left: int

    @classmethod
    def of(cls, line: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> _Events:
        """Return those nearest to the end; of many the last ones count."""
        found = line[line["order"].isna() & (line["time"] >= first) & (line["time"] <= last)].to_dict("records")
        return cls(found[-_MOST_EVENTS:], max(len(found) - _MOST_EVENTS, 0))

    @property
    def height(self) -> float:
        return float(_EVENT * len(self.shown) + 12)


def _lane(figure: go.Figure, row: int, events: _Events, first: pd.Timestamp, last: pd.Timestamp) -> None:
    """Draw changes and alerts as ticks, one below the other, each with what it is."""
    times = [event["time"].to_pydatetime() for event in events.shown]
    alerts = [event["kind"] == "alert" for event in events.shown]
    lates = [(at - first) / (last - first) > _LATE for at in times]
    figure.add_scatter(
        x=look.moments(times),
        y=list(range(len(times))),
        mode="markers+text",
        marker={
            "symbol": ["diamond" if alert else "triangle-up" for alert in alerts],
            "color": [look.INK if alert else look.CHANGE for alert in alerts],
            "size": 10,
        },
        text=[f"  {look.plain(_told(event), 60)}  " for event in events.shown],
        textposition=["middle left" if late else "middle right" for late in lates],
        textfont={"size": 12, "color": look.INK},
        customdata=[[look.plain(event["sentence"], 160)] for event in events.shown],
        hovertemplate="%{x}<br>%{customdata[0]}<extra></extra>",
        cliponaxis=False,
        row=row,
        col=1,
    )
    figure.update_yaxes(visible=False, range=[len(times) - 0.5, -0.5], row=row, col=1)
    more = f", {events.left} earlier not drawn" if events.left else ""
    rows.label(figure, row, f"<b>changes and alerts</b>   ▲ change   ◆ alert{more}")


def _told(event: dict[Any, Any]) -> str:
    """Return a change or an alert in a few words; messages often begin with their service."""
    service = "" if str(event["what"]).startswith(event["service"]) else event["service"]
    return " ".join(str(part) for part in (event["kind"], service, event["what"]) if part)


def _title(inside: pd.DataFrame) -> str:
    """Return which services moved first; all of them where it cannot be told which."""
    first = inside[inside["first"]]
    if first.empty:
        first = inside.head(1)
    names = [look.plain(name or "an unnamed service", 40) for name in dict.fromkeys(first["service"])]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    if len(names) > 3:
        listed = f"{names[0]}, {names[1]} and {len(names) - 2} more"
    return f"{listed} moved first, at {first['time'].iloc[0]:%H:%M:%S} UTC"


def _onset(line: pd.DataFrame, inside: pd.DataFrame) -> datetime | None:
    known = line.attrs.get("onset")
    if isinstance(known, datetime):
        return known
    first = inside[inside["first"]]["time"]
    return pd.Timestamp(first.iloc[0]).to_pydatetime() if len(first) else None


def _nothing(line: pd.DataFrame) -> tuple[str, str]:
    if len(line) and pd.api.types.is_numeric_dtype(line["time"].dtype):
        return "The data has sample numbers and no times.", "Give it a time index, and what moved can be drawn."
    return (
        "No finding has an onset in these windows.",
        "Run inv.analyze(), widen the window, or add a source: logs, metrics or traces.",
    )
