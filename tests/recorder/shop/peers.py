"""Other services, called by name over HTTP: resolved, signed, timed and traced."""

from __future__ import annotations

import logging
import os
import ssl
import time
from threading import Lock
from typing import Any

import dns.exception
import dns.resolver
import httpx
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import Counter, Histogram

from . import tracing
from .signing import sign
from .web import BUCKETS

log = logging.getLogger("shop.peers")
DOMAIN = "shop.internal"
_DURATION = Histogram("http_client_request_duration_seconds", "Time a called service took.", ["peer"], buckets=BUCKETS)
_ERRORS = Counter("http_client_errors", "Calls that failed or were answered with 5xx.", ["peer"])
_LOOKUP_ERRORS = Counter("dns_lookup_errors", "Names that could not be resolved.", ["name"])


class UnresolvedNameError(httpx.ConnectError):
    """A name that could not be resolved."""


class _Names:
    """Resolves names at the shop's own DNS server, and remembers them as long as it allows."""

    def __init__(self) -> None:
        self._resolver = dns.resolver.Resolver(configure=False)
        self._resolver.nameservers = ["127.0.0.1"]
        self._resolver.port = int(os.environ.get("DNS_PORT", "53"))
        self._resolver.timeout, self._resolver.lifetime = 1.0, 2.0
        self._known: dict[str, tuple[str, float]] = {}
        self._lock = Lock()

    def address(self, name: str) -> str:
        with self._lock:
            address, until = self._known.get(name, ("", 0.0))
            if time.monotonic() < until:
                return address
            try:
                answer = self._resolver.resolve(name, "A")
            except dns.exception.DNSException as error:
                _LOOKUP_ERRORS.labels(name).inc()
                raise UnresolvedNameError(f"cannot resolve {name}: {error}") from None
            address = answer[0].to_text()
            self._known[name] = (address, time.monotonic() + (answer.rrset.ttl if answer.rrset else 0))
            return address


_names = _Names()


class Peer:
    """Another service.

    Parameters
    ----------
    caller
        Who calls, as the peer gets to know it.
    name
        The peer; its port is in the environment as ``<NAME>_PORT``, and whether it speaks TLS as ``<NAME>_TLS``.
    timeout
        Seconds that an answer may take.
    """

    def __init__(self, caller: str, name: str, timeout: float) -> None:
        self.caller, self.name, self.host = caller, name, f"{name}.{DOMAIN}"
        self._port = int(os.environ.get(f"{name.upper()}_PORT", "80"))
        authority = os.environ.get("TLS_AUTHORITY") if os.environ.get(f"{name.upper()}_TLS") else None
        self._scheme = "https" if authority else "http"
        # Over TLS each call is a connection of its own: what the peer's certificate says is checked each time.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0 if authority else 20)
        _ERRORS.labels(name)  # zero from the start, not absent until the first error
        verify = ssl.create_default_context(cafile=authority) if authority else True
        self._client = httpx.Client(timeout=timeout, limits=limits, verify=verify)

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        start = time.perf_counter()
        with tracing.span(f"{method} {self.name}", SpanKind.CLIENT) as span:
            span.set_attribute("peer.service", self.name)
            headers = {"host": self.host, **sign(self.caller)}
            tracing.inject(headers)
            try:
                response = self._client.request(
                    method,
                    f"{self._scheme}://{_names.address(self.host)}:{self._port}{path}",
                    headers=headers,
                    extensions={"sni_hostname": self.host},
                    **options,
                )
            except httpx.HTTPError as error:
                _ERRORS.labels(self.name).inc()
                span.set_status(StatusCode.ERROR, f"{type(error).__name__}: {error}")
                raise
            finally:
                _DURATION.labels(self.name).observe(time.perf_counter() - start)
            span.set_attribute("http.response.status_code", response.status_code)
            if response.status_code >= 500:
                _ERRORS.labels(self.name).inc()
                span.set_status(StatusCode.ERROR)
        return response
