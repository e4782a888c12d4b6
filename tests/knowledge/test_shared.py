"""The index on a Qdrant server, here the client's own mode: one for all, filled from the database, never the truth."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient

from faultmaven_lib.exceptions import MissingExtra
from faultmaven_lib.knowledge import KnowledgeBase
from faultmaven_lib.knowledge.server import Collection, connect
from faultmaven_lib.storage import Store


@pytest.fixture
def qdrant() -> Any:
    return QdrantClient(":memory:")


def _collections(qdrant: Any) -> list[str]:
    return [one.name for one in qdrant.get_collections().collections]


def _titles(kb: KnowledgeBase, question: str) -> list[str]:
    return kb.search(question)["title"].tolist()


def test_two_share_one_collection_that_follows_the_documents(database_url: str, folder: Path, qdrant: Any) -> None:
    with KnowledgeBase(database_url, qdrant=qdrant) as one, KnowledgeBase(database_url, qdrant=qdrant) as other:
        one.add_folder(folder)
        assert _titles(one, "wait for a lock") == _titles(other, "wait for a lock") == ["Lock wait"]
        (name,) = _collections(qdrant)
        (folder / "pool.md").write_text("# Pool exhausted\n\nNo connection is left in the pool.\n")
        (folder / "disk.md").unlink()
        other.add_folder(folder)
        assert _titles(one, "no connection left in the pool") == ["Pool exhausted"]
        assert _titles(one, "disk without space") == []
        assert _collections(qdrant) == [name]
        assert Collection(qdrant, name).count() == 2


def test_it_answers_as_the_one_in_this_process_does(
    database_url: str, folder: Path, qdrant: Any, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULTMAVEN_EMBEDDING_MODEL", str(untrained))
    with KnowledgeBase(database_url) as private, KnowledgeBase(database_url, qdrant=qdrant) as shared:
        private.add_folder(folder)
        private.add_starter()
        assert private.mode == shared.mode == "words and meaning"
        for question in ("wait for a lock", "disk full", "certificate expired", "the pods crash"):
            ours, theirs = private.candidates(question), shared.candidates(question)
            assert [c.path for c in ours] == [c.path for c in theirs]
            assert [c.score for c in ours] == pytest.approx([c.score for c in theirs], abs=1e-4)


@pytest.mark.parametrize("loss", ["gone", "empty", "partly"])
def test_what_is_lost_is_made_again(database_url: str, folder: Path, qdrant: Any, loss: str) -> None:
    with KnowledgeBase(database_url, qdrant=qdrant) as kb:
        kb.add_folder(folder)
        assert _titles(kb, "wait for a lock") == ["Lock wait"]
        (name,) = _collections(qdrant)
        if loss == "gone":
            qdrant.delete_collection(name)
        else:
            ids = [i for of_state in Collection(qdrant, name).states().values() for i in of_state]
            Collection(qdrant, name).remove(ids if loss == "empty" else ids[:1])
        if loss != "partly":
            assert _titles(kb, "wait for a lock") == ["Lock wait"]
    with KnowledgeBase(database_url, qdrant=qdrant) as later:
        assert _titles(later, "wait for a lock") == ["Lock wait"]
        assert _titles(later, "disk without space") == ["Disk full"]
        assert len(_collections(qdrant)) == 1


def test_a_new_server_is_filled(database_url: str, folder: Path, qdrant: Any) -> None:
    with KnowledgeBase(database_url, qdrant=qdrant) as kb:
        kb.add_folder(folder)
        kb.search("lock")
    with KnowledgeBase(database_url, qdrant=QdrantClient(":memory:")) as kb:
        assert _titles(kb, "wait for a lock") == ["Lock wait"]


def test_the_old_index_serves_while_a_new_one_is_made(
    database_url: str, folder: Path, qdrant: Any, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with KnowledgeBase(database_url, qdrant=qdrant) as kb, KnowledgeBase(database_url, qdrant=qdrant) as reader:
        kb.add_folder(folder)
        assert _titles(reader, "wait for a lock") == ["Lock wait"]
        (before,) = _collections(qdrant)
        filling, go_on = threading.Event(), threading.Event()
        fill = Collection.fill

        def slowly(self: Collection, points: Any) -> int:
            if self.name != before:
                filling.set()
                assert go_on.wait(60)
            return fill(self, points)

        monkeypatch.setattr(Collection, "fill", slowly)
        monkeypatch.setenv("FAULTMAVEN_EMBEDDING_MODEL", str(untrained))
        builder = threading.Thread(target=kb.rebuild)
        builder.start()
        assert filling.wait(60)
        assert len(_collections(qdrant)) == 2
        during = reader.search("wait for a lock")
        assert (during["title"].tolist(), during.attrs["mode"]) == (["Lock wait"], "words")
        assert "faultmaven knowledge rebuild" in during.attrs["note"]
        go_on.set()
        builder.join(60)
        (after,) = _collections(qdrant)
        assert after != before
        now = reader.search("wait for a lock")
        assert (now["title"].tolist(), now.attrs["mode"], now.attrs["note"]) == (["Lock wait"], "words and meaning", "")


def test_two_databases_and_two_teams_do_not_mix_on_one_server(tmp_path: Path, qdrant: Any) -> None:
    urls = [f"sqlite:///{tmp_path / name}.db" for name in ("a", "b")]
    for url in urls:
        for team in ("pay", "shop"):
            with Store(url, team=team) as store:
                store.put_document("a.md", f"Lock of {team}", "runbook", [("", f"lock {url}")], "1" * 64)
    for url in urls:
        for team in ("pay", "shop"):
            with Store(url, team=team) as store, KnowledgeBase(store=store, qdrant=qdrant) as kb:
                found = kb.candidates("lock")
                assert [(c.title, c.text) for c in found] == [(f"Lock of {team}", f"lock {url}")]
    assert len(_collections(qdrant)) == 4


def test_a_server_that_cannot_be_reached_does_not_stop_the_search(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULTMAVEN_QDRANT_URL", "http://127.0.0.1:9")
    with KnowledgeBase("sqlite://") as kb:
        kb.add_folder(folder)
        found = kb.search("wait for a lock")
        assert found["title"].tolist() == ["Lock wait"]
        assert "Qdrant server cannot be used" in found.attrs["note"]
        assert "searched in this process" in found.attrs["note"]


def test_url_key_and_certificates_reach_the_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import certifi

    monkeypatch.setenv("FAULTMAVEN_QDRANT_URL", "https://qdrant.example:6333")
    monkeypatch.setenv("FAULTMAVEN_QDRANT_API_KEY", "s3cret")
    monkeypatch.setenv("FAULTMAVEN_QDRANT_CA", certifi.where())
    client = connect()
    remote = client._client
    assert remote.rest_uri == "https://qdrant.example:6333"
    assert remote._rest_headers["api-key"] == "s3cret"
    monkeypatch.setenv("FAULTMAVEN_QDRANT_URL", ":memory:")
    assert connect().get_collections().collections == []
    monkeypatch.setitem(__import__("sys").modules, "qdrant_client", None)
    with pytest.raises(MissingExtra, match=r"faultmaven\[qdrant\]"):
        connect()


_NAMES = st.sampled_from(["a", "b", "c", "d"])
_TEXTS = st.sampled_from(["lock wait", "disk full", "pool left", "zebra", "lock disk"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(_NAMES, _TEXTS | st.none()), min_size=1, max_size=12))
def test_however_documents_change_each_index_has_what_the_database_has(changes: list[tuple[str, str | None]]) -> None:
    with Store("sqlite://") as store:
        private, shared = KnowledgeBase(store=store), KnowledgeBase(store=store, qdrant=QdrantClient(":memory:"))
        for number, (name, text) in enumerate(changes):
            if text is None:
                store.delete_document(name)
            else:
                store.put_document(name, name, "runbook", [("", text)], f"{number:064d}")
            for word in ("lock", "disk", "zebra"):
                expected = {c.uri for c in store.chunks() if word in c.text}
                for kb in (private, shared):
                    assert {c.path for c in kb.candidates(word) if c.words > 0} == expected
        private.close()
