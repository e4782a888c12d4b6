"""What is asked of a column of lines."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]


def found(answers: pa.Array) -> Mask:
    """Return Arrow's answers as a mask; nothing is no."""
    if answers.null_count:
        answers = pc.fill_null(answers, False)
    mask: Mask = answers.to_numpy(zero_copy_only=False)
    return mask


def printable(lines: pa.Array) -> Mask:
    """Return which lines hold nothing but printable ASCII.

    RE2 and Python's regular expressions mean the same by a blank and a digit only there.
    """
    octets = _octets(lines)
    if not ((octets < 32) | (octets > 126)).any():
        return np.ones(len(lines), dtype=bool)
    return ~found(pc.match_substring_regex(lines, "[^ -~]"))


def holding(lines: pa.Array, part: str) -> Mask:
    """Return which lines hold a short text; where none does the search takes no time."""
    if part.encode() not in _octets(lines).tobytes():
        return np.zeros(len(lines), dtype=bool)
    return found(pc.match_substring(lines, part))


def _octets(lines: pa.Array) -> npt.NDArray[np.uint8]:
    """Return the bytes of all lines, one after the other."""
    first, last = np.frombuffer(lines.buffers()[1], "int64", len(lines) + 1, lines.offset * 8)[[0, -1]].tolist()
    return np.frombuffer(lines.buffers()[2], "uint8", last - first, first) if last > first else np.empty(0, "uint8")
