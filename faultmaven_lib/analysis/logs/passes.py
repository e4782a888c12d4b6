"""What is done with the words of lines once ``scan`` has read them: count their forms, hold them against patterns.

Compiled, too; but apart from ``scan``, whose code is not called here: nothing compiled here can be older than that.
"""

from __future__ import annotations

from faultmaven_lib.analysis.logs.scan import compiled, part
from faultmaven_lib.analysis.logs.text import Array


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
        if _is_before(data, offsets[at], offsets[at + 1], offsets[best], offsets[best + 1]):
            smallest[form] = at
        form_of[at] = form
        at += 1
    return forms


@part
def _is_before(data: Array, a: int, a_stop: int, b: int, b_stop: int) -> bool:
    """Whether a line is shorter than another, or, of one length, its bytes come first."""
    if a_stop - a != b_stop - b:
        return bool(a_stop - a < b_stop - b)
    while a < a_stop:
        if data[a] != data[b]:
            return bool(data[a] < data[b])
        a += 1
        b += 1
    return False


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
