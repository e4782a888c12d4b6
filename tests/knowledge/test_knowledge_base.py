from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.knowledge import KnowledgeBase
from faultmaven_lib.storage import Store

_LOCKS = "# Lock contention\n\n## Checks\n\nLook at pg_locks for sessions that wait.\n"
_DISK = "# Disk full\n\n## Checks\n\nRun `df -h` and look for a filesystem without space.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "runbooks"
    (home / "db").mkdir(parents=True)
    (home / "db" / "locks.md").write_text(_LOCKS)
    (home / "disk.md").write_text(_DISK)
    return home


@pytest.fixture
def kb() -> Iterator[KnowledgeBase]:
    with KnowledgeBase("sqlite://") as made:
        yield made


def _changes(frame: pd.DataFrame) -> dict[str, str]:
    return {Path(path).name: change for path, change in zip(frame["path"], frame["change"], strict=True)}


def test_a_folder_is_added_once_and_kept_up_to_date(database_url: str, folder: Path) -> None:
    with KnowledgeBase(database_url) as kb:
        first = kb.add_folder(folder)
        assert list(first.columns) == ["path", "title", "change", "chunks", "note"]
        assert first.attrs["counts"] == {"added": 2, "updated": 0, "unchanged": 0, "deleted": 0, "skipped": 0}
        version = kb.store.knowledge_version()
        assert _changes(kb.add_folder(folder)) == {"locks.md": "unchanged", "disk.md": "unchanged"}
        assert kb.store.knowledge_version() == version

        (folder / "disk.md").write_text(_DISK + "\n## More\n\nInodes.\n")
        (folder / "db" / "locks.md").unlink()
        (folder / "new.md").write_text("# Certificates\n\nx509 and when they end.\n")
        assert _changes(kb.add_folder(folder)) == {"disk.md": "updated", "locks.md": "deleted", "new.md": "added"}
        assert kb.documents()["title"].tolist() == ["Disk full", "Certificates"]
        assert kb.search("pg_locks sessions").empty
        assert kb.search("inodes")["title"].tolist() == ["Disk full"]


def test_a_search_names_the_document_the_place_and_the_words(kb: KnowledgeBase, folder: Path) -> None:
    kb.add_folder(folder)
    found = kb.search("which sessions are waiting, see pg_locks")
    assert list(found.columns) == ["title", "path", "excerpt", "score", "why"]
    row = found.iloc[0]
    assert (row["title"], row["path"]) == ("Lock contention", str(folder / "db" / "locks.md"))
    assert row["excerpt"] == "Look at pg_locks for sessions that wait."
    assert {"sessions", "waiting", "locks"} <= set(row["why"].split("; ")[0].split(", "))
    assert row["why"].endswith("under Checks")
    assert 0 < row["score"] <= 1
    assert kb.mode == "words"


def test_what_fits_badly_is_not_answered(kb: KnowledgeBase) -> None:
    kb.add_starter()
    refused = kb.search("ABAP short dump in the spool work process after a transport")
    assert refused.empty
    assert "nothing fits" in refused.attrs["reason"]
    assert list(refused.columns) == ["title", "path", "excerpt", "score", "why"]
    shown = kb.search("ABAP short dump in the spool work process after a transport", abstain=False)
    assert len(shown) > 0
    assert "reason" not in shown.attrs


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ("", "nothing to search for"),
        (" \n", "nothing to search for"),
        ("the of", "any of these"),
        ("zebra", "any of these"),
    ],
)
def test_the_reason_is_told(kb: KnowledgeBase, question: str, reason: str) -> None:
    assert "add_starter" in kb.search(question).attrs["reason"]
    kb.add_starter()
    for abstain in (True, False):
        found = kb.search(question, abstain=abstain)
        assert found.empty
        assert reason in found.attrs["reason"]


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("process 4711 still waiting for ShareLock on transaction 8812 after 1000 ms", "Database lock contention"),
        ("QueuePool limit of size 5 overflow 10 reached, connection timed out", "Connection pool exhausted"),
        ("canceling statement due to statement timeout, sequential scan", "Slow query"),
        ("pod was OOMKilled with exit code 137", "Pod OOMKilled"),
        ("could not extend file: No space left on device", "Disk full"),
        ("upstream timed out while reading response header from upstream", "nginx 504 Gateway Timeout"),
        ("errors began right after the rollout of a new release", "Regression after a deploy"),
        ("x509: certificate has expired or is not yet valid", "Certificate expired"),
        ("lock contention", "Database lock contention"),
        ("an exhausted connection pool", "Connection pool exhausted"),
        ("a dependency that times out", "A dependency times out"),
        ("an expired certificate", "Certificate expired"),
    ],
)
def test_the_starter_runbooks_are_found(kb: KnowledgeBase, question: str, title: str) -> None:
    kb.add_starter()
    assert kb.search(question)["title"].iloc[0] == title


def test_the_starter_runbooks_are_whole(kb: KnowledgeBase) -> None:
    added = kb.add_starter()
    assert set(added["change"]) == {"added"}
    assert set(added["note"]) == {""}  # nothing in them looks like a secret
    wanted = {"Symptoms", "Checks", "Mitigation", "Verification", "Rollback"}
    headings: dict[str, set[str]] = {}
    for chunk in kb.store.chunks():
        headings.setdefault(chunk.title, set()).add(chunk.heading)
    assert len(headings) == len(added) >= 40
    assert all(wanted <= found for found in headings.values())
    assert set(kb.add_starter()["change"]) == {"unchanged"}


def test_secrets_do_not_reach_the_store(kb: KnowledgeBase, folder: Path) -> None:
    (folder / "who.md").write_text("# On call\n\nCall ann@example.com, password=hunter2 for the console.\n")
    added = kb.add_folder(folder)
    assert "redacted" in added.set_index("title")["note"]["On call"]
    everything = " ".join(chunk.text for chunk in kb.store.chunks())
    assert "hunter2" not in everything
    assert "ann@example.com" not in everything
    # The same value has the same token, so it is found all the same.
    assert kb.search("ann@example.com")["title"].tolist() == ["On call"]


def test_what_cannot_be_read_is_skipped_and_named(kb: KnowledgeBase, folder: Path, tmp_path: Path) -> None:
    (folder / "latin.md").write_bytes("# Größe\n".encode("latin-1"))
    (folder / "binary.md").write_bytes(b"# x\n\x00\x01")
    (folder / "huge.md").write_text("x " * 600_000)
    (folder / "empty.md").write_text("")
    (folder / "crowd.md").write_text("## a\nx\n" * 6_000)
    (tmp_path / "outside.md").write_text("# Outside\n\ntext\n")
    (folder / "link.md").symlink_to(tmp_path / "outside.md")
    (folder / ".git").mkdir()
    (folder / ".git" / "hidden.md").write_text("# Hidden\n\ntext\n")
    notes = kb.add_folder(folder)
    skipped = notes[notes["change"] == "skipped"]
    told = {Path(path).name: note for path, note in zip(skipped["path"], skipped["note"], strict=True)}
    assert told.keys() == {"latin.md", "binary.md", "huge.md", "empty.md", "crowd.md", "link.md"}
    assert "UTF-8" in told["latin.md"]
    assert "binary" in told["binary.md"]
    assert "1,000,000" in told["huge.md"]
    assert "outside" in told["link.md"]
    assert len(kb.documents()) == 2


def test_a_file_that_becomes_unreadable_keeps_what_was_read(kb: KnowledgeBase, folder: Path) -> None:
    kb.add_folder(folder)
    (folder / "disk.md").write_bytes(b"\xff\xfe\xff")
    again = kb.add_folder(folder).set_index("change")
    assert "stays" in again.loc["skipped", "note"]
    assert "Disk full" in kb.documents()["title"].tolist()


@pytest.mark.parametrize("pattern", ["/etc/*", "../*.md", ""])
def test_a_pattern_stays_in_the_folder(kb: KnowledgeBase, folder: Path, pattern: str) -> None:
    with pytest.raises(SourceError, match="pattern"):
        kb.add_folder(folder, pattern)


def test_no_folder(kb: KnowledgeBase, folder: Path) -> None:
    with pytest.raises(SourceError, match="not a folder"):
        kb.add_folder(folder / "nowhere")
    with pytest.raises(SourceError, match="not a folder"):
        kb.add_folder(folder / "disk.md")


def test_a_part_of_a_folder_does_not_take_the_rest_away(kb: KnowledgeBase, folder: Path) -> None:
    kb.add_folder(folder)
    kb.add_starter()
    assert kb.add_folder(folder / "db").attrs["counts"]["deleted"] == 0
    assert kb.add_folder(folder, "*.md").attrs["counts"] | {"skipped": 0} == {
        "added": 0,
        "updated": 0,
        "unchanged": 1,
        "deleted": 0,
        "skipped": 0,
    }
    assert kb.remove(folder / "db") == 1
    assert kb.remove(folder / "disk.md") == 1
    assert not kb.documents()["path"].str.startswith(str(folder)).any()


def test_markup_in_a_runbook_is_text(kb: KnowledgeBase, folder: Path) -> None:
    (folder / "x.md").write_text("# <script>alert(1)</script>\n\nZebra <img src=x onerror=alert(1)>\n")
    kb.add_folder(folder)
    row = kb.search("zebra").iloc[0]
    assert row["title"] == "<script>alert(1)</script>"
    assert "<img src=x" in row["excerpt"]


def test_a_change_elsewhere_is_seen_by_the_next_search(tmp_path: Path, folder: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    with KnowledgeBase(url) as one, KnowledgeBase(url) as other:
        assert other.search("pg_locks").empty
        one.add_folder(folder)
        assert len(other.search("pg_locks sessions")) == 1
        one.remove(folder)
        assert other.search("pg_locks sessions").empty


def test_two_processes_search_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    program = (
        "from faultmaven_lib.knowledge import KnowledgeBase\n"
        f"kb = KnowledgeBase({url!r})\n"
        "print(kb.search('deadlock detected')['title'][0], flush=True)\n"
        "input()\n"
    )
    with KnowledgeBase(url) as kb:
        kb.add_starter()
        kb.search("deadlock")
        others = [
            subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for other in others:
            assert other.stdout is not None
            assert other.stdout.readline().strip() == "PostgreSQL deadlocks"
        assert len(kb.search("deadlock", k=1)) == 1  # all three have an index open now
        for other in others:
            other.communicate("\n")
            assert other.returncode == 0


def test_threads_may_search_while_documents_change(tmp_path: Path, folder: Path) -> None:
    kb = KnowledgeBase(f"sqlite:///{tmp_path / 'shared.db'}")
    kb.add_starter()
    problems: list[str] = []

    def ask() -> None:
        try:
            for _ in range(10):
                assert kb.search("deadlock detected")["title"].tolist()[0] == "PostgreSQL deadlocks"
        except Exception as error:  # noqa: BLE001 (a thread's error would be lost)
            problems.append(repr(error))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    kb.add_folder(folder)
    for thread in threads:
        thread.join()
    kb.close()
    assert problems == []


def test_a_store_that_is_given_stays_open() -> None:
    store = Store("sqlite://")
    with KnowledgeBase(store=store) as kb:
        kb.add_starter()
    assert len(store.documents()) >= 40
    with pytest.raises(ValueError, match="not both"):
        KnowledgeBase("sqlite://", store=store)
    with pytest.raises(ValueError, match="at least one"):
        kb.search("x", k=0)
    store.close()


def test_a_very_long_question_is_bounded(kb: KnowledgeBase) -> None:
    kb.add_starter()
    assert kb.search("deadlock " * 1_000_000)["title"].iloc[0] == "PostgreSQL deadlocks"
