"""Traces: who calls whom, how long the callers wait, where the time passes, and what fails."""

from __future__ import annotations

from faultmaven_lib.analysis.traces.analyzer import TraceAnalyzer
from faultmaven_lib.analysis.traces.edges import edge_metrics, service_graph

__all__ = ["TraceAnalyzer", "edge_metrics", "service_graph"]
