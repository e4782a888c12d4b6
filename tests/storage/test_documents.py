"""The documents of the knowledge base: written when they changed, listed, seen by those they are for."""

from __future__ import annotations

import pytest

from faultmaven_lib.exceptions import CaseNotFound
from faultmaven_lib.storage import Store

from .nouns import case

TWO = [("Locks", "look at pg_locks\x00"), ("Way back", "cancel the migration")]


@pytest.fixture
def store(database_url: str) -> Store:
    return Store(database_url)


def test_a_document_is_written_when_it_is_new_or_changed(store: Store) -> None:
    versions = [store.knowledge_version()]
    assert len(store.documents()) == 0
    types = store.documents().dtypes
    assert store.put_document("a.md", "A", "runbook", TWO, "1" * 64, {"tags": ["db"]})
    versions.append(store.knowledge_version())
    assert not store.put_document("a.md", "A", "runbook", TWO, "1" * 64, {"tags": ["db"]})
    assert store.knowledge_version() == versions[-1]
    first = list(store.chunks())
    assert [c[2:] for c in first] == [
        ("a.md", "A", "runbook", "Locks", "look at pg_locks"),
        ("a.md", "A", "runbook", "Way back", "cancel the migration"),
    ]
    assert store.put_document("a.md", "A", "runbook", [TWO[0], ("Way back", "wait")], "2" * 64)
    versions.append(store.knowledge_version())
    second = list(store.chunks())
    assert second[0].chunk_id == first[0].chunk_id
    assert second[1].chunk_id != first[1].chunk_id
    listed = store.documents()
    assert (listed.dtypes == types).all()
    assert listed.loc[0, ["uri", "team", "n_chunks"]].to_list() == ["a.md", "", 2]
    assert listed.loc[0, "metadata"] == {}
    assert store.delete_document("a.md")
    assert not store.delete_document("a.md")
    versions.append(store.knowledge_version())
    assert list(store.chunks()) == []
    assert len(set(versions)) == 4


def test_a_team_sees_its_own_documents_and_those_of_everyone(database_url: str) -> None:
    everyone, pay, shop = (Store(database_url, team=team) for team in (None, "pay", "shop"))
    for store in (everyone, pay, shop):
        assert store.put_document("a.md", str(store.team), "runbook", [("", str(store.team))], "1" * 64)
    assert set(pay.documents()["team"]) == {"", "pay"}
    assert {c.text for c in shop.chunks()} == {"None", "shop"}
    assert len(everyone.documents()) == 3
    assert pay.delete_document("a.md")
    assert {c.text for c in pay.chunks()} == {"None"}
    assert len(everyone.documents()) == 2


def test_a_document_made_of_a_case_belongs_to_its_team(database_url: str) -> None:
    everyone, shop = Store(database_url), Store(database_url, team="shop")
    with pytest.raises(CaseNotFound, match="save it first"):
        everyone.put_document("case:INC-1", "x", "case", [("", "x")], "1" * 64)
    saved = everyone.save(case(team="pay"))
    everyone.put_document("case:INC-1", "x", "case", [("", "x")], "1" * 64)
    everyone.put_document("notes.md", "x", "note", [("", "x")], "1" * 64, case_id="INC-1")
    assert len(shop.documents()) == 0
    with pytest.raises(CaseNotFound):
        shop.put_document("case:INC-1", "x", "case", [("", "x")], "1" * 64)
    everyone.save(saved.model_copy(update={"team": "shop"}))
    assert list(shop.documents()["case_id"]) == ["INC-1", "INC-1"]
    assert not shop.put_document("case:INC-1", "x", "case", [("", "x")], "1" * 64)


def test_many_chunks_come_in_order(store: Store) -> None:
    store.put_document("b.md", "B", "runbook", [(str(n), "x") for n in range(1_200)], "1" * 64)
    store.put_document("a.md", "A", "runbook", [], "1" * 64)
    assert [c.heading for c in store.chunks()] == [str(n) for n in range(1_200)]
    assert next(store.chunks()).heading == "0"
