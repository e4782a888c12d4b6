"""What tells two hypotheses apart is asked of the connected sources, recorded, and has its say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from faultmaven_lib.investigation.asking import connected
from faultmaven_lib.model import Hypothesis, Mechanism, Window
from faultmaven_lib.query import Workspace, rerun
from faultmaven_lib.query.checking import Checker, holdings

BASELINE, WINDOW = Window.parse("2026-03-01T14:00Z/4m"), Window.parse("2026-03-01T14:04Z/4m")
AT = pd.date_range("2026-03-01T14:00Z", periods=96, freq="5s", name="time")


@dataclass
class Asked:
    """A desk with two hypotheses on it, the wrong one in front."""

    desk: Workspace
    pool: Hypothesis
    lock: Hypothesis


def desk_with(waits: float, *, pool: float = 0.6, lock: float = 0.5) -> Asked:
    values = np.column_stack([np.r_[np.zeros(48), np.full(48, waits)], np.tile([3.0, 4.0], 48)])
    columns = pd.MultiIndex.from_tuples([("db", "lock_wait_sessions"), ("shop", "pool_waiting")])
    logs = pd.DataFrame({"service": "db", "level": "INFO", "message": "checkpoint complete"}, index=AT)
    sources = {
        "metrics": connected("metrics", pd.DataFrame(values, index=AT, columns=columns)),
        "logs": connected("logs", logs),
    }
    desk = Workspace(sources=sources, window=WINDOW, baseline=BASELINE)
    for name in sources:
        desk.fetch(name, "", BASELINE)
        desk.fetch(name, "", WINDOW)
    made = [
        Hypothesis(service=service, mechanism=mechanism, cause="…", supports=("E1",), score=score)
        for service, mechanism, score in (
            ("shop", Mechanism.CONNECTION_POOL_EXHAUSTED, pool),
            ("db", Mechanism.LOCK_CONTENTION, lock),
        )
    ]
    adopted = desk.hypotheses.adopt(made)
    return Asked(desk, *adopted)


def test_the_answer_is_evidence_for_the_one_and_against_the_other() -> None:
    asked = desk_with(waits=9.0)
    (check,) = Checker(asked.desk, WINDOW, BASELINE).run([asked.lock, asked.pool])
    assert (check.question, check.outcome, check.speaks_for) == (
        "Do sessions of db wait for locks?",
        "yes",
        asked.lock.id,
    )
    (evidence,) = check.evidence
    entry = asked.desk.ledger[evidence]
    assert evidence in asked.desk.hypotheses[asked.lock.id].supports
    assert evidence in asked.desk.hypotheses[asked.pool.id].contradicts
    assert check.answer in entry.frame["sentence"].tolist(), "what is said stands in the evidence"
    parents = [asked.desk.ledger[parent] for parent in entry.parents]
    assert {p.query for p in parents} == {check.query}, "the query can be run by anyone"
    assert entry.operation is not None
    again = rerun(entry.operation, [p.frame for p in parents])
    pd.testing.assert_frame_equal(again, entry.frame, check_dtype=False)


def test_an_answer_is_on_record_against_the_leader_and_changes_no_order() -> None:
    asked = desk_with(waits=9.0)
    (check,) = Checker(asked.desk, WINDOW, BASELINE).run([asked.pool, asked.lock])
    assert check.speaks_for == asked.lock.id
    assert [h.id for h in asked.desk.hypotheses.standing()] == [asked.pool.id, asked.lock.id]
    leader = asked.desk.hypotheses[asked.pool.id]
    assert leader.contradicts


def test_a_no_speaks_for_the_other_one() -> None:
    asked = desk_with(waits=0.0)
    unknown = asked.desk.hypotheses.adopt([Hypothesis(service="shop", mechanism="unknown", cause="…", score=0.5)])[0]
    (check,) = Checker(asked.desk, WINDOW, BASELINE).run([asked.lock, unknown])
    assert (check.outcome, check.speaks_for) == ("no", unknown.id)


def test_a_source_that_breaks_leaves_the_question_open(monkeypatch: pytest.MonkeyPatch) -> None:
    from faultmaven_lib.exceptions import SourceError

    asked = desk_with(waits=9.0)
    checker = Checker(asked.desk, WINDOW, BASELINE)

    def broken(text: str = "", window: Window | None = None) -> pd.DataFrame:
        raise SourceError("the server is gone")

    for source in asked.desk.sources.values():
        monkeypatch.setattr(source, "query", broken)
    (check,) = checker.run([asked.lock, asked.pool])
    assert (check.outcome, check.speaks_for, check.evidence) == ("open", "", ())
    assert check.command, "a person can still look"
    assert "the server is gone" in " ".join(asked.desk.missing)


def test_holdings_are_what_was_read() -> None:
    held = holdings(desk_with(waits=1.0).desk)
    assert held.logs == {"logs": frozenset({"db"})}
    assert set(held.metrics["metrics"]) == {("db", "lock_wait_sessions"), ("shop", "pool_waiting")}
    assert (held.changes, held.graph) == (False, False)
