"""Syslog as columns."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from faultmaven_lib.sources.levels import WORDS
from faultmaven_lib.sources.parts import Column, Part
from faultmaven_lib.sources.vectorised.extracting import extracted, named
from faultmaven_lib.sources.vectorised.texts import found

_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)"
# Unambiguous from left to right: RE2 then reads it in one pass.
_SYSLOG = (
    rf"^(?P<time>[A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?|{_ISO}) "
    r"(?P<host>[\w.:-]+) (?P<service>[\w./@()+-]+)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)$"
)
_LONGEST = 64  # characters of a program's name
_OWN_FORMAT = rf"^{_ISO} (?:\S+ )?[\[(]?(?i:{WORDS})\b"
_WORD = r"^\W{0,3}(?i:trace|debug|info|notice|warn|warning|error|err|crit|critical|fatal|alert|emerg|panic)\b\W"
_FIRST = r"^\W*(?P<level>[A-Za-z]+)\W.*$"


def match_syslog(texts: Sequence[str], lines: pa.Array) -> list[Part]:  # noqa: ARG001 (as all matchers)
    """Return lines of syslog without a priority, as ``formats.system.parse_rfc3164`` reads them."""
    rows, groups = extracted(lines, _SYSLOG)
    service, message = groups["service"], pc.fill_null(named(groups["message"], "-"), "")
    # dnsmasq's lines have fields of their own.
    keep = pc.and_not(pc.less_equal(pc.binary_length(service), _LONGEST), pc.starts_with(service, "dnsmasq"))
    if pc.any(pc.match_substring_regex(groups["time"], r"^\d")).as_py():
        keep = pc.and_not(keep, pc.match_substring_regex(lines.take(pa.array(rows)), _OWN_FORMAT))
    columns: dict[str, Column] = {
        "time": groups["time"],
        "host": named(groups["host"], "-"),
        "service": named(service, "-"),
        "pid": named(groups["pid"]),
        "message": message,
    }
    words = pc.match_substring_regex(message, _WORD)
    if pc.any(words).as_py():
        level = pc.extract_regex(message, _FIRST).field("level")
        columns["level"] = pc.if_else(words, level, pa.scalar(None, pa.large_string()))
    part = Part(rows, columns)
    kept = found(keep)
    return [part if kept.all() else part.where(kept)]
