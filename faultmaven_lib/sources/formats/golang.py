"""What Go's standard log writes."""

from __future__ import annotations

import re

from faultmaven_lib.sources.formats.shape import Format, Record
from faultmaven_lib.sources.levels import WORDS

_GO = re.compile(
    r"^(?:(?P<prefix>[\w.\[\]-]{1,40}:?) )?(?P<time>\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?) "
    r"(?:(?P<caller>[\w./@-]{1,200}\.go:\d{1,7}): )?(?P<message>.*)$"
)
_LEVEL = re.compile(rf"(?:(?P<upper>{WORDS})\b|\[(?P<boxed>(?i:{WORDS}))\]|(?P<lower>(?i:{WORDS})):)[:\s]*")


def parse_go(line: str) -> Record | None:
    """Read ``2026/03/01 14:02:11 main.go:12: message``; a level at its start is taken from it, as slog writes it."""
    match = _GO.match(line)
    if match is None:
        return None
    message = match["message"]
    record: Record = {"time": match["time"], "message": message}
    level = _LEVEL.match(message) or (_LEVEL.fullmatch(match["prefix"]) if match["prefix"] else None)
    if level is not None:
        record["level"] = level[level.lastgroup or 0]
        if level.string is message:
            record["message"] = message[level.end() :]
    elif message.startswith(("panic: ", "http: panic")):
        record["level"] = "ERROR"
    if match["caller"]:
        record["caller"] = match["caller"]
    return record


GO = Format("go", parse_go, multiline=True)
