"""Log, metric and trace analysis: what changed, since when, and which service most likely started it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faultmaven_lib.analysis.correlate import timeline
    from faultmaven_lib.analysis.graph import read_graph
    from faultmaven_lib.analysis.logs import LogAnalyzer, TemplateMiner
    from faultmaven_lib.analysis.mesh import mesh_graph
    from faultmaven_lib.analysis.metrics import MetricAnalyzer
    from faultmaven_lib.analysis.onset import Onset, find_onset
    from faultmaven_lib.analysis.operations import compute
    from faultmaven_lib.analysis.reach import blast_radius, dependencies
    from faultmaven_lib.analysis.root_cause import rank_root_causes
    from faultmaven_lib.analysis.signals import signal_series
    from faultmaven_lib.analysis.together import move_together
    from faultmaven_lib.analysis.traces import TraceAnalyzer, edge_metrics, service_graph

__all__ = [
    "LogAnalyzer",
    "MetricAnalyzer",
    "Onset",
    "TemplateMiner",
    "TraceAnalyzer",
    "blast_radius",
    "compute",
    "dependencies",
    "edge_metrics",
    "find_onset",
    "mesh_graph",
    "move_together",
    "rank_root_causes",
    "read_graph",
    "service_graph",
    "signal_series",
    "timeline",
]

_HOMES = {
    "LogAnalyzer": "logs",
    "MetricAnalyzer": "metrics",
    "Onset": "onset",
    "TemplateMiner": "logs",
    "TraceAnalyzer": "traces",
    "blast_radius": "reach",
    "compute": "operations",
    "dependencies": "reach",
    "edge_metrics": "traces",
    "find_onset": "onset",
    "mesh_graph": "mesh",
    "move_together": "together",
    "rank_root_causes": "root_cause",
    "read_graph": "graph",
    "service_graph": "traces",
    "signal_series": "signals",
    "timeline": "correlate",
}


def __getattr__(name: str) -> Any:
    # pandas, scipy and scikit-learn load in seconds: only with the name that needs them.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
