"""Which embedded Qdrant: the client's ``":memory:"`` mode, or the engine in process (``qdrant-edge-py``).

Fills both with 5,000 sparse vectors as chunks of runbooks have them, with and without the IDF modifier, asks
100 questions, and compares the scores. Then measures ``WordIndex`` itself. Run it as
``python tests/bench/bench_knowledge_index.py [CHUNKS]``.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np
import qdrant_edge as edge
from qdrant_client import QdrantClient, models

from faultmaven_lib.knowledge.index import Entry, WordIndex

_VOCABULARY = 20_000
_BATCH = 500
_K = 20
Vector = tuple[list[int], list[float]]


def _vector(rng: random.Random, length: int) -> Vector:
    ids = sorted({min(_VOCABULARY, int(rng.paretovariate(0.5))) for _ in range(length)})
    return ids, [rng.uniform(0.2, 0.8) for _ in ids]


def in_memory(vectors: list[Vector], questions: list[Vector], *, idf: bool) -> tuple[float, list[float], list[float]]:
    """Return seconds to fill, seconds of each question, and the best score of each."""
    began = time.perf_counter()
    client = QdrantClient(":memory:")
    words = models.SparseVectorParams(modifier=models.Modifier.IDF if idf else None)
    client.create_collection("k", vectors_config={}, sparse_vectors_config={"words": words})
    for at in range(0, len(vectors), _BATCH):
        points = [
            models.PointStruct(id=at + i, vector={"words": models.SparseVector(indices=ids, values=values)})
            for i, (ids, values) in enumerate(vectors[at : at + _BATCH])
        ]
        client.upsert("k", points)
    filled = time.perf_counter() - began
    took, best = [], []
    for ids, values in questions:
        began = time.perf_counter()
        found = client.query_points(
            "k", query=models.SparseVector(indices=ids, values=values), using="words", limit=_K
        ).points
        took.append(time.perf_counter() - began)
        best.append(found[0].score)
    return filled, took, best


def in_process(vectors: list[Vector], questions: list[Vector], *, idf: bool) -> tuple[float, list[float], list[float]]:
    """Do the same with the engine in process, on a folder of its own."""
    folder = tempfile.mkdtemp()
    began = time.perf_counter()
    words = edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf if idf else None)
    shard = edge.EdgeShard.create(folder, edge.EdgeConfig(sparse_vectors={"words": words}))
    for at in range(0, len(vectors), _BATCH):
        points = [
            edge.Point(at + i, {"words": edge.SparseVector(*vector)}, {})
            for i, vector in enumerate(vectors[at : at + _BATCH])
        ]
        shard.update(edge.UpdateOperation.upsert_points(points))
    filled = time.perf_counter() - began
    took, best = [], []
    for question in questions:
        began = time.perf_counter()
        query = edge.Query.Nearest(edge.SparseVector(*question), using="words")
        found = shard.query(edge.QueryRequest(_K, query=query))
        took.append(time.perf_counter() - began)
        best.append(found[0].score)
    shard.close()
    shutil.rmtree(folder)
    return filled, took, best


def _line(label: str, filled: float, took: list[float]) -> str:
    p50, p95 = np.percentile(took, [50, 95]) * 1000
    return f"{label:34s} filled in {filled:6.2f} s   question p50 {p50:7.2f} ms, p95 {p95:7.2f} ms"


def main() -> int:
    """Print the measurements."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    rng = random.Random(7)
    vectors = [_vector(rng, rng.randint(30, 150)) for _ in range(n)]
    questions = [_vector(rng, 10) for _ in range(100)]
    for idf in (True, False):
        label = "with IDF" if idf else "without IDF"
        one = in_memory(vectors, questions, idf=idf)
        other = in_process(vectors, questions, idf=idf)
        print(_line(f":memory:, {label}", *one[:2]))
        print(_line(f"qdrant-edge, {label}", *other[:2]))
        print(f"{'':34s} largest difference of scores {np.abs(np.array(one[2]) - np.array(other[2])).max():.1e}")
    for module in ("qdrant_client", "qdrant_edge"):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
        print(f"{'import ' + module:34s} {time.perf_counter() - began:.2f} s with the interpreter's own start")

    texts = [" ".join(f"w{word}" for word in ids) for ids, _ in vectors]
    began = time.perf_counter()
    index = WordIndex(
        Entry(str(at), f"runbook {at}", tuple(("", text) for text in texts[at : at + 5])) for at in range(0, n, 5)
    )
    filled = time.perf_counter() - began
    took = []
    for ids, _ in questions:
        began = time.perf_counter()
        index.search(" ".join(f"w{word}" for word in ids))
        took.append(time.perf_counter() - began)
    print(_line(f"WordIndex, {n:,} chunks", filled, took))
    index.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
