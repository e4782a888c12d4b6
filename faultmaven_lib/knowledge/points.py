"""Points: what is put into Qdrant, asked of it, and comes back, whichever Qdrant it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORDS, MEANING = "words", "meaning"
"""The two vectors of a point, sparse and dense, by which Qdrant knows them."""
_BATCH = 500


class Filled(NamedTuple):
    """A point as it goes in."""

    id: str
    ids: list[int]
    """Terms, and what each is worth."""
    values: list[float]
    vector: list[float] | None
    payload: dict[str, Any]
    """``key`` and ``group`` of the entry, and ``state`` of the document."""


@dataclass(frozen=True)
class Question:
    """A question as it is asked: words, or a vector, or both, and what each counts."""

    ids: list[int]
    values: list[float]
    words: float
    vector: list[float] | None
    meaning: float
    read: int
    """How many points each of the two may find; all of them are then scored by both."""


class Raw(NamedTuple):
    """A point as it comes back."""

    score: float
    key: str
    group: int
    ids: frozenset[int]
    vector: NDArray[np.float32] | None

    @classmethod
    def of(cls, score: float, payload: Mapping[str, Any], vector: Mapping[str, Any]) -> Self:
        """Return it as both clients hand it over."""
        words, meaning = vector.get(WORDS), vector.get(MEANING)
        ids = frozenset(words.indices if words is not None else ())
        dense = None if meaning is None else np.asarray(meaning, dtype=np.float32)
        return cls(float(score), str(payload["key"]), int(payload["group"]), ids, dense)


class Engine(Protocol):
    """A collection of points."""

    def fill(self, points: Iterable[Filled]) -> int:
        """Put points in, or in the place of those with the same id; return how many."""

    def remove(self, ids: Sequence[str]) -> None:
        """Take points out."""

    def ask(self, question: Question, limit: int) -> list[Raw]:
        """Return the best points for a question, best first."""


def batches(points: Iterable[Filled], size: int = _BATCH) -> Iterator[list[Filled]]:
    """Yield points in lists of bounded length."""
    batch: list[Filled] = []
    for point in points:
        batch.append(point)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
