"""Lines to keys, in one pass over their bytes: what must run for every line is compiled, and only this.

A line is read as words and what stands between them (white space and the punctuation in ``_BETWEEN``). A word is

- *plain*: it has no digit and is no path;
- a *value*: a number and all that is written with it (``12ms``, ``10.0.0.1``, ``0x1f``), a path, a word of
  ``_VALUES``, nothing between a pair of brackets, a name with several numbers in it (``R30-M0-N9``);
- *composite*: a name with one number, which is a place in the word: ``blk_<*>``, ``core.<*>``, ``CPU#<*>``;
- *numbered*: letters with one short number, ``ssh2``, ``eth0``, ``x86``: only the lines can tell whether that number
  is part of the name, so its digits are left out of the key and compared on the way.

Lines with one key are one *form*. Keys are 64-bit FNV-1a hashes (Fowler, Noll and Vo, 1991) with a final mix.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

Array = np.ndarray[Any, Any]
PLAIN, VALUE, COMPOSITE, NUMBERED, CUT = 0, 1, 2, 4, 8

_BETWEEN = ",;=:()[]{}\"'|<>@&?!`"
_VALUES = "true false True False TRUE FALSE null NULL nil None root admin undefined NaN N/A".split()
_WORD, _DIGIT, _MARK, _SPACE, _LETTER, _HEX = 0, 1, 2, 3, 4, 5
_BASIS = np.uint64(14695981039346656037)
_PRIME = np.uint64(1099511628211)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_32 = np.uint64(32)
_ONE = np.uint64(1)
_IS_VALUE = np.uint64(0xA5A5A5A5A5A5A5A5)


def _classes() -> Array:
    """Class of every byte: NUL counts as a digit, so that it always ends up in a value."""
    out = np.full(256, _WORD, dtype=np.uint8)
    for byte in range(256):
        if chr(byte).isascii() and chr(byte).isalpha():
            out[byte] = _HEX if chr(byte) in "abcdefABCDEF" else _LETTER
        elif byte >= 128:
            out[byte] = _LETTER
    out[[0, *b"0123456789"]] = _DIGIT
    out[list(_BETWEEN.encode())] = _MARK
    out[[9, 10, 11, 12, 13, 32]] = _SPACE
    return out


def _hash_of(word: str) -> Any:
    h = int(_BASIS)
    for byte in word.encode():
        h = (h ^ byte) * int(_PRIME) % 2**64
    return np.uint64(h)


def _value_words() -> Array:
    """Hashes of the words that are values, each at the place its last bits name."""
    table = np.zeros(1024, dtype=np.uint64)
    for word in _VALUES:
        h = _hash_of(word)
        assert not table[int(h) & 1023], word
        table[int(h) & 1023] = h
    return table


CLASSES = _classes()
VALUE_WORDS = _value_words()


@numba.njit(cache=True, nogil=True)
def _word(data, start, end, classes, at, kinds, hashes, raws, masked, used):  # type: ignore[no-untyped-def]
    """Classify a word that has a digit; write what is left of it to ``masked``, return how much is used of that."""
    i = start
    while i < end and (data[i] == 43 or data[i] == 45 or data[i] == 46 or data[i] == 36 or data[i] == 126):  # +-.$~
        i += 1
    kinds[at] = VALUE
    hashes[at] = _IS_VALUE
    raws[at] = 0
    first = data[start]
    if i == end or classes[data[i]] == _DIGIT or first == 47 or first == 92:
        return used
    h = _BASIS
    raw = _BASIS
    after_hole = _BASIS
    since = -1  # bytes since the last place, if they are nothing but separators
    holes = 0
    numbered = 0
    out = used
    out_after_hole = used
    i = start
    while i < end:
        c = classes[data[i]]
        if c == _WORD:
            if data[i] == 45 and i > start and data[i - 1] == 95 and i + 1 < end and classes[data[i + 1]] == _DIGIT:
                i += 1  # the sign in blk_-17
                continue
            h = (h ^ np.uint64(data[i])) * _PRIME
            masked[out] = data[i]
            out += 1
            if since >= 0 and (data[i] == 45 or data[i] == 46 or data[i] == 95) and since < 2:
                since += 1
            else:
                since = -1
            i += 1
            continue
        j = i
        digits = 0
        runs = 0
        hexadecimal = True
        before = 0
        while j < end:
            d = classes[data[j]]
            if d == _WORD:
                break
            if d == _DIGIT:
                digits += 1
                if before != _DIGIT:
                    runs += 1
            elif d == _LETTER:
                hexadecimal = False
            before = d
            j += 1
        if digits == 0 or (
            c != _DIGIT and runs == 1 and digits <= 3 and (not hexadecimal or j - i <= 4) and data[i] != 0
        ):
            for k in range(i, j):
                masked[out] = data[k]
                out += 1
                if classes[data[k]] == _DIGIT:
                    raw = (raw ^ np.uint64(data[k])) * _PRIME
                    h = (h ^ np.uint64(256)) * _PRIME if classes[data[k - 1]] != _DIGIT else h
                else:
                    h = (h ^ np.uint64(data[k])) * _PRIME
            if digits:
                raw = (raw ^ np.uint64(257)) * _PRIME
                numbered += 1
            since = -1
        elif since >= 0:  # 4-17-2: numbers with a separator between them are one place
            h = after_hole
            out = out_after_hole
            since = 0
        else:
            h = (h ^ np.uint64(258)) * _PRIME
            masked[out] = 0
            out += 1
            holes += 1
            after_hole = h
            out_after_hole = out
            since = 0
        i = j
    if holes > 1:
        return used
    kinds[at] = (COMPOSITE if holes else PLAIN) | (NUMBERED if numbered else PLAIN)
    hashes[at] = h
    raws[at] = raw if numbered else 0
    return out


@numba.njit(cache=True, nogil=True)
def _tokens(data, begin, stop, limit, classes, value_words, starts, ends, kinds, hashes, raws, gaps, masked, bounds):  # type: ignore[no-untyped-def]
    """Read one line; return how many words it has. ``gaps[i]`` is the hash of what stands before word i."""
    end = min(stop, begin + limit)
    while end < stop and end > begin and data[end] >= 128 and data[end] < 192:  # do not cut a character
        end -= 1
    while end > begin and end == stop and classes[data[end - 1]] == _SPACE:
        end -= 1
        stop -= 1
    i = begin
    while i < end and classes[data[i]] == _SPACE:
        i += 1
    n = 0
    used = 0
    gap = _BASIS
    spaced = False
    previous = -1  # where the last word ended
    while i < end:
        c = classes[data[i]]
        if c == _SPACE:
            if not spaced:
                gap = (gap ^ np.uint64(32)) * _PRIME
            spaced = True
            i += 1
            continue
        if c == _MARK:
            b = data[i]
            gap = (gap ^ np.uint64(b)) * _PRIME
            spaced = False
            following = data[i + 1] if i + 1 < end else 32
            empty = False
            if b == 61:  # name= and nothing behind
                empty = i == previous and (
                    classes[following] == _SPACE
                    or following == 44
                    or following == 59
                    or following == 41
                    or following == 93
                    or following == 125
                    or following == 38
                )
                word = False
            elif i != previous:  # a pair of brackets or quotes with nothing in it, unless it is a call
                empty = (
                    (b == 40 and following == 41)
                    or (b == 91 and following == 93)
                    or (b == 123 and following == 125)
                    or (b == 34 and following == 34)
                )
                word = True
            if b == 60 and i + 2 < end and following == 42 and data[i + 2] == 62:  # "<*>" itself is a value
                gap = (gap ^ np.uint64(256)) * _PRIME
                starts[n] = i
                ends[n] = i + 3
                kinds[n] = VALUE
                hashes[n] = _IS_VALUE
                raws[n] = 0
                gaps[n] = gap
                bounds[n] = used
                n += 1
                gap = _BASIS
                i += 3
                previous = i
                continue
            i += 1
            if empty:
                starts[n] = i
                ends[n] = i
                kinds[n] = VALUE if word else PLAIN
                hashes[n] = _IS_VALUE if word else _BASIS
                raws[n] = 0
                gaps[n] = gap
                bounds[n] = used
                n += 1
                gap = _BASIS
            continue
        start = i
        h = _BASIS
        digits = False
        letters = False
        while i < end:
            c = classes[data[i]]
            if c == _MARK or c == _SPACE:
                break
            if c == _DIGIT:
                digits = True
            elif c != _WORD:
                letters = True
            h = (h ^ np.uint64(data[i])) * _PRIME
            i += 1
        stopped = i
        if data[i - 1] == 46 and (digits or letters):  # full stops end a sentence, not a word
            while data[i - 1] == 46:
                i -= 1
            if not digits:
                h = _BASIS
                for k in range(start, i):
                    h = (h ^ np.uint64(data[k])) * _PRIME
        starts[n] = start
        ends[n] = i
        raws[n] = 0
        gaps[n] = gap
        bounds[n] = used
        if digits:
            used = _word(data, start, i, classes, n, kinds, hashes, raws, masked, used)
        elif (data[start] == 47 or data[start] == 92) and letters:
            kinds[n] = VALUE
            hashes[n] = _IS_VALUE
        else:
            value = value_words[h & np.uint64(1023)] == h
            kinds[n] = VALUE if value else PLAIN
            hashes[n] = _IS_VALUE if value else h
        n += 1
        previous = i
        spaced = False
        gap = _BASIS
        while i < stopped:
            gap = (gap ^ np.uint64(46)) * _PRIME
            i += 1
    if end < stop:  # what lies beyond the limit is one value
        if n and previous == end:
            n -= 1
            gap = gaps[n]
            end = starts[n]
            used = bounds[n]
        starts[n] = end
        ends[n] = stop
        kinds[n] = VALUE | CUT
        hashes[n] = _IS_VALUE
        raws[n] = 0
        gaps[n] = gap
        bounds[n] = used
        n += 1
        gap = _BASIS
    starts[n] = end
    ends[n] = end
    gaps[n] = gap
    bounds[n] = used
    return n


@numba.njit(cache=True, nogil=True)
def _keys(n, hashes, gaps):  # type: ignore[no-untyped-def]
    """Key of a form, and of its shape: what stands between the words."""
    key = _BASIS
    shape = _BASIS
    for i in range(n):
        shape = (shape ^ gaps[i]) * _PRIME
        shape ^= shape >> _32
        key = (key ^ hashes[i]) * _MIX
        key ^= key >> _32
    shape = (shape ^ gaps[n]) * _MIX
    shape ^= shape >> _32
    key = (key ^ shape) * _MIX
    key ^= key >> _32
    return key | _ONE, shape | _ONE


@numba.njit(cache=True, nogil=True)
def scan(data, offsets, limit, classes, value_words):  # type: ignore[no-untyped-def]
    """Read all lines.

    Returns the form of every line, and of every form: key, shape, lines, the smallest line, where its numbered words
    are in ``raw`` (0 there: the lines disagree).
    """
    lines = offsets.size - 1
    starts = np.empty(limit + 3, np.int64)
    ends = np.empty(limit + 3, np.int64)
    kinds = np.empty(limit + 3, np.uint8)
    hashes = np.empty(limit + 3, np.uint64)
    raws = np.empty(limit + 3, np.uint64)
    gaps = np.empty(limit + 3, np.uint64)
    bounds = np.empty(limit + 3, np.int64)
    masked = np.empty(limit + 3, np.uint8)
    form_of = np.empty(lines, np.int32)
    size = 4096
    slots = np.full(size, -1, np.int32)
    form_keys = np.empty(1024, np.uint64)
    form_shapes = np.empty(1024, np.uint64)
    counts = np.zeros(1024, np.int64)
    smallest = np.empty(1024, np.int64)
    raw_at = np.zeros(1025, np.int64)
    raw = np.empty(1024, np.uint64)
    forms = 0
    for line in range(lines):
        begin = offsets[line]
        stop = offsets[line + 1]
        n = _tokens(
            data, begin, stop, limit, classes, value_words, starts, ends, kinds, hashes, raws, gaps, masked, bounds
        )
        key, shape = _keys(n, hashes, gaps)
        slot = np.int64(key >> np.uint64(20)) & (size - 1)
        while slots[slot] >= 0 and form_keys[slots[slot]] != key:
            slot = (slot + 1) & (size - 1)
        form = slots[slot]
        if form < 0:
            if forms == form_keys.size:
                form_keys = np.concatenate((form_keys, np.empty(forms, np.uint64)))
                form_shapes = np.concatenate((form_shapes, np.empty(forms, np.uint64)))
                counts = np.concatenate((counts, np.zeros(forms, np.int64)))
                smallest = np.concatenate((smallest, np.empty(forms, np.int64)))
                raw_at = np.concatenate((raw_at, np.zeros(forms, np.int64)))
            form = forms
            slots[slot] = form
            form_keys[form] = key
            form_shapes[form] = shape
            smallest[form] = line
            at = raw_at[form]
            for i in range(n):
                if raws[i]:
                    if at == raw.size:
                        raw = np.concatenate((raw, np.empty(at, np.uint64)))
                    raw[at] = raws[i]
                    at += 1
            forms += 1
            raw_at[forms] = at
            if forms * 2 > size:
                size *= 4
                slots = np.full(size, -1, np.int32)
                for f in range(forms):
                    slot = np.int64(form_keys[f] >> np.uint64(20)) & (size - 1)
                    while slots[slot] >= 0:
                        slot = (slot + 1) & (size - 1)
                    slots[slot] = f
        else:
            at = raw_at[form]
            if raw_at[form + 1] > at:
                for i in range(n):
                    if raws[i]:
                        if raw[at] != raws[i]:
                            raw[at] = 0
                        at += 1
            best = offsets[smallest[form]]
            best_stop = offsets[smallest[form] + 1]
            k = 0
            most = min(stop - begin, best_stop - best)
            while k < most and data[begin + k] == data[best + k]:
                k += 1
            if k < most:
                if data[begin + k] < data[best + k]:
                    smallest[form] = line
            elif stop - begin < best_stop - best:
                smallest[form] = line
        counts[form] += 1
        form_of[line] = form
    return (
        form_of,
        form_keys[:forms],
        form_shapes[:forms],
        counts[:forms],
        smallest[:forms],
        raw_at[: forms + 1],
        raw[: raw_at[forms]],
    )


@numba.njit(cache=True, nogil=True)
def words_of(data, offsets, chosen, limit, classes, value_words):  # type: ignore[no-untyped-def]
    """Return the words of some lines: first word of every line, start, end, kind, and what is left of those masked."""
    size = 1024
    starts = np.empty(size, np.int64)
    ends = np.empty(size, np.int64)
    kinds = np.empty(size, np.uint8)
    hashes = np.empty(size, np.uint64)
    bounds = np.empty(size, np.int64)
    masked = np.empty(size, np.uint8)
    raws = np.empty(limit + 3, np.uint64)
    gaps = np.empty(limit + 3, np.uint64)
    first = np.zeros(chosen.size + 1, np.int64)
    used = 0
    for i in range(chosen.size):
        line = chosen[i]
        at = first[i]
        room = min(limit, offsets[line + 1] - offsets[line]) + 3
        while max(at, used) + room > size:
            starts = np.concatenate((starts, np.empty(size, np.int64)))
            ends = np.concatenate((ends, np.empty(size, np.int64)))
            kinds = np.concatenate((kinds, np.empty(size, np.uint8)))
            hashes = np.concatenate((hashes, np.empty(size, np.uint64)))
            bounds = np.concatenate((bounds, np.empty(size, np.int64)))
            masked = np.concatenate((masked, np.empty(size, np.uint8)))
            size *= 2
        n = _tokens(
            data,
            offsets[line],
            offsets[line + 1],
            limit,
            classes,
            value_words,
            starts[at:],
            ends[at:],
            kinds[at:],
            hashes[at:],
            raws,
            gaps,
            masked[used:],
            bounds[at:],
        )
        for k in range(at, at + n + 1):
            bounds[k] += used
        used = bounds[at + n]
        first[i + 1] = at + n + 1
    n = first[chosen.size]
    return first, starts[:n], ends[:n], kinds[:n], hashes[:n], bounds[:n], masked[:used]
