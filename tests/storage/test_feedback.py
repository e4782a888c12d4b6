"""Feedback is kept with a line in the audit log, belongs to a team and to a case, and can be taken back."""

from __future__ import annotations

from datetime import UTC, datetime

from faultmaven_lib.model import Feedback
from faultmaven_lib.storage import Store

from .nouns import case, full_case
from .test_erasure import everything

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


def given(item: str = "locks.md", **fields: object) -> Feedback:
    return Feedback.model_validate(
        {"at": AT, "user": "ana", "kind": "document", "item": item, "verdict": "accepted", "words": ("lock", "wait")}
        | fields
    )


def test_what_was_kept_comes_back_as_it_was(database_url: str) -> None:
    store = Store(database_url, actor="ana")
    before = store.feedback_version()
    (kept,) = store.keep_feedback([given()])
    assert store.feedback() == [kept]
    assert kept.model_copy(update={"id": ""}) == given()
    assert store.feedback_version() > before
    (line,) = store.learning_log()
    assert (line.actor, line.action, line.detail) == ("ana", "feedback", "accepted the document locks.md")


def test_feedback_of_a_stored_case_is_in_its_log_and_goes_with_it(database_url: str) -> None:
    store = Store(database_url, actor="ana")
    store.save(case())
    store.keep_feedback([given(case_id="INC-1"), given("pool.md", case_id="INC-404")])
    assert [f.item for f in store.feedback("INC-1")] == ["locks.md"]
    assert store.audit("INC-1")[-1].detail == "accepted the document locks.md"
    version = store.feedback_version()
    store.erase("INC-1", reason="test")
    assert [(f.item, f.case_id) for f in store.feedback()] == [("pool.md", "")]
    assert store.feedback_version() != version, "or what was erased would still move lists"


def test_feedback_from_before_the_first_save_is_given_to_the_case(database_url: str) -> None:
    store = Store(database_url)
    (kept,) = store.keep_feedback([given()])
    store.save(case())
    store.assign_feedback([kept.id], "INC-1")
    assert [f.id for f in store.feedback("INC-1")] == [kept.id]


def test_a_team_sees_its_own_and_everyones_and_resets_its_own(database_url: str) -> None:
    everyone, shop, bank = Store(database_url), Store(database_url, team="shop"), Store(database_url, team="bank")
    for store, item in ((everyone, "a.md"), (shop, "b.md"), (bank, "c.md")):
        store.keep_feedback([given(item)])
    assert {f.item for f in shop.feedback()} == {"a.md", "b.md"}
    assert shop.reset_feedback() == 1
    assert {f.item for f in everyone.feedback()} == {"a.md", "c.md"}
    assert "reset all: 1 rows deleted" in [line.detail for line in shop.learning_log()]


def test_one_item_or_one_kind_is_reset_alone(database_url: str) -> None:
    store = Store(database_url)
    store.keep_feedback([given(), given("pool.md"), given("lock_contention", kind="hypothesis")])
    assert store.reset_feedback(item="locks.md") == 1
    assert store.reset_feedback(kind="hypothesis") == 1
    assert [f.item for f in store.feedback()] == ["pool.md"]


def test_an_erased_person_is_not_in_the_feedback_either(database_url: str) -> None:
    store = Store(database_url, actor="dpo")
    store.save(full_case())
    store.keep_feedback([given(user="Ann Lee", words=("lock", "ann", "lee")), given(user="bob", words=("lee", "side"))])
    version = store.feedback_version()
    store.erase_person("Ann Lee", reason="left")
    first, other = sorted(store.feedback(), key=lambda f: f.user)
    assert (first.user, first.words) == ("(erased)", ("lock",))
    assert (other.user, other.words) == ("bob", ("lee", "side"))
    assert "Ann Lee" not in everything(database_url)
    assert store.feedback_version() != version
