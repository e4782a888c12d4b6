"""Milestones: how far an investigation is, read off what was done; and whether it is stuck.

All of it is a function of the record: evidence, findings, hypotheses, checks, steps and what people set. Nothing is
stored, so that the same record always gives the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from faultmaven_lib.model import AuditEntry, Case, Confidence, Evidence, Finding, Hypothesis, Milestone, Status

STEPS = 10
"""After so many steps without a new milestone an investigation is stuck."""
SPAN = timedelta(minutes=30)
"""Or after such a time, if something was tried in it."""
_TRIED = 3
_MOST = 4
_OVER = ("resolved", "closed")


def milestones(case: Case, audit: Iterable[AuditEntry] = ()) -> list[Milestone]:
    """Return the seven milestones in order: reached or not, when, by which evidence, and how or by what.

    Parameters
    ----------
    case
        The investigation, as ``inv.case()`` returns it.
    audit
        Its audit log, if it was stored: says when a status changed.

    Examples
    --------
    >>> from faultmaven_lib.model import Window
    >>> window = Window.parse("2026-03-01T14:00Z/10m")
    >>> case = Case(id="", title="Checkout stalls", team="shop", window=window, baseline=window.before(),
    ...             created_at=window.end, updated_at=window.end)
    >>> [m.name for m in milestones(case)][:2], any(m.reached for m in milestones(case))
    (['symptom verified', 'scope'], False)
    """
    record = _Record(case, list(audit))
    mitigation = _mitigation(record)
    return [
        _symptom(record),
        _scope(record),
        _time_line(record),
        _changes(record),
        _cause(record),
        mitigation,
        _verified(record, mitigation),
    ]


def stuck(case: Case, passed: Sequence[Milestone], *, now: datetime | None = None) -> str:
    """Return in a sentence that an investigation is stuck and what would move it on; empty if it is not.

    It is stuck when no milestone was reached by the last ten steps, or for half an hour in which things were tried.

    Parameters
    ----------
    case
        The investigation.
    passed
        Its milestones.
    now
        The moment that is asked about; default: that of the last step.
    """
    left = [m for m in passed if not m.reached]
    if not left or not case.steps or case.status in _OVER:
        return ""
    last = max((m.at for m in passed if m.reached and m.at), default=case.created_at)
    since = [step for step in case.steps if step.at > last]
    span = (now or case.steps[-1].at) - last
    if len(since) < STEPS and (span < SPAN or len(since) < _TRIED):
        return ""
    minutes = int(span.total_seconds() // 60)
    took = f"the last {len(since)} steps" + (f" ({minutes} min)" if minutes else "")
    return f"The investigation is stuck: {took} reached no milestone. Next is {left[0].name}: {left[0].how}"


def progress(case: Case, passed: Sequence[Milestone], *, now: datetime | None = None) -> str:
    """Return how far an investigation is in one sentence, and what would move it on."""
    told = stuck(case, passed, now=now)
    reached = [m.name for m in passed if m.reached]
    if told or not reached:
        return told
    left = [m for m in passed if not m.reached]
    following = f" Next is {left[0].name}: {left[0].how}" if left else ""
    return f"{len(reached)} of {len(passed)} milestones reached: {', '.join(reached)}.{following}"


class _Record:
    """A case, and what of it is looked up again and again."""

    def __init__(self, case: Case, audit: list[AuditEntry]) -> None:
        self.case, self.audit = case, audit
        self.evidence = {entry.id: entry for entry in case.evidence}
        self.findings = {finding.id: finding for finding in case.findings}
        apart = (Status.REFUTED, Status.RETIRED)
        # What a model only proposed moves nothing on.
        standing = [h for h in case.hypotheses if h.status not in apart and not h.only_proposed]
        self.leader: Hypothesis | None = next(
            (h for h in standing if h.status is Status.CONFIRMED), standing[0] if standing else None
        )

    def operation(self, name: str) -> list[Evidence]:
        return [e for e in self.case.evidence if e.operation is not None and e.operation.name == name]

    def known_at(self, ids: Iterable[str]) -> datetime | None:
        return max((self.evidence[i].taken_at for i in ids if i in self.evidence), default=None)

    def done_at(self, action: str, item: str = "") -> datetime | None:
        steps = [s for s in self.case.steps if s.action == action and (not item or item in s.items)]
        return steps[-1].at if steps else None

    def status_at(self, *statuses: str) -> datetime | None:
        ends = tuple(f"→ {status}" for status in statuses)
        return next((e.at for e in self.audit if any(end in e.detail for end in ends)), None)


def _reached(record: _Record, name: str, ids: Iterable[str], how: str, at: datetime | None = None) -> Milestone:
    chosen = tuple(dict.fromkeys(ids))[:_MOST]
    moment = at or record.known_at(chosen)
    return Milestone.model_validate({"name": name, "reached": True, "at": moment, "evidence": chosen, "how": how})


def _left(name: str, how: str, ids: Iterable[str] = ()) -> Milestone:
    return Milestone.model_validate({"name": name, "reached": False, "evidence": tuple(ids), "how": how})


def _symptom(record: _Record) -> Milestone:
    name, alert = "symptom verified", record.case.alert
    if alert is not None and alert.service:
        own = _strongest(f for f in record.case.findings if f.service == alert.service)
        if own:
            return _reached(record, name, own[0].evidence, f"what alerted differs from its baseline: {own[0].sentence}")
    elif record.leader is not None:
        shown = [record.findings[i] for i in record.leader.findings if i in record.findings]
        told = _strongest(shown)
        if told:
            return _reached(record, name, told[0].evidence, f"the window differs from its baseline: {told[0].sentence}")
    return _left(name, "look at what alerted in the window and in the baseline: analyze(), or query() for both.")


def _strongest(findings: Iterable[Finding]) -> list[Finding]:
    return sorted((f for f in findings if f.evidence), key=lambda f: -f.score)


def _scope(record: _Record) -> Milestone:
    ranked = [e for e in record.operation("root_cause.rank") if e.rows]
    graphs = record.operation("traces.graph")
    if not ranked or (record.case.graph is None and not graphs):
        lacks = "nothing that stands out was ranked" if not ranked else "who calls whom is not known"
        return _left("scope", f"{lacks}: compare all services, with traces or a graph.")
    moved = sorted({f.service for f in record.case.findings if f.service})
    told = f"{len(moved)} services differ from their baseline: {', '.join(moved[:8])}{'…' if len(moved) > 8 else '.'}"
    return _reached(record, "scope", [ranked[-1].id, *(g.id for g in graphs[-1:])], told)


def _time_line(record: _Record) -> Milestone:
    leader = record.leader
    if leader is None or not isinstance(leader.onset, datetime):
        return _left("time line", "date the onset: metrics or logs of the service that reach back before it.")
    dated = [record.findings[i] for i in leader.findings if i in record.findings]
    dated = [f for f in dated if f.onset == leader.onset] or dated
    told = f"{leader.id} shows from {leader.onset:%Y-%m-%d %H:%M:%S} UTC on."
    return _reached(record, "time line", [i for f in dated for i in f.evidence] or leader.supports, told)


def _changes(record: _Record) -> Milestone:
    looked = [e for e in record.case.evidence if e.kind == "query" and {"commit", "diff"} <= set(e.columns)]
    if not looked:
        return _left("changes", "connect the deploys, commits and settings of the day before the onset.")
    blamed = record.leader.change if record.leader else None
    told = f"{looked[-1].rows} changes were looked at; "
    told += f"{record.leader.id} names one." if record.leader and blamed else "none is named by the leading cause."
    return _reached(record, "changes", [e.id for e in looked[-1:]], told)


def _cause(record: _Record) -> Milestone:
    leader, name = record.leader, "cause"
    if leader is None:
        return _left(name, "no cause stands out: widen the window, or connect what is missing.")
    if leader.status is Status.CONFIRMED:
        at = record.done_at("confirm", leader.id) or record.known_at(leader.supports)
        return _reached(record, name, leader.supports, f"{leader.id} was confirmed.", at)
    told_apart = [c for c in record.case.checks if c.speaks_for == leader.id]
    if leader.confidence is Confidence.STRONG and told_apart and not leader.contradicts:
        ids = [*(i for c in told_apart for i in c.evidence), *leader.supports]
        return _reached(
            record, name, ids, f"{leader.id} is strong, nothing speaks against it, and {told_apart[0].id} does for it."
        )
    open_ones = [c for c in record.case.checks if c.outcome == "open" and leader.id in c.hypotheses]
    first = f"answer {open_ones[0].id} ({open_ones[0].question}), then " if open_ones else ""
    return _left(name, f"{first}confirm or refute {leader.id}: {leader.cause}", leader.supports[:_MOST])


def _mitigation(record: _Record) -> Milestone:
    case, name = record.case, "mitigation"
    if case.times.mitigated is not None:
        return _reached(record, name, (), "the time of the mitigation is on record.", case.times.mitigated)
    changes = {r.id: r for r in case.recommendations if r.changes}
    verdicts = {i: s for s in case.steps if s.action in ("accept", "reject") for i in s.items}
    done = [(step, changes[i]) for i, step in verdicts.items() if step.action == "accept" and i in changes]
    if done:
        step, advice = done[-1]
        return _reached(record, name, advice.evidence, f"{advice.id} was accepted: {advice.action}", step.at)
    if case.status != "open":
        at = record.status_at("mitigated", *_OVER)
        return _reached(record, name, (), f"the case is {case.status}.", at or case.updated_at)
    own = [r for r in changes.values() if record.leader is not None and r.hypothesis == record.leader.id]
    what = f"{own[0].id}: {own[0].action}" if own else "decide on a change that helps, and"
    return _left(name, f'{what} Then accept("{own[0].id}").' if own else f"{what} set the time: update(times=…).")


def _verified(record: _Record, mitigation: Milestone) -> Milestone:
    case, name = record.case, "verified"
    since = mitigation.at
    looked = [
        e for e in case.evidence
        if e.kind == "query" and e.rows and since is not None and e.window is not None and e.window.end > since
    ]  # fmt: skip
    said = case.times.resolved is not None or case.status in _OVER
    if not mitigation.reached:
        return _left(name, "nothing was mitigated yet.")
    if not looked:
        claim = "it was said to be resolved, but nothing" if said else "nothing"
        return _left(name, f"{claim} was looked at since the mitigation: query what alerted, in a window after it.")
    if not said:
        return _left(name, "if what alerted is back at its baseline, set status or times.resolved.", [looked[-1].id])
    at = max(filter(None, (case.times.resolved or record.status_at(*_OVER), looked[-1].taken_at)))
    return _reached(
        record, name, [e.id for e in looked[-2:]], "it was looked at after the mitigation, and is resolved.", at
    )
