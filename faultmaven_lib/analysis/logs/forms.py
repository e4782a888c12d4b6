"""The forms of lines: lines with the same words and the same punctuation are one form.

A form is known by a 64-bit hash of its words and its shape, a shape by one of what stands between the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import numpy as np

from faultmaven_lib.analysis.logs.rows import DATE, HOLE, Row, row_of
from faultmaven_lib.analysis.logs.scan import COMPOSITE, VALUE, count_forms, read_words
from faultmaven_lib.analysis.logs.scan import DATE as IS_DATE
from faultmaven_lib.analysis.logs.text import Array, Buffers, Text, buffers

_NUMBER = re.compile(r"[0-9\x01-\x1f\x7f]+")
_SPACES = re.compile(r"[ \t\n\v\f\r]+")
_EXAMPLE_LENGTH = 300


class Scan(NamedTuple):
    """The forms of some lines."""

    form_of: Array
    """Form of every line."""
    keys: Array
    shapes: Array
    counts: Array
    smallest: Array
    """The shortest line of every form (of those of one length, the first in the order of bytes)."""
    numbers_at: Array
    numbers: Array
    """``numbers[numbers_at[f] : numbers_at[f + 1]]`` are those in numbered words; 0 where the lines disagree."""

    def numbers_of(self, form: int) -> Array:
        """Return the numbers of a form."""
        return self.numbers[self.numbers_at[form] : self.numbers_at[form + 1]]

    def disagree(self, forms: Array) -> Array:
        """Return which of these forms have lines with different numbers."""
        zeros = np.r_[0, np.cumsum(self.numbers == 0)]
        return np.asarray(zeros[self.numbers_at[forms + 1]] > zeros[self.numbers_at[forms]])


def scan(text: Text, limit: int) -> Scan:
    """Find the forms of all lines, looking at so many bytes of each."""
    lines = len(text.offsets) - 1
    form_of = np.empty(lines, np.int32)
    room = buffers(limit)
    size, line, forms = 1 << 12, 0, 0
    rows = np.empty((4, size), np.int64)
    numbers_at, numbers = np.zeros(size + 1, np.int64), np.empty(max(size, limit), np.int64)
    while line < lines:
        slots = np.full(4 * rows.shape[1], -1, np.int32)
        line, forms = count_forms(
            text.data,
            text.offsets,
            line,
            limit,
            room,
            form_of,
            slots,
            forms,
            rows,
            numbers_at,
            numbers,
        )
        if line < lines:
            rows = np.concatenate((rows, np.empty_like(rows)), axis=1)
            numbers_at = np.concatenate((numbers_at, np.empty_like(numbers_at)))
            numbers = np.concatenate((numbers, np.empty_like(numbers)))
    keys, shapes, counts, smallest = rows[:, :forms]
    numbers = numbers[: numbers_at[forms]]
    return Scan(form_of, keys, shapes, counts, smallest, numbers_at[: forms + 1], numbers)


Example = tuple[int, str]


@dataclass(slots=True)
class Form:
    """What is kept of all lines of one form."""

    key: int
    shape: int
    count: int
    example: Example
    """Of its shortest line."""
    words: tuple[str, ...]
    """``HOLE`` for values, ``DATE`` for dates, the others as they stand in one of the lines."""
    gaps: tuple[str, ...]
    """What stands before every word and behind the last, white space runs as one space."""
    values: Array
    """Which words are values."""
    hashes: Array
    numbers: Array
    """Hash of the number in a numbered word; 0 for other words, and where the lines disagree."""
    numbered: tuple[int, ...] = ()
    """Which words are numbered."""
    row: Row | None = None

    def joined(self) -> Row:
        """Return the row of the form."""
        if self.row is None:
            words, texts = list(self.words), list(self.words)
            for i in self.numbered:
                words[i] = _NUMBER.sub(HOLE, words[i])
                if not self.numbers[i]:
                    texts[i] = words[i]
            self.row = row_of(words, texts, self.gaps)
        return self.row

    def copy(self) -> Form:
        """Return a form that can be added to on its own."""
        return replace(self, numbers=self.numbers.copy())

    def add(self, count: int, example: Example, numbers: Array) -> bool:
        """Count more lines of the form; return whether its row is another now.

        ``numbers`` are those of its numbered words, as in ``Scan``.
        """
        self.count += count
        self.example = min(self.example, example)
        for i, number in zip(self.numbered, numbers, strict=True):
            if self.numbers[i] != number and self.numbers[i]:
                self.numbers[i] = 0
                self.row = None
        return self.row is None


def example_of(text: Text, line: int) -> Example:
    """Return the length of a line in bytes, and its beginning."""
    data = text.line(line)
    return len(data), data[: 4 * _EXAMPLE_LENGTH].decode("utf-8", "replace")[:_EXAMPLE_LENGTH]


def read_forms(text: Text, chosen: Array, shapes: Array, limit: int) -> Iterator[Form]:
    """Return the form of every chosen line, as if there was no other line of it."""
    first, line = words_of(text, chosen, limit)
    starts, ends, bounds, kinds = line.starts.tolist(), line.ends.tolist(), line.bounds, line.kinds.tobytes()
    masked = line.masked.tobytes()
    values = line.kinds & VALUE != 0
    rare = np.flatnonzero(line.kinds & ~np.uint8(VALUE)).tolist()
    gaps_of: dict[int, tuple[str, ...]] = {}
    at = 0
    for number, shape, begin, end in zip(
        chosen.tolist(), shapes.tolist(), first[:-1].tolist(), first[1:].tolist(), strict=True
    ):
        said, base = _decoded(text, number)
        stop = end - 1
        words = [
            HOLE if kind == VALUE else said[a - base : b - base]
            for a, b, kind in zip(starts[begin:stop], ends[begin:stop], kinds[begin:stop], strict=True)
        ]
        if isinstance(said, bytes):
            words = [_text(word) for word in words]
        numbered = []
        while at < len(rare) and rare[at] < stop:
            i = rare[at]
            at += 1
            if kinds[i] & IS_DATE:
                words[i - begin] = DATE
            elif kinds[i] & COMPOSITE:
                words[i - begin] = masked[bounds[i] : bounds[i + 1]].decode("utf-8", "replace")
            else:
                numbered.append(i - begin)
        gaps = gaps_of.get(shape)
        if gaps is None:
            gaps = gaps_of[shape] = tuple(_gaps(said, base, starts[begin:end], ends[begin:end]))
        yield Form(
            key=0,
            shape=shape,
            count=0,
            example=example_of(text, number),
            words=tuple(cast("list[str]", words)),
            gaps=gaps,
            values=values[begin:stop],
            hashes=line.hashes[begin:stop],
            numbers=line.numbers[begin:stop],
            numbered=tuple(numbered),
        )


def read_raw(text: Text, chosen: Array, limit: int) -> Iterator[tuple[list[str], list[str]]]:
    """Return the words of every chosen line as they stand there, and what stands between them."""
    first, line = words_of(text, chosen, limit)
    starts, ends = line.starts.tolist(), line.ends.tolist()
    for number, begin, end in zip(chosen.tolist(), first[:-1].tolist(), first[1:].tolist(), strict=True):
        said, base = _decoded(text, number)
        words = [said[a - base : b - base] for a, b in zip(starts[begin : end - 1], ends[begin : end - 1], strict=True)]
        yield (
            [_text(word) for word in words],
            _gaps(said, base, starts[begin:end], ends[begin:end]),
        )


def words_of(text: Text, chosen: Array, limit: int) -> tuple[Array, Buffers]:
    """Return the words of the chosen lines, one after the other, and where those of each line start."""
    lengths = np.minimum(text.offsets[chosen + 1] - text.offsets[chosen], limit) + 3
    first = np.zeros(len(chosen) + 1, np.int64)
    words = buffers(int(lengths.sum()))
    n = read_words(text.data, text.offsets, chosen, limit, buffers(limit), first, words)
    return first, words._replace(
        **{name: getattr(words, name)[: n + 1] for name in words._fields[:7]}, masked=words.masked[: words.bounds[n]]
    )


def _decoded(text: Text, number: int) -> tuple[str | bytes, int]:
    """Return a line, and where it starts: in characters if those are bytes, or else in bytes."""
    data = text.line(number)
    return data.decode("ascii") if data.isascii() else data, int(text.offsets[number])


def _text(word: str | bytes) -> str:
    return word if isinstance(word, str) else word.decode("utf-8", "replace")


def _gaps(said: str | bytes, base: int, starts: list[int], ends: list[int]) -> list[str]:
    out = []
    at = 0
    for start, end in zip(starts, ends, strict=True):
        out.append(_SPACES.sub(" ", _text(said[at : start - base])))
        at = end - base
    out[0], out[-1] = out[0].lstrip(" "), out[-1].rstrip(" ")
    return out
