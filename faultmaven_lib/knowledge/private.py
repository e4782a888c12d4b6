"""The index of a store's documents in this process: made on the first search, changed where documents changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faultmaven_lib.knowledge import upkeep
from faultmaven_lib.knowledge.embedded import Embedded
from faultmaven_lib.knowledge.index import Index, Point, filled
from faultmaven_lib.knowledge.lexicon import Lexicon
from faultmaven_lib.knowledge.serving import Served, chosen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from faultmaven_lib.knowledge.embedding import Embedder
    from faultmaven_lib.storage import Store
    from faultmaven_lib.storage.vectors import State

_ANEW = 0.2
"""Where a larger share of the documents changed, the index is made anew: words then weigh what they weigh now."""


class PrivateIndex:
    """The index of this process."""

    def __init__(self) -> None:
        self._version = -1
        self._served: Served | None = None
        self._points: dict[str, list[Point]] = {}
        """By the state of their document; without vectors."""

    def current(self, store: Store) -> Served:
        """Return the index as the documents are now."""
        version = store.knowledge_version()
        held = self._served
        if held is not None and held.index.usable and self._version == version:
            return held
        upkeep.count(store)
        model, note = chosen(store)
        name = model.name if model else ""
        documents = upkeep.keyed(store, name)
        new = {key: state for key, state in documents.items() if key not in self._points}
        gone = [key for key in self._points if key not in documents]
        same = held is not None and held.index.usable and (held.model.name if held.model else "") == name
        if held is not None and same and len(new) + len(gone) <= _ANEW * len(documents):
            self._change(held.index, store, new, gone, name)
            self._served = Served(held.index, model, note)
        else:
            made = self._made(store, documents, model)
            self._served = Served(made, model, note)
            if held is not None:
                held.index.close()
        self._version = version
        return self._served

    def close(self) -> None:
        """Remove the index; the next search makes another one."""
        if self._served is not None:
            self._served.index.close()
        self._served, self._points, self._version = None, {}, -1

    def _made(self, store: Store, documents: Mapping[str, State], model: Embedder | None) -> Index:
        points = list(upkeep.points(store, documents, model.name if model else ""))
        lexicon = Lexicon.of(point.counts for point in points)
        engine = Embedded(model.size if model else 0)
        engine.fill(filled(points, lexicon))
        self._points = {}
        self._keep(points)
        return Index(engine, lexicon)

    def _change(self, index: Index, store: Store, new: Mapping[str, State], gone: list[str], model: str) -> None:
        out = [point for key in gone for point in self._points.pop(key)]
        index.engine.remove([point.id for point in out])
        for point in out:
            index.lexicon.add(point.counts[0].tolist(), -1)
        points = list(upkeep.points(store, new, model))
        for point in points:
            index.lexicon.add(point.counts[0].tolist())
        index.engine.fill(filled(points, index.lexicon))
        self._keep(points)

    def _keep(self, points: list[Point]) -> None:
        for point in points:
            bare = Point(point.id, point.key, point.group, point.state, point.counts)
            self._points.setdefault(point.state, []).append(bare)
