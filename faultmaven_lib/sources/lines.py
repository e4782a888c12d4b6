"""Lines out of bytes: bounded, decoded, every one counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from faultmaven_lib.sources.opening import Pasted, pieces
from faultmaven_lib.sources.report import FileReport

_COLOUR = re.compile("\x1b\\[[0-9;?]{0,20}[A-Za-z]")
_UNDECODABLE = re.compile("[\udc80-\udcff\x00]")
_SAMPLE = 8192
_NUL_SHARE = 0.05


def read_lines(path: Path | Pasted, report: FileReport, bound: int) -> Iterator[list[str]]:
    """Yield the lines of a file in blocks, in order.

    Lines longer than ``bound`` bytes are cut, bytes that are not UTF-8 (and NUL) become the replacement
    character, terminal colours are taken out. A file that is binary throughout is not read at all.
    """
    tail = b""
    dropped = 0
    first = True
    for piece in pieces(path, report):
        if first and piece:
            first = False
            if piece[:_SAMPLE].count(0) > _NUL_SHARE * len(piece[:_SAMPLE]):
                report.problem = "is a binary file, not a log: skipped"
                return
        whole, newline, rest = piece.rpartition(b"\n")
        if newline:
            yield _decoded(tail + whole, report, bound, dropped)
            tail, dropped = rest, 0
        else:
            tail += rest
        if len(tail) > 2 * bound:  # keep the head of an endless line, count the rest
            dropped += len(tail) - 2 * bound
            tail = tail[: 2 * bound]
    if tail:
        yield _decoded(tail, report, bound, dropped)
    elif first:
        report.empty = not report.problem


def _decoded(data: bytes, report: FileReport, bound: int, dropped: int) -> list[str]:
    """Decode a block whose first line has already lost ``dropped`` bytes."""
    if dropped or len(data) > bound:
        lines = data.split(b"\n")
        if dropped or max(map(len, lines)) > bound:
            for position, line in enumerate(lines):
                if len(line) > bound:
                    lines[position] = head = _cut(line, bound)
                    report.cut += 1
                    report.cut_bytes += len(line) - len(head)
            report.cut_bytes += dropped
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
