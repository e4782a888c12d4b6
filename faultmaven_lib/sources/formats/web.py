"""What web servers write: access and error logs of nginx and Apache."""

from __future__ import annotations

import re

from faultmaven_lib.sources.formats.shape import Format, Record

_ACCESS = re.compile(
    r"^(?:(?P<vhost>[\w.:-]+) )?(?P<client>[0-9A-Fa-f.:]+|[\w.-]+|unix:) (?P<ident>\S+) (?P<user>\S+(?: \S+)?) "
    r"\[(?P<time>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{4})\] "
    r'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<bytes>\d+|-)'
    r'(?: "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?(?P<rest>.*)$'
)
_REQUEST = re.compile(r"^([A-Z]{3,10}) (\S+)(?: (HTTP/[\d.]+))?$")
_PAIR = re.compile(r'([A-Za-z_][\w.-]{0,40})[=:]\s*("(?:[^"\\]|\\.)*"|[^\s"]+)')
_NUMBER = re.compile(r"(?<!\S)\"?(\d+\.\d+)\"?(?!\S)")
ALIASES = {
    "rt": "request_time", "urt": "upstream_response_time", "uct": "upstream_connect_time",
    "uht": "upstream_header_time", "cs": "upstream_cache_status", "ua": "upstream", "us": "upstream_status",
    "message": "message_", "time": "time_", "level": "level_", "source": "source_", "line": "line_",
}  # fmt: skip
APPENDED = ("request_time", "upstream_response_time", "upstream_connect_time")
"""What appended bare numbers are, in their order."""
SECONDS = frozenset({*APPENDED, "upstream_header_time"})
"""Fields that are numbers wherever they can be."""
FIELDS = frozenset({"time", "level", "message", "status", "client", "method", "path", "protocol", "bytes", "vhost",
                    "user", "referer", "agent", "forwarded_for"})  # fmt: skip
"""What is read of a line before what is appended to it."""
_ADDRESSES = re.compile(r'"(?:-|([0-9A-Fa-f.:]+(?:, ?[0-9A-Fa-f.:]+)*))"')
_DECIMAL = re.compile(r"(?:0|[1-9]\d{0,14})(?:\.\d{1,17})?", re.ASCII)
_NGINX_ERROR = re.compile(
    r"^(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) \[(?P<level>\w+)\] (?P<pid>\d+)#(?P<tid>\d+): "
    r"(?:\*(?P<connection>\d+) )?(?P<message>.*)$"
)
_NGINX_FIELDS = re.compile(r', (client|server|request|upstream|host|referrer): ("(?:[^"\\]|\\.)*"|[^,]*)')
_APACHE_ERROR = re.compile(
    r"^\[(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]?\d \d\d:\d\d:\d\d(?:\.\d+)? \d{4})\] "
    r"\[(?:(?P<module>\w+):)?(?P<level>\w+)\] (?:\[pid (?P<pid>\d+)(?::tid (?P<tid>\d+))?\] )?"
    r"(?:\[client (?P<client>[^\]]+)\] )?(?P<message>.*)$"
)


def parse_access(line: str) -> Record | None:
    """Read the common and combined formats, with what was appended to them.

    Appended pairs (``rt=0.12``, ``upstream_response_time=0.1``) become fields; of appended bare numbers
    the first is ``request_time`` and the second ``upstream_response_time``; an appended quoted address is
    ``forwarded_for``. A 5xx is an ERROR, a 4xx a
    WARNING, all else INFO.
    """
    match = _ACCESS.match(line)
    if match is None:
        return None
    status = match["status"]
    request = match["request"]
    record: Record = {
        "time": match["time"],
        "level": "ERROR" if status[0] == "5" else "WARNING" if status[0] == "4" else "INFO",
        "message": f"{request} {status}",
        "status": int(status),
        "client": match["client"],
    }
    if parts := _REQUEST.match(request):
        record["method"], record["path"] = parts[1], parts[2]
        if parts[3]:
            record["protocol"] = parts[3]
    if match["bytes"] != "-":
        record["bytes"] = int(match["bytes"]) if len(match["bytes"]) < 16 else match["bytes"]
    for name in ("vhost", "user", "referer", "agent"):
        if match[name] not in (None, "-", ""):
            record[name] = match[name]
    rest = match["rest"].strip()
    if addresses := _ADDRESSES.fullmatch(rest):
        if addresses[1]:
            record["forwarded_for"] = addresses[1]
    elif rest:
        _appended(rest, record)
    return record


def _appended(rest: str, record: Record) -> None:
    pairs = _PAIR.findall(rest)
    for key, value in pairs[:50]:
        name = ALIASES.get(key, key)
        text = value.strip('"')
        if text not in ("-", "") and name not in record:
            record[name] = _seconds(text) if name in SECONDS else text
    if not pairs:
        record.update(zip(APPENDED, map(_seconds, _NUMBER.findall(rest)), strict=False))
    if not pairs and "request_time" not in record and rest.strip('"- '):
        record["rest"] = rest


def _seconds(text: str) -> float | str:
    return float(text) if _DECIMAL.fullmatch(text) else text


def parse_nginx_error(line: str) -> Record | None:
    """Read nginx' error log; client, request and upstream are fields, and stay in the message."""
    match = _NGINX_ERROR.match(line)
    if match is None:
        return None
    record: Record = {k: v for k, v in match.groupdict().items() if v is not None}
    for name, value in _NGINX_FIELDS.findall(record["message"]):
        if value.strip('"'):
            record.setdefault(name, value.strip('"'))
    return record


def parse_apache_error(line: str) -> Record | None:
    """Read Apache's error log."""
    match = _APACHE_ERROR.match(line)
    return None if match is None else {k: v for k, v in match.groupdict().items() if v is not None}


ACCESS = Format("access", parse_access)
NGINX_ERROR = Format("nginx error", parse_nginx_error)
APACHE_ERROR = Format("apache error", parse_apache_error)
