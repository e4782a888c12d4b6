"""The index: points in a Qdrant collection, searched by words and by meaning at once; a copy that can be made again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from faultmaven_lib.knowledge.embedded import Embedded
from faultmaven_lib.knowledge.entries import Entry, counts_of
from faultmaven_lib.knowledge.lexicon import Lexicon
from faultmaven_lib.knowledge.points import Engine, Filled, Question
from faultmaven_lib.knowledge.words import term_id, terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from faultmaven_lib.knowledge.entries import Counts

WORDS_WEIGHT, MEANING_WEIGHT = 0.45, 0.55
"""What each counts where both are asked; ``tests/bench/bench_retrieval.py`` compares."""
_READ = 200
_MORE = 4
"""Groups that are looked at for each entry asked for: several may be of one entry."""


@dataclass(frozen=True)
class Point:
    """A group of an entry's parts, before what its words are worth is known."""

    id: str
    key: str
    group: int
    state: str
    counts: Counts
    vector: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Found:
    """An entry that was found."""

    key: str
    group: int
    """Which of its groups of parts fits best."""
    score: float
    """0 to 1."""
    words: float
    """How much of the weight of the question's words it carries."""
    meaning: float | None
    """The cosine between its vector and the question's; None where only words were compared."""
    share: float
    """Which part of the weight of the question's words is in it at all."""
    matched: dict[str, float]
    """The question's terms that it has, weightiest first, and what each weighs."""


class Index:
    """Entries in a collection, with the lexicon that says what their words weigh.

    Examples
    --------
    >>> index = Index.of_words([Entry("a", "Disk full", (("Checks", "run df to see the free space"),)),
    ...                         Entry("b", "Slow query", (("Checks", "explain the query"),))])
    >>> [(found.key, list(found.matched)) for found in index.search("queries are slow", k=1)]
    [('b', ['query', 'slow'])]
    >>> index.search("certificate expired")
    []
    >>> index.close()
    """

    def __init__(self, engine: Engine, lexicon: Lexicon) -> None:
        self.engine, self.lexicon = engine, lexicon

    @classmethod
    def of_words(cls, entries: Iterable[Entry]) -> Self:
        """Return an index in this process that knows words alone."""
        points = [
            Point(f"00000000-0000-0000-0000-{place:06d}{group:06d}", entry.key, group, "", counts)
            for place, entry in enumerate(entries)
            for group, counts in enumerate(counts_of(entry))
        ]
        lexicon = Lexicon.of(point.counts for point in points)
        engine = Embedded(0)
        engine.fill(filled(points, lexicon))
        return cls(engine, lexicon)

    def __len__(self) -> int:
        return self.lexicon.total

    @property
    def usable(self) -> bool:
        """Whether it belongs to this process."""
        return not isinstance(self.engine, Embedded) or self.engine.usable

    def close(self) -> None:
        """Remove the index, if it is one of this process."""
        if isinstance(self.engine, Embedded):
            self.engine.close()

    def search(
        self, text: str, vector: NDArray[np.float32] | None = None, *, marks: Iterable[str] = (), k: int = 5
    ) -> list[Found]:
        """Return the entries that fit a question best, best first.

        Parameters
        ----------
        text
            The question.
        vector
            Its vector, if the index has vectors.
        marks
            Terms that are taken as they are.
        k
            At most so many.

        Notes
        -----
        The score by words is the sum of what the question's terms are worth in the entry, times their IDF, divided by
        the IDF of all of them; so a question whose words the entry has scores high whatever its length. A word
        that occurs nowhere weighs as much as one that occurs once; a number that occurs nowhere does not count. Where
        there are vectors, the score is the weighted sum of that and of the cosine.
        """
        wanted = Counter(terms(text))
        wanted.update(marks)
        named = {term_id(term): term for term in wanted}
        df = self.lexicon.df
        weights = {i: float(wanted[term]) for i, term in named.items() if i in df or not term.isdigit()}
        mass = {i: n * self.lexicon.idf(i) for i, n in weights.items()}
        total = sum(mass.values())
        known = {i: n for i, n in weights.items() if i in df}
        if (not known and vector is None) or not len(self):
            return []
        share = WORDS_WEIGHT if vector is not None else 1.0
        question = Question(
            ids=list(known),
            values=list(known.values()),
            words=share / total if total else 0.0,
            vector=None if vector is None else vector.tolist(),
            meaning=MEANING_WEIGHT,
            read=max(_READ, _MORE * k),
        )
        best: dict[str, Found] = {}
        for raw in self.engine.ask(question, _MORE * k):
            if raw.key in best:
                continue
            covered = sorted((i for i in mass if i in raw.ids), key=lambda i: (-mass[i], named[i]))
            meaning = None if vector is None or raw.vector is None else float(raw.vector @ vector)
            by_words = max((raw.score - (MEANING_WEIGHT * meaning if meaning is not None else 0.0)) / share, 0.0)
            score = raw.score if meaning is not None else by_words  # without a vector its words have to do
            best[raw.key] = Found(
                key=raw.key,
                group=raw.group,
                score=min(max(score, 0.0), 1.0),
                words=by_words,
                meaning=meaning,
                share=sum(mass[i] for i in covered) / total if total else 0.0,
                matched={named[i]: mass[i] for i in covered},
            )
        return sorted(best.values(), key=lambda found: (-found.score, found.key))[:k]


def filled(points: Iterable[Point], lexicon: Lexicon) -> Iterator[Filled]:
    """Yield points as they go into a collection."""
    for point in points:
        ids, counts = point.counts
        yield Filled(
            id=point.id,
            ids=ids.tolist(),
            values=lexicon.values(ids, counts),
            vector=None if point.vector is None else point.vector.tolist(),
            payload={"key": point.key, "group": point.group, "state": point.state},
        )
