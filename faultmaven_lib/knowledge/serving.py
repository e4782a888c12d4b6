"""What a search is served by: an index, the model that its vectors are of, and what there is to be said about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from faultmaven_lib.knowledge.embedding import Embedder, NoModel, embedder, wanted, why_none
from faultmaven_lib.knowledge.entries import question_vector
from faultmaven_lib.knowledge.index import Found, Index
from faultmaven_lib.knowledge.upkeep import COUNTS, embed, kept_under, model_of

if TYPE_CHECKING:
    from faultmaven_lib.storage import Store

Mode = Literal["words", "words and meaning"]
REBUILD = "faultmaven knowledge rebuild"
_AT_ONCE = 16
"""Documents whose vectors are computed when somebody searches; more are left to the command."""


@dataclass(frozen=True)
class Served:
    """An index as it is searched."""

    index: Index
    model: Embedder | None
    note: str = ""

    @property
    def mode(self) -> Mode:
        """How it searches."""
        return "words" if self.model is None else "words and meaning"

    def search(self, text: str, k: int) -> list[Found]:
        """Return what fits a question best, best first."""
        if self.model is None:
            return self.index.search(text, k=k)
        return self.index.search(text, question_vector(text, self.model), k=k)


def chosen(store: Store) -> tuple[Embedder | None, str]:
    """Return the model to search with, and what has to be said about that.

    It is the one of the settings once it has the vectors of most documents; until then an older one that has them, so
    that the search goes on while all of them are computed anew; else none.
    """
    models = store.vector_models()
    total = models.get(COUNTS, 0)
    name = wanted()
    if name:
        try:
            return _chosen(store, embedder(name), total)
        except NoModel as error:
            note = f"searched by words alone: {error}"
    else:
        note = f"searched by words alone: {why_none()}"
    return None, note


def _chosen(store: Store, model: Embedder, total: int) -> tuple[Embedder | None, str]:
    lacking = store.lacking(kept_under(model.name))
    if 0 < len(lacking) <= _AT_ONCE:
        embed(store, model)
        return model, ""
    if not lacking:
        return model, ""
    lack = f"{len(lacking):,} of {total:,} documents have no vectors of {model.name!r} yet: {REBUILD}"
    if len(lacking) < total / 2:
        return model, f"{lack}; until then they are found by words alone"
    for kept, n in store.vector_models().items():
        older = model_of(kept)
        if older and older != model.name and n > total / 2:
            try:
                return embedder(older), f"searched with the older {older!r}: {lack}"
            except NoModel:
                continue
    return None, f"searched by words alone: {lack}"
