"""Qdrant on a server, or the client's own ``":memory:"`` mode: the same collection, for a whole team."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Sequence
from typing import Any

from faultmaven_lib.exceptions import MissingExtra, StorageError
from faultmaven_lib.knowledge.points import MEANING, WORDS, Filled, Question, Raw, batches
from faultmaven_lib.settings import settings

_TIMEOUT = 60
_SCROLL = 5_000


def connect() -> Any:
    """Open the Qdrant server of the settings.

    Raises
    ------
    MissingExtra
        If the client is not installed.
    """
    try:
        from qdrant_client import QdrantClient
    except ImportError:
        raise MissingExtra("A Qdrant server", "qdrant") from None
    found = settings()
    if found.qdrant_url == ":memory:":
        return QdrantClient(":memory:")
    key = found.qdrant_api_key.get_secret_value() if found.qdrant_api_key else None
    tls: dict[str, Any] = {}
    if found.qdrant_ca:
        tls["verify"] = ssl.create_default_context(cafile=str(found.qdrant_ca))
    return QdrantClient(url=found.qdrant_url, api_key=key, timeout=_TIMEOUT, check_compatibility=False, **tls)


class Collection:
    """A collection of a Qdrant server.

    Parameters
    ----------
    client
        A ``QdrantClient``.
    name
        Of the collection; it need not be there yet.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client, self.name = client, name

    def make(self, size: int) -> None:
        """Create the collection; ``size`` is that of a vector, 0 for words alone."""
        from qdrant_client import models

        self._client.create_collection(
            self.name,
            vectors_config={MEANING: models.VectorParams(size=size, distance=models.Distance.DOT)} if size else {},
            sparse_vectors_config={WORDS: models.SparseVectorParams(modifier=models.Modifier.IDF)},
        )

    def drop(self) -> None:
        """Delete the collection."""
        self._client.delete_collection(self.name)

    def count(self) -> int:
        """Return how many points it has; -1 if there is no such collection."""
        if not self._client.collection_exists(self.name):
            return -1
        return int(self._client.count(self.name, exact=True).count)

    def states(self) -> dict[str, list[str]]:
        """Return the ids of the points by the state of the document that they were made of."""
        found: dict[str, list[str]] = {}
        offset: Any = None
        while True:
            points, offset = self._client.scroll(
                self.name, limit=_SCROLL, offset=offset, with_payload=["state"], with_vectors=False
            )
            for point in points:
                found.setdefault(str(point.payload["state"]), []).append(str(point.id))
            if offset is None:
                return found

    def fill(self, points: Iterable[Filled]) -> int:
        """Put points in, or in the place of those with the same id; return how many."""
        from qdrant_client import models

        filled = 0
        for batch in batches(points):
            made = []
            for point in batch:
                vector: dict[str, Any] = {WORDS: models.SparseVector(indices=point.ids, values=point.values)}
                if point.vector is not None:
                    vector[MEANING] = point.vector
                made.append(models.PointStruct(id=point.id, vector=vector, payload=point.payload))
            self._client.upsert(self.name, made, wait=True)
            filled += len(made)
        return filled

    def remove(self, ids: Sequence[str]) -> None:
        """Take points out."""
        if ids:
            self._client.delete(self.name, list(ids), wait=True)

    def ask(self, question: Question, limit: int) -> list[Raw]:
        """Return the best points for a question, best first."""
        from qdrant_client import models

        queries: list[tuple[str, Any, float]] = []
        if question.ids:
            sparse = models.SparseVector(indices=question.ids, values=question.values)
            queries.append((WORDS, sparse, question.words))
        if question.vector is not None:
            queries.append((MEANING, question.vector, question.meaning))
        first = [models.Prefetch(query=query, using=using, limit=question.read) for using, query, _ in queries]
        # Each point that one of the two found is scored by both, and their sum is the score.
        read = len(queries) * question.read
        both = [models.Prefetch(query=query, using=using, limit=read, prefetch=first) for using, query, _ in queries]
        parts: list[Any] = [
            models.MultExpression(mult=[weight, f"$score[{place}]"]) for place, (_, _, weight) in enumerate(queries)
        ]
        formula = models.FormulaQuery(
            formula=models.SumExpression(sum=parts), defaults={f"$score[{n}]": 0.0 for n in range(len(queries))}
        )
        found = self._client.query_points(
            self.name, query=formula, prefetch=both, limit=limit, with_payload=True, with_vectors=True
        ).points
        return [Raw.of(point.score, point.payload, point.vector) for point in found]


def unreachable(error: Exception) -> StorageError | None:
    """Return what to say of an error of the client, if it is one of the server or of the way there."""
    module = type(error).__module__.partition(".")[0]
    if module not in {"qdrant_client", "httpx", "grpc", "httpcore"}:
        return None
    reason = " ".join(str(error).split())[:200] or type(error).__name__
    return StorageError(f"the Qdrant server cannot be used: {reason}")
