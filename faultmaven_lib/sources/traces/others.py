"""Spans as Jaeger's interface and Zipkin's API write them."""

from __future__ import annotations

from typing import Any

from faultmaven_lib.sources.traces.spans import KINDS, Reading, Span, nanoseconds, text_of
from faultmaven_lib.sources.traces.walking import EACH, END, Path

_MICROSECOND = 1000
_JAEGER_TRACE: Path = ("data", EACH)
JAEGER_INTO: frozenset[Path] = frozenset({("data",), _JAEGER_TRACE, (*_JAEGER_TRACE, "spans")})


class Jaeger:
    """Takes the values of a walk through ``{"data": [{"spans": […], "processes": {…}}]}``, a trace after the other."""

    name = "jaeger"

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._processes: dict[str, Any] = {}
        self._waiting: list[tuple[Span, str]] = []

    def take(self, path: Path, value: Any) -> bool:
        """Take a value; False if it is none of this format."""
        if path[:2] != _JAEGER_TRACE:
            return path == ("data",)
        if path == _JAEGER_TRACE:
            self.finish()
        elif path[2:] == ("processes",) and isinstance(value, dict):
            self._processes = value
        elif path[2:] == ("spans", EACH) and value is not END:
            self._span(value)
        return True

    def finish(self) -> None:
        """End a trace: its spans get their services now."""
        for span, process_id in self._waiting:
            process = self._processes.get(process_id)
            service = text_of(process.get("serviceName")) if isinstance(process, dict) else ""
            if not service:
                self._reading.nameless()
            self._reading.spans.append(span._replace(service=service))
        self._waiting, self._processes = [], {}

    def _span(self, value: Any) -> None:
        reading = self._reading
        if not isinstance(value, dict):
            reading.skip("that are no objects")
            return
        trace, own = reading.id_of(value.get("traceID")), reading.id_of(value.get("spanID"))
        start = nanoseconds(value.get("startTime"), _MICROSECOND)
        if not reading.wants(trace, own, start) or start is None:
            return
        tags = _tags(value.get("tags"))
        logs = value.get("logs")
        for entry in logs if isinstance(logs, list) else ():
            told = _tags(entry.get("fields")) if isinstance(entry, dict) else {}
            if told.get("event") in ("exception", "error"):
                tags.setdefault("error.type", told.get("exception.type") or told.get("error.kind"))
                tags.setdefault("otel.status_description", told.get("exception.message") or told.get("message"))
        process = value.get("process")
        service = text_of(process.get("serviceName")) if isinstance(process, dict) else ""
        duration = nanoseconds(value.get("duration"), _MICROSECOND)
        span = Span(
            start,
            trace,
            own,
            self._parent(value, trace),
            service,
            text_of(value.get("operationName")),
            reading.lasts(start, None if duration is None else start + duration),
            _tagged_status(tags),
            _kind(tags.pop("span.kind", None)),
            _with_message(reading.keep(tags), tags.get("otel.status_description")),
        )
        if service:
            reading.spans.append(span)
        else:
            self._waiting.append((span, str(value.get("processID"))))

    def _parent(self, value: dict[str, Any], trace: str) -> str:
        references = value.get("references")
        for reference in references if isinstance(references, list) else ():
            if isinstance(reference, dict) and self._reading.id_of(reference.get("traceID")) in ("", trace):
                return self._reading.id_of(reference.get("spanID"))
        return self._reading.id_of(value.get("parentSpanID"))


class Zipkin:
    """Takes the spans of a list as Zipkin's API (version 2) returns it.

    Where the two sides of a call share one id, the side of the server names its own id as its parent.
    """

    name = "zipkin"

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def take(self, path: Path, value: Any) -> bool:
        """Take a value; False if it is none of this format."""
        if path != (EACH,):
            return path == ()
        for item in value if isinstance(value, list) else [value]:  # the API groups spans by trace
            self._span(item)
        return True

    def finish(self) -> None:
        """Do nothing: every span has been added when it was met."""

    def _span(self, value: Any) -> None:
        reading = self._reading
        if not isinstance(value, dict):
            reading.skip("that are no objects")
            return
        trace, own = reading.id_of(value.get("traceId")), reading.id_of(value.get("id"))
        start = nanoseconds(value.get("timestamp"), _MICROSECOND)
        if not reading.wants(trace, own, start) or start is None:
            return
        tags = {str(k): v for k, v in _object(value.get("tags")).items()}
        local, remote = (_object(value.get(side)) for side in ("localEndpoint", "remoteEndpoint"))
        for key, name in (("serviceName", "peer.service"), ("ipv4", "server.address"), ("port", "server.port")):
            if remote.get(key):
                tags.setdefault(name, remote[key])
        duration = nanoseconds(value.get("duration"), _MICROSECOND)
        service = text_of(local.get("serviceName"))
        if not service:
            reading.nameless()
        span = Span(
            start,
            trace,
            own,
            own if value.get("shared") is True else reading.id_of(value.get("parentId")),
            service,
            text_of(value.get("name")),
            reading.lasts(start, None if duration is None else start + duration),
            _tagged_status(tags),
            _kind(value.get("kind")),
            _with_message(reading.keep(tags), tags.get("error")),
        )
        reading.spans.append(span)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _tags(pairs: Any) -> dict[str, Any]:
    if not isinstance(pairs, list):
        return {}
    return {str(p["key"]): p.get("value") for p in pairs if isinstance(p, dict) and "key" in p}


def _tagged_status(tags: dict[str, Any]) -> str:
    told = str(tags.get("otel.status_code", "")).lower()
    if told == "error" or str(tags.get("error", "false")).lower() not in ("false", "", "none"):
        return "error"
    return "ok" if told == "ok" else "unset"


def _kind(kind: Any) -> str:
    name = str(kind or "").lower()
    return name if name in KINDS else ""


def _with_message(attributes: dict[str, str], message: Any) -> dict[str, str]:
    text = text_of(message) if isinstance(message, str) and message.lower() not in ("true", "false") else ""
    return attributes | {"status_message": text} if text else attributes
