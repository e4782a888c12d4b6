"""The export format of systemd's journal, turned into JSON lines as ``journalctl -o json`` writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator

_FIRST = (b"__CURSOR=", b"__REALTIME_TIMESTAMP=")
_MAX_FIELDS = 100
_MAX_NAME = 64
_KEPT = frozenset({"__REALTIME_TIMESTAMP", "_PID", "_COMM", "_HOSTNAME", "_SYSTEMD_UNIT", "_TRANSPORT"})
"""Of the fields that the journal itself adds; a line holds some thirty of them."""


def is_export(start: bytes) -> bool:
    r"""Whether a file that starts like this is an export of a journal.

    Examples
    --------
    >>> is_export(b"__CURSOR=s=1;i=2\n"), is_export(b"MESSAGE=x\n")
    (True, False)
    """
    return start.startswith(_FIRST)


def json_lines(pieces: Iterator[bytes], bound: int) -> Iterator[bytes]:
    r"""Yield one line of JSON for each entry; of a field longer than ``bound`` bytes its start.

    An entry is ``NAME=text`` lines, or ``NAME``, a newline, the size in eight bytes, and the data; a blank line
    ends it.

    Examples
    --------
    >>> data = b"__REALTIME_TIMESTAMP=1772373731000000\nMESSAGE\n" + (3).to_bytes(8, "little") + b"a\nb\nPRIORITY=3\n"
    >>> b"".join(json_lines(iter([data]), 1000))
    b'{"__REALTIME_TIMESTAMP": "1772373731000000", "MESSAGE": "a\\nb", "PRIORITY": "3"}\n'
    """
    stream = _Stream(pieces, bound)
    entry: dict[str, str] = {}
    while (line := stream.line()) is not None:
        if not line:
            if entry:
                yield _written(entry)
                entry = {}
            continue
        name, equals, value = line.partition(b"=")
        if not equals:
            value = stream.sized()
        key = name[:_MAX_NAME].decode("utf-8", "replace")
        if (not key.startswith("_") or key in _KEPT) and len(entry) < _MAX_FIELDS:
            entry[key] = value.decode("utf-8", "replace")
    if entry:
        yield _written(entry)


def _written(entry: dict[str, str]) -> bytes:
    return json.dumps(entry, ensure_ascii=False).encode() + b"\n"


class _Stream:
    """Pieces read by the line or by the size, holding no more than a piece and ``bound``."""

    def __init__(self, pieces: Iterator[bytes], bound: int) -> None:
        self._pieces, self._bound = pieces, bound
        self._data = b""
        self._at = 0

    def _more(self) -> bool:
        piece = next(self._pieces, None)
        if piece is None:
            return False
        self._data = self._data[self._at :] + piece
        self._at = 0
        return True

    def line(self) -> bytes | None:
        head = b""
        while (end := self._data.find(b"\n", self._at)) < 0:
            head = (head + self._data[self._at :])[: self._bound]
            self._at = len(self._data)
            if not self._more():
                return head or None
        line = head + self._data[self._at : end]
        self._at = end + 1
        return line[: self._bound]

    def sized(self) -> bytes:
        while len(self._data) - self._at < 8:
            if not self._more():
                self._at = len(self._data)
                return b""
        left = int.from_bytes(self._data[self._at : self._at + 8], "little") + 1  # and the newline behind it
        self._at += 8
        value = b""
        while left:
            taken = self._data[self._at : self._at + left]
            value = (value + taken)[: self._bound]
            self._at += len(taken)
            left -= len(taken)
            if left and not self._more():
                break
        return value.removesuffix(b"\n") if not left else value
