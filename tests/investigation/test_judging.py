"""What people accept and reject: it counts here at once, elsewhere by what is alike, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import faultmaven_lib as fm
from faultmaven_lib.exceptions import UnknownEvidence
from faultmaven_lib.model import Confidence, Status

from .conftest import investigate, write_shop


@pytest.fixture
def worked(shop: Path) -> Iterator[fm.Investigation]:
    inv = investigate(shop)
    inv.knowledge.add_starter()
    inv.analyze()
    yield inv
    inv.knowledge.close()


def later(shop: Path) -> fm.Investigation:
    """The same trouble another day: the store knows what was made of the first."""
    return investigate(shop, database_url=f"sqlite:///{shop / 'store.db'}")


def paths(answer: fm.query.ShownAnswer) -> list[str]:
    return [text.rpartition("(")[2].rstrip(")") for text in answer.runbooks]


def test_an_accepted_alternative_leads_at_once_and_a_rejected_leader_comes_last(worked: fm.Investigation) -> None:
    first, second, *_ = worked.hypotheses.index
    worked.accept(second)
    answer = worked.ask()
    assert (answer.hypotheses[0].id, answer.hypotheses[0].alternative_to) == (second, None)
    assert answer.headline == answer.hypotheses[0].cause
    assert answer.recommendations[0].hypothesis == second
    worked.reject(second)
    assert worked.hypotheses.index[-1] == second
    assert worked.ask().hypotheses[0].id == first
    assert worked.hypotheses.loc[second, "status"] == Status.OPEN.value, "rejected is not refuted"


def test_a_case_that_is_a_document_too_is_told_of_as_a_case(shop: Path) -> None:
    inv = investigate(shop, database_url=f"sqlite:///{shop / 'store.db'}")
    inv.confirm(inv.analyze().hypotheses[0].id)
    inv.update(status="resolved")
    case_id = inv.save()
    inv.knowledge.add_cases()
    answer = later(shop).analyze()
    assert [case.case_id for case in answer.similar] == [case_id]
    assert len(inv.knowledge.search(answer.headline)), "it is found as a document"
    assert answer.runbooks == ()


def test_a_recommendation_is_put_first_or_last_and_keeps_its_number(worked: fm.Investigation) -> None:
    before = worked.ask().recommendations
    chosen = before[2]
    worked.accept(chosen.id)
    worked.reject(before[0].id)
    after = worked.ask().recommendations
    assert after[0] == chosen
    assert after[-1] == before[0]
    assert {r.id for r in after} == {r.id for r in before}


def test_a_rejected_runbook_is_last_here_and_an_accepted_one_first(worked: fm.Investigation) -> None:
    before = paths(worked.ask())
    everything = set(worked.knowledge.documents()["path"])
    elsewhere = sorted(everything - set(before))[0]
    worked.accept(elsewhere)
    worked.reject(before[0])
    answer = worked.ask()
    assert paths(answer)[0] == elsewhere
    assert before[0] not in paths(answer)[:2]
    assert elsewhere in answer.hypotheses[0].runbooks


def test_what_led_to_a_confirmed_cause_is_told_in_the_next_incident(worked: fm.Investigation, shop: Path) -> None:
    leader = worked.ask().hypotheses[0]
    worked.confirm(leader.id)
    worked.save()
    kept = worked.store.feedback(worked.id)
    assert {(f.kind, f.item) for f in kept} == {
        ("hypothesis", "lock_contention"),
        ("document", leader.runbooks[0]),
    }, "given before the case was saved, and now its own"
    again = later(shop)
    answer = again.analyze()
    assert "lock contention: confirmed in 1 similar incident" in " ".join(answer.hypotheses[0].reasons)
    assert [case.case_id for case in answer.similar] == [worked.id]
    assert answer.hypotheses[0].similar == (worked.id,)
    again.confirm(answer.hypotheses[0].id)
    third = later(shop).analyze()
    assert "confirmed in 1 similar incident" in third.similar[0].why


def test_a_reset_takes_it_all_back(worked: fm.Investigation, shop: Path) -> None:
    before = later(shop).analyze()
    worked.confirm("H1")
    worked.reject("R1")
    assert later(shop).analyze().hypotheses[0].reasons != before.hypotheses[0].reasons
    assert len(worked.learned) == 3
    assert worked.reset_learned() == 3
    after = later(shop).analyze()
    assert after.hypotheses == before.hypotheses
    assert (after.runbooks, after.similar) == (before.runbooks, before.similar)
    assert [r.action for r in after.recommendations] == [r.action for r in before.recommendations]
    assert worked.store.learning_log()[-1].detail == "reset all: 3 rows deleted"


def test_learning_never_makes_a_weak_cause_strong(worked: fm.Investigation, shop: Path) -> None:
    weak = worked.ask().hypotheses[1]
    for _ in range(5):
        worked.accept(weak.id)
    leader = later(shop).analyze().hypotheses[0]
    assert (leader.service, leader.mechanism.value) == ("db", "lock_contention")
    assert leader.confidence is not Confidence.SPECULATIVE


@pytest.mark.parametrize("item", ["H9", "R99", "INC-404", "runbooks/none.md"])
def test_what_was_not_proposed_cannot_be_judged(worked: fm.Investigation, item: str) -> None:
    before = worked.case()
    with pytest.raises(UnknownEvidence):
        worked.accept(item)
    assert worked.case() == before
    assert worked.learned.empty


def test_an_incident_is_worked_while_the_database_is_down(tmp_path: Path) -> None:
    inv = investigate(write_shop(tmp_path / "shop"), database_url="postgresql+psycopg://nobody@127.0.0.1:1/none")
    answer = inv.analyze()
    assert answer.hypotheses[0].mechanism.value == "lock_contention"
    assert "runbooks and past cases are out of reach" in " ".join(answer.missing)
    inv.accept(answer.hypotheses[1].id)
    inv.confirm("H1")
    assert inv.milestones.reached["cause"]


def test_what_was_done_is_on_record_and_comes_back(worked: fm.Investigation, shop: Path) -> None:
    worked.query("logs", "service=db")
    worked.add("E1", supports="H1")
    worked.accept("R2")
    worked.state("We called the owner.")
    worked.update(status="mitigated")
    worked.save()
    again = fm.Investigation.load(worked.id, database_url=f"sqlite:///{shop / 'store.db'}")
    done = [(s.action, s.items) for s in again.case().steps]
    assert [action for action, _ in done] == ["ask", "query", "add", "accept", "state", "update"]
    assert ("accept", ("R2",)) in done
    assert again.ask().recommendations[0].id == "R2", "what was accepted stays first"


def test_a_secret_in_a_question_is_not_on_record(worked: fm.Investigation) -> None:
    worked.ask("why does password=hunter2hunter2 fail?")
    assert "hunter2hunter2" not in worked.case().steps[-1].detail
