"""What programs write line by line: a time and a level in any order that loggers use, or a level alone."""

from __future__ import annotations

import re

from faultmaven_lib.sources.formats.shape import Format, Record
from faultmaven_lib.sources.formats.system import parse_rfc3164
from faultmaven_lib.sources.levels import WORDS
from faultmaven_lib.sources.times import ISO

_TIMED = re.compile(rf"^\[?(?P<time>{ISO})\]?(?P<rest>.*)$", re.DOTALL)
_LEVEL = re.compile(
    rf"(?<![\w.-])(?:(?P<upper>{WORDS})|\[\s*(?P<boxed>(?i:{WORDS}))\s*\]|(?P<lower>(?i:{WORDS}))(?=\s*[:|]))(?![\w-])"
)
_USUAL = re.compile(rf"[\s|\[]{{0,4}}(?P<upper>{WORDS})(?![\w-])")  # found in a fraction of the time of the search
_FIRST = re.compile(rf"^\W*(?P<word>{WORDS.lower()})\b(?=\s)")
_NAME = re.compile(r"[A-Za-z_][\w$]*(?:\.[\w$<>]+)+|[a-z_][a-z0-9_]*")
_HEAD = 100
_HEAD_WORDS = 5
_AFTER = re.compile(r"^(?:\s*\d{1,8}\s+---)?[\s\]:|-]*")
_LOGGER = re.compile(r"^(?:\[[^\]]{1,60}\]\s+)?((?:[A-Za-z_][\w$]*)(?:\.[\w$<>]+)+|root)(?::\d+)?(?:\s*[:|]|\s-)\s*")
_LOGURU = re.compile(r"^([A-Za-z_][\w.]*):[\w<>]+:\d+ - ")

_LEVEL_FIRST = re.compile(rf"^(?P<level>{WORDS}):(?P<blank>\s*)(?P<message>.*)$")
_BASIC = re.compile(r"^([A-Za-z_][\w.]*):(?=\S)")
_UVICORN = re.compile(
    r'^(?P<client>\S+?)(?::\d+)? - "(?P<method>[A-Z]+) (?P<path>\S+) HTTP/[\d.]+" (?P<status>\d{3})\b'
)


def parse_python(line: str) -> Record | None:
    """Read lines that start with a time and have a level near it, in the orders that loggers use."""
    match = _TIMED.match(line) if line[:1].isdigit() or line[:1] == "[" else None
    if match is None:
        return None
    rest = match["rest"]
    found = _USUAL.match(rest) or _LEVEL.search(rest[:_HEAD]) or _FIRST.search(rest[:20])
    if found is None:
        return None
    before = rest[: found.start(found.lastgroup or 0)]
    words = [w for w in before.replace("|", " ").split() if w.strip("-")]
    if words and (len(words) > _HEAD_WORDS or any(mark in before for mark in ('"', "=", "; ", ": "))):
        return None
    record: Record = {"time": match["time"], "level": found[found.lastgroup or 0]}
    after = rest[found.end() :]
    # The pattern matches the empty text, so there is always a match.
    message = after[_AFTER.match(after).end() :]  # type: ignore[union-attr]
    # What stands in brackets before the level is a thread, unless it has a dot.
    named = [w for w in reversed(words) if _NAME.fullmatch(w.strip("[]:")) and (w[0] != "[" or "." in w)]
    if logger := _LOGURU.match(message) or _LOGGER.match(message):
        record["logger"] = logger[1]
        message = message[logger.end() :]
    elif named:
        record["logger"] = named[0].strip("[]:")
    record["message"] = message
    _access(record)
    return record


def parse_timed(line: str) -> Record | None:
    """Read lines that start with a time; a level is taken where there is one."""
    if record := parse_python(line):
        return record
    match = _TIMED.match(line) if line[:1].isdigit() or line[:1] == "[" else None
    if match is None or parse_rfc3164(line):  # of a daemon, whose line names host and program
        return None
    return {"time": match["time"], "message": match["rest"].lstrip(" \t:|-]")}


def parse_level_first(line: str) -> Record | None:
    """Read ``INFO:     message`` (uvicorn) and ``ERROR:logger:message`` (Python's default): no time."""
    match = _LEVEL_FIRST.match(line)
    if match is None:
        return None
    message = match["message"]
    record: Record = {"level": match["level"], "message": message}
    if _access(record):
        return record
    if not match["blank"] and (logger := _BASIC.match(message)):
        record["logger"] = logger[1]
        record["message"] = message[logger.end() :]
    return record


def _access(record: Record) -> bool:
    """Take the fields of a request out of uvicorn's message; levels as for other access logs."""
    access = _UVICORN.match(record["message"])
    if access is None:
        return False
    record.update(access.groupdict())
    status = access["status"]
    record["level"] = "ERROR" if status[0] == "5" else "WARNING" if status[0] == "4" else record["level"]
    return True


PYTHON = Format("time and level", parse_python, multiline=True)
TIMED = Format("time", parse_timed, multiline=True)
LEVEL_FIRST = Format("level first", parse_level_first, multiline=True, timed=False)
