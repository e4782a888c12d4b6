"""The forms of lines: lines with the same words and the same punctuation are one form.

A form is known by a 64-bit hash of its words and its shape, a shape by one of what stands between the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from faultmaven_lib.analysis.logs.rows import DATE, HOLE, Row, row_of
from faultmaven_lib.analysis.logs.scan import COMPOSITE, NUMBERED, VALUE, count_forms, read_words
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
    """The line of every form that comes first in the order of bytes: whatever the order of the lines, the same."""
    numbers_at: Array
    numbers: Array
    """``numbers[numbers_at[f] : numbers_at[f + 1]]`` are those in numbered words; 0 where the lines disagree."""


def scan(text: Text, limit: int) -> Scan:
    """Find the forms of all lines, looking at so many bytes of each."""
    lines = len(text.offsets) - 1
    form_of = np.empty(lines, np.int32)
    room = buffers(limit)
    size, line, forms = 1 << 12, 0, 0
    rows = np.empty((4, size), np.int64)
    numbers_at, numbers = np.zeros(size + 1, np.int64), np.empty(max(size, limit), np.uint64)
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
    return Scan(
        form_of, keys.view(np.uint64), shapes.view(np.uint64), counts, smallest, numbers_at[: forms + 1], numbers
    )


@dataclass(slots=True)
class Form:
    """What is kept of all lines of one form."""

    key: int
    shape: int
    count: int
    example: str
    raw: tuple[str, ...]
    """The words of one line as they stand there."""
    words: tuple[str, ...]
    """The same, ``HOLE`` for values and ``DATE`` for dates."""
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

    def add(self, count: int, example: str, numbers: Array) -> None:
        """Count more lines of the form; ``numbers`` as in ``Scan``, those of numbered words only."""
        self.count += count
        self.example = min(self.example, example)
        for i, number in zip(self.numbered, numbers, strict=True):
            if self.numbers[i] != number and self.numbers[i]:
                self.numbers[i] = 0
                self.row = None


def example_of(text: Text, line: int) -> str:
    """Return a line as it is shown: its beginning."""
    return text.line(line)[: 4 * _EXAMPLE_LENGTH].decode("utf-8", "replace")[:_EXAMPLE_LENGTH]


def read_forms(text: Text, chosen: Array, limit: int) -> Iterator[Form]:
    """Return the form of every chosen line, as if there was no other line of it."""
    lengths = np.minimum(text.offsets[chosen + 1] - text.offsets[chosen], limit) + 3
    first = np.zeros(len(chosen) + 1, np.int64)
    line = buffers(int(lengths.sum()))
    read_words(text.data, text.offsets, chosen, limit, buffers(limit), first, line)
    starts, ends, kinds, bounds = (x.tolist() for x in (line.starts, line.ends, line.kinds, line.bounds))
    masked = line.masked.tobytes()
    is_value = line.kinds & VALUE != 0
    spaced: dict[str, str] = {}
    for number, begin, stop in zip(chosen.tolist(), first.tolist(), (first[1:] - 1).tolist(), strict=False):
        base = int(text.offsets[number])
        data = text.line(number)
        plain = data.decode("ascii") if data.isascii() else None
        raw, words, gaps, numbered = [], [], [], []
        at = 0
        for i in range(begin, stop + 1):
            start, end, kind = starts[i] - base, ends[i] - base, kinds[i]
            gap = plain[at:start] if plain is not None else data[at:start].decode("utf-8", "replace")
            if len(gap) > 1 or gap not in " =:,":
                known = spaced.get(gap)
                if known is None:
                    known = spaced[gap] = _SPACES.sub(" ", gap)
                gap = known
            gaps.append(gap)
            at = end
            word = plain[start:end] if plain is not None else data[start:end].decode("utf-8", "replace")
            raw.append(word)
            if kind & VALUE:
                words.append(DATE if kind & IS_DATE else HOLE)
                continue
            if kind & COMPOSITE:
                word = masked[bounds[i] : bounds[i + 1]].decode("utf-8", "replace")
            elif kind & NUMBERED:
                numbered.append(i - begin)
            words.append(word)
        gaps[0], gaps[-1] = gaps[0].lstrip(" "), gaps[-1].rstrip(" ")
        yield Form(
            key=0,
            shape=0,
            count=1,
            example="",
            raw=tuple(raw[:-1]),
            words=tuple(words[:-1]),
            gaps=tuple(gaps),
            values=is_value[begin:stop],
            hashes=line.hashes[begin:stop],
            numbers=line.numbers[begin:stop].copy(),
            numbered=tuple(numbered),
        )
