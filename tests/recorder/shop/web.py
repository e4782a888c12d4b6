"""What all services share: the application, its metrics, and who may call it."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import tracing
from .signing import check

log = logging.getLogger("shop.jobs")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 15, 20, 30)
_REQUESTS = Counter("http_requests", "Requests answered.", ["method", "handler", "status"])
_DURATION = Histogram("http_request_duration_seconds", "Time to answer.", ["method", "handler"], buckets=BUCKETS)
_IN_FLIGHT = Gauge("http_requests_in_flight", "Requests being worked on.")
_CPU_WAIT = Counter("process_cpu_wait_seconds", "Time that a thread was ready to run and had no CPU.")


class _Measure:
    """Counts and times every request but the ones that watch the service."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in tracing.QUIET:
            await self.app(scope, receive, send)
            return
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        start = time.perf_counter()
        _IN_FLIGHT.inc()
        try:
            await self.app(scope, receive, watch)
        finally:
            _IN_FLIGHT.dec()
            handler = getattr(scope.get("route"), "path", "unmatched")
            _REQUESTS.labels(scope["method"], handler, status).inc()
            _DURATION.labels(scope["method"], handler).observe(time.perf_counter() - start)


def application(
    name: str, *, opens: Callable[[], None], jobs: dict[Callable[[], None], float] | None = None
) -> FastAPI:
    """Return an application with metrics.

    ``opens`` is called before the first request; ``jobs`` run each so many seconds while it is up.
    """
    tracing.start(name)
    version = os.environ.get("VERSION", "")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> Any:
        opens()
        stop = Event()
        for job, seconds in (jobs or {}).items():
            Thread(target=_repeat, args=(job, seconds, stop), daemon=True).start()
        yield
        stop.set()

    app = FastAPI(title=name, version=version or "0", lifespan=lifespan, openapi_url=None, telemetry=tracing.REQUESTS)
    app.add_middleware(_Measure)

    # Both answer on the event loop, so that they still do when every worker thread is busy.
    @app.get("/metrics")
    async def metrics() -> Response:
        _CPU_WAIT._value.set(_waited_for_cpu())
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/healthz")
    async def healthz() -> dict[str, Any]:
        return {"status": "ok", "version": version, "process": os.getpid()}

    return app


def signed(request: Request) -> None:
    """Refuse a request that is not signed, or was signed too long ago or not yet: a dependency of routes."""
    trouble = check(request.headers)
    if trouble:
        raise HTTPException(401, trouble)


def _repeat(job: Callable[[], None], seconds: float, stop: Event) -> None:
    while not stop.wait(seconds):
        try:
            job()
        except Exception:  # the next time it may work again
            log.exception("job %s failed", job.__name__)


def _waited_for_cpu() -> float:
    """Linux tells for each thread how long it sat in a run queue, in nanoseconds."""
    total = 0
    for thread in Path("/proc/self/task").iterdir():
        try:
            total += int((thread / "schedstat").read_text().split()[1])
        except (OSError, IndexError):  # a thread that ended meanwhile
            continue
    return total / 1e9
