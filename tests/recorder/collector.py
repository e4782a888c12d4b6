"""Takes the traces that the services export over OTLP, and writes them as OTLP JSON."""

from __future__ import annotations

import base64
import gzip
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from .process import free_port

_IDS = ("traceId", "spanId", "parentSpanId")
_KEPT = frozenset(
    (
        *("service.name", "service.version", "peer.service", "db.system.name", "error.type"),
        *("http.request.method", "http.route", "http.response.status_code"),
        *("messaging.system", "messaging.destination.name"),
    )
)
"""Attributes that the collector lets through, as teams do who pay for what they keep."""


class Collector:
    """An OTLP receiver; what arrives is kept as it came until it is asked for."""

    def __init__(self) -> None:
        received: list[tuple[float, bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                received.append((time.time(), body))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._received = received
        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1/traces"

    def write(self, path: Path, start: float, end: float) -> int:
        """Write what arrived between two moments, an export request a line, and return how many spans it is.

        Spans are taken by when they arrived: what they say of the time is their service's clock.
        """
        spans, lines = 0, []
        for at, body in list(self._received):
            if start <= at < end:
                request = MessageToDict(ExportTraceServiceRequest.FromString(body), use_integers_for_enums=True)
                spans += _neat(request)
                lines.append(json.dumps(request, separators=(",", ":")))
        path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))
        return spans

    def start(self) -> None:
        self._thread.start()

    def check(self) -> None:
        """A thread of ours: it does not end by itself."""

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _neat(request: dict[str, Any]) -> int:
    """Write ids in hexadecimal, as the protocol's JSON has them; keep of the resources what names the service."""
    spans = 0
    for resource in request.get("resourceSpans", ()):
        _thin(resource.get("resource", {}))
        for scope in resource.get("scopeSpans", ()):
            scope.pop("schemaUrl", None)
            for span in scope.get("spans", ()):
                spans += 1
                span.update({key: base64.b64decode(span[key]).hex() for key in _IDS if key in span})
                span.pop("flags", None)
                _thin(span)
    return spans


def _thin(thing: dict[str, Any]) -> None:
    if "attributes" in thing:
        thing["attributes"] = [each for each in thing["attributes"] if each["key"] in _KEPT]
