"""The forms of lines: lines with the same words and the same punctuation are one form.

A form is known by a 64-bit hash of its words and its shape, a shape by one of what stands between the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import numpy as np

from faultmaven_lib.analysis.logs.passes import count_forms
from faultmaven_lib.analysis.logs.rows import DATE, HOLE, Row, row_of
from faultmaven_lib.analysis.logs.scan import COMPOSITE, VALUE, read_lines
from faultmaven_lib.analysis.logs.scan import DATE as IS_DATE
from faultmaven_lib.analysis.logs.text import Array, Forms, Text, Words, room_for

_NUMBER = re.compile(r"[0-9\x01-\x1f\x7f]+")
_SPACES = re.compile(r"[ \t\n\v\f\r]+")
_BATCH, _BATCH_WORDS = 512, 16_384


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

    def forms(self, text: Text) -> Forms:
        """Return the forms with the lines that stand for them."""
        starts, stops = text.offsets[self.smallest], text.offsets[self.smallest + 1]
        at = self.numbers_at
        return Forms(
            self.keys, self.shapes, self.counts, stops - starts, starts, stops, at[:-1], at[1:], text.data, self.numbers
        )

    def disagree(self, forms: Array) -> Array:
        """Return which of these forms have lines with different numbers."""
        zeros = np.r_[0, np.cumsum(self.numbers == 0)]
        return np.asarray(zeros[self.numbers_at[forms + 1]] > zeros[self.numbers_at[forms]])


def scan(text: Text, limit: int) -> Scan:
    """Find the forms of all lines, looking at so many bytes of each."""
    form_of = np.empty(len(text.offsets) - 1, np.int32)
    forms = placed = 0
    rows, slots = np.empty((4, 0), np.int64), np.empty(0, np.int32)
    numbers_at, numbers = np.zeros(1, np.int64), np.empty(0, np.int64)
    for at, lines, first, keys, words in read_batches(text, np.arange(len(form_of)), limit):
        if forms + lines > rows.shape[1]:
            rows = np.concatenate((rows, np.empty((4, forms + _BATCH), np.int64)), axis=1)
            numbers_at = np.concatenate((numbers_at, np.empty(forms + _BATCH, np.int64)))
            slots, placed = np.full(_power(4 * rows.shape[1]), -1, np.int32), 0
        if numbers_at[forms] + first[lines] > len(numbers):
            numbers = np.concatenate((numbers, np.empty(len(numbers) + len(words.starts), np.int64)))
        forms = placed = count_forms(
            text.data,
            text.offsets,
            at,
            lines,
            first,
            keys,
            words.numbers,
            form_of,
            slots,
            placed,
            forms,
            rows,
            numbers_at,
            numbers,
        )
    keys, shapes, counts, smallest = rows[:, :forms]
    return Scan(form_of, keys, shapes, counts, smallest, numbers_at[: forms + 1], numbers[: numbers_at[forms]])


def _power(size: int) -> int:
    return 1 << size.bit_length()


def read_batches(text: Text, chosen: Array, limit: int) -> Iterator[tuple[int, int, Array, Array, Words]]:
    """Read the chosen lines in batches, small enough to stay in the processor's cache.

    Yields
    ------
    at, lines, first, keys, words
        Which of the lines is the first of the batch, and how many it has; for the rest see ``scan.read_lines``. They
        are written over by the next batch.
    """
    first, keys = np.zeros(_BATCH + 1, np.int64), np.empty((2, _BATCH), np.int64)
    words = room_for(_BATCH_WORDS + 2 * limit)
    at = 0
    while at < len(chosen):
        after = read_lines(text.data, text.offsets, chosen, at, limit, first, keys, words)
        yield at, after - at, first, keys, words
        at = after


@dataclass(slots=True)
class Form:
    """The words of a form."""

    key: int
    shape: int
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

    def told(self, numbers: Array) -> Form:
        """Return the form with other numbers, those of its numbered words as in ``Scan``."""
        found = replace(self, numbers=self.numbers.copy(), row=None)
        found.numbers[list(self.numbered)] = numbers
        return found

    def has(self, numbers: Array) -> bool:
        """Whether these are the numbers of its numbered words."""
        return not self.numbered or bool((self.numbers[list(self.numbered)] == numbers).all())


def read_forms(text: Text, chosen: Array, limit: int) -> Iterator[Form]:
    """Return the form of every chosen line, as if there was no other line of it."""
    gaps_of: dict[int, tuple[str, ...]] = {}
    for at, lines, first, keys, words in read_batches(text, chosen, limit):
        firsts = first[: lines + 1].tolist()
        n = firsts[-1]
        starts, ends, kinds = words.starts[:n].tolist(), words.ends[:n].tolist(), words.kinds[:n].tobytes()
        is_value = words.kinds[:n] & VALUE != 0
        hashes, numbers = words.hashes[:n].copy(), words.numbers[:n].copy()
        rare = iter([*np.flatnonzero(words.kinds[:n] & ~np.uint8(VALUE)).tolist(), n])
        i = next(rare)
        for line in range(lines):
            number, shape = int(chosen[at + line]), int(keys[1, line])
            begin, stop = firsts[line], firsts[line + 1] - 1
            said, base = _decoded(text, number)
            pieces = [
                HOLE if kind == VALUE else said[a - base : b - base]
                for a, b, kind in zip(starts[begin:stop], ends[begin:stop], kinds[begin:stop], strict=True)
            ]
            spoken = cast("list[str]", pieces) if isinstance(said, str) else [_text(piece) for piece in pieces]
            numbered = []
            while i < stop:
                if kinds[i] & IS_DATE:
                    spoken[i - begin] = DATE
                elif kinds[i] & COMPOSITE:
                    left = words.masked[words.bounds[i] : words.bounds[i + 1]]
                    spoken[i - begin] = left.tobytes().decode("utf-8", "replace")
                else:
                    numbered.append(i - begin)
                i = next(rare)
            gaps = gaps_of.get(shape)
            if gaps is None:
                gaps = gaps_of[shape] = tuple(_gaps(said, base, starts[begin : stop + 1], ends[begin : stop + 1]))
            yield Form(
                key=int(keys[0, line]),
                shape=shape,
                words=tuple(spoken),
                gaps=gaps,
                values=is_value[begin:stop],
                hashes=hashes[begin:stop],
                numbers=numbers[begin:stop],
                numbered=tuple(numbered),
            )


def read_raw(text: Text, chosen: Array, limit: int) -> Iterator[tuple[list[str], list[str]]]:
    """Return the words of every chosen line as they stand there, and what stands between them."""
    for at, lines, first, _, words in read_batches(text, chosen, limit):
        firsts = first[: lines + 1].tolist()
        starts, ends = words.starts[: firsts[-1]].tolist(), words.ends[: firsts[-1]].tolist()
        for line in range(lines):
            begin, end = firsts[line], firsts[line + 1]
            said, base = _decoded(text, int(chosen[at + line]))
            spoken = [_text(said[a - base : b - base]) for a, b in zip(starts[begin:end], ends[begin:end], strict=True)]
            yield spoken[:-1], _gaps(said, base, starts[begin:end], ends[begin:end])


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
    out[0] = out[0].lstrip(" ")
    out[-1] = out[-1].rstrip(" ")  # the same one, in a line without words
    return out
