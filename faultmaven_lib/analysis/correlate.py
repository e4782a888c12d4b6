"""Templates, metrics, calls and changes on one time line: what moved first, and what moves together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.axis import in_order
from faultmaven_lib.analysis.moved import Moved, moved
from faultmaven_lib.analysis.ordering import order_of
from faultmaven_lib.analysis.signals.calls import CallSeries
from faultmaven_lib.analysis.signals.metrics import MetricSeries
from faultmaven_lib.analysis.signals.series import followed
from faultmaven_lib.analysis.suspects import number_of
from faultmaven_lib.analysis.together import grouped
from faultmaven_lib.analysis.wording import clean, span
from faultmaven_lib.evidence import cited
from faultmaven_lib.model import Alert, Window
from faultmaven_lib.settings import settings

COLUMNS = (
    "time",
    "service",
    "kind",
    "what",
    "direction",
    "before",
    "after",
    "size",
    "unit",
    "score",
    "since_onset",
    "resolution",
    "order",
    "first",
    "group",
    "sentence",
    "evidence",
)
_STANDS_OUT = 0.4
"""Share of the largest weight that the best finding of a service has to have for the service to be the first."""
_DATES = 0.6
"""Share of the largest weight of its service that a finding has to have to date it: as ``Suspect.onset`` has it."""
_EPOCH = 1e8


def timeline(
    *findings: pd.DataFrame | None,
    changes: pd.DataFrame | None = None,
    alerts: Iterable[Alert] = (),
    logs: pd.DataFrame | None = None,
    metrics: pd.DataFrame | None = None,
    spans: pd.DataFrame | None = None,
    series: pd.DataFrame | None = None,
    onset: datetime | float | None = None,
    window: Window | None = None,
    services: Collection[str] = (),
) -> pd.DataFrame:
    """Put all that moved, all changes and alerts on one time line: what moved first, and what moves together.

    Two onsets are put in an order only where they are further apart than they are known: a metric to the step of its
    samples, calls that take longer to the bin in which they are followed, a template whose rate changed to the time
    in which not a single line comes by chance once in a hundred times, all else to a second. What that leaves open
    moved together.

    Parameters
    ----------
    findings
        Frames of findings of logs, metrics and traces; those without an onset are left out.
    changes
        Change events, with the columns ``time, kind, service, version, message`` as far as they are known
        (``time`` may be the index).
    alerts
        Alerts that fired.
    logs, metrics, spans
        The data that the findings were made of, baseline and incident in one frame each, as far as it is at hand:
        it says how finely onsets are known and what moves together (``move_together``).
    series
        What ``signal_series`` made of the data, where that was asked before.
    onset
        When it began, if that is known; else the first that moved counts.
    window
        The window of the incident. What was like that at its start is not what moved first, if the onset is later.
    services
        Names that ``TraceAnalyzer`` was given.

    Returns
    -------
    DataFrame
        One row a thing, ascending in ``time``. ``service, kind, what``: a finding's kind and subject, the kind of a
        change, ``alert``. ``direction, before, after, size`` (in ``unit``) and ``score`` of a finding.
        ``since_onset``: how long after (``+``) or before (``-``) the onset. ``resolution``: how finely the time is
        known, in seconds (samples). ``order``: 1 for what nothing certainly precedes, and so on; missing for changes
        and alerts, which did not move by themselves. ``first``: of the findings that date their service, in services
        that stand out, those that no other one precedes. ``group``: what moves together, empty for what moves alone.
        ``sentence, evidence``. ``attrs["onset"]`` is what ``since_onset`` counts from.

    Examples
    --------
    >>> from faultmaven_lib.analysis import MetricAnalyzer
    >>> at = pd.date_range("2026-03-01T14:00Z", periods=80, freq="5s", name="time")
    >>> wave = np.sin(np.arange(80)) / 10 + 1
    >>> wide = pd.DataFrame({("db", "locks"): wave, ("api", "latency"): wave}, index=at)
    >>> wide.iloc[50:, 0] += np.arange(30)
    >>> wide.iloc[51:, 1] += np.arange(29)
    >>> odd = MetricAnalyzer().fit(wide[:40]).compare(wide[40:])
    >>> deploys = pd.DataFrame({"time": [pd.Timestamp("2026-03-01T14:03Z")], "kind": "deploy", "service": "api",
    ...                         "version": "1.4.2", "message": "retry payments"})
    >>> line = timeline(odd, changes=deploys, metrics=wide)
    >>> line[["service", "kind", "since_onset", "first", "group"]].values.tolist()
    [['api', 'deploy', '-1 min 15 s', False, ''],
     ['db', 'trend', '0 s', True, 'G1'],
     ['api', 'trend', '+5 s', False, 'G1']]
    """
    things = _dated_by(moved(*findings), metrics, spans, services)
    if series is None:
        series = followed(things, logs=logs, metrics=metrics, spans=spans, services=services)
    groups = grouped(things, series)
    group_of = {(g["service"], g["what"], g["kind"]): g["group"] for g in groups.to_dict("records")}
    orders = order_of(np.array([one.at for one in things]), np.array([one.resolution for one in things]))
    first = _first(things, onset, window)
    rows = [
        _row(one) | {"order": int(order), "first": is_first, "group": group_of.get(one.key, "")}
        for one, order, is_first in zip(things, orders, first, strict=True)
    ]
    timed = not things or isinstance(things[0].time, datetime)
    others = [*_changes(changes), *_alerts(alerts)]
    # Numbers beside times cannot be put in an order: the findings say which of both it is.
    rows += [row for row in others if isinstance(row["time"], datetime) == timed or not things]
    return _frame(rows, onset, things, first)


def events(changes: pd.DataFrame) -> list[dict[str, Any]]:
    """Return change events as records with every field there, as text, in order of time."""
    if "time" in changes.columns:
        changes = changes.set_index("time")
    frame = in_order(changes)
    out = []
    for time, record in zip(frame.index, frame.to_dict("records"), strict=True):
        fields = {
            name: _text(record.get(name))
            for name in ("kind", "service", "version", "commit", "author", "message", "files", "diff")
        }
        out.append({"time": time} | fields | {"kind": fields["kind"] or "change"})
    return out


def describe(event: dict[str, Any]) -> str:
    """Return a change event in one line."""
    head = f"{event['kind']} of {event['service']}" if event["service"] else str(event["kind"])
    name = event["version"] or event["commit"][:12]
    text = " ".join(p for p in (head, name) if p)
    return clean(f"{text}: {event['message']}" if event["message"] else text, 300)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple) or hasattr(value, "tolist"):
        return " ".join(str(v) for v in value)
    return "" if value is None or value != value else str(value)


def _dated_by(
    things: Sequence[Moved], metrics: pd.DataFrame | None, spans: pd.DataFrame | None, services: Collection[str]
) -> list[Moved]:
    """Say how finely each onset is known, by the data where it is at hand."""
    gauges, calls = MetricSeries(metrics), CallSeries(spans, services)
    out = []
    for one in things:
        step = gauges.step_of(one) if one.side == "metric" else calls.step_of(one)
        if step is None and one.side == "metric" and isinstance(one.time, datetime):
            step = settings().metrics_step
        out.append(one if step is None else replace(one, resolution=step))
    return out


def _first(things: Sequence[Moved], onset: datetime | float | None, window: Window | None) -> list[bool]:
    """Return what nothing precedes, among what dates its service in a service that stands out."""
    start = window.start.timestamp() if window else -np.inf
    began = number_of(onset) if onset is not None else -np.inf
    counted = [i for i, one in enumerate(things) if not one.at <= start + one.resolution < began]
    largest: dict[str, float] = {}
    for i in counted:
        largest[things[i].service] = max(largest.get(things[i].service, 0.0), things[i].weight)
    most = max(largest.values(), default=0.0)
    strong = [
        i
        for i in counted
        if things[i].weight > 0
        and things[i].weight >= _DATES * largest[things[i].service]
        and largest[things[i].service] >= _STANDS_OUT * most
    ]
    orders = order_of(np.array([things[i].at for i in strong]), np.array([things[i].resolution for i in strong]))
    chosen = {i for i, order in zip(strong, orders.tolist(), strict=True) if order == 1}
    return [i in chosen for i in range(len(things))]


def _row(one: Moved) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in COLUMNS if hasattr(one, name)}
    return told | {"direction": "" if one.direction == "none" else one.direction}


def _changes(changes: pd.DataFrame | None) -> Iterable[dict[str, Any]]:
    if changes is None or not len(changes):
        return
    source = " ".join(cited(changes))
    for event in events(changes):
        time = event["time"]
        told = describe(event)
        name = event["version"] or event["commit"][:12]
        said = event["message"]
        what = clean(said if name in said else f"{name}: {said}" if said else name, 300)
        yield {
            "time": time.to_pydatetime() if isinstance(time, pd.Timestamp) else float(time),
            "service": event["service"],
            "kind": event["kind"],
            "what": what or told,
            "sentence": told,
            "evidence": source,
        }


def _alerts(alerts: Iterable[Alert]) -> Iterable[dict[str, Any]]:
    for alert in alerts:
        sentence = clean(f"{alert.name} fired: {alert.summary}", 300)
        yield {
            "time": alert.starts_at,
            "service": alert.service,
            "kind": "alert",
            "what": clean(alert.name, 300),
            "sentence": sentence,
            "evidence": "",
        }


def _frame(
    rows: list[dict[str, Any]], onset: datetime | float | None, things: Sequence[Moved], first: Sequence[bool]
) -> pd.DataFrame:
    numeric = ("before", "after", "size", "score", "resolution")
    defaults = dict.fromkeys(COLUMNS) | {"direction": "", "unit": "", "resolution": 1.0, "first": False, "group": ""}
    numbers = [number_of(row["time"]) for row in rows]
    began = onset
    if began is None and things:
        began = next((one.time for one, is_first in zip(things, first, strict=True) if is_first), things[0].time)
    base = None if began is None else number_of(began)
    turn = sorted(range(len(rows)), key=numbers.__getitem__)
    whole = [{**defaults, **rows[i], "since_onset": _since(numbers[i], base)} for i in turn]
    frame = pd.DataFrame(whole, columns=list(COLUMNS))
    if rows and isinstance(rows[0]["time"], datetime):
        frame["time"] = pd.to_datetime(frame["time"], utc=True)
    frame = frame.astype(dict.fromkeys(numeric, "float64") | {"order": "Int64", "first": "bool"})
    texts = ("service", "kind", "what", "direction", "unit", "since_onset", "group", "sentence", "evidence")
    frame = frame.astype(dict.fromkeys(texts, "str"))
    if began is not None:
        frame.attrs["onset"] = began
    return frame


def _since(at: float, base: float | None) -> str:
    """Write how long after the onset a moment is: to the second, since next to nothing is known more finely."""
    if base is None:
        return ""
    samples = base < _EPOCH
    apart = round(at - base)
    return f"{'+' if apart > 0 else '-' if apart < 0 else ''}{span(abs(apart), samples=samples)}"
