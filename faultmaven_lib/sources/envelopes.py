"""Envelopes: container runtimes wrap every line that a program wrote, with a time and a stream."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faultmaven_lib.sources.parts import Lines, Part

Kind = Literal["", "cri", "docker"]
_CRI = (
    r"^(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2}))"
    r" (?P<stream>stdout|stderr) (?P<tag>[FP])(?::[^ ]*)?(?: (?P<text>.*))?$"
)
_CRI_LINE = re.compile(_CRI, re.DOTALL)
_SHARE = 0.5


class _Docker(msgspec.Struct, forbid_unknown_fields=True):
    log: str
    stream: str
    time: str
    attrs: dict[str, str] | None = None


_docker = msgspec.json.Decoder(_Docker).decode


@dataclass(frozen=True)
class Outer:
    """What envelopes tell of lines: as many of each."""

    numbers: Lines
    times: pa.Array
    streams: pa.Array


Piece = tuple[str, str | None, str | None, bool]
"""Text, time, stream, and whether the line ends here."""


def kind_of_envelope(lines: Sequence[str]) -> Kind:
    r"""Return in which envelope most of some lines are; empty for none.

    Examples
    --------
    >>> kind_of_envelope(["2026-03-01T14:02:11.5Z stdout F started"])
    'cri'
    >>> kind_of_envelope(['{"log":"started\\n","stream":"stdout","time":"2026-03-01T14:02:11.5Z"}'])
    'docker'
    """
    filled = [line for line in lines if line]
    for kind, opened in _OPENED.items():
        if filled and sum(opened(line) is not None for line in filled) > _SHARE * len(filled):
            return kind
    return ""


def opened(kind: Kind, line: str) -> tuple[str, bool]:
    """Return the line inside, and whether it ends here; a line without an envelope as it is."""
    piece = _OPENED[kind](line) if kind else None
    return (line, True) if piece is None else (piece[0], piece[3])


def unwrapped(kind: Kind, texts: list[str], numbers: Lines, bound: int) -> tuple[list[str], Outer]:
    """Return the lines inside; those that were split because they were long are joined again, up to ``bound``.

    A line without an envelope stays as it is, and has no time.
    """
    if kind == "cri":
        columns = pc.extract_regex(pa.array(texts, pa.large_string()), _CRI)
        if not columns.null_count and pc.all(pc.equal(columns.field("tag"), "F")).as_py():
            outer = Outer(numbers, columns.field("time"), columns.field("stream"))
            return columns.field("text").to_pylist(), outer
    inner: list[str] = []
    times: list[str | None] = []
    streams: list[str | None] = []
    firsts: list[int] = []
    unfinished: dict[str | None, int] = {}  # streams whose last line goes on
    for number, line in zip(numbers.tolist(), texts, strict=True):
        text, time, stream, ends = _OPENED[kind](line) or (line, None, None, True)
        at = unfinished.pop(stream, None)
        if at is not None and len(inner[at]) + len(text) <= bound:
            inner[at] += text
        else:
            at = len(inner)
            inner.append(text)
            times.append(time)
            streams.append(stream)
            firsts.append(number)
        if not ends:
            unfinished[stream] = at
    strings = pa.large_string()
    return inner, Outer(np.array(firsts, "int64"), pa.array(times, strings), pa.array(streams, strings))


def with_outer(part: Part, outers: Sequence[Outer]) -> Part:
    """Give records the time of their envelope where they have none of their own, and the stream they came by."""
    numbers = np.concatenate([o.numbers for o in outers])
    at = pa.array(np.searchsorted(numbers, part.lines))
    times = pa.concat_arrays([o.times for o in outers]).take(at)
    streams = pa.concat_arrays([o.streams for o in outers]).take(at)
    own = part.columns.get("time")
    columns = dict(part.columns)
    if own is None:
        columns["time"] = times
    elif isinstance(own, pa.Array):
        columns["time"] = pc.coalesce(own, times)
    elif None in own:
        columns["time"] = [o if t is None else t for t, o in zip(own, times.to_pylist(), strict=True)]
    if "stream" not in columns:
        columns["stream"] = streams
    return Part(part.lines, columns)


def _open_cri(line: str) -> Piece | None:
    match = _CRI_LINE.match(line)
    return (match["text"] or "", match["time"], match["stream"], match["tag"] == "F") if match else None


def _open_docker(line: str) -> Piece | None:
    if not line.startswith("{") or '"log":' not in line:
        return None
    try:
        entry = _docker(line)
    except (msgspec.DecodeError, RecursionError):
        return None
    text = entry.log.replace("\x00", "\ufffd").rstrip("\r\n").replace("\r", " ").replace("\n", " ")
    return text, entry.time, entry.stream, entry.log.endswith("\n")


_OPENED: dict[Kind, Callable[[str], Piece | None]] = {"cri": _open_cri, "docker": _open_docker}
