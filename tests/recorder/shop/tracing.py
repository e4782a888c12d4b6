"""Traces: OpenTelemetry's SDK, exporting over OTLP to the collector."""

from __future__ import annotations

import logging
import os
from contextlib import AbstractContextManager

from fastapi.telemetry import TelemetryConfig
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

_tracer = trace.get_tracer("shop")
ERROR = trace.StatusCode.ERROR
inject = propagate.inject
QUIET = frozenset({"/metrics", "/healthz"})
"""What watches a service is not traced."""
REQUESTS: TelemetryConfig = {
    "operation_spans": False,
    "logs": False,
    "metrics": False,
    "exclude": lambda scope: scope["path"] in QUIET,
}
"""FastAPI traces the requests that a service answers, of itself; no more than that."""


def span(name: str, kind: trace.SpanKind) -> AbstractContextManager[trace.Span]:
    """Return a span that an exception marks as failed; its message is kept, its stack is the log's business."""
    return _tracer.start_as_current_span(name, kind=kind, record_exception=False)


def start(service: str) -> None:
    """Export a sample of this process's traces, where a collector is named."""
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    collector = os.environ.get("OTLP_TRACES_URL")
    if not collector:
        return
    resource = Resource({"service.name": service, "service.version": os.environ.get("VERSION", "")})
    sampler = ParentBased(TraceIdRatioBased(float(os.environ.get("TRACES_SAMPLED", "0.3"))))
    provider = TracerProvider(resource=resource, sampler=sampler)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(collector, timeout=2), schedule_delay_millis=1000))
    trace.set_tracer_provider(provider)
