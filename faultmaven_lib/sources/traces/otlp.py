"""Spans as OpenTelemetry writes them in JSON: ``resourceSpans`` → ``scopeSpans`` → ``spans``."""

from __future__ import annotations

from typing import Any

from faultmaven_lib.sources.traces.spans import KINDS, Reading, Span, nanoseconds, text_of
from faultmaven_lib.sources.traces.walking import EACH, END, Path

RESOURCES = ("resourceSpans", "resource_spans")
_SCOPES = ("scopeSpans", "scope_spans", "instrumentationLibrarySpans")
_RESOURCE_PATHS = frozenset((name, EACH) for name in RESOURCES)
INTO: frozenset[Path] = frozenset(
    {(name,) for name in RESOURCES}
    | _RESOURCE_PATHS
    | {(*r, scope) for r in _RESOURCE_PATHS for scope in _SCOPES}
    | {(*r, scope, EACH) for r in _RESOURCE_PATHS for scope in _SCOPES}
    | {(*r, scope, EACH, "spans") for r in _RESOURCE_PATHS for scope in _SCOPES}
)
"""Paths to walk into; the spans come out one by one."""
_STATUS = {0: "unset", 1: "ok", 2: "error"}


class Otlp:
    """Takes the values of a walk through export requests, as the collector's file exporter writes them, a line each.

    Ids may be hexadecimal (as the protocol says) or base64 (as protobuf's own JSON has them), names in camel case
    or with underscores, enumerations numbers or names.
    """

    name = "otlp"

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._resource: dict[str, Any] | None = None
        self._waiting: list[Span] = []

    def take(self, path: Path, value: Any) -> bool:
        """Take a value; False if it is none of this format."""
        if path[:2] not in _RESOURCE_PATHS:
            return len(path) == 1 and path[0] in RESOURCES
        if len(path) == 2:
            self.finish()
        elif path[2:] == ("resource",):
            self._resource = _attributes(value.get("attributes")) if isinstance(value, dict) else {}
        elif path[4:] == ("spans", EACH) and value is not END:
            self._span(value)
        return True

    def finish(self) -> None:
        """End a resource: spans that came before its attributes get their service now."""
        resource = self._resource or {}
        for span in self._waiting:
            self._add(span, resource)
        self._waiting, self._resource = [], None

    def _add(self, span: Span, resource: dict[str, Any]) -> None:
        service = text_of(resource.get("service.name"))
        if not service:
            self._reading.nameless()
        version = text_of(resource.get("service.version"))
        if version:
            span.attributes["service.version"] = version
        self._reading.spans.append(span._replace(service=service))

    def _span(self, value: Any) -> None:
        reading = self._reading
        if not isinstance(value, dict):
            reading.skip("that are no objects")
            return
        get = value.get
        trace = reading.id_of(get("traceId") or get("trace_id"))
        own = reading.id_of(get("spanId") or get("span_id"))
        start = nanoseconds(get("startTimeUnixNano") or get("start_time_unix_nano"))
        if not reading.wants(trace, own, start) or start is None:
            return
        attributes = reading.keep(_attributes(get("attributes")))
        told = get("status")
        status: dict[str, Any] = told if isinstance(told, dict) else {}
        message = text_of(status.get("message"))
        raised = _exception(get("events"))
        if raised:
            attributes.setdefault("error.type", raised[0])
            message = message or ": ".join(part for part in raised if part)
        if message:
            attributes["status_message"] = message
        link = _link(get("links"))
        if link:
            attributes["link"] = reading.id_of(link)
        span = Span(
            start,
            trace,
            own,
            reading.id_of(get("parentSpanId") or get("parent_span_id")),
            "",
            text_of(get("name")),
            reading.lasts(start, nanoseconds(get("endTimeUnixNano") or get("end_time_unix_nano"))),
            _status(status.get("code")),
            _kind(get("kind")),
            attributes,
        )
        if self._resource is None:
            self._waiting.append(span)
        else:
            self._add(span, self._resource)


def _attributes(pairs: Any) -> dict[str, Any]:
    if not isinstance(pairs, list):
        return {}
    found: dict[str, Any] = {}
    for pair in pairs:
        if isinstance(pair, dict) and isinstance(pair.get("key"), str):
            value = pair.get("value")
            found[pair["key"]] = next(iter(value.values()), None) if isinstance(value, dict) else value
    return found


def _exception(events: Any) -> tuple[str, str] | None:
    """The last exception that was recorded: its type and message."""
    for event in reversed(events) if isinstance(events, list) else ():
        if isinstance(event, dict) and event.get("name") == "exception":
            told = _attributes(event.get("attributes"))
            return text_of(told.get("exception.type")), text_of(told.get("exception.message"))
    return None


def _link(links: Any) -> Any:
    first = links[0] if isinstance(links, list) and links else None
    return (first.get("spanId") or first.get("span_id")) if isinstance(first, dict) else None


def _status(code: Any) -> str:
    if isinstance(code, str):
        name = code.removeprefix("STATUS_CODE_").lower()
        return name if name in ("ok", "error") else _STATUS.get(nanoseconds(code) or 0, "unset")
    return _STATUS.get(code, "unset") if isinstance(code, int) else "unset"


def _kind(kind: Any) -> str:
    if isinstance(kind, str):
        name = kind.removeprefix("SPAN_KIND_").lower()
        kind = nanoseconds(name) if name.isdecimal() else name
        return kind if kind in KINDS else KINDS[kind] if isinstance(kind, int) and kind < len(KINDS) else ""
    return KINDS[kind] if isinstance(kind, int) and 0 <= kind < len(KINDS) else ""
