from __future__ import annotations

import math
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient

from faultmaven_lib.knowledge.embedded import Embedded
from faultmaven_lib.knowledge.entries import GROUP, Entry, counts_of, pack_counts, unpack_counts
from faultmaven_lib.knowledge.index import MEANING_WEIGHT, WORDS_WEIGHT, Index, Point, filled
from faultmaven_lib.knowledge.lexicon import K1, PRESENCE, SLOPE, B, Lexicon
from faultmaven_lib.knowledge.points import Engine
from faultmaven_lib.knowledge.server import Collection
from faultmaven_lib.knowledge.words import terms

_VOCABULARY = ["lock", "disk", "pool", "query", "cert", "node", "kafka", "redis"]
_TEXTS = st.lists(st.lists(st.sampled_from(_VOCABULARY), min_size=1, max_size=12), min_size=1, max_size=8)
_QUESTION = st.lists(st.sampled_from(_VOCABULARY), min_size=1, max_size=4)


def _by_words(texts: list[list[str]], question: list[str]) -> list[float]:
    """Score texts as the docstrings say: BM25's saturation and pivoted presence, half each, as a share."""
    length = sum(map(len, texts)) / len(texts)
    distinct = sum(math.sqrt(len(set(text))) for text in texts) / len(texts)
    n = {term: max(sum(term in text for text in texts), 1) for term in question}
    idf = {term: math.log(1 + (len(texts) - n[term] + 0.5) / (n[term] + 0.5)) for term in question}
    scores = []
    for text in texts:
        counts, score = Counter(text), 0.0
        for term in question:
            if counts[term]:
                saturated = counts[term] / (counts[term] + K1 * (1 - B + B * len(text) / length))
                present = 1 / (1 - SLOPE + SLOPE * math.sqrt(len(counts)) / distinct)
                score += idf[term] * ((1 - PRESENCE) * saturated + PRESENCE * present)
        scores.append(score / sum(idf[term] for term in question))
    return scores


def _engine(kind: str, size: int) -> Engine:
    if kind == "in process":
        return Embedded(size)
    collection = Collection(QdrantClient(":memory:"), "k")
    collection.make(size)
    return collection


def _index(kind: str, texts: list[list[str]], vectors: np.ndarray | None = None) -> Index:
    points = [
        Point(f"00000000-0000-0000-0000-{i:012d}", str(i), 0, str(i), counts, None if vectors is None else vectors[i])
        for i, text in enumerate(texts)
        for counts in counts_of(Entry(str(i), "", (("", " ".join(text)),)))
    ]
    lexicon = Lexicon.of(point.counts for point in points)
    engine = _engine(kind, 0 if vectors is None else vectors.shape[1])
    engine.fill(filled(points, lexicon))
    return Index(engine, lexicon)


@pytest.mark.parametrize("kind", ["in process", "client"])
@settings(deadline=None, max_examples=20)
@given(texts=_TEXTS, question=_QUESTION)
def test_qdrant_gives_the_score_that_is_documented(kind: str, texts: list[list[str]], question: list[str]) -> None:
    index = _index(kind, texts)
    expected = _by_words([terms(" ".join(text)) for text in texts], terms(" ".join(question)))
    found = {hit.key: hit.words for hit in index.search(" ".join(question), k=len(texts))}
    for number in range(len(texts)):
        assert found.get(str(number), 0.0) == pytest.approx(expected[number], abs=1e-4)
    index.close()


@pytest.mark.parametrize("kind", ["in process", "client"])
@settings(deadline=None, max_examples=20)
@given(texts=_TEXTS, question=_QUESTION, seed=st.integers(0, 1_000))
def test_words_and_meaning_are_added_in_qdrant(
    kind: str, texts: list[list[str]], question: list[str], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(len(texts) + 1, 8)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    index = _index(kind, texts, drawn[:-1])
    words = _by_words([terms(" ".join(text)) for text in texts], terms(" ".join(question)))
    found = index.search(" ".join(question), drawn[-1], k=len(texts))
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
    for hit in found:
        meaning = float(drawn[int(hit.key)] @ drawn[-1])
        assert hit.meaning == pytest.approx(meaning, abs=1e-4)
        assert hit.words == pytest.approx(words[int(hit.key)], abs=1e-3)
        total = WORDS_WEIGHT * words[int(hit.key)] + MEANING_WEIGHT * meaning
        assert hit.score == pytest.approx(min(max(total, 0), 1), abs=1e-3)
    index.close()


def test_only_the_vector_is_asked_where_no_word_is_known() -> None:
    index = _index("in process", [["lock"], ["disk"]], np.eye(2, dtype=np.float32))
    best = index.search("zebra", np.array([0.0, 1.0], dtype=np.float32))[0]
    assert (best.key, round(best.score, 3)) == ("1", MEANING_WEIGHT)
    assert index.search("zebra") == []
    index.close()


def test_a_point_without_a_vector_is_found_by_its_words() -> None:
    counts = counts_of(Entry("a", "", (("", "lock contention"),)))[0]
    vector = np.array([1.0, 0.0], dtype=np.float32)
    points = [
        Point("00000000-0000-0000-0000-000000000001", "with", 0, "", counts_of(Entry("b", "disk full", ()))[0], vector),
        Point("00000000-0000-0000-0000-000000000002", "without", 0, "", counts),
    ]
    lexicon = Lexicon.of(point.counts for point in points)
    engine = Embedded(2)
    engine.fill(filled(points, lexicon))
    index = Index(engine, lexicon)
    best = index.search("lock contention", np.array([0.0, 1.0], dtype=np.float32))[0]
    assert (best.key, best.meaning) == ("without", None)
    assert best.score == pytest.approx(best.words, abs=1e-6)
    index.close()


def test_the_score_is_a_share() -> None:
    index = Index.of_words(
        [Entry("a", "lock", (("lock", "lock lock lock lock"),)), Entry("b", "disk", (("", "disk"),))]
    )
    assert 0.5 < index.search("lock")[0].score <= 1
    assert index.search("lock kafka redis node")[0].score < index.search("lock")[0].score
    assert index.search("lock 1234567")[0].score == index.search("lock")[0].score
    index.close()


def test_the_best_group_of_a_long_document_is_told_and_counts_once() -> None:
    parts = tuple((f"Part {i}", "zebra" if i == 2 * GROUP + 1 else f"word{i}") for i in range(3 * GROUP))
    index = Index.of_words([Entry("a", "Long", parts), Entry("b", "Other", (("", "horse"),))])
    assert [(hit.key, hit.group) for hit in index.search("zebra")] == [("a", 2)]
    assert [hit.key for hit in index.search("long")] == ["a"]
    index.close()


def test_an_empty_index_and_an_empty_question() -> None:
    empty = Index.of_words([])
    assert empty.search("lock") == []
    empty.close()
    index = Index.of_words([Entry("a", "lock", ())])
    assert index.search("the of 12") == []
    assert [hit.key for hit in index.search("lock")] == ["a"]
    index.close()


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=200)), max_size=3 * GROUP), st.text(max_size=40))
def test_counts_come_back_as_they_were(parts: list[tuple[str, str]], title: str) -> None:
    groups = counts_of(Entry("a", title, tuple(parts)))
    back = list(unpack_counts(pack_counts(groups)))
    assert len(back) == max(1, math.ceil(len(parts) / GROUP))
    for (ids, counts), (others, again) in zip(groups, back, strict=True):
        assert ids.tolist() == others.tolist()
        assert counts.tolist() == again.tolist()


@given(st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=8, unique=True), min_size=1, max_size=6), st.data())
def test_a_lexicon_forgets_what_is_taken_out(texts: list[list[int]], data: st.DataObject) -> None:
    def counts(ids: list[int]) -> tuple[np.ndarray, np.ndarray]:
        return np.array(ids, np.uint32), np.ones(len(ids), np.uint16)

    cut = data.draw(st.integers(0, len(texts)))
    changed = Lexicon.of(map(counts, texts))
    for text in texts[cut:]:
        changed.add(text, -1)
    expected = Lexicon.of(map(counts, texts[:cut]))
    assert (changed.total, changed.df) == (expected.total, expected.df)
    again = Lexicon.unpack(changed.pack())
    assert (again.total, again.df, again.mean_length) == (changed.total, changed.df, changed.mean_length)


def test_its_folder_is_private_and_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    index = Index.of_words([Entry("a", "lock", ())])
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    other = Index.of_words([Entry("a", "lock", ())])
    assert len(list(tmp_path.iterdir())) == 2
    index.close()
    assert other.search("lock")
    other.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_leaves_the_folder_of_its_parent_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    index = Index.of_words([Entry("a", "lock", ())])
    monkeypatch.setattr("os.getpid", lambda: -1)  # what a child would see
    assert not index.usable
    index.close()
    assert len(list(tmp_path.iterdir())) == 1
