"""What explains what: how far a callee explains its caller, and what the window and the alert say of a finding."""

from __future__ import annotations

from typing import Any

import pandas as pd

from faultmaven_lib.analysis.axis import in_order, seconds
from faultmaven_lib.analysis.suspects import Suspect, number_of, side_of
from faultmaven_lib.model import Finding, ServiceGraph

_STALE = 0.25
"""What a finding keeps that was there before the trouble began, or that went the other way than what alerted."""
_UNLIKE = 0.6
"""What a finding keeps that is not on the metric which alerted, though its service is measured by that one."""
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


def as_alerted(given: list[Finding], service: str, metric: str, measured: frozenset[tuple[str, str]]) -> list[Finding]:
    """Weigh findings by what alerted: what it is made of is measured alike, and went the same way.

    Of a service that is measured so, findings on other metrics count less; those on the same metric that went the
    other way hardly count.
    """

    def is_it(name: str) -> bool:
        return name == metric or name.startswith(f"{metric} ")

    def alike(finding: Finding) -> bool:
        return is_it(finding.subject)

    same = [f for f in given if alike(f)]
    if not same:
        return given
    there = [f for f in same if f.service == service] or same
    way = max(there, key=lambda f: f.score).direction
    known = {owner for owner, name in measured if is_it(name)}
    weights = [
        (_UNLIKE if f.service in known else 1.0) if not alike(f) else 1.0 if f.direction in (way, "none") else _STALE
        for f in given
    ]
    return [f.model_copy(update={"score": w * f.score}) for f, w in zip(given, weights, strict=True)]


def as_number(onset: Any) -> float:
    """Return an onset as a number, seconds for times."""
    return float(onset) if isinstance(onset, int | float) else float(seconds(pd.DatetimeIndex([onset]))[0])


def explained(
    caller: Suspect, callee: Suspect, strength: dict[str, float], measured: frozenset[tuple[str, str]]
) -> float:
    """Return how much of what a service shows is explained by one that it calls.

    It has to stand out as much. Where both are measured alike it has to have changed as much: two milliseconds in a
    database are no reason for half a second in front of it, and one that is well by that measure explains little.
    """
    own = strength[caller.service]
    share = min(strength[callee.service] / own, 1.0) if own > 0 else 0.0
    enough = suffices(caller, callee, measured)
    return share if enough is None else share * max(enough, _WELL)


def suffices(caller: Suspect, callee: Suspect, measured: frozenset[tuple[str, str]]) -> float | None:
    """Return how far a callee changed as much as its caller, by a measure of both; None where there is none."""
    sizes = {(f.subject, f.direction): abs(f.size) for f in callee.findings if f.size and side_of(f) == "metric"}
    known = {subject for subject, _ in sizes}
    alike = [
        min(sizes.get((f.subject, f.direction), 0.0) / abs(f.size), 1.0)
        for f in caller.findings
        if f.size and side_of(f) == "metric" and (f.subject in known or (callee.service, f.subject) in measured)
    ]
    return max(alike) ** 0.5 if alike else None


def is_shadow(service: str, found: dict[str, Suspect], calls: ServiceGraph | None) -> bool:
    """Whether a service may be but the view that its callers have of another one.

    It calls nobody, and all that call it also call another one that does call others, and that changed by the same
    measure.
    """
    if calls is None or calls.callees(service):
        return False
    callers = set(calls.callers(service))
    subjects = {f.subject for f in found[service].findings}
    return bool(callers) and any(
        callers <= set(calls.callers(other)) and subjects & {f.subject for f in found[other].findings}
        for other in found
        if other != service and calls.callees(other) and other not in callers
    )
