"""Knowledge: runbooks and past cases, found by their words; or nothing, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faultmaven_lib.knowledge.knowledge_base import KnowledgeBase

__all__ = ["KnowledgeBase"]


def __getattr__(name: str) -> Any:
    if name != "KnowledgeBase":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from faultmaven_lib.knowledge.knowledge_base import KnowledgeBase

    return KnowledgeBase
