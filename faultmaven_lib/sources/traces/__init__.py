"""Traces as a source: spans out of what OpenTelemetry, Jaeger and Zipkin write."""

from __future__ import annotations

from faultmaven_lib.sources.traces.frame import CORE, empty_spans, spans_of_table
from faultmaven_lib.sources.traces.source import TraceSource

__all__ = ["CORE", "TraceSource", "empty_spans", "spans_of_table"]
