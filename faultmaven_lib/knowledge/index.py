"""The index: BM25 as sparse vectors in an embedded Qdrant, a copy that is thrown away and filled again.

Qdrant's engine runs inside the process (``qdrant-edge-py``) on a private folder that goes with it, so that any
number of notebooks work at once and no lock is ever waited for. Against the client's ``":memory:"`` mode, at
5,000 chunks, it fills in a third of the time and answers in under a hundredth; both apply the IDF and give equal scores
(``tests/bench/bench_knowledge_index.py``).
"""

from __future__ import annotations

import math
import os
import shutil
import tempfile
import threading
import weakref
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from faultmaven_lib.knowledge.words import term_id, terms

K1 = 1.2
"""How fast repetitions of a term stop counting (Robertson and Zaragoza: *BM25 and Beyond*, 2009)."""
B = 0.75
"""How far a long text is held against its repetitions."""
_TITLE_WEIGHT = 2
_DOCUMENTS_READ = 100
_CHUNKS_READ = 400
_BATCH = 500


@dataclass(frozen=True)
class Entry:
    """What is to be found: a document or a case, in parts."""

    key: str
    title: str
    parts: tuple[tuple[str, str], ...]
    """Pairs of heading and text."""
    marks: tuple[str, ...] = ()
    """Terms that are taken as they are, such as ``service=api``."""


@dataclass(frozen=True)
class Hit:
    """An entry that was found."""

    key: str
    title: str
    heading: str
    text: str
    """The part that fits best."""
    score: float
    """0 to 1: how much of the weight of the question's terms it carries."""
    matched: tuple[str, ...]
    """The question's terms that it has, weightiest first."""


@dataclass
class _Field:
    """The vectors of one kind of text (whole documents, or chunks) before they go to Qdrant."""

    ids: list[array[int]]
    counts: list[array[float]]
    lengths: list[float]
    df: Counter[int]

    @classmethod
    def empty(cls) -> _Field:
        return cls([], [], [], Counter())

    def add(self, counted: Mapping[int, float]) -> None:
        self.ids.append(array("L", counted))
        self.counts.append(array("f", counted.values()))
        self.lengths.append(sum(counted.values()))
        self.df.update(counted.keys())

    def vectors(self) -> Iterator[tuple[list[int], list[float]]]:
        """Yield the TF part of BM25, between 0 and 1; Qdrant multiplies the IDF in."""
        mean = sum(self.lengths) / max(len(self.lengths), 1) or 1.0
        for ids, counts, length in zip(self.ids, self.counts, self.lengths, strict=True):
            norm = K1 * (1 - B + B * length / mean)
            yield list(ids), [n / (n + norm) for n in counts]


def _idf(n: int, total: int) -> float:
    return math.log(1 + (total - n + 0.5) / (n + 0.5))


class WordIndex:
    """Entries searchable by their words; each as a whole and in parts.

    Parameters
    ----------
    entries
        All of them: an index does not change, another one takes its place.

    Examples
    --------
    >>> index = WordIndex([Entry("a", "Disk full", (("Checks", "run df to see the free space"),)),
    ...                    Entry("b", "Slow query", (("Checks", "explain the query"),))])
    >>> [(hit.key, hit.heading, hit.matched) for hit in index.search("queries are slow", k=1)]
    [('b', 'Checks', ('query', 'slow'))]
    >>> index.search("certificate expired")
    []
    >>> index.close()
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._names: list[tuple[str, str]] = []
        self._owner = array("L")
        self._terms: list[frozenset[int]] = []
        self._pid = os.getpid()
        self._lock = threading.Lock()
        wholes, parts, texts = _Field.empty(), _Field.empty(), []
        for number, entry in enumerate(entries):
            self._names.append((entry.key, entry.title))
            title = Counter(map(term_id, terms(entry.title)))
            whole: Counter[int] = Counter({term: count * _TITLE_WEIGHT for term, count in title.items()})
            whole.update(term_id(mark) for mark in entry.marks)
            for heading, text in entry.parts or (("", ""),):
                counted = Counter(map(term_id, terms(f"{heading}\n{text}")))
                whole.update(counted)
                parts.add(counted + title)
                texts.append((heading, text))
                self._owner.append(number)
            wholes.add(whole)
            self._terms.append(frozenset(whole))
        self._df, self._part_df = wholes.df, parts.df
        self._folder = tempfile.mkdtemp(prefix="faultmaven-index-")
        self._shard = _shard(self._folder, wholes, parts, texts)
        # Also at the end of the process; a forked child must leave its parent's folder alone.
        self.close = weakref.finalize(self, _discard, self._shard, self._folder, self._pid)

    def __len__(self) -> int:
        return len(self._names)

    @property
    def usable(self) -> bool:
        """Whether it belongs to this process, and not to the one that this was forked from."""
        return self._pid == os.getpid()

    def search(self, text: str, *, marks: Iterable[str] = (), k: int = 5) -> list[Hit]:
        """Return the entries that carry most of the weight of a text's terms, best first.

        The score is the mean of the BM25 of the whole entry and that of its best part, each divided by the
        IDF of all terms asked for, times the share of that IDF which the entry's terms cover. A question whose
        words the entry knows scores high whatever its length. A word that occurs nowhere weighs as much as one that
        occurs once; a number that occurs nowhere does not count.
        """
        wanted = Counter(terms(text))
        wanted.update(marks)
        named = {term_id(term): term for term in wanted}
        weights = {i: float(wanted[t]) for i, t in named.items() if i in self._df or not t.isdigit()}
        if not weights or not self._names:
            return []
        mass = {i: n * _idf(max(self._df[i], 1), len(self._names)) for i, n in weights.items()}
        part_mass = sum(n * _idf(max(self._part_df[i], 1), len(self._owner)) for i, n in weights.items())
        total = sum(mass.values())
        known = {i: n for i, n in weights.items() if i in self._df}
        wholes, best = self._ask(known)
        found = []
        for number, whole in wholes.items():
            covered = sorted((i for i in mass if i in self._terms[number]), key=lambda i: (-mass[i], named[i]))
            share = sum(mass[i] for i in covered) / total
            part, score = best.get(number, (None, 0.0))
            fit = share * (whole / total + score / part_mass) / 2
            found.append((fit, number, part, tuple(named[i] for i in covered)))
        found.sort(key=lambda hit: (-hit[0], self._names[hit[1]][0]))
        return [self._hit(*hit) for hit in found[:k]]

    def _ask(self, weights: Mapping[int, float]) -> tuple[dict[int, float], dict[int, tuple[int, float]]]:
        """Return the BM25 of entries by number, and of the best part of each."""
        from qdrant_edge import Query, QueryRequest, SparseVector

        if not weights:
            return {}, {}
        vector = SparseVector(list(weights), list(weights.values()))
        with self._lock:
            wholes = self._shard.query(QueryRequest(_DOCUMENTS_READ, query=Query.Nearest(vector, using="whole")))
            parts = self._shard.query(QueryRequest(_CHUNKS_READ, query=Query.Nearest(vector, using="part")))
        offset = len(self._names)
        best: dict[int, tuple[int, float]] = {}
        for point in parts:
            part = int(point.id) - offset
            best.setdefault(self._owner[part], (part, point.score))
        return {int(point.id): point.score for point in wholes}, best

    def _hit(self, score: float, number: int, part: int | None, matched: tuple[str, ...]) -> Hit:
        if part is None:
            part = self._owner.index(number)
        with self._lock:
            record = self._shard.retrieve([len(self._names) + part], with_payload=True, with_vector=False)[0]
        content: dict[str, Any] = record.payload or {}
        key, title = self._names[number]
        return Hit(key, title, str(content["heading"]), str(content["text"]), score, matched)


def _shard(folder: str, wholes: _Field, parts: _Field, texts: list[tuple[str, str]]) -> Any:
    from qdrant_edge import (
        EdgeConfig,
        EdgeShard,
        EdgeSparseVectorParams,
        Modifier,
        Point,
        SparseVector,
        UpdateOperation,
    )

    words = EdgeSparseVectorParams(modifier=Modifier.Idf)
    shard = EdgeShard.create(folder, EdgeConfig(sparse_vectors={"whole": words, "part": words}))

    def points() -> Iterator[Point]:
        for number, (ids, values) in enumerate(wholes.vectors()):
            yield Point(number, {"whole": SparseVector(ids, values)}, {})
        for number, (ids, values) in enumerate(parts.vectors(), start=len(wholes.ids)):
            heading, text = texts[number - len(wholes.ids)]
            yield Point(number, {"part": SparseVector(ids, values)}, {"heading": heading, "text": text})

    batch: list[Point] = []
    for point in points():
        batch.append(point)
        if len(batch) == _BATCH:
            shard.update(UpdateOperation.upsert_points(batch))
            batch = []
    if batch:
        shard.update(UpdateOperation.upsert_points(batch))
    return shard


def _discard(shard: Any, folder: str, pid: int) -> None:
    if os.getpid() == pid:
        shard.close()
        shutil.rmtree(folder, ignore_errors=True)
