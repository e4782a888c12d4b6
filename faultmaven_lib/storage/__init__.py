"""Storage: cases with their evidence, the audit log, the documents of the knowledge base, and ``.fmz`` archives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faultmaven_lib.storage.store import Store

__all__ = ["Store"]


def __getattr__(name: str) -> Any:
    # An archive can be read without SQLAlchemy being imported.
    if name != "Store":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from faultmaven_lib.storage.store import Store

    return Store
