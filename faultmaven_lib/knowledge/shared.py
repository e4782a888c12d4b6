"""The index of a store's documents on a Qdrant server: one for all who use the store, made again whenever it is lost.

The database says which collection is the present one and what it was filled with. A new one is made beside it and takes
its place in one row; until then the old one is searched.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from tqdm.auto import tqdm

from faultmaven_lib.knowledge import upkeep
from faultmaven_lib.knowledge.embedding import Embedder, NoModel, embedder
from faultmaven_lib.knowledge.index import Index, filled
from faultmaven_lib.knowledge.lexicon import Lexicon
from faultmaven_lib.knowledge.server import Collection
from faultmaven_lib.knowledge.serving import REBUILD, Served, chosen

if TYPE_CHECKING:
    from faultmaven_lib.storage import Store
    from faultmaven_lib.storage.vectors import Built

_PREFIX = "faultmaven-"


class SharedIndex:
    """The index of a Qdrant server.

    Parameters
    ----------
    client
        A ``QdrantClient``.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._held: tuple[Built, Served] | None = None

    def current(self, store: Store) -> Served:
        """Return the index as the documents are now; it is filled where it lacks something."""
        version = store.knowledge_version()
        held = self._held
        if held is not None and held[0].version == version and store.present_index() == (held[0].collection, version):
            return held[1]
        upkeep.count(store)
        chosen(store)  # vectors of a few new documents are computed before they go in
        built = store.built_index()
        there = -1 if built is None else Collection(self._client, built.collection).count()
        if built is None or there < 0 or (there < built.points and built.version == version):
            return self.rebuild(store)
        if built.version != version:
            built = self._fill(store, built, version)
        return self._serve(store, built)

    def forget(self) -> None:
        """Look again at what there is, the next time: the collection may have been replaced, or lost."""
        self._held = None

    def lost(self) -> bool:
        """Whether what was searched has fewer points than it was filled with."""
        if self._held is None:
            return True
        built = self._held[0]
        return Collection(self._client, built.collection).count() < built.points

    def rebuild(self, store: Store) -> Served:
        """Make the index anew beside the present one, and let it take its place."""
        version = store.knowledge_version()
        upkeep.count(store)
        model, _ = chosen(store)
        before = store.built_index()
        fresh = Collection(self._client, f"{_PREFIX}{secrets.token_hex(8)}")
        fresh.make(model.size if model else 0)
        name = model.name if model else ""
        documents = upkeep.keyed(store, name)
        lexicon = Lexicon.of(point.counts for point in upkeep.points(store, documents, ""))
        bar = tqdm(
            upkeep.points(store, documents, name),
            desc="filling Qdrant", unit=" points", total=lexicon.total, delay=1.0, leave=False,
        )  # fmt: skip
        fresh.fill(filled(bar, lexicon))
        built = _built(fresh.name, model, version, lexicon)
        store.put_built_index(built)
        if before is not None and before.collection != fresh.name:
            Collection(self._client, before.collection).drop()
        return self._serve(store, built)

    def _fill(self, store: Store, built: Built, version: int) -> Built:
        """Bring a collection up to date: only what changed goes out and in."""
        collection = Collection(self._client, built.collection)
        documents = upkeep.keyed(store, built.model)
        there = collection.states()
        collection.remove([point for key, ids in there.items() if key not in documents for point in ids])
        lexicon = Lexicon.of(point.counts for point in upkeep.points(store, documents, ""))
        new = {key: state for key, state in documents.items() if key not in there}
        collection.fill(filled(upkeep.points(store, new, built.model), lexicon))
        now = built._replace(version=version, points=lexicon.total, data=lexicon.pack())
        store.put_built_index(now)
        return now

    def _serve(self, store: Store, built: Built) -> Served:
        index = Index(Collection(self._client, built.collection), Lexicon.unpack(built.data))
        wanted, note = chosen(store)
        model = wanted
        if built.model != (wanted.name if wanted else ""):
            model = _loaded(built.model)
            made = f"the model {built.model!r}" if built.model else "words alone"
            note = f"the index was made with {made}: {REBUILD}" if wanted else note
        served = Served(index, model, note)
        self._held = (built, served)
        return served


def _built(name: str, model: Embedder | None, version: int, lexicon: Lexicon) -> Built:
    from faultmaven_lib.storage.vectors import Built

    return Built(name, model.name if model else "", version, lexicon.total, lexicon.pack())


def _loaded(model: str) -> Embedder | None:
    try:
        return embedder(model) if model else None
    except NoModel:
        return None
