"""JSON lines and logfmt: records with named fields."""

from __future__ import annotations

import json
import re
from typing import Any

from faultmaven_lib.sources.formats.shape import Format, Record

_TIME = ("time", "timestamp", "ts", "@timestamp", "datetime", "date", "asctime", "eventtime", "t", "@t", "created",
         "__realtime_timestamp", "timeunixnano", "time_unix_nano", "observedtimeunixnano")  # fmt: skip
_LEVEL = ("level", "levelname", "severity", "lvl", "loglevel", "log.level", "severity_text", "severitytext", "@l",
          "priority", "status_level", "error_severity", "log.level.name")  # fmt: skip
_MESSAGE = ("message", "msg", "event", "log", "text", "body", "body.stringvalue", "@m", "@mt", "@message",
            "short_message", "textpayload", "jsonpayload.message", "jsonpayload.msg")  # fmt: skip
_SERVICE = ("service", "service.name", "service_name", "servicename", "svc", "app", "application", "app_name",
            "resource.service.name", "kubernetes.labels.app", "container_name", "syslog_identifier", "_systemd_unit",
            "_comm")  # fmt: skip
ROLES = (("time", _TIME), ("level", _LEVEL), ("message", _MESSAGE), ("service", _SERVICE))
_RESERVED = frozenset({"time", "level", "message", "service", "source", "line"})
MAX_FIELDS = 100
MAX_DEPTH = 3
MAX_NAME = 128
JOURNAL = "MESSAGE"
"""Where the journal has its message, as a text or as a list of octets."""
PAIR = re.compile(r"([A-Za-z_@][\w.@/-]{0,63})=(\"(?:[^\"\\]|\\.)*\"|[^\s\"]*)(?=\s|$)")


_ESCAPE = re.compile(r"\\(.)")


def _unescaped(match: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t"}.get(match[1], match[1])


def arranged(fields: dict[str, Any]) -> Record:
    """Return the fields under the names that records have: time, level, message, service, then the others."""
    lower = {key.lower(): key for key in reversed(fields)}
    record: Record = {}
    used = set()
    for role, names in ROLES:
        for name in names:
            key = lower.get(name)
            if key is not None and key not in used and fields[key] is not None:
                record[role] = fields[key]
                used.add(key)
                break
    for key, value in fields.items():
        if key not in used and value is not None:
            record[key + "_" if key in _RESERVED else key] = value
    return record


def _flat(value: dict[str, Any], into: dict[str, Any], prefix: str = "", depth: int = 1) -> None:
    for key, item in value.items():
        if len(into) >= MAX_FIELDS:
            into["more_fields"] = "left out"
            return
        name = (prefix + key)[:MAX_NAME]
        if isinstance(item, dict) and depth < MAX_DEPTH and item:
            _flat(item, into, name + ".", depth + 1)
        elif isinstance(item, dict | list):
            into[name] = json.dumps(item, ensure_ascii=False, default=str)
        elif isinstance(item, bool):
            into[name] = "true" if item else "false"
        else:
            into[name] = item


def parse_json(line: str) -> Record | None:
    """Read one JSON object; nested ones become fields with dots."""
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
        if not isinstance(value, dict) or not value:
            return None
        if isinstance(value.get(JOURNAL), list):
            value[JOURNAL] = _of_octets(value[JOURNAL])
        fields: dict[str, Any] = {}
        _flat(value, fields)
    except (ValueError, RecursionError):
        return None
    if "\\ud" in line or "\\uD" in line or "\\u0000" in line:
        fields = {_sound(key): _sound(item) for key, item in fields.items()}
    record = arranged(fields)
    if not isinstance(record.get("message"), str):
        if "message" in record:
            record["message_"] = record["message"]
        record["message"] = line
    record["message"] = record["message"].rstrip("\n")
    for role in ("level", "service"):
        if role in record and not isinstance(record[role], str | int):
            record[role] = str(record[role])
    return record


def _of_octets(values: list[Any]) -> Any:
    """Return the text that the journal writes as numbers, because it is not UTF-8."""
    try:
        return bytes(values).decode("utf-8", "replace").replace("\x00", "\ufffd")
    except (TypeError, ValueError):
        return values


def _sound(item: Any) -> Any:
    """Replace halves of surrogate pairs and NUL, which no table can hold."""
    if isinstance(item, str):
        return item.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
    return item


def parse_logfmt(line: str) -> Record | None:
    """Read ``key=value key="other value"``; words between the pairs go to the message."""
    if not PAIR.match(line):
        return None
    pairs = PAIR.findall(line)
    if len(pairs) < 2:
        return None
    fields: dict[str, Any] = {}
    for key, value in pairs[:MAX_FIELDS]:
        fields[key] = _ESCAPE.sub(_unescaped, value[1:-1]) if value.startswith('"') else value
    record = arranged(fields)
    if "message" not in record:
        record["message"] = line
    else:
        rest = PAIR.sub("", line).strip()
        if rest:
            record["message"] = f"{record['message']} {' '.join(rest.split())}"
    return record


JSON = Format("json", parse_json)
LOGFMT = Format("logfmt", parse_logfmt)
