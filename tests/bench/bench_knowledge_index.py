"""How long the knowledge base takes for a hundred thousand chunks: to read them, to read them again, and to answer.

Folders of Markdown files are written with words drawn as often as in texts (Zipf), five sections a file, and read by
``KnowledgeBase`` into SQLite; then questions of ten words are asked. A model takes too long for all of them here: what
it computes in a second, and what a question then costs, is measured on fewer files (``--meaning 1000``), and the search
by both vectors on as many points of random vectors as there would be. Run it as
``python tests/bench/bench_knowledge_index.py [--chunks 100000] [--meaning 1000]``.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faultmaven_lib import KnowledgeBase
from faultmaven_lib.knowledge.embedded import Embedded
from faultmaven_lib.knowledge.index import Index, Point, filled
from faultmaven_lib.knowledge.lexicon import Lexicon

_SECTIONS, _WORDS = 5, 60
_VOCABULARY = 20_000
_QUESTIONS = 200
_DIMENSIONS = 384
"""Of all-MiniLM-L6-v2."""


def words(rng: np.random.Generator, n: int) -> list[str]:
    """Draw words as often as they come in texts; they are spelled so that no stem joins two of them."""
    return [f"q{min(int(rank), _VOCABULARY):05d}x" for rank in rng.zipf(1.15, n)]


def write(folder: Path, documents: int, rng: np.random.Generator) -> None:
    """Write so many runbooks."""
    for at in range(documents):
        lines = [f"# Runbook {at} {' '.join(words(rng, 3))}"]
        for section in range(_SECTIONS):
            lines += ["", f"## Section {section}", "", " ".join(words(rng, _WORDS))]
        path = folder / f"{at % 100:02d}" / f"{at}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines))


def timed(label: str, call: Callable[[], object]) -> None:
    """Print how long a call takes."""
    began = time.perf_counter()
    result = call()
    print(f"{label:46}{time.perf_counter() - began:9.2f} s   {result}", flush=True)


def answers(label: str, ask: Callable[[], object], times: int = _QUESTIONS) -> None:
    """Print quantiles of the time of an answer."""
    ask()
    took = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        took.append(1000 * (time.perf_counter() - began))
    p50, p95, p99 = np.percentile(took, [50, 95, 99])
    print(f"{label:46}p50 {p50:7.1f} ms   p95 {p95:7.1f} ms   p99 {p99:7.1f} ms", flush=True)


def read_and_ask(documents: int, model: str | None) -> None:
    """Read folders, again, with one file changed, and ask."""
    os.environ["FAULTMAVEN_EMBEDDING_MODEL"] = model or "none"
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "runbooks"
        folder.mkdir()
        write(folder, documents, rng)
        with KnowledgeBase(f"sqlite:///{home}/store.db") as kb:
            timed("read, stored", lambda: kb.add_folder(folder).attrs["counts"])
            timed("read again, nothing changed", lambda: kb.add_folder(folder).attrs["counts"])
            (folder / "00" / "0.md").write_text("# Runbook 0\n\n" + " ".join(words(rng, _WORDS)))
            timed("read again, one file changed", lambda: kb.add_folder(folder).attrs["counts"])
            timed("first search, which makes the index", lambda: kb.mode if kb.search("q00001x") is not None else "")
            answers("search", lambda: kb.search(" ".join(words(rng, 10))))


def points(n: int, rng: np.random.Generator) -> Iterator[Point]:
    """Yield points with random words and vectors: worse for an index than texts, whose vectors lie together."""
    for at in range(n):
        ranks, counts = np.unique(np.minimum(rng.zipf(1.15, _SECTIONS * _WORDS), _VOCABULARY), return_counts=True)
        vector = rng.normal(size=_DIMENSIONS).astype(np.float32)
        vector /= np.linalg.norm(vector)
        name = f"00000000-0000-0000-0000-{at:012d}"
        yield Point(name, str(at), 0, "", (ranks.astype(np.int64), counts.astype(np.int64)), vector)


def both_vectors(n: int) -> None:
    """Fill an index with both vectors, and ask."""
    rng = np.random.default_rng(1)
    made = list(points(n, rng))
    lexicon = Lexicon.of(point.counts for point in made)
    engine = Embedded(_DIMENSIONS)
    timed(f"{n:,} points with both vectors filled in", lambda: engine.fill(filled(made, lexicon)))
    index = Index(engine, lexicon)
    answers("search by both vectors", lambda: index.search(" ".join(words(rng, 10)), made[int(rng.integers(n))].vector))
    index.close()


def main() -> int:
    """Print the measurements."""
    options = argparse.ArgumentParser()
    options.add_argument("--chunks", type=int, default=100_000)
    options.add_argument("--meaning", type=int, default=1_000)
    given = options.parse_args()
    documents = given.chunks // _SECTIONS
    print(f"== {given.chunks:,} chunks in {documents:,} files, words alone")
    read_and_ask(documents, None)
    print(f"\n== {given.meaning:,} chunks in {given.meaning // _SECTIONS:,} files, words and meaning")
    read_and_ask(given.meaning // _SECTIONS, "all-MiniLM-L6-v2")
    print("\n== an index of as many points as the first has files, two groups each")
    both_vectors(2 * documents)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
