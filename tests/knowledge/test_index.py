from __future__ import annotations

import math
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_lib.knowledge.index import K1, B, Entry, WordIndex
from faultmaven_lib.knowledge.words import terms

_VOCABULARY = ["lock", "disk", "pool", "query", "cert", "node", "kafka", "redis"]


def _bm25(texts: list[list[str]], question: list[str]) -> list[float]:
    """Score texts by the textbook."""
    mean = sum(map(len, texts)) / len(texts)
    scores = []
    for text in texts:
        counts, score = Counter(text), 0.0
        for term in question:
            n = sum(term in other for other in texts)
            idf = math.log(1 + (len(texts) - n + 0.5) / (n + 0.5))
            score += idf * counts[term] / (counts[term] + K1 * (1 - B + B * len(text) / mean))
        scores.append(score)
    return scores


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.lists(st.sampled_from(_VOCABULARY), min_size=1, max_size=12), min_size=1, max_size=8),
    st.lists(st.sampled_from(_VOCABULARY), min_size=1, max_size=4),
)
def test_qdrant_gives_the_bm25_of_the_textbook(texts: list[list[str]], question: list[str]) -> None:
    index = WordIndex(Entry(str(i), "", (("", " ".join(text)),)) for i, text in enumerate(texts))
    expected = _bm25([terms(" ".join(text)) for text in texts], terms(" ".join(question)))
    mass = 0.0
    stems = terms(" ".join(question))
    weights = []
    for term in stems:
        n = max(sum(term in terms(" ".join(text)) for text in texts), 1)
        weights.append(math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)))
    mass = sum(weights)
    found = {hit.key: hit.score for hit in index.search(" ".join(question), k=len(texts))}
    for number, text in enumerate(texts):
        known = set(terms(" ".join(text)))
        share = sum(w for term, w in zip(stems, weights, strict=True) if term in known) / mass
        assert found.get(str(number), 0.0) == pytest.approx(share * expected[number] / mass, abs=1e-5)
    index.close()


def test_the_score_is_a_share() -> None:
    index = WordIndex([Entry("a", "lock", (("lock", "lock lock lock lock"),)), Entry("b", "disk", (("", "disk"),))])
    assert 0.5 < index.search("lock")[0].score <= 1
    assert index.search("lock kafka redis node")[0].score < index.search("lock")[0].score
    assert index.search("lock 1234567")[0].score == index.search("lock")[0].score
    index.close()


def test_the_best_part_is_told() -> None:
    parts = (("Symptoms", "clients wait"), ("Checks", "look at pg_locks"), ("Rollback", "undo it"))
    index = WordIndex([Entry("a", "Locks", parts)])
    assert [(hit.heading, hit.text) for hit in index.search("pg_locks")] == [("Checks", "look at pg_locks")]
    index.close()


def test_an_empty_index_and_an_empty_question() -> None:
    empty = WordIndex([])
    assert empty.search("lock") == []
    empty.close()
    index = WordIndex([Entry("a", "lock", ())])
    assert index.search("the of 12") == []
    assert [hit.key for hit in index.search("lock")] == ["a"]
    index.close()


def test_its_folder_is_private_and_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    index = WordIndex([Entry("a", "lock", ())])
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    other = WordIndex([Entry("a", "lock", ())])
    assert len(list(tmp_path.iterdir())) == 2
    index.close()
    assert other.search("lock")
    other.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_leaves_the_folder_of_its_parent_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    index = WordIndex([Entry("a", "lock", ())])
    monkeypatch.setattr("os.getpid", lambda: -1)  # what a child would see
    assert not index.usable
    index.close()
    assert len(list(tmp_path.iterdir())) == 1
