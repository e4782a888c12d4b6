"""Three charts of an incident: what happened first, what the logs did, what the metrics did.

All are static plotly figures on one time axis: the baseline grey, the incident shaded, the onset a labelled
line, changes as ticks; labels stand beside what they name, there is no legend.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from faultmaven_lib.model import Finding, Window
from faultmaven_lib.notebook import look, rows
from faultmaven_lib.notebook.movers import movers_chart, plot_timeline
from faultmaven_lib.notebook.timeline import findings_of, moment_of, timeline_chart
from faultmaven_lib.render.formats import count, in_words, number

if TYPE_CHECKING:
    import plotly.graph_objects as go

__all__ = ["logs_chart", "metrics_chart", "movers_chart", "plot_timeline", "timeline_chart"]

_LEVELS = {
    "errors": ("fatal", "critical", "crit", "emerg", "alert", "panic", "error", "err", "severe"),
    "warnings": ("warning", "warn"),
}
_REST = "other lines"


def logs_chart(
    logs: pd.DataFrame,
    window: Window,
    baseline: Window,
    onset: datetime | None = None,
    changes: pd.DataFrame | None = None,
) -> go.Figure:
    """Draw how many lines were logged per interval: a row each for errors, warnings and the rest.

    Parameters
    ----------
    logs
        UTC index ``time``, column ``level``; both windows in one frame.
    window, baseline
        Of the incident.
    onset
        When it began, if known.
    changes
        Change events, drawn as ticks on the time axis.

    Raises
    ------
    MissingExtra
        If plotly is not installed.

    Examples
    --------
    >>> window = Window.parse("2026-03-01T14:00Z/10m")
    >>> times = pd.date_range("2026-03-01T13:50Z", periods=20, freq="min", name="time")
    >>> logs = pd.DataFrame({"level": ["info"] * 18 + ["error"] * 2}, index=times)
    >>> logs_chart(logs, window, window.before()).layout.title.text
    '<b>Log lines per 10 s: errors from 0 to 2</b>...'
    """
    first, last = look.shown(window, baseline)
    inside = (
        logs[(logs.index >= first) & (logs.index < last)] if isinstance(logs.index, pd.DatetimeIndex) else logs.head(0)
    )
    if inside.empty:
        return look.empty(
            "Log lines over time: none",
            "There is no log line in these windows.",
            "Check the windows above, or connect another source of logs.",
        )
    step = look.interval(min(window.length, baseline.length).total_seconds(), 60)
    groups = (
        inside["level"].astype("str").str.lower().map(_group_of)
        if "level" in inside
        else pd.Series(_REST, inside.index)
    )
    names = [name for name in (*_LEVELS, _REST) if (groups == name).any()]
    figure = look.rows(len(names))
    bins = pd.date_range(pd.Timestamp(first).floor(f"{step}s"), last, freq=f"{step}s")
    told = []
    for row, name in enumerate(names, start=1):
        times = pd.DatetimeIndex(groups.index[groups == name])
        counts = times.floor(f"{step}s").value_counts().reindex(bins, fill_value=0)
        before, now = _within(times, baseline), _within(times, window)
        told.append(f"{name} from {before:,} to {now:,}")
        _bars(figure, row, counts, step, window)
        rows.label(figure, row, f"<b>{name}</b>   {before:,} in the baseline, {now:,} in the incident")
    look.heading(
        figure, f"Log lines per {in_words(timedelta(seconds=step))}: {told[0]}",
        "; ".join(told[1:]), height=162 + 96 * len(names),
    )  # fmt: skip
    _finish(figure, window, baseline, onset, changes, len(names))
    return figure


def metrics_chart(
    metrics: pd.DataFrame,
    findings: pd.DataFrame | Iterable[Finding],
    window: Window,
    baseline: Window,
    top: int = 6,
    changes: pd.DataFrame | None = None,
) -> go.Figure:
    """Draw the metrics that moved most, one row each on one time axis, the strongest finding first.

    Parameters
    ----------
    metrics
        Wide, UTC index, columns (service, metric[, statistic]); both windows in one frame.
    findings
        What was found in them. Without any, the metrics that differ most between the windows are drawn.
    window, baseline
        Of the incident.
    top
        Most rows to draw.
    changes
        Change events, drawn as ticks on the time axis.

    Raises
    ------
    MissingExtra
        If plotly is not installed.

    Examples
    --------
    >>> window = Window.parse("2026-03-01T14:00Z/10m")
    >>> times = pd.date_range("2026-03-01T13:50Z", periods=20, freq="min", name="time")
    >>> wide = pd.DataFrame({("api", "latency"): [0.1] * 10 + [3.0] * 10}, index=times)
    >>> metrics_chart(wide, [], window, window.before()).layout.title.text
    '<b>Nothing stands out in the metrics</b>...'
    """
    start, end = look.shown(window, baseline)
    timed = isinstance(metrics.index, pd.DatetimeIndex)
    inside = metrics[(metrics.index >= start) & (metrics.index < end)] if timed else metrics.head(0)
    inside = inside.select_dtypes("number").dropna(axis=1, how="all")
    if inside.empty:
        return look.empty(
            "Metrics over time: none",
            "There is no metric value in these windows.",
            "Check the windows above, or connect a source of metrics.",
        )
    frame = findings_of(findings)
    found = _matched(inside, frame)
    picked = list(found)[:top] or _most_moved(inside, window, baseline, top)
    figure = look.rows(len(picked))
    for row, column in enumerate(picked, start=1):
        rows.line(figure, row, inside[column], window)
        before, now = _median(inside[column], baseline), _median(inside[column], window)
        at = f", onset {found[column]:%H:%M:%S}" if found.get(column) is not None else ""
        name = look.plain(_name(column), 70)
        rows.label(figure, row, f"<b>{name}</b>   median {number(before)} before, {number(now)} in the incident{at}")
    first = min((at for at in found.values() if at is not None), default=None)
    if not found:
        title, second = "Nothing stands out in the metrics", "The metrics that differ most are shown all the same."
    elif first is not None:
        title = (
            f"{_leaders([column for column, at in found.items() if at == first])} moved first, at {first:%H:%M:%S} UTC"
        )
        second = f"{count(len(found), 'metric')} moved; {len(picked)} shown, the strongest first"
    else:
        title, second = f"{count(len(found), 'metric')} moved", f"{len(picked)} shown, the strongest first"
    look.heading(figure, title, second, height=162 + 92 * len(picked))
    _finish(figure, window, baseline, first, changes, len(picked))
    return figure


def _group_of(level: str) -> str:
    return next((name for name, levels in _LEVELS.items() if level in levels), _REST)


def _within(times: pd.Index[Any], window: Window) -> int:
    return int(((times >= window.start) & (times < window.end)).sum())


def _bars(figure: go.Figure, row: int, counts: pd.Series[Any], step: int, window: Window) -> None:
    inside = [window.contains(at.to_pydatetime()) for at in counts.index]
    figure.add_bar(
        x=look.moments(counts.index),
        y=counts.to_numpy(),
        width=step * 1000 * 0.86,
        offset=0,
        marker={"color": [look.ACCENT if now else look.BASE for now in inside], "line": {"width": 0}},
        hovertemplate="%{x}<br>%{y:,} lines<extra></extra>",
        row=row,
        col=1,
    )
    figure.update_yaxes(rows.scale(0.0, float(counts.max())), row=row, col=1)


def _finish(
    figure: go.Figure,
    window: Window,
    baseline: Window,
    onset: datetime | None,
    changes: pd.DataFrame | None,
    number_of: int,
) -> None:
    look.time_axis(figure, window, baseline, number_of)
    look.shade(figure, window, baseline, lift=18)
    look.onset_line(figure, onset, window, baseline, lift=18)
    axis = figure.layout["yaxis" if number_of == 1 else f"yaxis{number_of}"]
    ticks = look.change_list(changes, window, baseline)
    look.change_ticks(figure, ticks, number_of, axis.range[0])
    figure.update_layout(margin={"t": 106}, bargap=0)


def _matched(metrics: pd.DataFrame, findings: pd.DataFrame) -> dict[Any, datetime | None]:
    """Return column to onset for every metric that a finding is about, the strongest first."""
    columns = {_key(_name(column)): column for column in metrics.columns}
    found: dict[Any, datetime | None] = {}
    ranked = findings.sort_values("score", ascending=False, kind="stable")
    for row in ranked.to_dict("records"):
        service, subject = str(row["service"] or ""), str(row["subject"])
        column = columns.get(_key(f"{service} {subject}"), columns.get(_key(subject)))
        if column is not None and column not in found:
            found[column] = moment_of(row["onset"])
    return found


def _name(column: Any) -> str:
    return " ".join(str(part) for part in column if str(part)) if isinstance(column, tuple) else str(column)


def _leaders(columns: list[Any]) -> str:
    """Return the metrics that moved at the same moment, the strongest by name."""
    name = look.plain(_name(columns[0]), 70)
    return name if len(columns) == 1 else f"{name} and {count(len(columns) - 1, 'more', 'more')}"


def _key(name: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in name.lower()).split())


def _median(series: pd.Series[Any], window: Window) -> float | None:
    values = series[(series.index >= window.start) & (series.index < window.end)].dropna()
    return float(values.median()) if len(values) else None


def _most_moved(metrics: pd.DataFrame, window: Window, baseline: Window, top: int) -> list[Any]:
    before = metrics[(metrics.index >= baseline.start) & (metrics.index < baseline.end)]
    now = metrics[(metrics.index >= window.start) & (metrics.index < window.end)]
    spread = (before.quantile(0.75) - before.quantile(0.25)).clip(lower=before.median().abs() * 0.05)
    moved = ((now.median() - before.median()).abs() / spread.replace(0.0, 1.0)).fillna(0.0)
    order = np.argsort(-moved.to_numpy(), kind="stable")[:top]
    return [metrics.columns[i] for i in order]
