"""Search by meaning: found in other words, computed once, and without a model the words do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from faultmaven_lib.knowledge import KnowledgeBase, embedding, upkeep
from faultmaven_lib.knowledge.entries import (
    GROUP,
    Entry,
    pack_vectors,
    question_vector,
    unpack_vectors,
    vectors_of,
)
from faultmaven_lib.storage import Store


@pytest.mark.slow
def test_a_question_in_other_words_finds_the_runbook_and_nothing_is_still_an_answer(meaning: None) -> None:
    with KnowledgeBase("sqlite://") as kb:
        kb.add_starter()
        assert (kb.mode, kb.note) == ("words and meaning", "")
        found_by_meaning = kb.candidates("the cert we serve ran out last night")
        first = max(found_by_meaning, key=lambda one: one.meaning or 0)
        assert first.title == "Certificate expired"
        assert first.words < 0.5 < (first.meaning or 0)
        found = kb.search("the certificate of the gateway is no longer valid")
        assert found["title"].iloc[0] == "Certificate expired"
        assert "alike in meaning" in found["why"].iloc[0]
        assert found.attrs["mode"] == "words and meaning"
        nothing = kb.search("how do I bake bread")
        assert nothing.empty
        assert "nothing fits" in nothing.attrs["reason"]


def test_vectors_are_computed_once(database_url: str, folder: Path, untrained: Path, monkeypatch) -> None:
    monkeypatch.setenv("FAULTMAVEN_EMBEDDING_MODEL", str(untrained))
    asked: list[int] = []
    whole = embedding.Embedder.__call__
    monkeypatch.setattr(
        embedding.Embedder, "__call__", lambda self, texts: (asked.append(len(texts)), whole(self, texts))[1]
    )
    with KnowledgeBase(database_url) as kb:
        kb.add_folder(folder)
        assert sum(asked) > 0
        assert kb.mode == "words and meaning"
        asked.clear()
        kb.add_folder(folder)
        kb.search("lock")
        assert asked == [1]  # the question
        (folder / "disk.md").write_text((folder / "disk.md").read_text() + "\n## More\n\nExpired.\n")
        kb.add_folder(folder)
        assert 0 < sum(asked[1:]) <= 4  # the document that changed
    asked.clear()
    with KnowledgeBase(database_url) as other:
        assert other.search("disk full")["title"].tolist()[0] == "Disk full"
        assert asked == [1]


def test_documents_of_somebody_without_a_model_get_their_vectors(
    database_url: str, folder: Path, untrained: Path, monkeypatch
) -> None:
    with KnowledgeBase(database_url) as kb:
        assert kb.add_folder(folder).attrs["note"]
        assert kb.mode == "words"
        assert "FAULTMAVEN_EMBEDDING_MODEL" in kb.note
        assert kb.search("disk full").attrs["note"] == kb.note
    monkeypatch.setenv("FAULTMAVEN_EMBEDDING_MODEL", str(untrained))
    with KnowledgeBase(database_url) as kb:  # few: at once
        assert (kb.mode, kb.note) == ("words and meaning", "")
    for i in range(40):
        (folder / f"{i}.md").write_text(f"# Zebra {i}\n\nNumber {i}.\n")
    monkeypatch.setenv("FAULTMAVEN_EMBEDDING_MODEL", "none")
    with KnowledgeBase(database_url) as kb:
        kb.add_folder(folder)
    monkeypatch.setenv("FAULTMAVEN_EMBEDDING_MODEL", str(untrained))
    with KnowledgeBase(database_url) as kb:  # many: on command
        assert kb.mode == "words"
        assert "40 of 42 documents" in kb.note
        assert "faultmaven knowledge rebuild" in kb.note
        assert kb.rebuild().iloc[0].to_dict() == {
            "documents": 42,
            "embedded": 40,
            "mode": "words and meaning",
            "note": "",
        }
        assert kb.mode == "words and meaning"


def test_after_a_change_of_the_model_the_old_vectors_serve_until_the_new_ones_are_there(
    database_url: str, folder: Path, untrained: Path, tmp_path: Path, monkeypatch
) -> None:
    for i in range(40):
        (folder / f"{i}.md").write_text(f"# Zebra {i}\n\nNumber {i}.\n")
    monkeypatch.setenv("FAULTMAVEN_EMBEDDING_MODEL", str(untrained))
    with KnowledgeBase(database_url) as kb:
        kb.add_folder(folder)
        before = kb.search("disk full")
    newer = tmp_path / "newer"
    newer.symlink_to(untrained)
    monkeypatch.setenv("FAULTMAVEN_EMBEDDING_MODEL", str(newer))
    with KnowledgeBase(database_url) as kb:
        during = kb.search("disk full")
        assert during["score"].tolist() == before["score"].tolist()
        assert "older" in during.attrs["note"]
        assert kb.rebuild()["embedded"].tolist() == [42]
        after = kb.search("disk full")
        assert (after.attrs["mode"], after.attrs["note"]) == ("words and meaning", "")
        assert set(kb.store.vector_models()) == {upkeep.COUNTS, upkeep.kept_under(str(newer))}


def test_an_embedding_that_is_stopped_goes_on_where_it_was(folder: Path, untrained: Path, monkeypatch) -> None:
    for i in range(60):
        (folder / f"{i}.md").write_text(f"# Zebra {i}\n\nNumber {i}.\n")
    with Store("sqlite://") as store, KnowledgeBase(store=store) as kb:
        kb.add_folder(folder)
        model = embedding.Embedder(str(untrained))
        calls = iter(range(2))

        def stopped(texts: list[str]) -> np.ndarray:
            if next(calls, None) is None:
                raise KeyboardInterrupt
            return model(texts)

        stopped.name = model.name  # type: ignore[attr-defined]
        with pytest.raises(KeyboardInterrupt):
            upkeep.embed(store, stopped)  # type: ignore[arg-type]
        kept = store.vector_models()[upkeep.kept_under(model.name)]
        assert 0 < kept < 62
        assert upkeep.embed(store, model) == 62 - kept


def test_a_model_that_is_not_there_is_said_and_words_do(folder: Path, monkeypatch, tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    name = str(tmp_path / "nowhere")
    monkeypatch.setenv("FAULTMAVEN_EMBEDDING_MODEL", name)
    with KnowledgeBase("sqlite://") as kb:
        kb.add_folder(folder)
        found = kb.search("lock wait")
        assert found["title"].tolist() == ["Lock wait"]
        assert found.attrs["mode"] == "words"
        assert name in found.attrs["note"]


def test_the_core_works_without_the_extra(tmp_path: Path, folder: Path) -> None:
    program = (
        "import sys\n"
        "for name in ('torch', 'sentence_transformers', 'transformers', 'qdrant_client', 'huggingface_hub'):\n"
        "    sys.modules[name] = None\n"
        "import importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'sentence_transformers' else real(name, *a)\n"
        "from faultmaven_lib.knowledge import KnowledgeBase\n"
        "kb = KnowledgeBase('sqlite://')\n"
        f"kb.add_folder({str(folder)!r})\n"
        "found = kb.search('sessions wait for a lock')\n"
        "print(found['title'][0], '|', found.attrs['note'])\n"
    )
    environment = {"FAULTMAVEN_HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip().startswith("Lock wait | searched by words alone: no embedding model is installed")
    assert "pip install 'faultmaven[semantic]'" in done.stdout


def test_the_vector_of_a_document_is_that_of_its_parts_its_lead_and_its_title(untrained: Path) -> None:
    model = embedding.Embedder(str(untrained))
    long = Entry("a", "disk", (*(("", f"zebra {i}") for i in range(GROUP)), ("", "certificate expired")))
    bare, no_title = Entry("b", "disk", ()), Entry("c", "2024", (("", "disk"),))
    found = vectors_of([long, bare, no_title, Entry("d", "", ())], model)
    assert [rows.shape for rows in found] == [(2, 24), (1, 24), (1, 24), (1, 24)]
    disk = model(["disk"])[0]
    assert found[1][0] @ disk == pytest.approx(1, abs=1e-5)
    assert found[2][0] @ disk == pytest.approx(1, abs=1e-5)
    assert not found[3].any()
    expired = question_vector("certificate expired", model)
    assert found[0][1] @ expired > found[0][0] @ expired
    np.testing.assert_allclose(unpack_vectors(pack_vectors(found[0])), found[0], atol=1e-3)
