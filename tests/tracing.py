"""A shop's traces, made up: web calls checkout and catalog, these call payment, postgres and redis, a worker follows.

Spans are written as an OTLP exporter writes them; what breaks is one of ``FAULTS``.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

START = datetime(2026, 3, 1, 14, 0, tzinfo=UTC)
FAULTS = (
    "slow postgres",
    "busy catalog",
    "payment fails",
    "payment down",
    "payment far",
    "catalog clock",
    "postgres fails",
)
KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}
PORTS = {"checkout": 8001, "catalog": 8002, "payment": 8003, "postgres": 5432, "redis": 6379}
EDGES = {
    ("web", "checkout"),
    ("web", "catalog"),
    ("checkout", "payment"),
    ("checkout", "postgresql"),
    ("catalog", "postgresql"),
    ("catalog", "redis"),
    ("checkout", "redis"),
    ("checkout", "worker"),
    ("worker", "postgresql"),
}


class Shop:
    """Serves requests in simulated time and keeps their spans."""

    def __init__(self, seed: int, fault: str = "", since: float = 0.0, load: float = 4.0) -> None:
        self.rng, self.fault, self.since, self.load = random.Random(seed), fault, since, load
        self.spans: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def run(self, start: float, length: float) -> Shop:
        """Serve requests from some seconds after START on."""
        at = start
        while (at := at + self.rng.expovariate(self.load)) < start + length:
            trace = f"{self.rng.getrandbits(128):032x}"
            if self.rng.random() < 0.4:
                self._served("web", "POST /orders", at, trace, "", self._checkout)
            else:
                self._served("web", "GET /items", at, trace, "", self._catalog)
        return self

    def requests(self) -> dict[str, Any]:
        """Return one export request with everything."""
        return {
            "resourceSpans": [
                {
                    "resource": {"attributes": [attribute("service.name", name), attribute("service.version", "1.4")]},
                    "scopeSpans": [{"scope": {"name": "shop"}, "spans": spans}],
                }
                for name, spans in sorted(self.spans.items())
            ]
        }

    def write(self, path: Path) -> Path:
        """Write one OTLP JSON document."""
        path.write_text(json.dumps(self.requests(), separators=(",", ":")))
        return path

    # -- what the services do; each returns seconds and an error message ----------------------------------------

    def _ill(self, fault: str, at: float) -> bool:
        return self.fault == fault and at >= self.since

    def _work(self, mean: float) -> float:
        return mean * self.rng.lognormvariate(0, 0.25)

    def _checkout(self, at: float, trace: str, parent: str) -> tuple[float, str]:
        return self._called("web", "checkout", "POST /orders", at, trace, parent, self._order)

    def _order(self, at: float, trace: str, parent: str) -> tuple[float, str]:
        now = at + self._work(0.004)
        took, failed = self._database("checkout", "INSERT orders", now, trace, parent)
        now += took
        if not failed:
            took, failed = self._pay(now, trace, parent)
            now += took
        if not failed:
            sent = self._work(0.001)
            queue = {"messaging.system": "redis", "messaging.destination.name": "orders"}
            producer = self._span("checkout", "orders publish", "producer", now, sent, trace, parent, "", queue)
            self._span("checkout", "LPUSH", "client", now, sent / 2, trace, producer, "", self._peer("redis"))
            now += sent
            later = now + self._work(0.2)
            self._served("worker", "orders process", later, trace, producer, self._ship, "consumer")
        return now - at, failed

    def _ship(self, at: float, trace: str, parent: str) -> tuple[float, str]:
        now = at + self._work(0.002)
        took, failed = self._database("worker", "UPDATE orders", now, trace, parent)
        return now + took - at, failed

    def _pay(self, at: float, trace: str, parent: str) -> tuple[float, str]:
        if self._ill("payment down", at):
            failed = "ConnectError: [Errno 111] Connection refused"
            self._span("checkout", "POST", "client", at, 0.002, trace, parent, failed, self._peer("payment"))
            return 0.002, failed
        return self._called("checkout", "payment", "POST /charges", at, trace, parent, self._charge)

    def _charge(self, at: float, *_: str) -> tuple[float, str]:
        if self._ill("payment fails", at) and self.rng.random() < 0.6:
            return self._work(0.01), "KeyError: 'currency'"
        return self._work(0.02), ""

    def _catalog(self, at: float, trace: str, parent: str) -> tuple[float, str]:
        return self._called("web", "catalog", "GET /items", at, trace, parent, self._items)

    def _items(self, at: float, trace: str, parent: str) -> tuple[float, str]:
        now = at + self._work(0.006) * (40 if self._ill("busy catalog", at) else 1)
        cached = self._work(0.001)
        self._span("catalog", "GET", "client", now, cached, trace, parent, "", self._peer("redis"))
        now += cached
        if self.rng.random() < 0.5:
            took, failed = self._database("catalog", "SELECT items", now, trace, parent)
            return now + took - at, failed
        return now - at, ""

    def _database(self, service: str, name: str, at: float, trace: str, parent: str) -> tuple[float, str]:
        took = self._work(0.005) * (200 if self._ill("slow postgres", at) else 1)
        failed = ""
        if self._ill("postgres fails", at) and name != "SELECT items":
            failed = "DiskFull: could not extend file: No space left on device"
        self._span(service, name, "client", at, took, trace, parent, failed, self._peer("postgres"))
        return took, failed

    # -- how calls become spans ---------------------------------------------------------------------------------

    def _called(self, caller: str, callee: str, name: str, at: float, trace: str, parent: str, work: Any):
        client = f"{self.rng.getrandbits(64):016x}"
        way = self._work(0.0005) + (1.5 if callee == "payment" and self._ill("payment far", at) else 0.0)
        took, failed = self._served(callee, name, at + way, trace, client, work)
        took += 2 * way
        attributes = self._peer(callee) | {"http.response.status_code": 500 if failed else 200}
        self._span(caller, name.split(maxsplit=1)[0], "client", at, took, trace, parent, failed, attributes, client)
        return took, failed

    def _served(self, service: str, name: str, at: float, trace: str, parent: str, work: Any, kind: str = "server"):
        own = f"{self.rng.getrandbits(64):016x}"
        begin = self._work(0.001)
        took, failed = work(at + begin, trace, own)
        took += begin + self._work(0.0005)
        attributes = {"http.response.status_code": 500 if failed else 200} if kind == "server" else {}
        shift = -90.0 if service == "catalog" and self._ill("catalog clock", at) else 0.0
        self._span(service, name, kind, at + shift, took, trace, parent, failed, attributes, own)
        return took, failed

    def _peer(self, service: str) -> dict[str, Any]:
        system = {"postgres": {"db.system": "postgresql"}, "redis": {"db.system": "redis"}}.get(service, {})
        return system | {"server.address": "127.0.0.1", "server.port": PORTS[service]}

    def _span(
        self,
        service: str,
        name: str,
        kind: str,
        at: float,
        took: float,
        trace: str,
        parent: str,
        failed: str,
        attributes: dict[str, Any],
        own: str = "",
    ) -> str:
        own = own or f"{self.rng.getrandbits(64):016x}"
        start = int((START.timestamp() + at) * 1e9)
        span = {
            "traceId": trace,
            "spanId": own,
            "name": name,
            "kind": KINDS[kind],
            "startTimeUnixNano": str(start),
            "endTimeUnixNano": str(start + int(took * 1e9)),
            "attributes": [attribute(k, v) for k, v in attributes.items()],
            "status": {"code": 2, "message": failed} if failed else {},
        }
        self.spans[service].append(span | ({"parentSpanId": parent} if parent else {}))
        return own


def attribute(key: str, value: str | int) -> dict[str, Any]:
    """An attribute as OTLP writes it: whole numbers as text."""
    return {"key": key, "value": {"stringValue": value} if isinstance(value, str) else {"intValue": str(value)}}
