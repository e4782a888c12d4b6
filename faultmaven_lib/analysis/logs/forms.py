"""The forms of lines: lines with the same words and the same punctuation are one form.

A form is known by a 64-bit hash of its words and its shape, a shape by one of what stands between the words.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from faultmaven_lib.analysis.logs.scan import count_forms, read_words
from faultmaven_lib.analysis.logs.text import Array, Buffers, Text, buffers


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


class Words(NamedTuple):
    """The words of some lines, one after the other (see ``Buffers``); those of line i start at ``first[i]``."""

    first: Array
    words: Buffers


def words_of(text: Text, chosen: Array, limit: int) -> Words:
    """Return the words of the chosen lines."""
    lengths = np.minimum(text.offsets[chosen + 1] - text.offsets[chosen], limit) + 3
    first = np.zeros(len(chosen) + 1, np.int64)
    words = buffers(int(lengths.sum()))
    n = read_words(text.data, text.offsets, chosen, limit, buffers(limit), first, words)
    return Words(first, Buffers(*(column[: n + 1] for column in words)))
