"""The spans of one file as they are read: checked, counted, brought to one form."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pandas as pd

from faultmaven_lib.model import Window
from faultmaven_lib.sources.report import FileReport, count_of

ALIASES = {
    "http.method": "http.request.method",
    "http.status_code": "http.response.status_code",
    "db.system.name": "db.system",
    "db.name": "db.namespace",
    "db.statement": "db.query.text",
    "messaging.destination.name": "messaging.destination",
    "messaging.url": "server.address",
    "service.peer.name": "peer.service",
    "net.peer.name": "server.address",
    "net.peer.ip": "server.address",
    "net.sock.peer.addr": "server.address",
    "network.peer.address": "server.address",
    "peer.hostname": "server.address",
    "peer.address": "server.address",
    "net.peer.port": "server.port",
    "network.peer.port": "server.port",
    "peer.port": "server.port",
    "exception.type": "error.type",
}
"""Names that older conventions and other tools give to the attributes that are kept."""
ATTRIBUTES = (
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "rpc.system",
    "rpc.grpc.status_code",
    "db.system",
    "db.namespace",
    "db.query.text",
    "messaging.system",
    "messaging.destination",
    "peer.service",
    "server.address",
    "server.port",
    "error.type",
    "status_message",
    "service.version",
    "link",
)
"""The attributes that become columns, where any span has them: what says whom a span calls and how it ended."""
_KEPT = frozenset(ATTRIBUTES) - {"status_message", "link"}
_URLS = ("url.full", "http.url")
_MAX_TEXT = 4096
"""Longest text that is looked at: more than what is shown, so that redaction sees a secret whole."""
_MAX_OTHERS = 1000
_FIRST, _LAST = 0, pd.Timestamp("2200-01-01", tz="UTC").value
_HEX = re.compile(r"[0-9a-fA-F]{1,32}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{11}=|[A-Za-z0-9+/_-]{22}==")
KINDS = ("", "internal", "server", "client", "producer", "consumer")
"""Kinds of span by their number in OTLP."""


class Span(NamedTuple):
    """One span, times in nanoseconds."""

    start: int
    trace: str
    span: str
    parent: str
    service: str
    name: str
    duration: int | None
    status: str
    kind: str
    attributes: dict[str, str]


class Reading:
    """Collects the spans of one file that lie in a window, and counts what is wrong with them.

    Parameters
    ----------
    report
        Where spans are counted: every one is a record or a skip.
    window
        From its start (included) to its end (excluded); ``None`` for all.
    """

    def __init__(self, report: FileReport, window: Window | None = None) -> None:
        self.report = report
        self.spans: list[Span] = []
        self.others: set[str] = set()
        """Attributes that are not kept, the first thousand of them."""
        self._odd: Counter[str] = Counter()
        start, end = (None, None) if window is None else (window.start, window.end)
        self._from = _FIRST if start is None else pd.Timestamp(start).as_unit("ns").value
        self.first: int | None = None
        self.last: int | None = None
        """The first and the last start of all spans, in the window or not."""
        self._to = _LAST if end is None else pd.Timestamp(end).as_unit("ns").value
        report.unit = "span"

    def skip(self, why: str) -> None:
        """Count a span that cannot be used."""
        self.report.lines += 1
        self.report.skipped += 1
        if why not in self.report.why_skipped.split(" or "):
            self.report.why_skipped = f"{self.report.why_skipped} or {why}" if self.report.skipped > 1 else why

    def wants(self, trace: str, span: str, start: int | None) -> bool:
        """Count a span; say whether it is usable and lies in the window."""
        if start is None or not _FIRST < start < _LAST:
            self.skip("without a readable start")
            return False
        if not trace or not span:
            self.skip("without an id")
            return False
        self.report.lines += 1
        self.report.records += 1
        if self.first is None or self.last is None:
            self.first = self.last = start
        elif start < self.first:
            self.first = start
        elif start > self.last:
            self.last = start
        return self._from <= start < self._to

    def lasts(self, start: int, end: int | None) -> int | None:
        """Return a duration in nanoseconds; None, counted, where there is no end or it lies before the start."""
        if end is None or not _FIRST < end < _LAST:
            self._odd["without an end: duration unknown"] += 1
            return None
        if end < start:
            self._odd["that end before they start: duration unknown"] += 1
            return None
        return end - start

    def id_of(self, value: Any) -> str:
        """Return an id in lower-case hexadecimal, empty for none; what is neither that nor base64 is digested."""
        if not isinstance(value, str) or not value:
            return ""
        if _HEX.fullmatch(value):
            return value.lower() if value.strip("0") else ""
        if _BASE64.fullmatch(value):
            plain = value.replace("-", "+").replace("_", "/")
            return self.id_of(base64.b64decode(plain).hex())
        self._odd["with an id that is no number, shown as a digest"] += 1
        return hashlib.blake2s(value.encode("utf-8", "replace"), digest_size=8).hexdigest()

    def conclude(self) -> None:
        """Add what was odd to the remarks of the report."""
        self.report.remarks += [f"{count_of(n, 'span')} {what}" for what, n in self._odd.items()]

    def nameless(self) -> None:
        """Count a span whose service is not said."""
        self._odd["without the name of a service"] += 1

    def keep(self, attributes: Mapping[str, Any]) -> dict[str, str]:
        """Return the attributes that become columns, under the names of today's conventions."""
        kept: dict[str, str] = {}
        for key, value in attributes.items():
            name = ALIASES.get(key, key)
            if name in _KEPT:
                if name == key or name not in kept:
                    kept[name] = text_of(value)
            elif key not in _URLS and len(self.others) < _MAX_OTHERS:
                self.others.add(key[:100])
        if "server.address" not in kept:
            url = next((attributes[key] for key in _URLS if isinstance(attributes.get(key), str)), "")
            kept |= _address(url)
        return {name: value for name, value in kept.items() if value}


def text_of(value: Any) -> str:
    """Return a value as text that any table can hold, bounded."""
    if not isinstance(value, str):
        if value is None or isinstance(value, dict | list):
            return ""
        value = format(value, ".15g") if isinstance(value, float) else str(value).lower()
    if len(value) > _MAX_TEXT:  # cut at a blank: half a secret would not be recognised as one
        head, blank, _ = value[:_MAX_TEXT].rpartition(" ")
        value = f"{head}{blank}…"
    if not value.isascii() or "\x00" in value:
        value = value.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
    return str(value)


def nanoseconds(value: Any, unit: int = 1) -> int | None:
    """Return a count of nanoseconds (or of ``unit`` nanoseconds) out of a number or its text; None if it is none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        whole = int(value) if isinstance(value, str | int) and len(str(value)) < 25 else int(float(value))
    except (ValueError, TypeError, OverflowError):
        return None
    return whole * unit if abs(whole) < 1 << 63 else None


def _address(url: str) -> dict[str, str]:
    try:
        parts = urlsplit(url[:2000])
        host, port = parts.hostname, parts.port
    except ValueError:
        return {}
    if not host:
        return {}
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return {"server.address": text_of(host), "server.port": str(port or default or "")}
