"""What was raised: the exception that a traceback ends in, and the frames it came from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from faultmaven_lib.sources.parts import Column, Part
from faultmaven_lib.sources.records import TRACEBACK
from faultmaven_lib.sources.vectorised.texts import holding

FRAMES = 3
"""So many frames tell where; the innermost comes first."""
_MAX_TEXT = 65_536
_MAX_LINE = 500
_STACKS = frozenset({"exception", "exc_info", "exc_text", "stack", "stacktrace", "stack_trace", "traceback",
                     "err.stack", "error.stack", "error.stack_trace", "exception.stacktrace", "error.stacktrace",
                     "thrown"})  # fmt: skip
"""Fields in which loggers put a traceback."""
_PYTHON_FRAME = re.compile(r'^[ |+]*File "([^"\n]{1,500})", line \d+, in ([^\n]{1,200})$', re.MULTILINE)
_PYTHON_RAISED = re.compile(r"[ |]*([A-Za-z_][\w.]{0,200}?)(?::(?:\s|$)|\s*$)")
_AT = re.compile(r"^[ \t]+at (?:async )?([^\n]{1,500})$", re.MULTILINE)
_JAVA_FRAME = re.compile(r"(?:[\w.@-]{1,100}/{1,2})?([\w.$<>]{1,300})\([^()]{0,200}\)")
_NODE_FRAME = re.compile(r"(?:(.{1,200}?) \()?((?:[^()\s:]|:(?!\d)){1,300}):\d{1,7}:\d{1,7}\)?")
_CAUSED_BY = re.compile(r"^Caused by: ([\w.$]{1,200})", re.MULTILINE)
_NAMED = re.compile(
    r"(?<![\w.$])((?:[A-Za-z_][\w$]{0,60}\.){0,12}[A-Z][\w$]{0,80}(?:Error|Exception|Throwable|Failure)[\w$]{0,40})"
)
_QUALIFIED = re.compile(r"(?:^|\s)((?:[a-z_][\w$]{0,60}\.){1,12}[A-Z][\w$]{0,80})(?=:|\s*$)")
_PANIC = re.compile(r"(?:^|\s)((?:panic|fatal error): [^\n]{0,300})")
_GOROUTINE = re.compile(r"^goroutine \d{1,12} \[", re.MULTILINE)
_GO_FRAME = re.compile(
    r"^(?!goroutine |panic|runtime[./]|created by )([\w./*()%\[\]-]{1,300})\([^()\n]{0,300}\)$", re.MULTILINE
)
_VARIES = re.compile(r"[\[\d\"'`{(]")


@dataclass(frozen=True)
class Raised:
    """An exception and the innermost frames it went through."""

    exception: str
    frames: str


def raised(text: str) -> Raised | None:
    r"""Return what a text with a traceback of Python, Java, Node.js or Go says was raised, or None if it has none.

    Of causes in a chain it is the one that the traceback ends in: of Python the last exception, of Java the last
    cause. Frames carry no line numbers, so that two releases can be compared.

    Examples
    --------
    >>> raised('Traceback (most recent call last):\n  File "/srv/shop/cart.py", line 3, in buy\n    x\nKeyError: 7')
    Raised(exception='KeyError', frames='shop/cart.py:buy')
    >>> raised("java.io.IOException: closed\n\tat a.b.C.run(C.java:7)\nCaused by: a.b.D: x\n\tat a.b.E.f(E.java:1)")
    Raised(exception='a.b.D', frames='a.b.E.f')
    >>> raised("first\nsecond") is None
    True
    """
    text = text[:_MAX_TEXT]
    if TRACEBACK in text:
        return _python(text)
    if found := _at(text):
        return found
    if "panic: " in text or "fatal error: " in text or _GOROUTINE.search(text):
        return _go(text)
    return None


def with_raised(part: Part) -> Part:
    """Add the fields ``exception`` and ``frames`` to records that carry a traceback, in the message or in a field.

    A field ``exception`` that holds a whole traceback is then called ``traceback``.
    """
    stacks = [name for name in part.columns if name.lower() in _STACKS]
    rows = _of_many_lines(part.columns.get("message"))
    for name in stacks:
        rows |= _of_many_lines(part.columns[name])
    if not rows:
        return part
    found: dict[int, Raised] = {}
    values = {name: _listed(part.columns[name]) for name in [*stacks, "message"] if name in part.columns}
    for row in sorted(rows):
        for column in values.values():
            if isinstance(text := column[row], str) and "\n" in text and (what := raised(text)):
                found[row] = what
                break
    if not found:
        return part
    columns = dict(part.columns)
    size = len(part.lines)
    given = values.get("exception", [None] * size)
    whole = [isinstance(v, str) and "\n" in v and row in found for row, v in enumerate(given)]
    if any(whole):
        kept = _listed(columns.get("traceback", [None] * size))
        columns["traceback"] = [v if moves else k for v, k, moves in zip(given, kept, whole, strict=True)]
    columns["exception"] = [
        found[row].exception if row in found and (v is None or moves) else v
        for row, (v, moves) in enumerate(zip(given, whole, strict=True))
    ]
    frames = _listed(columns.get("frames", [None] * size))
    columns["frames"] = [found[r].frames or None if r in found and v is None else v for r, v in enumerate(frames)]
    return Part(part.lines, columns)


def _of_many_lines(column: Column | None) -> set[int]:
    if column is None:
        return set()
    if isinstance(column, pa.Array):
        if pa.types.is_floating(column.type):
            return set()
        return set(np.flatnonzero(holding(column, "\n")).tolist())
    return {row for row, value in enumerate(column) if isinstance(value, str) and "\n" in value}


def _listed(column: Column) -> list[Any]:
    return column.to_pylist() if isinstance(column, pa.Array) else list(column)


def _python(text: str) -> Raised:
    # The last traceback is the one that was not caught; behind its frames stands the exception.
    last = text.rpartition(TRACEBACK)[2]
    name = ""
    for line in last.split("\n")[1:]:
        if (line and not line.startswith((" ", "\t"))) or (line.lstrip(" ").startswith("| ") and "| " in line):
            match = _PYTHON_RAISED.match(line)
            if match and not line.lstrip(" |").startswith(("File ", "+")):
                name = match[1]
                break
    frames = [f"{_short(path)}:{function}" for path, function in _PYTHON_FRAME.findall(last)]
    return Raised(name or "exception", " < ".join(frames[: -FRAMES - 1 : -1]))


def _at(text: str) -> Raised | None:
    """Read the frames of Java and of Node.js: both start with "at"."""
    first = _AT.search(text)
    if first is None:
        return None
    java = _JAVA_FRAME.fullmatch(first[1].strip())
    causes = list(_CAUSED_BY.finditer(text)) if java else []
    if causes:
        name, behind = causes[-1][1], text[causes[-1].end() :]
    else:
        head = text[: first.start()].split("\n")[-10:]
        names = [m for line in reversed(head) for m in _types(line[:_MAX_LINE])[-1:]]
        name, behind = names[0] if names else "", text[first.start() :]
    frames = []
    for frame in _AT.findall(behind)[:FRAMES]:
        if match := _JAVA_FRAME.fullmatch(frame.strip()):
            frames.append(match[1])
        elif match := _NODE_FRAME.fullmatch(frame.strip()):
            place = _short(match[2].removeprefix("file://"))
            frames.append(f"{place}:{match[1]}" if match[1] else place)
    if not name and not frames:
        return None
    return Raised(name or "exception", " < ".join(frames))


def _types(line: str) -> list[str]:
    return [*_NAMED.findall(line), *_QUALIFIED.findall(line)]


def _go(text: str) -> Raised | None:
    panic = _PANIC.search(text)
    frames = _GO_FRAME.findall(text)
    if panic is None:
        return Raised("goroutine dump", " < ".join(frames[:FRAMES])) if frames else None
    kind, _, message = panic[1].partition(": ")
    message = _VARIES.split(message.removesuffix(" [recovered]"), maxsplit=1)[0].strip(" :,")[:80]
    return Raised(f"{kind}: {message}" if message else kind, " < ".join(frames[:FRAMES]))


def _short(path: str) -> str:
    """Return the end of a path: what is the same on every machine."""
    parts = path.replace("\\", "/").split("/")
    return "/".join(parts[-2:])
