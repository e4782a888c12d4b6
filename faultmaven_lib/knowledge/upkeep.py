"""Upkeep: what an index is filled with, computed once a document and kept in the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar
from uuid import NAMESPACE_URL, uuid5

from tqdm.auto import tqdm

from faultmaven_lib.knowledge.embedding import Embedder
from faultmaven_lib.knowledge.entries import (
    Entry,
    counts_of,
    pack_counts,
    pack_vectors,
    unpack_counts,
    unpack_vectors,
    vectors_of,
)
from faultmaven_lib.knowledge.index import Point

if TYPE_CHECKING:
    from faultmaven_lib.storage import Store
    from faultmaven_lib.storage.vectors import State

_T = TypeVar("_T")
COUNTS = "words/2"
"""What counts of words are kept under; another number when they are made otherwise."""
_MADE = 1
"""Goes up when the vector of a document is made otherwise of what the model says."""
_COUNTED, _EMBEDDED, _READ = 500, 16, 500


def kept_under(model: str) -> str:
    """Return what the vectors of a model are kept under; empty for no model."""
    return f"{model[:180]}/{_MADE}" if model else ""


def model_of(kept: str) -> str:
    """Return the model whose vectors are kept so; empty if they were made otherwise than they are now."""
    model, _, made = kept.rpartition("/")
    return model if made == str(_MADE) and kept != COUNTS else ""


def count(store: Store) -> None:
    """Count the words of documents that were not counted yet."""
    lacking = store.lacking(COUNTS)
    for batch in _slices(tqdm(lacking, desc="counting words", unit=" documents", delay=1.0, leave=False), _COUNTED):
        rows = ((state, pack_counts(counts_of(entry))) for state, entry in _entries(store, batch))
        store.put_vectors(COUNTS, rows)


def embed(store: Store, model: Embedder) -> int:
    """Compute the vectors of documents that have none of this model; return of how many.

    What was computed stays when it is stopped.
    """
    lacking = store.lacking(kept_under(model.name))
    bar = tqdm(lacking, desc=f"embedding with {model.name}", unit=" documents", delay=1.0, leave=False)
    done = 0
    for batch in _slices(bar, _EMBEDDED):
        pairs = list(_entries(store, batch))
        vectors = vectors_of([entry for _, entry in pairs], model)
        rows = [(state, pack_vectors(made)) for (state, _), made in zip(pairs, vectors, strict=True)]
        done += store.put_vectors(kept_under(model.name), rows)
    if done:
        store.touch_documents()
    return done


def keyed(store: Store, model: str) -> dict[str, State]:
    """Return the documents to be indexed, each by a key that is another one after any change to it or its vectors.

    Of several with the same content it is the one whose uri comes first.
    """
    first: dict[str, State] = {}
    for state in store.states():
        name = state.sha256 or state.document_id
        if name not in first or state.uri < first[name].uri:
            first[name] = state
    bare = {state.document_id for state in store.lacking(kept_under(model))} if model else set()
    found = {}
    for state in first.values():
        vectors = "" if state.document_id in bare else kept_under(model)
        parts = (state.document_id, state.sha256, state.updated_at.isoformat(), vectors, COUNTS)
        found[str(uuid5(NAMESPACE_URL, "\n".join(parts)))] = state
    return found


def points(store: Store, documents: Mapping[str, State], model: str) -> Iterator[Point]:
    """Yield the points of some documents, with the vectors of a model where there are any."""
    keys = {state.document_id: key for key, state in documents.items()}
    for batch in _slices(keys, _READ):
        dense = dict(store.vectors(kept_under(model), batch)) if model else {}
        for document_id, packed in store.vectors(COUNTS, batch):
            key = keys[document_id]
            rows = unpack_vectors(dense[document_id]) if document_id in dense else None
            for group, counted in enumerate(unpack_counts(packed)):
                vector = rows[group] if rows is not None and group < len(rows) else None
                yield Point(str(uuid5(NAMESPACE_URL, f"{key} {group}")), document_id, group, key, counted, vector)


def _entries(store: Store, states: list[State]) -> Iterator[tuple[State, Entry]]:
    """Yield documents with their chunks; one without chunks is its title."""
    by_id = {state.document_id: state for state in states}
    titles: dict[str, str] = {}
    parts: dict[str, list[tuple[str, str]]] = {}
    for chunk in store.chunks(by_id):
        titles[chunk.document_id] = chunk.title
        parts.setdefault(chunk.document_id, []).append((chunk.heading, chunk.text))
    for document_id, state in by_id.items():
        yield state, Entry(document_id, titles.get(document_id, ""), tuple(parts.get(document_id, ())))


def _slices(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    batch: list[_T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
