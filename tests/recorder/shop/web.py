"""What all four services share: the application, its metrics, its calls to others."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from threading import Event, Thread
from typing import Any

import httpx
from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .database import Database

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 7.5, 10, 15, 20, 30)
_REQUESTS = Counter("http_requests", "Requests answered.", ["method", "handler", "status"])
_DURATION = Histogram("http_request_duration_seconds", "Time to answer.", ["handler"], buckets=_BUCKETS)
_IN_FLIGHT = Gauge("http_requests_in_flight", "Requests being worked on.")
_CLIENT_DURATION = Histogram(
    "http_client_request_duration_seconds", "Time a called service took.", ["peer"], buckets=_BUCKETS
)
_CLIENT_ERRORS = Counter("http_client_errors", "Calls that failed or were answered with 5xx.", ["peer"])
_QUIET = frozenset({"/metrics", "/healthz"})


class _Measure:
    """Counts and times every request but the ones that watch the service."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _QUIET:
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
            _DURATION.labels(handler).observe(time.perf_counter() - start)


def application(name: str, database: Database, jobs: dict[Callable[[], None], float] | None = None) -> FastAPI:
    """Return an application with metrics; ``jobs`` run each so many seconds while it is up."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> Any:
        database.open()
        stop = Event()
        for job, seconds in (jobs or {}).items():
            Thread(target=_repeat, args=(job, seconds, stop), daemon=True).start()
        yield
        stop.set()

    app = FastAPI(title=name, lifespan=lifespan, openapi_url=None)
    app.add_middleware(_Measure)

    # Both answer on the event loop, so that they still do when every worker thread is busy.
    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app


def _repeat(job: Callable[[], None], seconds: float, stop: Event) -> None:
    while not stop.wait(seconds):
        job()


class Peer:
    """Another service, called over HTTP and timed."""

    def __init__(self, name: str, url: str, timeout: float) -> None:
        self.name = name
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        _CLIENT_ERRORS.labels(name)  # zero from the start, not absent until the first error
        self._client = httpx.Client(base_url=url, timeout=timeout, limits=limits)

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        start = time.perf_counter()
        try:
            response = self._client.request(method, path, **options)
        except httpx.HTTPError:
            _CLIENT_ERRORS.labels(self.name).inc()
            raise
        finally:
            _CLIENT_DURATION.labels(self.name).observe(time.perf_counter() - start)
        if response.status_code >= 500:
            _CLIENT_ERRORS.labels(self.name).inc()
        return response
