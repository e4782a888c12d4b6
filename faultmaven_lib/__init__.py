"""FaultMaven: where an SRE works an incident. Every claim stands on evidence that anyone can run again.

Examples
--------
>>> import faultmaven_lib as fm
>>> fm.ask(text="2026-03-01T14:02:11Z ERROR payment: card gateway timed out").headline  # doctest: +ELLIPSIS
'...'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faultmaven_lib.analysis.logs import LogAnalyzer
    from faultmaven_lib.analysis.metrics import MetricAnalyzer
    from faultmaven_lib.investigation import Investigation, ask
    from faultmaven_lib.knowledge import KnowledgeBase
    from faultmaven_lib.model import Evidence, Finding
    from faultmaven_lib.query import QueryHandler
    from faultmaven_lib.sources import connect
    from faultmaven_lib.troubleshooting import Troubleshooter

__version__ = "0.1.0"

__all__ = [
    "Evidence",
    "Finding",
    "Investigation",
    "KnowledgeBase",
    "LogAnalyzer",
    "MetricAnalyzer",
    "QueryHandler",
    "Troubleshooter",
    "ask",
    "connect",
]

_HOMES = {
    "Evidence": "model",
    "Finding": "model",
    "Investigation": "investigation",
    "KnowledgeBase": "knowledge",
    "LogAnalyzer": "analysis.logs",
    "MetricAnalyzer": "analysis.metrics",
    "QueryHandler": "query",
    "Troubleshooter": "troubleshooting",
    "ask": "investigation",
    "connect": "sources",
}


def __getattr__(name: str) -> Any:
    # pandas alone takes longer to import than this package is allowed to: each name is loaded when first used.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
