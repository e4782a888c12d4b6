"""What happened first: findings and changes as a list on a time axis."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from faultmaven_lib.findings import COLUMNS
from faultmaven_lib.model import Finding, Window
from faultmaven_lib.notebook import look

if TYPE_CHECKING:
    import plotly.graph_objects as go

_METRIC_KINDS = ("value shift", "level shift", "spike", "trend", "variance change", "flat line")
_PLOT_WIDTH, _LETTER_WIDTH, _LONGEST = 800, 6.6, 80
"""Pixels, roughly, and letters: to choose where a text goes and how much of it."""


def timeline_chart(
    findings: pd.DataFrame | Iterable[Finding],
    changes: pd.DataFrame | None,
    window: Window,
    baseline: Window,
    *,
    top: int = 14,
) -> go.Figure:
    """Draw what happened first: findings and changes, one row each, in the order of their onset.

    Parameters
    ----------
    findings
        As ``inv.findings`` or an analyzer returns them, or nouns. The ``top`` with the highest score are drawn.
    changes
        Change events: ``time, kind, service, version, …``; None if none are known.
    window, baseline
        Of the incident.
    top
        Most findings to draw.

    Raises
    ------
    MissingExtra
        If plotly is not installed.

    Examples
    --------
    >>> window = Window.parse("2026-03-01T14:00Z/10m")
    >>> odd = Finding(kind="surge", service="api", subject="timed out", sentence="…", onset="2026-03-01T14:02:00Z")
    >>> timeline_chart([odd], None, window, window.before()).layout.title.text
    '<b>What happened first: api, 14:02:00 UTC</b>...'
    """
    figure = look.rows(1)
    frame = findings_of(findings)
    frame = frame[frame["kind"] != "change event"]
    onsets = pd.to_datetime(frame["onset"].map(moment_of), utc=True)
    dated = frame.assign(at=onsets)[onsets.notna()]
    drawn = dated.sort_values("score", ascending=False, kind="stable").head(top)
    marks = [_finding_mark(row) for row in drawn.to_dict("records")]
    marks += [
        _Mark(at, "change", what, "", what, "triangle-up", look.CHANGE)
        for at, what in look.change_list(changes, window, baseline)
    ]
    if not marks:
        return look.empty(
            "What happened first: nothing stands out",
            "No finding has an onset in these windows, and no change is known.",
            "Widen the window, or add a source: metrics, logs or change events.",
        )
    marks.sort(key=lambda mark: mark.at)
    lead = _lead(drawn)
    signs = "Earliest at the top. ● logs   ■ metrics   ▲ changes"
    second = signs + _left_out(len(frame), len(dated), len(drawn))
    look.heading(figure, f"What happened first: {lead}", second, height=150 + 26 * len(marks))
    _draw(figure, marks, window, baseline)
    look.time_axis(figure, window, baseline, 1)
    look.shade(figure, window, baseline)
    look.onset_line(figure, _first_onset(drawn["at"]), window, baseline)
    return figure


class _Mark(NamedTuple):
    """One row of the list; texts are as they came, and are made harmless when drawn."""

    at: datetime
    who: str
    what: str
    kind: str
    told: str
    symbol: str
    colour: str


def _draw(figure: go.Figure, marks: list[_Mark], window: Window, baseline: Window) -> None:
    start, end = look.shown(window, baseline)
    rows = list(range(len(marks)))
    placed = [_placed(mark, float((mark.at - start) / (end - start))) for mark in marks]
    for row, mark in zip(rows, marks, strict=True):
        if placed[row][1] == "middle left":  # the text is there, and leads to the mark as well as a line would
            continue
        ends = dict(zip(("x0", "x1"), look.moments((start, mark.at)), strict=True))
        figure.add_shape(type="line", **ends, y0=row, y1=row, line={"color": look.GRID, "width": 1}, layer="below")
    figure.add_scatter(
        x=look.moments(mark.at for mark in marks),
        y=rows,
        mode="markers+text",
        marker={"symbol": [m.symbol for m in marks], "color": [m.colour for m in marks], "size": 10},
        text=[f"  {text}  " for text, _ in placed],
        textposition=[side for _, side in placed],
        textfont={"size": 12, "color": look.INK},
        customdata=[[look.plain(mark.told, 160)] for mark in marks],
        hovertemplate="%{x}<br>%{customdata[0]}<extra></extra>",
        cliponaxis=False,
    )
    figure.update_yaxes(
        tickvals=rows,
        ticktext=[f"{mark.at:%H:%M:%S}  {look.plain(mark.who, 28)}" for mark in marks],
        range=[len(marks) - 0.4, -0.6],
        showgrid=False,
        zeroline=False,
        automargin=True,
        ticks="",
    )


def _placed(mark: _Mark, part: float) -> tuple[str, str]:
    """Return the text beside a mark, as long as there is room, and its side: the one that has more of it."""
    side, share = ("middle left", part) if part > 0.5 else ("middle right", 1 - part)
    room = int(share * _PLOT_WIDTH / _LETTER_WIDTH) - len(mark.kind) - 4
    kind = f" <i>{look.plain(mark.kind, 20)}</i>" if mark.kind else ""
    return look.plain(mark.what, min(room, _LONGEST)) + kind, side


def findings_of(findings: pd.DataFrame | Iterable[Finding]) -> pd.DataFrame:
    """Return findings, nouns or a frame, as a frame with the columns that charts read."""
    if isinstance(findings, pd.DataFrame):
        return findings.reindex(columns=[*dict.fromkeys([*COLUMNS, *map(str, findings.columns)])])
    rows = [finding.model_dump() | {"kind": finding.kind.value} for finding in findings]
    return pd.DataFrame(rows, columns=[c for c in COLUMNS if c != "operation"])


def moment_of(onset: Any) -> datetime | None:
    """Return an onset as a moment; None where it is a number, which has no place on a time axis, or missing."""
    return pd.Timestamp(onset).to_pydatetime() if isinstance(onset, datetime) and not pd.isna(onset) else None


def _finding_mark(row: dict[Any, Any]) -> _Mark:
    symbol, colour = ("square", look.INK) if row["kind"] in _METRIC_KINDS else ("circle", look.ACCENT)
    who = str(row["service"] or "–")
    told = str(row["sentence"])
    return _Mark(row["at"].to_pydatetime(), who, str(row["subject"]), str(row["kind"]), told, symbol, colour)


def _lead(drawn: pd.DataFrame) -> str:
    """Return whose findings are the earliest, all of them where the clock cannot tell."""
    if drawn.empty:
        return "only changes, no finding"
    first = drawn[drawn["at"] == drawn["at"].min()]
    services = list(dict.fromkeys(look.plain(name or "an unnamed service", 40) for name in first["service"]))
    named = " and ".join(services) if len(services) < 3 else f"{services[0]} and {len(services) - 1} more"
    return f"{named}, {first['at'].iloc[0]:%H:%M:%S} UTC"


def _left_out(total: int, dated: int, drawn: int) -> str:
    parts = []
    if drawn < dated:
        parts.append(f"{dated - drawn} weaker not drawn")
    if dated < total:
        parts.append(f"{total - dated} without an onset not drawn")
    return f"   ({', '.join(parts)})" if parts else ""


def _first_onset(onsets: pd.Series[Any]) -> datetime | None:
    return pd.Timestamp(onsets.min()).to_pydatetime() if len(onsets) else None
