"""Redis' and Valkey's log."""

from __future__ import annotations

import re

from faultmaven_lib.sources.formats.shape import Format, Record

_REDIS = re.compile(
    r"^(?P<pid>\d{1,8}):(?P<role>[XCSM]) (?P<time>\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3}) "
    r"(?P<level>[.\-*#]) (?P<message>.*)$"
)
_LEVELS = {".": "debug", "-": "debug", "*": "info", "#": "warning"}
_ROLES = {"X": "sentinel", "C": "child", "S": "replica", "M": "master"}


def parse_redis(line: str) -> Record | None:
    """Read ``1:M 01 Mar 2026 14:02:11.123 * Ready to accept connections``; the role of the process is a field."""
    match = _REDIS.match(line)
    if match is None:
        return None
    return {
        "time": match["time"],
        "level": _LEVELS[match["level"]],
        "message": match["message"],
        "pid": match["pid"],
        "role": _ROLES[match["role"]],
    }


REDIS = Format("redis", parse_redis, multiline=True)
