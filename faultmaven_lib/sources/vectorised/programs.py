"""What programs write, as columns: a time and a level, PostgreSQL, klog, and formats given as a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faultmaven_lib.sources.formats.patterns import Pattern
from faultmaven_lib.sources.levels import WORDS
from faultmaven_lib.sources.parts import Column, Part
from faultmaven_lib.sources.vectorised.extracting import Rows, extracted, named
from faultmaven_lib.sources.vectorised.texts import found, holding

# Expressions with groups are unambiguous from left to right: RE2 then reads them in one pass, five times faster.
_TIME = r"^\[?(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)\]?"
_LEVEL = r"(?P<level>[A-Z]+)(?P<rest>(?:[ \]:|].*)?)$"
_HEADS = (
    _TIME + r"[ |\[]{1,4}(?P<given>)" + _LEVEL,
    _TIME + r" \[(?P<given>[\w:/#@-]+)\] {1,4}" + _LEVEL,  # a thread
    _TIME + r" - (?P<given>[A-Za-z_][\w.]*) - " + _LEVEL,  # a logger, as Python's documentation shows it
)
_LEVEL_LIKE = rf"(?i:{WORDS})"  # in what stands before the level: which is it?
_LONGEST = 60  # characters before the level
_GIVEN = r"^(?:[A-Za-z_]\w*(?:\.\w+)+|[a-z_][a-z0-9_]*)$"
_FEW = 32
_NUMBERED = r"^ +\d{1,8} +---"
_LOGURU = r"^[A-Za-z_][\w.]*:[\w<>]+:\d+ - "
_LOGGER = r"^(?:[A-Za-z_][\w$]*(?:\.[\w$<>]+)+|root)(?::\d+)?(?: *[:|]| -)"
_THREAD = r"^\[[^\]]{1,60}\] +(?:[A-Za-z_][\w$]*(?:\.[\w$<>]+)+|root)(?::\d+)?(?: *[:|]| -)"
_NAME = r"^(?P<logger>[A-Za-z_][\w.$<>]*)(?P<rest>[^\w.$<>].*)$"
_REQUEST = (
    r'^(?P<client>\d+\.\d+\.\d+\.\d+)(?::\d+)? - "(?P<method>[A-Z]+) (?P<path>[^ ]+) HTTP/[\d.]+" '
    r"(?P<status>\d{3})(?:\W.*)?$"
)
_ANY_REQUEST = r'^\S+ - "[A-Z]+ \S+ HTTP/[\d.]+" \d{3}\b'
_POSTGRES = (
    r"^(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{3,5}| ?[+-]\d\d(?::?\d\d)?)?) \[(?P<pid>\d+)\] "
    r"(?:(?P<user>[\w.-]+)@(?P<database>[\w.-]+) )?"
    r"(?P<severity>LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG[1-5]?|DETAIL|HINT|STATEMENT|CONTEXT|QUERY|LOCATION):"
    r"  (?P<message>.*)$"
)
_KLOG = r"^(?P<level>[IWEF])(?P<time>\d{4} \d\d:\d\d:\d\d\.\d+) +(?P<pid>\d+) (?P<where>\S+:\d+)\] (?P<message>.*)$"


def match_python(texts: Sequence[str], lines: pa.Array) -> list[Part]:  # noqa: ARG001 (as all matchers)
    """Return lines that start with a time and a level, as ``formats.programs.parse_python`` reads them."""
    parts: list[Part] = []
    left = np.arange(len(lines))
    for head in _HEADS:
        rows, groups = extracted(lines if len(left) == len(lines) else lines.take(pa.array(left)), head)
        if len(rows):
            parts += _of_head(left[rows], groups, is_logger=head is _HEADS[-1])
            left = np.delete(left, rows)
        if len(left) < _FEW:
            break
    return parts


def _of_head(rows: Rows, groups: dict[str, pa.Array], *, is_logger: bool) -> list[Part]:
    rest, given = groups["rest"], groups["given"]
    left_out = pc.invert(pc.is_in(groups["level"], _levels()))
    left_out = pc.or_(left_out, pc.match_substring_regex(given, _LEVEL_LIKE))
    left_out = pc.or_(left_out, pc.greater(pc.binary_length(given), _LONGEST))
    if holding(rest, "---").any():
        # A number and three dashes, as Spring writes them.
        numbered = pc.match_substring_regex(rest, _NUMBERED)
        rest = pc.if_else(numbered, pc.replace_substring_regex(rest, _NUMBERED, ""), rest)
    message = pc.utf8_ltrim(rest, " ]:|-")
    if holding(message, "[").any():
        threads = pc.match_substring_regex(message, _THREAD)
        inner = pc.replace_substring_regex(message, r"^\[[^\]]{1,60}\] +", "") if pc.any(threads).as_py() else message
        message = pc.if_else(threads, inner, message)
    left_out = pc.or_(left_out, pc.match_substring_regex(message, _LOGURU))
    logs = pc.match_substring_regex(message, _LOGGER)
    names = pc.extract_regex(message, _NAME)
    behind = names.field("rest")
    # The line of a file, that stands behind the name in some, is left to the parser of single lines.
    left_out = pc.or_(left_out, pc.and_(logs, pc.fill_null(pc.match_substring_regex(behind, r"^:\d"), False)))
    behind = pc.utf8_slice_codeunits(pc.utf8_ltrim(behind, " "), 1)
    cut = pc.if_else(logs, pc.utf8_ltrim(behind, " "), message)
    nothing = pa.scalar(None, pa.large_string())
    other = pc.if_else(pc.match_substring_regex(given, _GIVEN), given, nothing) if is_logger else nothing
    columns: dict[str, Column] = {
        "time": groups["time"],
        "level": groups["level"],
        "logger": pc.if_else(logs, names.field("logger"), other),
        "message": cut,
    }
    keep = ~found(left_out)
    part = Part(rows, columns)
    return _with_requests(part if keep.all() else part.where(keep))


def _with_requests(part: Part) -> list[Part]:
    """Take the fields of requests out of uvicorn's messages."""
    message = part.columns["message"]
    asked = found(pc.match_substring_regex(message, _ANY_REQUEST))
    if not asked.any():
        return [part]
    parts = [] if asked.all() else [part.where(~asked)]
    fields = pc.extract_regex(message, _REQUEST)
    whole = fields.is_valid().to_numpy(zero_copy_only=False)
    served = part.where(whole)
    fields = fields.filter(pa.array(whole))
    for name in ("client", "method", "path", "status"):
        served.columns[name] = fields.field(name)
    first = pc.utf8_slice_codeunits(fields.field("status"), 0, 1)
    severe = pc.if_else(pc.equal(first, "5"), "ERROR", "WARNING").cast(pa.large_string())
    failed = pc.is_in(first, pa.array(["4", "5"], pa.large_string()))
    served.columns["level"] = pc.if_else(failed, severe, served.columns["level"])
    return [served, *parts]


@cache
def _levels() -> pa.Array:
    return pa.array(WORDS.split("|"), pa.large_string())


def match_postgres(texts: Sequence[str], lines: pa.Array) -> list[Part]:  # noqa: ARG001 (as all matchers)
    """Return PostgreSQL's lines with the usual prefix, as ``formats.postgres.parse_postgres`` reads them."""
    rows, groups = extracted(lines, _POSTGRES)
    columns: dict[str, Column] = {
        "time": groups["time"],
        "level": groups["severity"],
        "message": groups["message"],
        "severity": groups["severity"],
        "pid": groups["pid"],
        "user": named(groups["user"]),
        "database": named(groups["database"]),
    }
    return [Part(rows, columns)]


def match_klog(texts: Sequence[str], lines: pa.Array) -> list[Part]:  # noqa: ARG001 (as all matchers)
    """Return lines of Kubernetes' own components, as ``formats.system.parse_klog`` reads them."""
    rows, groups = extracted(lines, _KLOG)
    return [Part(rows, dict(groups))]


def match_pattern(pattern: Pattern, texts: Sequence[str], lines: pa.Array) -> list[Part]:  # noqa: ARG001 (as all matchers)
    """Return lines that fit a pattern, as the pattern itself reads them."""
    rows, groups = extracted(lines, pattern.expression)
    columns: dict[str, Column] = {
        name: group for name, group in zip(pattern.names, groups.values(), strict=True) if name != "_"
    }
    if "message" not in columns:
        columns["message"] = lines.take(pa.array(rows))
    return [Part(rows, columns)]
