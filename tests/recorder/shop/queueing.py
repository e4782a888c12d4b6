"""A worker of a queue in Redis: takes messages one after the other, and puts back what it could not do."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from threading import Thread
from typing import Any

from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge, Histogram
from redis.exceptions import RedisError

from . import store, tracing

_DONE = Counter("jobs_done", "Messages that were worked off.")
_FAILED = Counter("jobs_failed", "Attempts at a message that failed.")
_DURATION = Histogram("job_duration_seconds", "Time that a message took.")
_WAITING = Gauge("queue_messages_waiting", "Messages in the queue.")


class Worker:
    """Works off a queue.

    Parameters
    ----------
    queue
        The list in Redis.
    handle
        Called with each message.
    per_second
        At most so many messages a second.
    """

    def __init__(self, queue: str, handle: Callable[[dict[str, Any]], None], per_second: float) -> None:
        self.queue, self._handle, self._pause = queue, handle, 1.0 / per_second
        self._log = logging.getLogger("shop.queue")
        self._redis = store.connect()
        _WAITING.set_function(self.waiting)

    def start(self) -> None:
        """Begin in a thread of its own."""
        Thread(target=self._run, daemon=True).start()

    def waiting(self) -> float:
        """How many messages wait."""
        try:
            return float(self._redis.llen(self.queue))
        except RedisError:
            return float("nan")

    def _run(self) -> None:
        client = store.connect()
        while True:
            started = time.perf_counter()
            try:
                taken = client.brpop([self.queue], timeout=1)
                if taken is not None and not self._work(taken[1]):
                    client.rpush(self.queue, taken[1])  # back to the front: orders are worked off in their order
                    time.sleep(0.5)
            except RedisError as error:
                self._log.error("queue %s cannot be read: %s", self.queue, error)
                time.sleep(1.0)
            time.sleep(max(0.0, self._pause - (time.perf_counter() - started)))

    def _work(self, message: str) -> bool:
        start = time.perf_counter()
        with tracing.span(f"process {self.queue}", SpanKind.CONSUMER) as span:
            span.set_attribute("messaging.system", "redis")
            span.set_attribute("messaging.destination.name", self.queue)
            try:
                self._handle(json.loads(message))
            except Exception as error:  # whatever it is: the message must not be lost
                span.set_status(tracing.ERROR, f"{type(error).__name__}: {error}")
                self._log.exception("message of %s could not be handled and goes back to the queue", self.queue)
                _FAILED.inc()
                return False
            finally:
                _DURATION.observe(time.perf_counter() - start)
        _DONE.inc()
        return True
