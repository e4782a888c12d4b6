"""Redis: what is kept for a while, and the queues."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from opentelemetry.trace import SpanKind
from prometheus_client import Histogram

from . import tracing

ORDERS, MAILS = "queue:orders", "queue:mails"
_DURATION = Histogram(
    "redis_command_duration_seconds",
    "Time that Redis took to answer.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)


def connect() -> redis.Redis:
    """Return a client with its own pool of connections."""
    port = int(os.environ.get("REDIS_PORT", "6379"))
    return redis.Redis("127.0.0.1", port, socket_timeout=2, decode_responses=True, protocol=2)


@contextmanager
def command(name: str) -> Iterator[None]:
    """Time and trace a command."""
    start = time.perf_counter()
    with tracing.span(name, SpanKind.CLIENT) as span:
        span.set_attribute("db.system.name", "redis")
        span.set_attribute("peer.service", "redis")
        try:
            yield
        finally:
            _DURATION.observe(time.perf_counter() - start)
