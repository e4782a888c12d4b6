"""Choose the window to look at and the baseline to compare it with, from an alert and from what the data covers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pandas as pd

from faultmaven_lib.analysis import edge_metrics, find_onset
from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import Alert, Source, Window

_AROUND_ALERT = timedelta(minutes=15)
"""How far before an alert its incident is taken to reach back: alerts fire late."""
_BINS = 100
"""Bins of the edges of traces in which their onset is looked for."""
_LEAST = timedelta(seconds=30)
"""A shorter stretch before the onset is no baseline."""


def choose(
    sources: Mapping[str, Source],
    *,
    alert: Alert | None = None,
    window: Window | None = None,
    baseline: Window | None = None,
) -> tuple[Window, Window]:
    """Return the window and the baseline; what is given is taken.

    An alert's incident reaches from 15 minutes before it to its end, or to 15 minutes after its start while it
    fires. Where the data does not reach far enough back for the equal span before that, and where there is no
    alert, the onset is looked for in the data, and what lies before it is the baseline.

    Raises
    ------
    SourceError
        If no window and no alert is given and the sources hold nothing that has a time.
    """
    if window is not None:
        return window, baseline or window.before()
    if alert is None:
        return _by_onset(sources, _whole(sources), baseline)
    end = alert.ends_at or alert.starts_at + _AROUND_ALERT
    span = Window(start=alert.starts_at - _AROUND_ALERT, end=max(end, alert.starts_at + timedelta(seconds=1)))
    covered = covered_by(sources)
    reaches_back = covered is None or covered.start <= span.start - span.length / 2
    if baseline is not None or reaches_back or covered is None or not _overlap(covered, span):
        return span, baseline or span.before()
    known = Window(start=covered.start, end=min(covered.end, span.end))
    return _by_onset(sources, known, None, alerted=alert.starts_at)


def covered_by(sources: Mapping[str, Source]) -> Window | None:
    """Return the stretch that logs, metrics and traces cover together; changes reach back for months."""
    spans = [span for source in sources.values() if source.kind != "changes" and (span := span_of(source))]
    return Window(start=min(s.start for s in spans), end=max(s.end for s in spans)) if spans else None


def span_of(source: Source) -> Window | None:
    """Return what a source covers; None where it cannot tell or be read, which whoever asks it next will say."""
    try:
        return source.span()
    except SourceError:
        return None


def _whole(sources: Mapping[str, Source]) -> Window:
    covered = covered_by(sources)
    if covered is None:
        said = [note for source in sources.values() for note in _notes(source)]
        why = f" ({'; '.join(said)})" if said else ""
        raise SourceError(f"the data holds no times{why}, so there is no window to look at: name one")
    return covered


def _by_onset(
    sources: Mapping[str, Source], whole: Window, baseline: Window | None, alerted: datetime | None = None
) -> tuple[Window, Window]:
    onset = _onset(sources, whole)
    if onset is not None and whole.start + _LEAST <= onset < whole.end:
        return Window(start=onset, end=whole.end), baseline or Window(start=whole.start, end=onset)
    if alerted is not None and whole.start + 2 * _LEAST <= alerted:
        # No onset stands out before the alert: halfway to it, so that both sides hold something.
        middle = whole.start + (alerted - whole.start) / 2
        return Window(start=middle, end=whole.end), Window(start=whole.start, end=middle)
    return whole, baseline or whole.before()


def _onset(sources: Mapping[str, Source], whole: Window) -> datetime | None:
    def read(kind: str) -> list[pd.DataFrame]:
        return [s.query("", whole) for s in sources.values() if s.kind == kind]

    logs, metrics = read("logs"), read("metrics")
    width = f"{max(whole.length.total_seconds() / _BINS, 1.0):.0f}s"
    metrics += [edges for spans in read("traces") if len(edges := edge_metrics(spans, width))]
    found = find_onset(
        pd.concat(logs).sort_index(kind="stable") if logs else None,
        pd.concat(metrics, axis=1) if metrics else None,
    )
    return None if found is None else Window(start=pd.Timestamp(found.time), end=whole.end + _LEAST).start


def _overlap(one: Window, other: Window) -> bool:
    return one.start < other.end and other.start < one.end


def _notes(source: Source) -> list[str]:
    source.query()
    return source.notes
