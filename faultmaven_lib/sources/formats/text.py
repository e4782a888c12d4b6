"""Lines in no known format: what could be parsed of them."""

from __future__ import annotations

import re

from faultmaven_lib.sources.formats.shape import Format, Record
from faultmaven_lib.sources.levels import WORDS
from faultmaven_lib.sources.times import ISO

_HEAD = 120
TIMES = (
    rf"{ISO}"
    r"|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
    r"|\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?"
    r"|(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?: \d{4})?"
    r"|\d{1,2}[ -][A-Z][a-z]{2}[ -]\d{4} \d\d:\d\d:\d\d(?:\.\d{1,9})?"
)
"""Times as they stand in text."""
_TIME = re.compile(rf"{TIMES}|(?<![\d.])1\d{{9}}\.\d{{1,9}}(?![\d.])")
_LEVEL = re.compile(rf"(?<![\w.-])(?:({WORDS})|\[\s*((?i:{WORDS}))\s*\]|^((?i:{WORDS}))(?=:))(?![\w-])")
_RAISED = re.compile(r"(?:Uncaught )?(?:[\w$]{1,60}\.){0,12}[A-Z]\w{0,60}(?:Error|Exception)(?::|$)")


def parse_text(line: str) -> Record:
    """Keep the whole line as the message; a time and a level near its start are taken from it."""
    record: Record = {"message": line}
    head = line[:_HEAD]
    if time := _TIME.search(head):
        record["time"] = time[0]
    if level := _LEVEL.search(head):
        record["level"] = level[level.lastindex or 0]
    elif head.startswith(("panic: ", "fatal error: ")):
        record["level"] = "CRITICAL"
    elif head.startswith(("Traceback (most recent call last)", "Exception in thread ")) or _RAISED.match(head):
        record["level"] = "ERROR"
    return record


TEXT = Format("text", parse_text, timed=False)
