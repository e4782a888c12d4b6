"""What moved, as small charts drawn from the stored evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

import pandas as pd

from faultmaven_lib.model import Case, Evidence, Finding, Window
from faultmaven_lib.render import count, window_text
from faultmaven_lib.render.chronology import changes
from faultmaven_lib.render.postmortem.story import ranked
from faultmaven_lib.render.svg import timeseries

_METRICS = 12
_SERVICES = 4
_BARS = 60
_INTERVALS = (1, 5, 10, 15, 30, 60, 300, 600, 1800, 3600, 21600, 86400)
_BAD = ("ERROR", "CRITICAL", "FATAL")
_LOG_COLUMNS = {"level", "message"}

Frames = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Moved:
    """The charts, and how many more findings on metrics there were."""

    figures: tuple[str, ...]
    left_out: int = 0


def what_moved(case: Case, frames: Frames | None = None, zone: str | tzinfo | None = None) -> Moved:
    """Return a chart for each metric that a finding is about, and for the services whose error lines grew.

    Parameters
    ----------
    case
        The case: findings say what is drawn, evidence holds the values.
    frames
        Results by evidence id, in place of the stored ones.
    zone
        The reader's zone.
    """
    loaded = dict(_loaded(case.evidence, frames))
    ticks = [(e.at, " ".join(p for p in (e.name, e.service) if p)) for e in changes(case.evidence, frames)]
    metrics = list(_metric_figures(case, loaded, ticks, zone))
    logs = list(_log_figures(case, loaded, ticks, zone))
    return Moved((*metrics[:_METRICS], *logs), max(0, len(metrics) - _METRICS))


def _loaded(evidence: tuple[Evidence, ...], frames: Frames | None) -> Iterator[tuple[str, pd.DataFrame]]:
    for entry in evidence:
        if entry.kind == "derived":
            continue
        frame = (frames or {}).get(entry.id)
        if frame is None:
            try:
                frame = entry.frame
            except (OSError, ValueError):  # a damaged result is shown as such in the appendix
                continue
        if len(frame):
            yield entry.id, frame


def _metric_figures(
    case: Case,
    loaded: dict[str, pd.DataFrame],
    ticks: list[tuple[datetime, str]],
    zone: str | tzinfo | None,
) -> Iterator[str]:
    drawn: set[tuple[str, str]] = set()
    for finding in ranked(case):
        key = (finding.service, finding.subject)
        series = None if key in drawn else _series(finding, loaded)
        if series is None:
            continue
        drawn.add(key)
        yield timeseries(
            series,
            title=" · ".join(part for part in key if part),
            caption=finding.sentence,
            unit=finding.unit,
            window=case.window,
            baseline=case.baseline,
            onset=finding.onset,
            changes=ticks,
            zone=zone,
        )


def _series(finding: Finding, loaded: dict[str, pd.DataFrame]) -> pd.Series[float] | None:
    """Return all stored values of the metric a finding is about, from every result that has it."""
    parts = []
    for frame in loaded.values():
        if not isinstance(frame.columns, pd.MultiIndex):
            continue
        for position, column in enumerate(frame.columns):
            names = [str(part) for part in column]
            metric = " ".join(part for part in names[1:] if part and part != "nan")
            if (names[0], metric) == (finding.service, finding.subject):
                values = pd.to_numeric(frame.iloc[:, position], errors="coerce").astype("float64")
                parts.append(_rate(values) if finding.unit == "/s" and _counts_up(values) else values)
                break
    if not parts:
        return None
    whole = pd.concat(parts)
    return whole[~whole.index.duplicated()].sort_index()


def _counts_up(values: pd.Series[float]) -> bool:
    steps = values.dropna().diff().dropna()
    return len(steps) > 1 and bool((steps < 0).mean() <= 0.05) and float(values.max()) > 0


def _rate(values: pd.Series[float]) -> pd.Series[float]:
    """Return a counter's increase a second, as the finding states it; after a restart it counts from zero."""
    known = values.dropna()
    rise = known.diff()
    rise = rise.where(~(rise < 0), known)
    if isinstance(known.index, pd.DatetimeIndex):
        seconds = known.index.to_series().diff().dt.total_seconds()
    else:
        seconds = known.index.to_series().diff()
    return rise / seconds


def _log_figures(
    case: Case,
    loaded: dict[str, pd.DataFrame],
    ticks: list[tuple[datetime, str]],
    zone: str | tzinfo | None,
) -> Iterator[str]:
    lines = _log_lines(case, loaded)
    if lines is None:
        return
    step, edges = _intervals(case.baseline, case.window)
    bad = lines[lines["level"].isin(_BAD)]
    before, now = ((bad.index >= w.start) & (bad.index < w.end) for w in (case.baseline, case.window))
    growth = bad.loc[now, "service"].value_counts().sub(bad.loc[before, "service"].value_counts(), fill_value=0)
    # A service of which no finding speaks has not moved, whatever a count of lines looks like.
    moved = growth[(growth > 0) & growth.index.isin({f.service for f in case.findings})]
    services = moved.sort_values(ascending=False).index[:_SERVICES]
    for service in services:
        mine = bad[bad["service"] == service]
        counts = _per_interval(pd.DatetimeIndex(mine.index), step, edges)
        yield timeseries(
            counts,
            title=f"{service or 'unnamed service'} · error lines each {_interval_name(step)}",
            caption=f"{count(int((mine.index < case.window.start).sum()), 'line')} in the baseline, "
            f"{count(int((mine.index >= case.window.start).sum()), 'line')} in the incident.",
            window=case.window,
            baseline=case.baseline,
            onset=_first_onset(case, str(service)),
            changes=ticks,
            zone=zone,
            style="bars",
        )


def _log_lines(case: Case, loaded: dict[str, pd.DataFrame]) -> pd.DataFrame | None:
    """Return the widest query of logs whose result is stored whole: counts of a head would mislead."""
    queries: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for entry in case.evidence:
        frame = loaded.get(entry.id)
        whole = frame is not None and len(frame) >= entry.rows
        if (
            frame is not None
            and whole
            and set(frame.columns) >= _LOG_COLUMNS
            and isinstance(frame.index, pd.DatetimeIndex)
        ):
            queries.setdefault((entry.source, entry.query), []).append(frame)
    if not queries:
        return None
    parts = max(queries.values(), key=lambda frames: sum(map(len, frames)))
    columns = {"level": "", "service": ""}
    lines = pd.concat([part.reindex(columns=list(columns)) for part in parts])
    lines = lines[lines.index.notna()].fillna(columns)
    inside = (lines.index >= case.baseline.start) & (lines.index < case.window.end)
    return lines[inside] if bool(inside.any()) else None


def _intervals(baseline: Window, window: Window) -> tuple[int, list[pd.Timestamp]]:
    total = (baseline.length + window.length).total_seconds()
    step = next((i for i in _INTERVALS if total / i <= _BARS), _INTERVALS[-1])
    edges: list[pd.Timestamp] = []
    for one in sorted((baseline, window), key=lambda w: w.start):
        floor = pd.Timestamp(one.start).floor(f"{step}s")
        # Intervals stand on the clock's marks; one that starts before the window would be drawn outside it.
        first = floor if floor >= one.start else floor + pd.Timedelta(seconds=step)
        edges += list(pd.date_range(first, one.end, freq=f"{step}s", inclusive="left"))
    return step, sorted(set(edges))


def _per_interval(times: pd.DatetimeIndex, step: int, edges: list[pd.Timestamp]) -> pd.Series[float]:
    counts = times.floor(f"{step}s").value_counts()
    return counts.reindex(pd.DatetimeIndex(edges), fill_value=0).astype("float64")


def _interval_name(step: int) -> str:
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if step % size == 0:
            return name if step == size else f"{step // size} {name}s"
    return f"{step} seconds"


def _first_onset(case: Case, service: str) -> datetime | None:
    onsets = [
        f.onset
        for f in sorted(case.findings, key=lambda f: -f.score)
        if f.service == service and isinstance(f.onset, datetime) and f.unit == "/min"
    ]
    return onsets[0] if onsets else None


def looked_at(case: Case, zone: str | tzinfo | None = None) -> str:
    """Return in which data something was looked for, in one sentence."""
    asked = [e for e in case.evidence if e.kind == "query"]
    if not asked:
        return "No data has been read."
    by_source: dict[str, int] = {}
    for entry in asked:
        by_source[entry.source or "a source"] = by_source.get(entry.source or "a source", 0) + entry.rows
    told = ", ".join(f"{name} ({count(rows, 'row')})" for name, rows in by_source.items())
    return f"Looked for in {told}, {window_text(case.window, zone)}, against {window_text(case.baseline, zone)}."
