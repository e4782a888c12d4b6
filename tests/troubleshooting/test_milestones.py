"""Milestones follow from the record alone: each by what reaches it, and a stuck investigation is told so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from faultmaven_lib.model import (
    Alert,
    AuditEntry,
    Case,
    Check,
    Confidence,
    Evidence,
    Finding,
    Hypothesis,
    Mechanism,
    Operation,
    Recommendation,
    Status,
    Step,
    Times,
    Window,
)
from faultmaven_lib.troubleshooting import milestones, progress, stuck

WINDOW = Window.parse("2026-03-01T14:00Z/10m")
NOON = WINDOW.end
SHA = "0" * 64


def evidence(name: str, **fields: Any) -> Evidence:
    number = int(name[1:])
    return Evidence.model_validate(
        {"id": name, "kind": "query", "taken_at": NOON + timedelta(minutes=number), "rows": 3, "sha256": SHA} | fields
    )


ODD = Finding(
    id="F1",
    kind="level shift",
    service="db",
    subject="waits",
    onset=WINDOW.start,
    evidence=("E2",),
    sentence="It rose.",
)
LOCK = Hypothesis(
    id="H1", service="db", mechanism=Mechanism.LOCK_CONTENTION, cause="Lock contention in db is the cause.",
    supports=("E2",), findings=("F1",), onset=WINDOW.start, confidence=Confidence.PROBABLE,
)  # fmt: skip
CHECK = Check(id="C1", question="Do they wait?", hypotheses=("H1", "H2"), expected=("a", "b"))
END_IT = Recommendation(id="R2", action="End it.", rationale="…", hypothesis="H1", changes=True, evidence=("E2",))
RANK = evidence("E3", kind="derived", operation=Operation(name="root_cause.rank"))
GRAPH = evidence("E4", kind="derived", operation=Operation(name="traces.graph"))
CHANGES = evidence("E5", columns=("commit", "diff", "time"))


def case(**fields: Any) -> Case:
    known = {
        "id": "INC-1", "title": "Checkout stalls", "team": "shop", "window": WINDOW, "baseline": WINDOW.before(),
        "created_at": NOON, "updated_at": NOON, "evidence": (evidence("E2"),),
    }  # fmt: skip
    return Case.model_validate(known | fields)


def reached(**fields: Any) -> list[str]:
    return [m.name for m in milestones(case(**fields)) if m.reached]


def step(action: str, minutes: float, *items: str) -> Step:
    return Step.model_validate(
        {"at": NOON + timedelta(minutes=minutes), "actor": "ana", "action": action, "items": items}
    )


def test_an_empty_record_has_reached_nothing_and_says_what_would_reach_each() -> None:
    passed = milestones(case(evidence=()))
    assert [m.name for m in passed] == [
        "symptom verified", "scope", "time line", "changes", "cause", "mitigation", "verified",
    ]  # fmt: skip
    assert not any(m.reached or m.at for m in passed)
    assert all(m.how for m in passed)


def test_a_symptom_is_what_alerted_not_any_oddity() -> None:
    alert = Alert(name="Slow", starts_at=WINDOW.start, labels={"service": "shop"})
    assert reached(findings=(ODD,), alert=alert) == []
    own = ODD.model_copy(update={"service": "shop"})
    assert reached(findings=(own,), alert=alert) == ["symptom verified"]
    assert reached(findings=(ODD,), hypotheses=(LOCK,)) == ["symptom verified", "time line"]


def test_the_scope_takes_a_ranking_and_who_calls_whom() -> None:
    assert "scope" not in reached(evidence=(RANK,), findings=(ODD,))
    assert "scope" in reached(evidence=(RANK, GRAPH), findings=(ODD,))
    nothing = RANK.model_copy(update={"rows": 0})
    assert "scope" not in reached(evidence=(nothing, GRAPH), findings=(ODD,))


def test_changes_are_looked_at_whether_or_not_one_is_blamed() -> None:
    (told,) = (m for m in milestones(case(evidence=(CHANGES,))) if m.name == "changes")
    assert (told.reached, told.evidence, told.at) == (True, ("E5",), CHANGES.taken_at)


@pytest.mark.parametrize(
    ("confidence", "speaks_for", "contradicts", "there"),
    [
        (Confidence.STRONG, "H1", (), True),
        (Confidence.PROBABLE, "H1", (), False),
        (Confidence.STRONG, "H2", (), False),
        (Confidence.STRONG, "H1", ("E9",), False),
    ],
)
def test_a_cause_that_nobody_confirmed_has_to_be_strong_undisputed_and_told_apart(
    confidence: Confidence, speaks_for: str, contradicts: tuple[str, ...], there: bool
) -> None:
    argued = LOCK.model_copy(update={"confidence": confidence, "contradicts": contradicts})
    check = CHECK.model_copy(update={"speaks_for": speaks_for, "outcome": "yes"})
    assert ("cause" in reached(hypotheses=(argued,), checks=(check,))) is there


def test_a_confirmed_cause_is_reached_when_it_was_confirmed() -> None:
    confirmed = LOCK.model_copy(update={"status": Status.CONFIRMED})
    steps = (step("confirm", 20, "H1"),)
    (cause,) = (m for m in milestones(case(hypotheses=(confirmed,), steps=steps)) if m.name == "cause")
    assert (cause.reached, cause.at, cause.evidence) == (True, steps[0].at, ("E2",))


def test_what_a_model_only_proposed_reaches_nothing() -> None:
    told = LOCK.model_copy(update={"proposed_by": "some-model"})
    record = {"findings": (ODD,), "evidence": (evidence("E2"),)}
    assert (reached(hypotheses=(told,), **record), "time line" in reached(hypotheses=(LOCK,), **record)) == ([], True)


def test_an_open_check_is_what_the_cause_waits_for() -> None:
    (cause,) = (m for m in milestones(case(hypotheses=(LOCK,), checks=(CHECK,))) if m.name == "cause")
    assert cause.how.startswith("answer C1 (Do they wait?), then confirm or refute H1")


def test_an_accepted_change_is_a_mitigation_until_it_is_rejected() -> None:
    done = {"hypotheses": (LOCK,), "recommendations": (END_IT,)}
    assert "mitigation" in reached(steps=(step("accept", 5, "R2"),), **done)
    assert "mitigation" not in reached(steps=(step("accept", 5, "R2"), step("reject", 6, "R2")), **done)
    assert "mitigation" not in reached(
        steps=(step("accept", 5, "R2"),), hypotheses=(LOCK,),
        recommendations=(END_IT.model_copy(update={"changes": False}),),
    )  # fmt: skip


def test_a_status_is_dated_by_the_audit_log() -> None:
    at = NOON + timedelta(hours=1)
    log = [AuditEntry(case_id="INC-1", version=2, at=at, actor="ana", action="save", detail="status: open → mitigated")]
    (mitigated,) = (m for m in milestones(case(status="mitigated"), log) if m.name == "mitigation")
    assert mitigated.at == at


def test_resolved_is_verified_only_by_looking_after_the_mitigation() -> None:
    at = WINDOW.end + timedelta(minutes=5)
    times = Times(mitigated=at, resolved=at + timedelta(minutes=10))
    assert "verified" not in reached(times=times)
    told = milestones(case(times=times))[-1].how
    assert "it was said to be resolved, but nothing was looked at since" in told
    after = evidence("E9", window=Window(start=at, end=at + timedelta(minutes=5)))
    assert "verified" not in reached(times=Times(mitigated=at), evidence=(after,)), "nobody says that it is over"
    assert "verified" in reached(times=times, evidence=(after,))


def test_many_steps_or_much_time_without_a_milestone_is_stuck() -> None:
    few = case(steps=tuple(step("query", n) for n in range(9)))
    assert stuck(few, milestones(few)) == ""
    many = case(steps=tuple(step("query", n) for n in range(1, 11)))
    told = stuck(many, milestones(many))
    assert told.startswith(
        "The investigation is stuck: the last 10 steps (10 min) reached no milestone. Next is symptom"
    )
    slow = case(steps=(step("query", 5), step("query", 20), step("query", 31)))
    assert "(31 min)" in stuck(slow, milestones(slow))
    idle = case(steps=(step("query", 5),))
    assert stuck(idle, milestones(idle), now=NOON + timedelta(days=3)) == "", "nobody tried anything since"


def test_a_new_milestone_and_a_closed_case_are_not_stuck() -> None:
    steps = (*(step("query", n) for n in range(1, 11)), step("confirm", 11, "H1"))
    confirmed = case(steps=steps, hypotheses=(LOCK.model_copy(update={"status": Status.CONFIRMED}),))
    assert stuck(confirmed, milestones(confirmed)) == ""
    over = case(steps=steps[:-1], status="closed")
    assert stuck(over, milestones(over)) == ""


def test_progress_says_what_is_next() -> None:
    there = case(hypotheses=(LOCK,), findings=(ODD,), recommendations=(END_IT,))
    told = progress(there, milestones(there))
    assert told.startswith("2 of 7 milestones reached: symptom verified, time line. Next is scope: ")
