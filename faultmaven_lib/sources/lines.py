"""Lines out of bytes: bounded, decoded, every one counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from faultmaven_lib.sources.journal import is_export, json_lines
from faultmaven_lib.sources.opening import Pasted, pieces
from faultmaven_lib.sources.report import FileReport

BLOCK = 1 << 21
"""Bytes of a block: large enough for whole columns to pay, small enough for several to lie in memory."""
_GROWN = 4 * BLOCK
_COLOUR = re.compile("\x1b\\[[0-9;?]{0,20}[A-Za-z]")
_UNDECODABLE = re.compile("[\udc80-\udcff\x00]")
_SAMPLE = 8192
_NUL_SHARE = 0.05
_LOOK_BACK = 1000
_NEWLINE = 10


@dataclass(frozen=True)
class RawBlock:
    """Whole lines of a file, joined by newlines, none after the last."""

    data: bytes
    first: int
    """Number of the first line."""


def read_blocks(path: Path | Pasted, report: FileReport, bound: int) -> Iterator[RawBlock]:
    """Yield the lines of a file in blocks, in order.

    Of a line longer than ``2 * bound`` bytes only the head is kept, the rest is counted in the report. A file that
    is binary throughout is not read at all.
    """
    held: list[bytes] = []
    size = 0
    since = 0  # bytes since the last newline
    number = 1
    seen = False
    stream = pieces(path, report)
    start = next(stream, b"")
    stream = chain([start], stream)
    if is_export(start):
        report.container = "journal"
        stream = json_lines(stream, bound)
    for piece in stream:
        if not seen and piece:
            seen = True
            if piece[:_SAMPLE].count(0) > _NUL_SHARE * len(piece[:_SAMPLE]):
                report.problem = "is a binary file, not a log: skipped"
                return
        newline = piece.rfind(b"\n")
        if newline < 0 and since + len(piece) > 2 * bound:
            # The head of an endless line is kept; what comes with the newline that ends it is cut there.
            fits = max(2 * bound - since, 0)
            report.cut_bytes += len(piece) - fits
            piece = piece[:fits]  # noqa: PLW2901
        since = since + len(piece) if newline < 0 else len(piece) - newline - 1
        held.append(piece)
        size += len(piece)
        if size >= BLOCK:
            whole, found, rest = b"".join(held).rpartition(b"\n")
            held = [rest]
            size = len(rest)
            if found:
                yield RawBlock(whole, number)
                number += _count(whole) + 1
    data = b"".join(held)
    if data:
        yield RawBlock(data.removesuffix(b"\n"), number)
    elif not seen:
        report.empty = not report.problem


def aligned(blocks: Iterator[RawBlock], starts: Callable[[bytes, bytes], bool]) -> Iterator[RawBlock]:
    """Move the ends of blocks to where a record starts, so that each can be read without the one before.

    Parameters
    ----------
    blocks
        As ``read_blocks`` yields them.
    starts
        Called with the line before and a line: whether the line certainly starts a record.
    """
    held: RawBlock | None = None
    for block in blocks:
        if held is None:
            held = block
            continue
        cut = _last_start(held.data, starts)
        if cut > 0:
            head, rest = held.data[: cut - 1], held.data[cut:]
            yield RawBlock(head, held.first)
            held = RawBlock(rest + b"\n" + block.data, held.first + _count(head) + 1)
        elif len(held.data) < _GROWN:
            held = RawBlock(held.data + b"\n" + block.data, held.first)
        else:  # megabytes without the start of a record: it would be split for its length anyway
            yield held
            held = block
    if held is not None:
        yield held


def _last_start(data: bytes, starts: Callable[[bytes, bytes], bool]) -> int:
    """Return where the last line that starts a record begins; 0 if none near the end does."""
    end = len(data)
    begin = data.rfind(b"\n") + 1
    for _ in range(_LOOK_BACK):
        if begin <= 0:
            return 0
        before = data.rfind(b"\n", 0, begin - 1) + 1
        if starts(data[before : begin - 1], data[begin:end]):
            return begin
        begin, end = before, begin - 1
    return 0


def decoded(data: bytes, report: FileReport, bound: int) -> list[str]:
    """Return the lines of a block as text.

    Lines longer than ``bound`` bytes are cut, bytes that are not UTF-8 (and NUL) become the replacement
    character, terminal colours are taken out.
    """
    if len(data) > bound and _longest(data) > bound:
        lines = data.split(b"\n")
        for position, line in enumerate(lines):
            if len(line) > bound:
                lines[position] = head = _cut(line, bound)
                report.cut += 1
                report.cut_bytes += len(line) - len(head)
        data = b"\n".join(lines)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
    if "\x00" in text or not text.isascii():
        text, count = _UNDECODABLE.subn("\ufffd", text)
        report.replaced += count
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    found = text.split("\n")
    if "\r" in text:
        found = [line.rstrip("\r").replace("\r", " ") for line in found]
    report.lines += len(found)
    return found


def _count(data: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(data, "uint8") == _NEWLINE))


def _longest(data: bytes) -> int:
    ends = np.flatnonzero(np.frombuffer(data, "uint8") == _NEWLINE)
    return int(np.diff(ends, prepend=-1, append=len(data)).max()) - 1


def _cut(line: bytes, bound: int) -> bytes:
    """Cut at a blank where there is one near: half a secret would not be recognised as one."""
    head = line[:bound]
    blank = max(head.rfind(b" ", bound - 1024), head.rfind(b"\t", bound - 1024))
    if blank > 0:
        return head[:blank]
    return head.decode("utf-8", "ignore").encode() if _is_text(head) else head


def _is_text(data: bytes) -> bool:
    try:
        data[:-4].decode()
    except UnicodeDecodeError as error:
        return error.start >= len(data) - 8
    return True
