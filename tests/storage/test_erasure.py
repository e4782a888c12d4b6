"""Erasure: of a case, and of one person in all cases; nothing of it is left in the database."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from faultmaven_lib.evidence import is_intact
from faultmaven_lib.exceptions import CaseNotFound, ConflictError, StorageError
from faultmaven_lib.storage import Store
from faultmaven_lib.storage.database import make_engine, parse

from .nouns import case, full_case


def rows(url: str) -> dict[str, int]:
    engine = make_engine(parse(url))
    with engine.connect() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in inspect(engine).get_table_names()
        }


def everything(url: str) -> str:
    engine = make_engine(parse(url))
    with engine.connect() as connection:
        return "\n".join(
            repr(tuple(row))
            for table in inspect(engine).get_table_names()
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        )


def test_an_erased_case_leaves_one_line_that_says_so(database_url: str) -> None:
    store = Store(database_url, actor="dpo")
    before = rows(database_url)
    saved = store.save(full_case(title="Zanzibar"))
    store.put_document("case:INC-1", "Zanzibar", "case", [("", "Zanzibar")], "0" * 64)
    store.put_document("runbooks/x.md", "X", "runbook", [("", "x")], "0" * 64)
    version = store.knowledge_version()
    store.erase("INC-1", reason="asked for on 1 April")
    after = rows(database_url)
    kept = {"audit": 1, "documents": 1, "chunks": 1, "counters": 2}
    assert {name: n for name, n in after.items() if n != before[name]} == kept
    (line,) = store.audit("INC-1")
    assert (line.actor, line.action, line.detail) == ("dpo", "erase", "reason: asked for on 1 April")
    assert "Zanzibar" not in everything(database_url)
    assert store.knowledge_version() != version
    with pytest.raises(CaseNotFound):
        store.load("INC-1")
    with pytest.raises(CaseNotFound):
        store.erase("INC-1", reason="again")
    with pytest.raises(StorageError, match="was erased by dpo"):
        store.save(saved)
    assert store.new_id() == "INC-2"


def test_sqlite_overwrites_what_was_erased(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'cases.db'}")
    store.save(case(postmortem="Zanzibar " * 5000))
    store.erase("INC-1", reason="test")
    assert not any(b"Zanzibar" in file.read_bytes() for file in tmp_path.iterdir())


def test_one_person_is_erased_everywhere(database_url: str) -> None:
    ann, dpo = Store(database_url, actor="Ann Lee"), Store(database_url, actor="dpo")
    held = ann.save(full_case(), detail="told by Ann Lee")
    Store(database_url, actor="bob").save(case("INC-2"))
    ann.put_document("case:INC-1", "By Ann Lee", "case", [("Ann Lee", "Ann Lee ran it")], "a" * 64, {"by": ["Ann Lee"]})
    version = ann.knowledge_version()
    assert dpo.erase_person("ann lee", reason="left") == 1  # roles and owners whatever the letters
    assert dpo.erase_person("Ann Lee", reason="left") == 1
    assert "ann lee" not in everything(database_url).lower()
    found = dpo.load("INC-1")
    assert found.people == {"commander": "(erased)", "scribe": "Bob Ray"}
    assert found.action_items[0].owner == "(erased)"
    assert found.statements[0].author == "(erased)"
    assert found.postmortem == "# What happened\n(erased) ran a migration.\n"
    first, second = found.evidence
    assert set(first.frame["author"]) == {"(erased)"}
    assert is_intact(first)
    assert any("erased" in note for note in first.notes)
    assert second == held.evidence[1]
    assert found.version == 3
    assert [entry.action for entry in dpo.audit("INC-1")] == ["save", "erase person", "erase person"]
    assert next(iter(dpo.chunks()))[5:] == ("(erased)", "(erased) ran it")
    assert dpo.knowledge_version() != version
    assert dpo.put_document("case:INC-1", "By (erased)", "case", [("", "again")], "a" * 64)
    with pytest.raises(ConflictError):
        ann.save(held)
    assert [entry.version for entry in dpo.audit("INC-2")] == [1]
    assert dpo.erase_person("Ann Lee", reason="left") == 0


def test_who_erased_a_case_can_be_erased_too(database_url: str) -> None:
    store = Store(database_url, actor="Ann Lee")
    store.save(case())
    store.erase("INC-1", reason="for Ann Lee")
    assert Store(database_url, actor="dpo").erase_person("Ann Lee", reason="left") == 0
    assert [(e.actor, e.detail) for e in store.audit("INC-1")] == [("(erased)", "reason: for (erased)")]


def test_a_name_is_a_whole_word_and_values_from_lists_are_kept(database_url: str) -> None:
    store = Store(database_url, actor="dpo")
    store.save(full_case(title="open question for Annex", services=("open",)))
    assert store.erase_person("open", reason="x") == 1
    found = store.load("INC-1")
    assert (found.status, found.services, found.title) == ("open", ("open",), "(erased) question for Annex")
    assert store.erase_person("Ann", reason="x") == 1
    assert "Annex" in store.load("INC-1").title
    with pytest.raises(StorageError, match="single letter"):
        store.erase_person(" ", reason="x")


def test_a_team_erases_in_its_own_cases(database_url: str) -> None:
    everyone = Store(database_url)
    everyone.save(full_case("INC-1", team="shop"))
    everyone.save(full_case("INC-2", team="pay"))
    assert Store(database_url, team="pay").erase_person("Ann Lee", reason="x") == 1
    assert everyone.load("INC-1").people["commander"] == "Ann Lee"
