"""The shared PostgreSQL, as each service reaches it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import SpanKind
from prometheus_client import Gauge, Histogram
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import QueuePool

from . import tracing

_IN_USE = Gauge("db_connections_in_use", "Connections of the pool that are handed out.")
_LIMIT = Gauge("db_connections_limit", "Connections that the pool may open.")
_DURATION = Histogram(
    "db_transaction_duration_seconds",
    "From asking the pool for a connection to giving it back.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 15, 20, 30),
)


class Database:
    """A pool of connections to the shop's database, under the service's own user."""

    def __init__(self, user: str, statement_timeout: str = "8s") -> None:
        size, overflow = 5, 3
        self.engine: Engine = create_engine(
            f"postgresql+psycopg://{user}@127.0.0.1:{os.environ.get('DATABASE_PORT', '5432')}/shop",
            pool_size=size,
            max_overflow=overflow,
            pool_timeout=3,
            connect_args={"application_name": user, "options": f"-c statement_timeout={statement_timeout}"},
        )
        self._size = size
        pool = self.engine.pool
        if isinstance(pool, QueuePool):
            _IN_USE.set_function(lambda: float(pool.checkedout()))
        _LIMIT.set(size + overflow)

    def open(self) -> None:
        """Connect as often as the pool keeps connections."""
        for connection in [self.engine.connect() for _ in range(self._size)]:
            connection.close()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A connection for one transaction, timed."""
        start = time.perf_counter()
        with tracing.span("transaction", SpanKind.CLIENT) as span:
            span.set_attribute("db.system.name", "postgresql")
            span.set_attribute("peer.service", "postgres")
            try:
                with self.engine.begin() as connection:
                    yield connection
            finally:
                _DURATION.observe(time.perf_counter() - start)
