"""Lines as one buffer of bytes: from lists, Series, and Arrow without a copy where none is needed; room for words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

Array = np.ndarray[Any, Any]


class Text(NamedTuple):
    """Lines in UTF-8: line i is ``data[offsets[i]:offsets[i + 1]]``.

    Neither can be written to: compiled code is for the one kind of arrays or the other.
    """

    data: Array
    offsets: Array

    def line(self, i: int) -> bytes:
        """Return the bytes of a line."""
        return self.data[self.offsets[i] : self.offsets[i + 1]].tobytes()


class Words(NamedTuple):
    """The words of lines, one after the other: word i is ``[starts[i], ends[i])`` in the text.

    ``numbers[i]`` is the hash of the number in a numbered word, and ``masked[bounds[i]:bounds[i + 1]]`` is what is
    left of a composite word, NUL for its place.
    """

    starts: Array
    ends: Array
    bounds: Array
    hashes: Array
    numbers: Array
    kinds: Array
    masked: Array
    found: Array
    """Kind, hash and number of the word that is being read."""


class Forms(NamedTuple):
    """Forms of lines, a row each.

    The bytes of the line that stands for a form are ``data[starts[f]:stops[f]]``. Where fewer are kept than it has
    (``lengths``), it was cut; where more, there are blanks behind it.
    """

    keys: Array
    shapes: Array
    counts: Array
    lengths: Array
    starts: Array
    stops: Array
    number_starts: Array
    number_stops: Array
    data: Array
    numbers: Array
    """``numbers[number_starts[f]:number_stops[f]]`` are those in numbered words; 0 where the lines disagree."""


def room_for(size: int) -> Words:
    """Return room for the words of so many bytes."""
    columns = [np.empty(size, kind) for kind in [np.int64] * 5 + [np.uint8] * 2]
    return Words._make([*columns, np.zeros(3, np.int64)])


def text_of(lines: Iterable[Any]) -> Text:
    """Encode lines (a list, a Series, a numpy or Arrow array of strings); what is missing counts as empty.

    Examples
    --------
    >>> text_of(["disk full", "ok"]).line(0)
    b'disk full'
    """
    array = _arrow(lines)
    if array.null_count:
        array = array.fill_null("")
    array = array.cast(pa.large_string())
    _, offsets, data = array.buffers()
    if not len(array) or offsets is None:
        return Text(fixed(np.zeros(1, np.uint8)), fixed(np.zeros(len(array) + 1, np.int64)))
    at = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    some = data is not None and data.size
    return Text(fixed(np.frombuffer(data, np.uint8) if some else np.zeros(1, np.uint8)), fixed(at))


def fixed(array: Array) -> Array:
    """Return a view that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


def _arrow(lines: Iterable[Any]) -> Any:
    if isinstance(lines, pa.ChunkedArray):
        return lines.combine_chunks() if lines.num_chunks != 1 else lines.chunk(0)
    if isinstance(lines, pa.Array):
        return lines
    stored = getattr(lines, "array", lines)  # a Series has its data there
    if hasattr(stored, "__arrow_array__"):  # pandas' own strings are Arrow's
        return _arrow(stored.__arrow_array__())
    values = lines if isinstance(lines, list) else list(lines)
    try:
        return pa.array(values, type=pa.large_string(), from_pandas=True)
    except UnicodeEncodeError:  # half of a surrogate pair: no UTF-8 says it
        return pa.array([_printable(v) for v in values], type=pa.large_string(), from_pandas=True)


def _printable(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
