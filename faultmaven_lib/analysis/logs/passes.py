"""What is done with the words of lines once ``scan`` has read them: count their forms, hold them against patterns.

Compiled, too; but apart from ``scan``, whose code is not called here: nothing compiled here can be older than that.
"""

from __future__ import annotations

from faultmaven_lib.analysis.logs.scan import compiled, part
from faultmaven_lib.analysis.logs.text import Array, Forms


@part
def slot_of(key: int, slots: Array, keys: Array) -> int:
    """Return where a key is in a hash table, or the free slot where it would be."""
    mask = slots.size - 1
    slot = (key >> 20) & mask
    while slots[slot] >= 0 and keys[slots[slot]] != key:
        slot = (slot + 1) & mask
    return slot


@compiled
def count_forms(
    data: Array,
    offsets: Array,
    at: int,
    lines: int,
    first: Array,
    line_keys: Array,
    line_numbers: Array,
    form_of: Array,
    slots: Array,
    placed: int,
    forms: int,
    rows: Array,
    numbers_at: Array,
    numbers: Array,
) -> int:
    """Count the forms of so many lines, from the ``at``-th on; return how many forms there are now.

    ``slots`` is the hash table, where as many forms as ``placed`` are in; ``rows`` has for every form its key, that of
    its shape, how many lines it has, and the first of them in the order of ``_is_before``.
    """
    keys, shapes, counts, smallest = rows[0], rows[1], rows[2], rows[3]
    for form in range(placed, forms):
        slots[slot_of(keys[form], slots, keys)] = form
    for line in range(lines):
        key = line_keys[0, line]
        slot = slot_of(key, slots, keys)
        form = slots[slot]
        new = form < 0
        if new:
            form = forms
            slots[slot] = form
            keys[form] = key
            shapes[form] = line_keys[1, line]
            counts[form] = 0
            smallest[form] = at
            forms += 1
        k = numbers_at[form]
        if new or numbers_at[form + 1] > k:
            for i in range(first[line], first[line + 1]):
                number = line_numbers[i]
                if number:
                    numbers[k] = number if new or numbers[k] == number else 0
                    k += 1
            numbers_at[form + 1] = k
        counts[form] += 1
        best = smallest[form]
        if _is_before(data, offsets[at], offsets[at + 1], data, offsets[best], offsets[best + 1]):
            smallest[form] = at
        form_of[at] = form
        at += 1
    return forms


@part
def _is_before(data: Array, a: int, a_stop: int, others: Array, b: int, b_stop: int) -> bool:
    """Whether a line is shorter than another, or, of one length, its bytes come first."""
    if a_stop - a != b_stop - b:
        return bool(a_stop - a < b_stop - b)
    while a < a_stop:
        if data[a] != others[b]:
            return bool(data[a] < others[b])
        a += 1
        b += 1
    return False


@compiled
def keep_forms(  # noqa: PLR0912  # one pass
    more: Forms, at: int, kept: Forms, used: Array, slots: Array, placed: int, longest: int, most: int, room: int
) -> int:
    """Add forms from the ``at``-th on to those that are kept; return the first for which there is no room.

    Parameters
    ----------
    used
        How many forms are kept, how many bytes and how many numbers they have, and how often one came or got other
        numbers.
    slots
        The hash table, where as many forms as ``placed`` are in.
    longest
        Bytes kept of a line.
    most, room
        Bounds on forms, and on their bytes and numbers together.
    """
    rows, end, held = used[0], used[1], used[2]
    for row in range(placed, rows):
        slots[slot_of(kept.keys[row], slots, kept.keys)] = row
    while at < more.keys.size:
        start = more.starts[at]
        have = min(more.lengths[at], more.stops[at] - start)
        size = min(have, longest)
        number, last = more.number_starts[at], more.number_stops[at]
        slot = slot_of(more.keys[at], slots, kept.keys)
        row = slots[slot]
        smaller = row < 0
        if smaller:
            if rows >= most or end + size + 8 * (held + last - number) > room:
                break
            row = rows
            slots[slot] = row
            kept.keys[row] = more.keys[at]
            kept.shapes[row] = more.shapes[at]
            kept.counts[row] = 0
            kept.starts[row] = end
            kept.number_starts[row] = held
            end += size
            while number < last:
                kept.numbers[held] = more.numbers[number]
                held += 1
                number += 1
            kept.stops[row] = end
            kept.number_stops[row] = held
            rows += 1
            used[3] += 1
        else:
            for k in range(kept.number_starts[row], kept.number_stops[row]):
                if kept.numbers[k] and kept.numbers[k] != more.numbers[number]:
                    kept.numbers[k] = 0
                    used[3] += 1
                number += 1
            smaller = more.lengths[at] < kept.lengths[row] or (
                more.lengths[at] == kept.lengths[row]
                and _is_before(more.data, start, start + size, kept.data, kept.starts[row], kept.starts[row] + size)
            )
        kept.counts[row] += more.counts[at]
        if smaller:
            kept.lengths[row] = more.lengths[at]
            begin = kept.starts[row]
            for k in range(size):
                kept.data[begin + k] = more.data[start + k]
            for k in range(begin + size, kept.stops[row]):  # of a longer line; the reader leaves blanks at the end out
                kept.data[k] = 32
            blank = have > longest and _is_blank(more.data[start + longest - 1])
            while blank and have > longest:
                have -= 1
                if not _is_blank(more.data[start + have]):  # there was more behind the cut: it has to be seen
                    kept.data[begin + longest - 1] = 33
                    blank = False
        at += 1
    used[0], used[1], used[2] = rows, end, held
    return at


@part
def _is_blank(byte: int) -> bool:
    return byte == 32 or 9 <= byte <= 13


@compiled
def find_forms(keys: Array, slots: Array, kept_keys: Array, rows: Array) -> None:
    """Find which of the forms that are kept have these keys, -1 if none has."""
    for i in range(keys.size):
        rows[i] = slots[slot_of(keys[i], slots, kept_keys)]


@compiled
def first_of_each(group_of: Array, kept: Forms, first: Array) -> None:
    """Find of every group the form whose line is the first in the order of ``_is_before``; -1 stands for no group."""
    data = kept.data
    for row in range(group_of.size):
        group = group_of[row]
        if group >= 0:
            best = first[group]
            a, b = kept.starts[row], kept.starts[best]
            size = kept.lengths[row]
            if best < 0 or size < kept.lengths[best]:
                first[group] = row
            elif size == kept.lengths[best]:
                size = min(size, kept.stops[row] - a, kept.stops[best] - b)
                if _is_before(data, a, a + size, data, b, b + size):
                    first[group] = row


@compiled
def find_patterns(
    lines: int,
    first: Array,
    line_keys: Array,
    hashes: Array,
    numbers: Array,
    slots: Array,
    shapes: Array,
    pattern_at: Array,
    required: Array,
    required_numbers: Array,
    fits: Array,
) -> None:
    """Find for every line the first pattern of its shape it fits, -1 if there is none.

    Patterns are sorted by shape; word i of pattern p has to be ``required[pattern_at[p] + i]``, where that is not 0.
    """
    for line in range(lines):
        begin, end = first[line], first[line + 1] - 1
        shape = line_keys[1, line]
        fits[line] = -1
        pattern = slots[slot_of(shape, slots, shapes)]
        while 0 <= pattern < shapes.size and shapes[pattern] == shape:
            shift = pattern_at[pattern] - begin
            i = begin
            while i < end and (
                (required[shift + i] == 0 or required[shift + i] == hashes[i])
                and (required_numbers[shift + i] == 0 or required_numbers[shift + i] == numbers[i])
            ):
                i += 1
            if i == end:
                fits[line] = pattern
                break
            pattern += 1
