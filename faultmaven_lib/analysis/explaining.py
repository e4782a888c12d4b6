"""What explains what: how far a callee explains its caller, and what the window and the alert say of a finding."""

from __future__ import annotations

from typing import Any

import pandas as pd

from faultmaven_lib.analysis.axis import in_order, seconds
from faultmaven_lib.analysis.suspects import Suspect, number_of, side_of
from faultmaven_lib.model import Direction, Finding, ServiceGraph

_STALE = 0.25
"""What a finding keeps that was there before the trouble began, or that went the other way than what alerted."""
_UNLIKE = 0.6
"""What a finding keeps that is not on the metric which alerted, though its service is measured by that one."""
_BESIDE = 0.4
"""How far a change by another measure than the alerted one is a reason."""
_WELL = 0.3
"""Least share of a caller's trouble that a callee explains which stands out as much."""


def since(given: list[Finding], incident: pd.DataFrame | None, onset: Any) -> list[Finding]:
    """Weigh down what stood out from the first sample of the window on, where the trouble is known to start later.

    A baseline can be months old: what has drifted since then is as odd before the onset as after it.
    """
    if incident is None or not len(incident) or onset is None:
        return given
    first = float(seconds(in_order(incident).index)[0])
    if as_number(onset) <= first:
        return given
    stale = [f.onset is not None and number_of(f.onset) <= first for f in given]
    return [f.model_copy(update={"score": _STALE * f.score}) if old else f for f, old in zip(given, stale, strict=True)]


def way_of(
    baseline: pd.DataFrame | None, incident: pd.DataFrame | None, service: str, metric: str, onset: Any
) -> Direction | None:
    """Return which way a metric of a service went, were it ever so little; None where that cannot be said.

    What came before the onset in the same window tells it better than a baseline, which can be months old.
    """
    if baseline is None or incident is None:
        return None
    if onset is not None:
        earlier = seconds(in_order(incident).index) < as_number(onset)
        if 1 < earlier.sum() < len(incident):
            baseline, incident = in_order(incident)[earlier], in_order(incident)[~earlier]
    steps = []
    for column in {
        c for c in incident.columns if c in baseline.columns and (str(c[0]), str(c[1])) == (service, metric)
    }:
        before, after = (pd.to_numeric(frame[column], errors="coerce").dropna() for frame in (baseline, incident))
        if len(before) > 1 and len(after):
            steps.append(float(after.mean() - before.mean()) / (float(before.std()) or abs(before.mean()) or 1.0))
    largest = max(steps, key=abs, default=0.0)
    return "up" if largest > 0 else "down" if largest < 0 else None


def as_alerted(
    given: list[Finding],
    service: str,
    metric: str,
    measured: frozenset[tuple[str, str]],
    way: Direction | None = None,
) -> list[Finding]:
    """Weigh findings by what alerted: what it is made of is measured alike, and went the same way.

    Of a service that is measured so, findings on other metrics count less; those on the same metric that went the
    other way hardly count. The way is that of the finding on what alerted, or else as given, or that of the largest.
    """

    def alike(finding: Finding) -> bool:
        return is_of(finding.subject, metric)

    same = [f for f in given if alike(f)]
    if not same:
        return given
    there = [f for f in same if f.service == service]
    if there or way is None:
        way = max(there or same, key=lambda f: f.score).direction
    known = {owner for owner, name in measured if is_of(name, metric)}
    weights = [
        (_UNLIKE if f.service in known else 1.0) if not alike(f) else 1.0 if f.direction in (way, "none") else _STALE
        for f in given
    ]
    return [f.model_copy(update={"score": w * f.score}) for f, w in zip(given, weights, strict=True)]


def as_number(onset: Any) -> float:
    """Return an onset as a number, seconds for times."""
    return float(onset) if isinstance(onset, int | float) else float(seconds(pd.DatetimeIndex([onset]))[0])


def explained(
    caller: Suspect,
    callee: Suspect,
    strength: dict[str, float],
    measured: frozenset[tuple[str, str]],
    alerted: str | None = None,
) -> float:
    """Return how much of what a service shows is explained by one that it calls.

    It has to stand out as much. Where both are measured alike it has to have changed as much: two milliseconds in a
    database are no reason for half a second in front of it, and one that is well by that measure explains little.
    """
    own = strength[caller.service]
    share = min(strength[callee.service] / own, 1.0) if own > 0 else 0.0
    enough = suffices(caller, callee, measured, alerted)
    return share if enough is None else share * max(enough, _WELL)


def suffices(
    caller: Suspect, callee: Suspect, measured: frozenset[tuple[str, str]], alerted: str | None = None
) -> float | None:
    """Return how far a callee changed as much as its caller, by a measure of both; None where there is none.

    Where the caller changed by the metric that alerted and the callee is measured by it, it is that one which has to
    be explained: a database that answers late is a weak reason for calls that fail.
    """
    sizes = {(f.subject, f.direction): abs(f.size) for f in _measures(callee) if f.size}
    known = {subject for subject, _ in sizes}
    shares = {
        (f.subject, f.direction): min(sizes.get((f.subject, f.direction), 0.0) / abs(f.size), 1.0)
        for f in _measures(caller)
        if f.size and (f.subject in known or (callee.service, f.subject) in measured)
    }
    if not shares:
        return None
    asked = [share for (subject, _), share in shares.items() if alerted and is_of(subject, alerted)]
    others = max(shares.values()) ** 0.5
    through = max(asked, default=0.0) ** 0.5
    return float(max(through, _BESIDE * others) if asked else others)


def _measures(suspect: Suspect) -> list[Finding]:
    return [f for f in [*suspect.findings, *suspect.seen] if side_of(f) == "metric"]


def is_of(subject: str, metric: str) -> bool:
    """Whether the subject of a finding is a metric, or a statistic of it."""
    return subject == metric or subject.startswith(f"{metric} ")


def views(
    found: dict[str, Suspect], strength: dict[str, float], calls: ServiceGraph | None, alerted: str | None = None
) -> dict[str, str]:
    """Return which suspects are but the view that callers have of another one, and of which.

    Such a one calls nobody, and all that call it also call another one that does call others, and that stands out by
    the same measure, or by any if this one shows what alerted: a load balancer as traces show it. Where there are
    several, it is the view of the strongest.
    """
    out = {}
    for service, suspect in found.items():
        if calls is None or calls.callees(service):
            continue
        callers = set(calls.callers(service))
        subjects = {f.subject for f in suspect.findings}
        alerts = alerted is not None and any(is_of(subject, alerted) for subject in subjects)
        behind = [
            other
            for other in found
            if other != service
            and calls.callees(other)
            and other not in callers
            and callers <= set(calls.callers(other))
            and (alerts or subjects & {f.subject for f in found[other].findings})
        ]
        if callers and behind:
            out[service] = max(behind, key=lambda other: (strength[other], other))
    return out
