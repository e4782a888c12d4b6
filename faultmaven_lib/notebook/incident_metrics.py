"""Numbers about incidents: each with its definition, what it leaves out, and the incidents in it.

Pure functions on the frame that ``Store.cases()`` returns: no store, no widget and no clock in here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import fmean, median
from typing import Any, Literal

import pandas as pd

from faultmaven_lib.model import ActionItem, Mechanism, Window

Key = Literal["incidents", "detect", "acknowledge", "resolve", "repeats", "actions"]
SEVERITIES = ("sev1", "sev2", "sev3", "sev4")
FEW = 5
"""With fewer incidents than this on either side a difference between two periods says little."""


@dataclass(frozen=True)
class Excluded:
    """Incidents that a number leaves out, and why."""

    reason: str
    cases: tuple[str, ...]


@dataclass(frozen=True)
class Measure:
    """One number: what it says, how it is made, what it leaves out, and which incidents are in it."""

    key: Key
    name: str
    definition: str
    value: float | None
    """None where no incident could be counted; then there is nothing to show, which is not zero."""
    unit: Literal["", "s"]
    cases: tuple[str, ...]
    excluded: tuple[Excluded, ...] = ()
    each: Mapping[str, float] = field(default_factory=dict)
    """Of a mean: the value of each incident, in ``unit``."""

    @property
    def median(self) -> float | None:
        """The middle value, beside a mean that one long incident can carry away."""
        return float(median(self.each.values())) if self.each else None

    @property
    def n_excluded(self) -> int:
        """How many incidents are left out."""
        return sum(len(part.cases) for part in self.excluded)


@dataclass(frozen=True)
class Group:
    """Incidents that have something in common."""

    label: str
    cases: tuple[str, ...]


@dataclass(frozen=True)
class Breakdown:
    """The incidents of a period by one property."""

    key: Literal["severity", "service", "cause"]
    name: str
    definition: str
    groups: tuple[Group, ...]
    excluded: tuple[Excluded, ...] = ()


@dataclass(frozen=True)
class Action:
    """An action item with the incident it comes from."""

    case: str
    text: str
    owner: str
    due: date | None
    overdue: bool


@dataclass(frozen=True)
class Overview:
    """All numbers of one period and team, and of the equal period before it."""

    period: Window
    team: str | None
    frame: pd.DataFrame
    measures: tuple[Measure, ...]
    before: Mapping[Key, Measure]
    """The same measures over the equal span before; empty where there is none."""
    breakdowns: tuple[Breakdown, ...]
    actions: tuple[Action, ...]

    def __getitem__(self, key: Key) -> Measure:
        return next(measure for measure in self.measures if measure.key == key)


def in_period(frame: pd.DataFrame, period: Window, team: str | None = None) -> pd.DataFrame:
    """Return the incidents that began in a period (its start included, its end not), of one team or of all.

    Examples
    --------
    >>> cases = pd.DataFrame({"id": ["INC-1"], "team": ["shop"],
    ...                       "began": pd.to_datetime(["2026-03-01T14:00Z"])})
    >>> [len(in_period(cases, Window.parse(f"2026-{month}-01T00:00Z/1d"))) for month in ("03", "04")]
    [1, 0]
    """
    kept = (frame["began"] >= period.start) & (frame["began"] < period.end)
    if team is not None:
        kept &= frame["team"] == team
    return frame[kept]


def last(length: timedelta, now: datetime) -> Window:
    """Return the period of this length that ends now, an incident of this very moment included."""
    end = now + timedelta(microseconds=1)
    return Window(start=end - length, end=end)


def overview(
    frame: pd.DataFrame,
    actions: Mapping[str, Iterable[ActionItem]],
    period: Window,
    *,
    team: str | None = None,
    unread: Iterable[str] = (),
) -> Overview:
    """Compute all numbers of a period and of the equal period before it.

    Parameters
    ----------
    frame
        What ``Store.cases(limit=None)`` returns.
    actions
        Action items by incident id.
    period
        An incident belongs to it by when it began. Its end is also the day against which items are overdue.
    team
        Only this team's incidents.
    unread
        Incidents whose action items are not known.
    """
    now, then = in_period(frame, period, team), in_period(frame, period.before(), team)
    todo = open_actions(now, actions, period.end.date())
    missing = tuple(i for i in now["id"] if i in set(unread))
    measures = (*_measures(now), _actions_measure(now, todo, actions, missing))
    before = {measure.key: measure for measure in _measures(then)} if len(then) else {}
    breakdowns = (by_severity(now), by_service(now), by_cause(now))
    return Overview(period, team, now, measures, before, breakdowns, todo)


def _measures(frame: pd.DataFrame) -> tuple[Measure, ...]:
    return (count(frame), time_to_detect(frame), time_to_acknowledge(frame), time_to_resolve(frame), repeats(frame))


def count(frame: pd.DataFrame) -> Measure:
    """Return the number of incidents."""
    return Measure(
        "incidents",
        "Incidents",
        "Stored incidents that began in the period: when they started where that is known, else at the start "
        "of the window that was investigated.",
        float(len(frame)),
        "",
        _ids(frame),
    )


def time_to_detect(frame: pd.DataFrame) -> Measure:
    """Return the mean time to detect (MTTD): from started to detected."""
    definition = "Mean time to detect: from when the incident started to when it was detected."
    return _mean_time(frame, "detect", "MTTD", definition, start="started", end="detected")


def time_to_acknowledge(frame: pd.DataFrame) -> Measure:
    """Return the mean time to acknowledge (MTTA): from detected to acknowledged.

    Examples
    --------
    >>> moments = {"detected": ["2026-03-01T14:00Z", None], "acknowledged": ["2026-03-01T14:04Z", "2026-03-02T09:00Z"]}
    >>> cases = pd.DataFrame({"id": ["INC-1", "INC-2"]} | {k: pd.to_datetime(v, utc=True) for k, v in moments.items()})
    >>> mtta = time_to_acknowledge(cases)
    >>> mtta.value, mtta.cases, mtta.excluded
    (240.0, ('INC-1',), (Excluded(reason='no detected time', cases=('INC-2',)),))
    """
    definition = "Mean time to acknowledge: from when the incident was detected to when somebody took it."
    return _mean_time(frame, "acknowledge", "MTTA", definition, start="detected", end="acknowledged")


def time_to_resolve(frame: pd.DataFrame) -> Measure:
    """Return the mean time to resolve (MTTR): from started to resolved."""
    definition = "Mean time to resolve: from when the incident started to when it was resolved."
    return _mean_time(frame, "resolve", "MTTR", definition, start="started", end="resolved")


def _mean_time(frame: pd.DataFrame, key: Key, name: str, definition: str, *, start: str, end: str) -> Measure:
    each: dict[str, float] = {}
    reasons: dict[str, list[str]] = {}
    for case, begin, finish in zip(frame["id"], frame[start], frame[end], strict=True):
        if pd.isna(begin):
            reasons.setdefault(f"no {start} time", []).append(case)
        elif pd.isna(finish):
            reasons.setdefault(f"no {end} time", []).append(case)
        elif finish < begin:
            reasons.setdefault(f"{end} before {start}", []).append(case)
        else:
            each[case] = (finish - begin).total_seconds()
    excluded = tuple(Excluded(reason, tuple(cases)) for reason, cases in sorted(reasons.items()))
    mean = fmean(each.values()) if each else None
    return Measure(key, name, definition, mean, "s", tuple(each), excluded, each)


def repeats(frame: pd.DataFrame) -> Measure:
    """Return how many causes were confirmed for more than one incident."""
    again = [group for group in by_cause(frame).groups if len(group.cases) > 1]
    return Measure(
        "repeats",
        "Repeat causes",
        "Causes (a service and a mechanism) that people confirmed for more than one incident of the period.",
        float(len(again)),
        "",
        tuple(case for group in again for case in group.cases),
        _without_cause(frame),
    )


def repeat_groups(overview: Overview) -> tuple[Group, ...]:
    """Return the repeated causes of an overview with their incidents, most incidents first."""
    causes = next(breakdown for breakdown in overview.breakdowns if breakdown.key == "cause")
    return tuple(group for group in causes.groups if len(group.cases) > 1)


def by_severity(frame: pd.DataFrame) -> Breakdown:
    """Return the incidents by severity, the gravest first; a severity without incidents is shown as none."""
    held = frame["severity"].astype(str)
    names = [*SEVERITIES, *sorted(set(held) - set(SEVERITIES))]
    groups = tuple(Group(name, _ids(frame[held == name])) for name in names)
    return Breakdown("severity", "By severity", "Each incident counts once, under the severity it has now.", groups)


def by_service(frame: pd.DataFrame) -> Breakdown:
    """Return the incidents by service; one that touched several services counts in each."""
    cases: dict[str, list[str]] = {}
    without: list[str] = []
    for case, services in zip(frame["id"], frame["services"], strict=True):
        names = dict.fromkeys(name.strip() for name in str(services).split(",") if name.strip())
        for name in names:
            cases.setdefault(name, []).append(case)
        if not names:
            without.append(case)
    definition = "An incident that touched several services counts in each of them, so the rows can add up to more."
    excluded = (Excluded("no service named", tuple(without)),) if without else ()
    return Breakdown("service", "By service", definition, _ranked(cases), excluded)


def by_cause(frame: pd.DataFrame) -> Breakdown:
    """Return the incidents by confirmed cause: service and mechanism. What nobody confirmed is left out."""
    cases: dict[str, list[str]] = {}
    for case, service, mechanism in _causes(frame):
        if service is not None and mechanism is not None:
            cases.setdefault(f"{service}: {_phrase(mechanism)}", []).append(case)
    definition = "The cause that people confirmed: the service where the repair was made, and how it broke."
    return Breakdown("cause", "By confirmed cause", definition, _ranked(cases), _without_cause(frame))


def _causes(frame: pd.DataFrame) -> list[tuple[str, str | None, str | None]]:
    rows = zip(frame["id"], frame["cause_service"], frame["cause_mechanism"], strict=True)
    return [(case, _text(service), _known(mechanism)) for case, service, mechanism in rows]


def _without_cause(frame: pd.DataFrame) -> tuple[Excluded, ...]:
    unconfirmed: list[str] = []
    unknown: list[str] = []
    for (case, service, mechanism), held in zip(_causes(frame), frame["cause_mechanism"], strict=True):
        if service is None or mechanism is None:
            (unknown if service is not None and _text(held) else unconfirmed).append(case)
    parts = (("no confirmed cause", unconfirmed), ("confirmed with an unknown mechanism", unknown))
    return tuple(Excluded(reason, tuple(cases)) for reason, cases in parts if cases)


def _text(value: Any) -> str | None:
    return None if pd.isna(value) or not str(value) else str(value)


def _known(mechanism: Any) -> str | None:
    text = _text(mechanism)
    return None if text == Mechanism.UNKNOWN.value else text


def _phrase(mechanism: str) -> str:
    return Mechanism(mechanism).phrase if mechanism in set(Mechanism) else mechanism


def open_actions(frame: pd.DataFrame, actions: Mapping[str, Iterable[ActionItem]], today: date) -> tuple[Action, ...]:
    """Return the action items that are not done: the overdue first, then by due day, those without one last."""
    items = [
        Action(case, item.text, item.owner, item.due, item.due is not None and item.due < today)
        for case in frame["id"]
        for item in actions.get(case, ())
        if not item.done
    ]
    return tuple(sorted(items, key=lambda a: (a.due or date.max, a.case, a.text)))


def _actions_measure(
    frame: pd.DataFrame,
    todo: tuple[Action, ...],
    actions: Mapping[str, Iterable[ActionItem]],
    unread: tuple[str, ...],
) -> Measure:
    without = tuple(i for i in frame["id"] if i not in unread and not list(actions.get(i, ())))
    parts = (("no action item at all", without), ("action items not read", unread))
    return Measure(
        "actions",
        "Open action items",
        "Action items of the period's incidents that are not done; overdue when their day is past.",
        float(len(todo)),
        "",
        tuple(dict.fromkeys(action.case for action in todo)),
        tuple(Excluded(reason, cases) for reason, cases in parts if cases),
    )


def _ranked(cases: Mapping[str, list[str]]) -> tuple[Group, ...]:
    names = sorted(sorted(cases), key=lambda name: len(cases[name]), reverse=True)
    return tuple(Group(name, tuple(cases[name])) for name in names)


def _ids(frame: pd.DataFrame) -> tuple[str, ...]:
    return tuple(str(case) for case in frame["id"])
