"""Findings on edges, each with its sentence."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.axis import moment
from faultmaven_lib.analysis.traces.moves import Moved
from faultmaven_lib.analysis.wording import amount, clean, clock, number, quoted
from faultmaven_lib.model import Finding, FindingKind

Onset = datetime | float
Pair = tuple[str, str]
CLOCK = "clock_offset_seconds"
OUTSIDE = "outside"
"""Whom a request comes from that no service made."""


class Edge(NamedTuple):
    """Who calls whom, and by which operation where an edge has several."""

    caller: str
    callee: str
    operation: str

    @property
    def pair(self) -> Pair:
        """Caller and callee."""
        return self.caller, self.callee

    @property
    def subject(self) -> str:
        """The edge as the subject of a finding."""
        pair = f"{clean(self.caller, 80) or OUTSIDE} → {clean(self.callee, 80)}"
        return f"{pair}: {clean(self.operation, 120)}" if self.operation else pair

    @property
    def words(self) -> str:
        """The edge in a sentence."""
        pair = f"requests to {clean(self.callee, 80)}"
        if self.caller:
            pair = f"calls from {clean(self.caller, 80)} to {clean(self.callee, 80)}"
        return f"{pair} ({clean(self.operation, 120)})" if self.operation else pair


def of_waits(
    edge: Edge,
    moved: Moved,
    before: pd.DataFrame,
    after: pd.DataFrame,
    calls: pd.DataFrame,
    onset: Onset,
    ended: Onset | None,
    *,
    by_caller: bool = False,
) -> tuple[Finding, float]:
    """State how an edge became slower, and return the share of it that passes in the callee or on the way to it.

    Parameters
    ----------
    edge, moved
        What moved, and how.
    before, after
        The calls of this kind in the baseline and in the incident.
    calls
        All calls of the incident.
    onset, ended
        When it begins and ends.
    by_caller
        Nobody else waits longer for the callee, and the caller waits longer for others as well.
    """
    inside = moved.inside(after)
    more = {part: max(float(inside[part].mean() - before[part].mean()), 0.0) for part in ("own", "gap", "inner")}
    total = sum(more.values())
    share = (more["own"] + more["gap"]) / total if total > 0 else 1.0
    callee = clean(edge.callee, 80)
    late = not by_caller and share >= 0.5 and more["gap"] > more["own"]
    if by_caller:
        share = 0.0
        where = f"{clean(edge.caller, 80)} waits longer for others, too, and nobody else for {callee}"
    elif share < 0.5:
        waited_for = _waited_for(inside, calls)
        where = f"{callee} waits for {clean(waited_for, 80)}" if waited_for else f"{callee} waits for others"
    elif late:
        where = f"the time passes before {callee} takes them up"
    else:
        where = f"the time passes in {callee} itself"
    was, now = amount(moved.before, "s"), amount(moved.after, "s")
    factor = f" (×{number(moved.after / moved.before)})" if moved.before > 0 else ""
    finding = Finding(
        kind=FindingKind.EDGE_LATENCY,
        service=edge.callee,
        subject=f"{edge.subject} {'delay before it is taken up' if late else 'latency'}",
        direction="up",
        onset=onset,
        until=ended,
        before=moved.before,
        after=moved.after,
        size=moved.after - moved.before,
        unit="s",
        sentence=f"The {moved.statistic} of {edge.words} rose from {was} to {now}{factor} at {clock(onset)}"
        f"{_until(ended)}; {where}.",
        example=_message(inside),
    )
    return finding, share


def of_own_time(
    edge: Edge,
    moved: Moved,
    before: pd.DataFrame,  # noqa: ARG001 (as of_waits)
    after: pd.DataFrame,
    calls: pd.DataFrame,  # noqa: ARG001
    onset: Onset,
    ended: Onset | None,
) -> tuple[Finding, float]:
    """State that the callee takes longer by itself, where the whole wait does not show it as clearly."""
    was, now = amount(moved.before, "s"), amount(moved.after, "s")
    factor = f" (×{number(moved.after / moved.before)})" if moved.before > 0 else ""
    finding = Finding(
        kind=FindingKind.EDGE_LATENCY,
        service=edge.callee,
        subject=f"{edge.subject} own time",
        direction="up",
        onset=onset,
        until=ended,
        before=moved.before,
        after=moved.after,
        size=moved.after - moved.before,
        unit="s",
        sentence=f"The {moved.statistic} time that {clean(edge.callee, 80)} itself takes in {edge.words} rose from "
        f"{was} to {now}{factor} at {clock(onset)}{_until(ended)}.",
        example=_message(moved.inside(after)),
    )
    return finding, 1.0


def of_errors(
    edge: Edge,
    moved: Moved,
    before: pd.DataFrame,  # noqa: ARG001 (as of_waits)
    after: pd.DataFrame,
    calls: pd.DataFrame,
    onset: Onset,
    ended: Onset | None,
) -> tuple[Finding, float]:
    """State how an edge began to fail, and return the share of the failures that are the callee's own."""
    inside = moved.inside(after)
    failing = inside[inside["error"]]
    share = float(failing["own_error"].mean()) if len(failing) else 1.0
    callee = clean(edge.callee, 80)
    where = f"{callee} fails by itself"
    if share < 0.5:
        broken = _fails_with(failing, calls)
        where = f"{callee} fails where its calls to {clean(broken, 80) if broken else 'others'} do"
    message = _message(failing[failing["own_error"]] if share >= 0.5 else failing)
    said = f": {quoted(message)}" if message else ""
    was, now = amount(moved.before, "%"), amount(moved.after, "%")
    finding = Finding(
        kind=FindingKind.EDGE_ERRORS,
        service=edge.callee,
        subject=f"{edge.subject} errors",
        direction="up",
        onset=onset,
        until=ended,
        before=moved.before,
        after=moved.after,
        size=moved.after - moved.before,
        unit="%",
        sentence=f"The share of failing {edge.words} rose from {was} to {now} at {clock(onset)}"
        f"{_until(ended)}; {where}{said}.",
        example=message,
    )
    return finding, share


def of_clock(service: str, caller: str, callee: str, moved: Moved) -> Finding:
    """State that a clock is off against another one."""
    other = caller if service == callee else callee
    sign = 1.0 if service == callee else -1.0
    before, after = sign * moved.before, sign * moved.after
    # Calls are dated by their caller's clock: where that is the one that is wrong, its error comes off.
    wrong = 0.0 if service == callee else after - before
    onset = moment(pd.Timestamp(moved.start, tz="UTC") - pd.Timedelta(wrong, "s"))
    way = "ahead of" if after > before else "behind"
    return Finding(
        kind=FindingKind.LEVEL_SHIFT,
        service=service,
        subject=CLOCK,
        direction="up" if after > before else "down",
        onset=onset,
        before=before,
        after=after,
        size=after - before,
        unit="s",
        score=round(float(10 * np.log10(1 + moved.deviation)), 4),
        p_value=moved.p,
        sentence=f"The clock of {clean(service, 80)} is {amount(abs(after), 's')} {way} that of {clean(other, 80)} "
        f"from {clock(onset)} on; the two were {amount(abs(before), 's')} apart.",
    )


def _until(ended: Onset | None) -> str:
    return " and stayed there" if ended is None else f", until {clock(ended)}"


def _waited_for(inside: pd.DataFrame, calls: pd.DataFrame) -> str:
    """Whom the work that these calls started waits for most."""
    visits = set(inside["visit"]) - {-1}
    made = calls[calls["from_visit"].isin(visits) & ~calls["queued"]]
    waits = made.groupby("callee", sort=True)["wait"].sum().sort_values(ascending=False, kind="stable")
    return str(waits.index[0]) if len(waits) else ""


def _fails_with(failing: pd.DataFrame, calls: pd.DataFrame) -> str:
    """Whose failures the work that these calls started meets most often."""
    visits = set(failing["visit"]) - {-1}
    made = calls[calls["from_visit"].isin(visits) & ~calls["queued"] & calls["error"]]
    met = made.groupby("callee", sort=True)["from_visit"].nunique().sort_values(ascending=False, kind="stable")
    return str(met.index[0]) if len(met) else ""


def _message(calls: pd.DataFrame) -> str:
    """What failing calls say most often."""
    said = calls.loc[calls["message"] != "", "message"].value_counts()
    return clean(str(sorted(said[said == said.iloc[0]].index)[0]), 300) if len(said) else ""
