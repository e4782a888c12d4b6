"""A bank of forms: their counts, and a line of each, in a few arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from faultmaven_lib.analysis.logs.passes import find_forms, first_of_each, keep_forms
from faultmaven_lib.analysis.logs.text import Array, Forms, Text, fixed

_BYTES = 512
"""Room for the line of a form and its numbers, on average."""
_EXAMPLE = 300
"""Characters of a line that are shown."""


class Bank:
    """Forms, each with the number of its lines and the shortest of them (of one length, the first in order of bytes).

    What is in it does not depend on the order in which the forms came.

    Parameters
    ----------
    most
        Forms that are kept. Their lines are kept in 512 bytes each, on average.
    limit
        Bytes of a line that are looked at.
    """

    def __init__(self, most: int, limit: int) -> None:
        self.most, self.limit = most, limit
        self.longest = max(limit, 4 * _EXAMPLE) + 1
        """Bytes kept of a line: one more than is looked at says that there was more."""
        self.room = max(most * _BYTES, 4 * (self.longest + 8 * limit))
        self._kept = _empty(0, 0, 0)
        self._slots = np.full(1024, -1, np.int32)
        self._placed = 0
        self._used = np.zeros(4, np.int64)

    def __len__(self) -> int:
        return int(self._used[0])

    @property
    def changes(self) -> int:
        """How often a form came, or its numbers changed."""
        return int(self._used[3])

    @property
    def bytes(self) -> int:
        """Of lines and numbers together."""
        return int(self._used[1] + 8 * self._used[2])

    @property
    def forms(self) -> Forms:
        """What is kept: views, good until more is added."""
        rows, end, held, _ = self._used.tolist()
        columns = [column[:rows] for column in self._kept[:-2]]
        return Forms._make([*columns, fixed(self._kept.data[:end]), self._kept.numbers[:held]])

    @property
    def text(self) -> Text:
        """The lines, one a form."""
        rows, end = len(self), int(self._used[1])
        return Text(self.forms.data, fixed(np.r_[self._kept.starts[:rows], end]))

    def add(self, more: Forms, at: int = 0) -> int:
        """Add forms from the ``at``-th on; return the first for which there is no room."""
        rows, end, held, _ = self._used.tolist()
        coming = len(more.keys) - at
        size = np.minimum(more.lengths[at:], self.longest).sum()
        numbers = (more.number_stops[at:] - more.number_starts[at:]).sum()
        self._make_room(min(rows + coming, self.most), min(end + size, self.room), min(held + numbers, self.room // 8))
        at = keep_forms(more, at, self._kept, self._used, self._slots, self._placed, self.longest, self.most, self.room)
        self._placed = len(self)
        return at

    def keep(self, rows: Array) -> None:
        """Drop all forms but these."""
        kept = rows_of(self.forms, rows)
        before = self.changes
        self._kept, self._placed = _empty(0, 0, 0), 0
        self._slots = np.full(1024, -1, np.int32)
        self._used = np.array([0, 0, 0, before + 1], np.int64)
        self.add(kept)

    def find(self, keys: Array) -> Array:
        """Return the rows of the forms with these keys, -1 where there is none."""
        rows = np.full(len(keys), -1, np.int32)
        if len(self):
            find_forms(keys, self._slots, self._kept.keys, rows)
        return rows

    def disagree(self, rows: Array) -> Array:
        """Return which of these forms have lines with different numbers in numbered words."""
        forms = self.forms
        zeros = np.r_[0, np.cumsum(forms.numbers == 0)]
        return np.asarray(zeros[forms.number_stops[rows]] > zeros[forms.number_starts[rows]])

    def first_of(self, group_of: Array, groups: int) -> Array:
        """Return for every group the form with the shortest line (of one length, the first in the order of bytes)."""
        first = np.full(groups, -1, np.int64)
        first_of_each(group_of, self.forms, first)
        return first

    def example(self, row: int) -> str:
        """Return the beginning of the line of a form."""
        start = int(self._kept.starts[row])
        size = min(int(self._kept.lengths[row]), int(self._kept.stops[row]) - start, 4 * _EXAMPLE)
        return str(self._kept.data[start : start + size].tobytes().decode("utf-8", "replace")[:_EXAMPLE])

    def _make_room(self, rows: int, size: int, numbers: int) -> None:
        have = self._kept
        if rows > len(have.keys) or size > len(have.data) or numbers > len(have.numbers):
            wider = _empty(
                *(
                    max(wanted, min(2 * len(column), most)) if wanted > len(column) else len(column)
                    for wanted, column, most in (
                        (rows, have.keys, self.most),
                        (size, have.data, self.room),
                        (numbers, have.numbers, self.room // 8),
                    )
                )
            )
            for old, new in zip(self.forms, wider, strict=True):
                new[: len(old)] = old
            self._kept = wider
        if 2 * rows > len(self._slots):
            self._slots = np.full(1 << (4 * rows - 1).bit_length(), -1, np.int32)
            self._placed = 0

    def __getstate__(self) -> dict[str, Any]:
        kept = Forms._make(column.copy() for column in self.forms)
        return self.__dict__ | {"_kept": kept, "_slots": None, "_placed": 0}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._kept = Forms._make(np.require(column, requirements="W") for column in self._kept)
        self._used = np.require(self._used, requirements="W")
        self._slots = np.full(1024, -1, np.int32)
        self._make_room(len(self), 0, 0)
        self.add(rows_of(self.forms, np.zeros(0, np.int64)))  # into the hash table


def rows_of(forms: Forms, rows: Array) -> Forms:
    """Return some of the forms."""
    return Forms._make([*(column[rows] for column in forms[:-2]), forms.data, forms.numbers])


def _empty(rows: int, size: int, numbers: int) -> Forms:
    columns = np.empty((8, rows), np.int64)
    return Forms._make([*columns, np.empty(size, np.uint8), np.empty(numbers, np.int64)])
