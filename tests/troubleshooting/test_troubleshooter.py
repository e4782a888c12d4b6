"""Signs decide the mechanism, the ranking the service, the graph what speaks against."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_lib.exceptions import UnknownEvidence
from faultmaven_lib.model import Confidence, Finding, FindingKind, Hypothesis, Mechanism, ServiceGraph, Status
from faultmaven_lib.troubleshooting import Board, Troubleshooter
from faultmaven_lib.troubleshooting.playbook import PLAYBOOK

AT = datetime(2026, 3, 1, 14, 2, 11, tzinfo=UTC)
GRAPH = ServiceGraph(edges=(("web", "shop"), ("shop", "db")))
NUMBER = iter(range(1, 10_000))


def log(service: str, text: str, evidence: str = "E3", after: int = 0) -> Finding:
    return Finding(
        id=f"F{next(NUMBER)}", kind=FindingKind.NEW_TEMPLATE, service=service, subject=text, direction="up",
        onset=AT + timedelta(seconds=after), evidence=(evidence,), sentence=f'{service} logged "{text}".', score=5,
    )  # fmt: skip


def metric(service: str, name: str, direction: str = "up", evidence: str = "E5", after: int = 0) -> Finding:
    return Finding(
        id=f"F{next(NUMBER)}", kind=FindingKind.LEVEL_SHIFT, service=service, subject=name, direction=direction,
        onset=AT + timedelta(seconds=after), evidence=(evidence,), sentence=f"{name} moved.", score=5,
    )  # fmt: skip


def ranked(**scores: float) -> pd.DataFrame:
    return pd.DataFrame({"service": list(scores), "score": list(scores.values()), "evidence": "E9"})


def test_a_lock_is_told_from_the_pool_that_runs_dry_behind_it() -> None:
    findings = [
        log("db", "process <*> still waiting for ShareLock on transaction <*>"),
        metric("db", "lock_wait_sessions"),
        log("shop", "no database connection for order", "E4", after=5),
        metric("shop", "db_connections_in_use", evidence="E6", after=3),
    ]
    leader, *others = Troubleshooter().hypotheses(findings, ranked(db=9, shop=5), graph=GRAPH, target="shop")
    assert (leader.service, leader.mechanism) == ("db", Mechanism.LOCK_CONTENTION)
    assert leader.confidence is Confidence.STRONG
    assert {"E3", "E5"} <= set(leader.supports)
    pool = next(h for h in others if h.mechanism is Mechanism.CONNECTION_POOL_EXHAUSTED)
    assert pool.alternative_to == leader.id
    assert set(pool.contradicts) == {"E3", "E5"}, "that db stands out more speaks against blaming who waits for it"


@pytest.mark.parametrize(
    ("text", "mechanism"),
    [
        ("lock wait timeout exceeded; try restarting transaction", Mechanism.LOCK_CONTENTION),
        ("QueuePool limit of size 5 overflow 10 reached, connection timed out", Mechanism.CONNECTION_POOL_EXHAUSTED),
        ("write /data/wal: no space left on device", Mechanism.DISK_FULL),
        ("Out of memory: Killed process <*> (java)", Mechanism.OUT_OF_MEMORY),
        ("x509: certificate has expired or is not yet valid", Mechanism.CERTIFICATE_EXPIRED),
        ("dial tcp: lookup payments on <*>: no such host", Mechanism.DNS_FAILURE),
        ("connect() failed (111: Connection refused) while connecting to upstream", Mechanism.DEPENDENCY_UNREACHABLE),
        ("KeyError: 'currency'", Mechanism.CODE_ERROR),
        ('column "discount" of relation "orders" does not exist', Mechanism.SCHEMA_MISMATCH),
        ("accept4: too many open files", Mechanism.FILE_DESCRIPTORS_EXHAUSTED),
        ("password authentication failed for user <*>", Mechanism.AUTHENTICATION_FAILURE),
    ],
)
def test_what_software_writes_about_a_failure_names_its_mechanism(text: str, mechanism: Mechanism) -> None:
    leader = Troubleshooter().hypotheses([log("any", text)], ranked(any=3))[0]
    assert leader.mechanism is mechanism
    assert leader.confidence is not Confidence.STRONG, "one kind of sign is not enough"


def test_a_leader_never_stands_alone() -> None:
    for findings in ([log("db", "disk full")], [metric("db", "something")]):
        found = Troubleshooter().hypotheses(findings, ranked(db=3))
        assert len(found) >= 2
        assert len({(h.service, h.mechanism) for h in found}) == len(found)
        assert all(h.alternative_to == found[0].id for h in found[1:])
        assert all(h.supports for h in found)


def test_nothing_that_stands_out_gives_no_hypothesis() -> None:
    assert Troubleshooter().hypotheses([log("db", "disk full")], ranked()) == []


def test_an_error_that_went_away_is_no_sign_of_it() -> None:
    gone = log("db", "deadlock detected").model_copy(update={"kind": FindingKind.GONE_TEMPLATE, "direction": "down"})
    assert Troubleshooter().hypotheses([gone], ranked(db=3))[0].mechanism is Mechanism.UNKNOWN


def test_a_metric_that_went_the_other_way_speaks_against() -> None:
    findings = [log("db", "event loop blocked"), metric("db", "cpu_seconds", "down", evidence="E7")]
    leader = Troubleshooter().hypotheses(findings, ranked(db=3))[0]
    assert leader.mechanism is Mechanism.CPU_SATURATION
    assert leader.contradicts == ("E7",)


def test_a_refused_connection_blames_who_refuses_it() -> None:
    findings = [log("shop", "connection refused by db"), metric("db", "up", "down")]
    leader = Troubleshooter().hypotheses(findings, ranked(db=3, shop=2), graph=GRAPH)[0]
    assert (leader.service, leader.mechanism) == ("db", Mechanism.DEPENDENCY_UNREACHABLE)


def test_every_mechanism_has_a_next_step_and_no_command_can_be_injected() -> None:
    assert set(PLAYBOOK) == set(Mechanism)
    hostile = "db; rm -rf / #$(id)`id`"
    for mechanism in Mechanism:
        board = Board()
        held = board.propose(hostile, mechanism, ["E1"], by="ana")
        for step in Troubleshooter().recommendations([held]):
            assert step.action
            if hostile in step.command:
                assert shlex.quote(hostile) in step.command


@given(st.lists(st.sampled_from(["supports", "contradicts", "confirm", "refute"]), max_size=12))
def test_evidence_is_only_ever_added_and_confidence_never_rises_by_what_speaks_against(steps: list[str]) -> None:
    board = Board()
    board.propose("db", Mechanism.DISK_FULL, ["E1"], by="ana")
    for number, step in enumerate(steps, 2):
        before = board["H1"]
        if step in ("supports", "contradicts"):
            after = board.weigh("H1", step, [f"E{number}"], by="ana")
            assert set(getattr(after, step)) == {*getattr(before, step), f"E{number}"}
        else:
            status = Status.CONFIRMED if step == "confirm" else Status.REFUTED
            after = board.settle("H1", status, by="ana")
            assert after.status is status
            assert ("not the cause" in after.cause) == (status is Status.REFUTED)
        assert len(after.reasons) == len(before.reasons) + 1


def test_a_hypothesis_that_people_settled_is_not_overwritten_by_the_next_analysis() -> None:
    board = Board()
    board.propose("db", Mechanism.LOCK_CONTENTION, ["E1"], by="ana")
    board.settle("H1", Status.CONFIRMED, by="ana")
    again = Troubleshooter().hypotheses([log("db", "deadlock detected")], ranked(db=3))
    adopted = board.adopt(again)
    assert board["H1"].status is Status.CONFIRMED
    assert adopted[0].id == "H1"
    assert set(board["H1"].supports) >= {"E1", "E3"}


def test_an_unknown_hypothesis_is_named_with_those_that_are_held() -> None:
    with pytest.raises(UnknownEvidence, match="H7; held: none yet"):
        Board()["H7"]


def test_what_a_model_only_proposed_never_leads_whatever_is_accepted() -> None:
    board = Board()
    argued = board.propose("db", Mechanism.LOCK_CONTENTION, ["E1"], by="ana")
    guessed = Hypothesis(service="api", mechanism=Mechanism.MEMORY_LEAK, cause="…", proposed_by="some-model")
    (told,) = board.adopt([guessed])
    board.put_first(told.id)
    assert [h.id for h in board] == [argued.id, told.id]
    assert (board[argued.id].alternative_to, board[told.id].alternative_to) == (None, argued.id)
    assert board.argued() == [board[argued.id]]
    board.settle(told.id, Status.CONFIRMED, by="ana")
    board.put_first(told.id)
    assert [h.id for h in board.argued()] == [told.id, argued.id]
