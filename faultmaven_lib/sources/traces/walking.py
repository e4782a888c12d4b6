"""JSON documents, piece by piece: values come out as soon as they are complete, however long the document is."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Collection, Iterator
from typing import Any, Final

Path = tuple[str, ...]
EACH = "[]"
"""Stands in a path for the elements of an array."""
END: Final = object()
"""Comes out in place of a value when a container that was walked into is over."""
_BLANK = re.compile(r"[ \t\r\n]*")
_NEXT_DOCUMENT = re.compile(r"\n[{\[]")
_SCAN = json.JSONDecoder().raw_decode
_NEAR = 64
"""An error so close to the end of what was read so far may only mean that the rest is not there yet."""


class _BrokenError(Exception):
    """What stands here is no JSON."""


class Walker:
    """Walks JSON documents that follow each other: one document, JSON lines, or several joined.

    Parameters
    ----------
    pieces
        The bytes of a file, in order.
    into
        Paths of the containers to walk into; whatever else is met comes out as one value. The document itself is
        the path ``()``, an element of an array ends in ``"[]"``.
    bound
        Longest single value, in characters.

    Attributes
    ----------
    broken : int
        Places where the text was no JSON; reading went on with the next document that begins a line.
    cut : bool
        Whether the text ends in the middle of a document.
    documents : int
        Documents met.

    Examples
    --------
    >>> walker = Walker([b'{"spans": [{"id": 1}, {"id"', b': 2}]}'], {(), ("spans",)})
    >>> [value for path, value in walker if path == ("spans", "[]")]
    [{'id': 1}, {'id': 2}]
    """

    def __init__(self, pieces: Iterator[bytes] | list[bytes], into: Collection[Path], bound: int = 1 << 24) -> None:
        self._pieces = iter(pieces)
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._into, self._bound = frozenset(into), bound
        self._text, self._at, self._over = "", 0, False
        self.broken = self.documents = 0
        self.cut = False

    def __iter__(self) -> Iterator[tuple[Path, Any]]:
        while self._blank():
            try:
                self.documents += 1
                if self._text[self._at] not in "{[":
                    raise _BrokenError
                yield from self._line() or self._value(())
            except EOFError:
                self.cut = True
                return
            except _BrokenError:
                self.broken += 1
                if not self._next_document():
                    return

    def _line(self) -> Iterator[tuple[Path, Any]] | None:
        """Decode a document that is there as one line at once: there may be very many small ones."""
        end = self._text.find("\n", self._at)
        if end < 0:
            return None
        try:
            value, self._at = _SCAN(self._text, self._at)
        except (ValueError, RecursionError):
            return None
        return self._walk((), value)

    def _walk(self, path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
        if path not in self._into or not isinstance(value, dict | list):
            yield path, value
            return
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from self._walk((*path, key), inner)
        else:
            each = (*path, EACH)
            if each in self._into:
                for inner in value:
                    yield from self._walk(each, inner)
            else:
                for inner in value:
                    yield each, inner
        yield path, END

    def _more(self, at_least: int = 1) -> bool:
        """Read on, and forget what is done with; False at the end."""
        if self._over:
            return False
        parts = [self._text[self._at :]]
        size, wanted = len(parts[0]), len(parts[0]) + at_least
        while size < wanted:
            piece = next(self._pieces, None)
            self._over = piece is None
            parts.append(self._decode(piece or b"", final=self._over))
            size += len(parts[-1])
            if self._over:
                break
        self._text, self._at = "".join(parts), 0
        return size > len(parts[0])

    def _blank(self) -> bool:
        """Step over blanks; False at the end of the text."""
        while True:
            match = _BLANK.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return True
            if not self._more():
                return False

    def _sign(self) -> str:
        if not self._blank():
            raise EOFError
        return self._text[self._at]

    def _value(self, path: Path) -> Iterator[tuple[Path, Any]]:
        sign = self._sign()
        if path not in self._into or sign not in "{[":
            yield path, self._whole()
            return
        self._at += 1
        yield from self._object(path) if sign == "{" else self._array((*path, EACH))
        yield path, END

    def _object(self, path: Path) -> Iterator[tuple[Path, Any]]:
        if self._sign() == "}":
            self._at += 1
            return
        while True:
            if self._sign() != '"':
                raise _BrokenError
            key = self._whole()
            if self._sign() != ":":
                raise _BrokenError
            self._at += 1
            yield from self._value((*path, key))
            if not self._goes_on("}"):
                return

    def _array(self, path: Path) -> Iterator[tuple[Path, Any]]:
        if self._sign() == "]":
            self._at += 1
            return
        inside = path in self._into
        while True:
            if inside:
                yield from self._value(path)
            else:
                self._sign()
                yield path, self._whole()
            if not self._goes_on("]"):
                return

    def _goes_on(self, end: str) -> bool:
        sign = self._sign()
        if sign not in ("," + end):
            raise _BrokenError
        self._at += 1
        return sign == ","

    def _whole(self) -> Any:
        """Decode one value; read on until all of it is there."""
        while True:
            try:
                value, end = _SCAN(self._text, self._at)
            except json.JSONDecodeError as error:
                unfinished = error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - _NEAR
                if not unfinished or len(self._text) - self._at > self._bound:
                    raise _BrokenError from None
                if not self._more(max(len(self._text) - self._at, 1 << 16)):
                    raise EOFError from None
                continue
            except (ValueError, RecursionError):  # a number of thousands of digits, a thousand brackets
                raise _BrokenError from None
            if end >= len(self._text) - 2 and isinstance(value, int | float) and not self._over:
                self._more()
                continue  # a number may go on in the next piece, after its point or its e+
            self._at = end
            return value

    def _next_document(self) -> bool:
        """Go to the next line that begins with a bracket."""
        while True:
            match = _NEXT_DOCUMENT.search(self._text, self._at)
            if match:
                self._at = match.end() - 1
                return True
            self._at = max(self._at, len(self._text) - 1)
            if not self._more():
                return False
