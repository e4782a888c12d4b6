"""The library: the index that a store's documents are searched in, wherever it is, and what it is made of."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from faultmaven_lib.knowledge import upkeep
from faultmaven_lib.knowledge.embedding import NoModel, embedder, wanted, why_none
from faultmaven_lib.knowledge.private import PrivateIndex
from faultmaven_lib.knowledge.server import connect, unreachable
from faultmaven_lib.knowledge.serving import Served
from faultmaven_lib.knowledge.shared import SharedIndex
from faultmaven_lib.settings import settings

if TYPE_CHECKING:
    from faultmaven_lib.knowledge.index import Found
    from faultmaven_lib.storage import Store


class Library:
    """The index on the Qdrant server of the settings, or else one in this process.

    Parameters
    ----------
    qdrant
        A ``QdrantClient`` that is open already, instead of the server of the settings.
    """

    def __init__(self, qdrant: Any | None = None) -> None:
        self._private = PrivateIndex()
        self._shared = None if qdrant is None else SharedIndex(qdrant)
        self._lock = threading.RLock()

    def served(self, store: Store) -> Served:
        """Return the index as the documents are now; the one of this process, where a server cannot be reached."""
        with self._lock:
            try:
                if (shared := self._on_server()) is not None:
                    return shared.current(store)
            except Exception as error:
                if (problem := unreachable(error)) is None:
                    raise
                served = self._private.current(store)
                said = f"{problem}: searched in this process"
                return Served(served.index, served.model, "; ".join(filter(None, (said, served.note))))
            return self._private.current(store)

    def search(self, store: Store, text: str, k: int) -> tuple[list[Found], Served]:
        """Return what fits a question best, and the index that was asked."""
        with self._lock:
            served = self.served(store)
            if not text.strip():
                return [], served
            try:
                found = served.search(text, k)
                if found or self._shared is None or not self._shared.lost():
                    return found, served
            except Exception as error:
                if self._shared is None or (unreachable(error) is None and not self._shared.lost()):
                    raise
            # The collection may just have been replaced by another one, or be lost: look again, once.
            self._shared.forget()
            served = self.served(store)
            return served.search(text, k), served

    def embed(self, store: Store) -> tuple[int, str]:
        """Compute what new documents are found by; return of how many there are new vectors, or why of none."""
        upkeep.count(store)
        if not (name := wanted()):
            return 0, why_none()
        try:
            return upkeep.embed(store, embedder(name)), ""
        except NoModel as error:
            return 0, str(error)

    def rebuild(self, store: Store) -> tuple[int, Served]:
        """Make the index anew from the database, with the model of the settings; until then the old one is searched."""
        done, problem = self.embed(store)
        if not problem:
            store.forget_vectors([upkeep.COUNTS, upkeep.kept_under(wanted())])
        with self._lock:
            if (shared := self._on_server()) is not None:
                return done, shared.rebuild(store)
            self._private.close()
            return done, self.served(store)

    def close(self) -> None:
        """Remove the index of this process."""
        with self._lock:
            self._private.close()

    def _on_server(self) -> SharedIndex | None:
        if self._shared is None and settings().qdrant_url:
            self._shared = SharedIndex(connect())
        return self._shared
