"""A line to its words, byte by byte, and lines to forms: what runs for every line is compiled, and only this.

A line is read as words and what stands between them (white space and the punctuation in ``_BETWEEN``). A word is

- *plain*: it has no digit and is no path;
- a *value*: a number and all that is written with it (``12ms``, ``10.0.0.1``, ``0x1f``), a path, a word of
  ``_VALUES``, a token of redaction, nothing between a pair of brackets, a name with several numbers in it
  (``R30-M0-N9``); a *date* if it is one (``2026-03-01``);
- *composite*: a name with one number, which is a place in the word: ``blk_<*>``, ``core.<*>``, ``CPU#<*>``;
- *numbered*: letters with one short number, ``ssh2``, ``eth0``, ``x86``. Only the lines can tell whether that number
  is part of the name, so its digits are left out of the hash and kept beside it.

Hashes are 64-bit FNV-1a (Fowler, Noll and Vo, 1991).

All that is compiled and all its constants stand in this file: the cache of numba looks at no other when it decides
whether to compile again. Tables are grown by the callers, so that there is little to compile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

from faultmaven_lib.analysis.logs.text import Array, Words

Function = TypeVar("Function", bound=Callable[..., Any])
_DIGITS, _PLACE = 256, 257  # hashed for what is left out
_COLON, _EQUALS, _LESS, _STAR, _MORE, _BLANK = b":=<*> "
_POINT, _SLASH, _BACKSLASH, _MINUS, _UNDERSCORE = b"./\\-_"
PLAIN, VALUE, COMPOSITE, NUMBERED, DATE = 0, 1, 2, 4, 8
_BETWEEN = ",;=:()[]{}\"'|<>@&?!`"
_VALUES = "true false True False TRUE FALSE null NULL nil None root admin undefined NaN N/A".split()
_OTHER, _DIGIT, _LETTER, _HEX, _MARK, _SPACE = 0, 1, 2, 6, 16, 32  # classes of bytes; a hexadecimal digit is a letter
_SIGN, _SEPARATOR, _AFTER_NO_VALUE, _SLASHES = 1, 2, 4, 8  # and other properties
# Hashes are 64-bit integers with a sign: numba has no other that mix with literals, and fewer types compile faster.
_BASIS = -3750763034362895579
_PRIME = 1099511628211
_MIX = -7046029254386353131  # 2**64 divided by the golden ratio
_IS_VALUE = -6510615555426900571
_IS_DATE = 6510615555426900570


def _alphabet() -> Array:
    """For every byte: its class, the bracket that closes it, and what else it is.

    Control characters count as digits, so that they always end up in values.
    """
    table = np.zeros((3, 256), dtype=np.int64)
    out = table[0]
    out[:] = _OTHER
    for byte in range(256):
        if chr(byte).isascii() and chr(byte).isalpha():
            out[byte] = _HEX if chr(byte) in "abcdefABCDEF" else _LETTER
        elif byte >= 128:
            out[byte] = _LETTER
    out[[*range(32), 127, *b"0123456789"]] = _DIGIT
    out[list(_BETWEEN.encode())] = _MARK
    out[[9, 10, 11, 12, 13, 32]] = _SPACE
    table[1, list(b'([{"')] = list(b')]}"')
    properties = {_SIGN: b"+-.$~", _SEPARATOR: b"-._", _AFTER_NO_VALUE: b",;)]}& \t\n\v\f\r", _SLASHES: b"/\\"}
    for flag, those in properties.items():
        table[2, list(those)] |= flag
    return table


def _hash_of(word: str) -> int:
    """Return what ``read_line`` makes of a word without digits."""
    h = _BASIS
    for byte in word.encode():
        h = _signed((h ^ byte) * _PRIME)
    return h


def _signed(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63


def _value_words() -> Array:
    """Hashes of the words that are values, each at the place its last bits name."""
    table = np.zeros(1024, dtype=np.int64)
    for word in _VALUES:
        h = _hash_of(word)
        table[(h ^ (h >> 32)) & 1023] = h
    return table


_CLASSES, _CLOSING, _FLAGS = _alphabet()
_VALUE_WORDS = _value_words()


# What numba's decorators return is Any to the type checker.
def compiled(function: Function) -> Function:
    """Compile at the first call, and keep the result beside the source or in the user's cache folder."""
    try:
        return cast("Function", numba.njit(cache=True, nogil=True, no_cfunc_wrapper=True)(function))
    except RuntimeError:  # neither folder can be written to, as in a container with a read-only file system
        return cast("Function", numba.njit(nogil=True, no_cfunc_wrapper=True)(function))


def part(function: Function) -> Function:
    """Compile with its callers."""
    return cast("Function", numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)(function))


def inlined(function: Function) -> Function:
    """Compile as part of the caller: a call there would cost it the registers, even where it is not made."""
    return cast("Function", numba.njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function))


@inlined
def _token_end(data: Array, i: int, end: int) -> int:
    """Return where a token of redaction ends, ``email:90e8662476>`` from its kind on; 0 if it is none."""
    while i < end and (_CLASSES[data[i]] & _LETTER or data[i] == _UNDERSCORE):
        i += 1
    if i + 11 >= end or data[i] != _COLON or data[i + 11] != _MORE:
        return 0
    for k in range(i + 1, i + 11):
        if _CLASSES[data[k]] != _DIGIT and _CLASSES[data[k]] != _HEX:
            return 0
    return i + 12


@part
def _read_line(  # noqa: PLR0912, PLR0915  # a call for every word costs more than reading the word
    data: Array, begin: int, stop: int, limit: int, n: int, used: int, words: Words
) -> tuple[int, int, int, int]:
    """Append the words of a line; return how many words there are now, how much of ``masked`` is used, and the keys.

    Behind the last word stands one more, for what comes after it. The keys are that of the form of the line and that
    of its shape, neither of them 0.
    """
    starts, ends, bounds, hashes, numbers, kinds, masked, found = words
    classes = _CLASSES
    while stop > begin and classes[data[stop - 1]] == _SPACE:
        stop -= 1
    end = min(stop, begin + limit)
    while end < stop and end > begin and data[end] >= 128 and data[end] < 192:  # do not cut a character
        end -= 1
    i = begin
    while i < end and classes[data[i]] == _SPACE:
        i += 1
    key = shape = gap = last_key = last_shape = last_gap = _BASIS
    none = n
    previous = -1  # where the last word ended
    while i < end or end < stop:
        start = last = i
        kind, word, number = VALUE, _IS_VALUE, 0
        b = data[i]
        byte = classes[b]
        before = used
        if byte < _MARK and i < end:
            all_ = byte
            digits = 0
            tail = i  # behind the last byte that is no digit
            letters = _BASIS  # the hash of all that are none
            while i < end:
                said = data[np.uint64(i)]
                byte = classes[said]
                if byte >= _MARK:
                    break
                all_ |= byte
                letters = letters if byte == _DIGIT else (letters ^ said) * _PRIME
                i += 1
                digits += byte == _DIGIT
                tail = tail if byte == _DIGIT else i
            if all_ != _OTHER:
                while data[i - 1] == _POINT:  # full stops end a sentence, they are not part of its last word
                    i -= 1
            last = i
            if b == _POINT and last - start > 2:  # ./bin/x and ../bin/x
                b = data[start + (2 if data[start + 1] == _POINT else 1)]
            size = 0  # of what is left of the word when its number is taken out
            if _FLAGS[b] & _SLASHES and all_ != _OTHER:
                if data[start] == _SLASH and data[start + 1] == _SLASH:
                    kind, size = COMPOSITE, 2  # http://db:5432/x, where the slashes stay
            elif not digits:
                kind, size = PLAIN, last - start
            elif classes[data[start + (1 if _FLAGS[data[start]] & _SIGN and start + 1 < last else 0)]] == _DIGIT:
                if last - start == 10:
                    year_first = data[start + 4] < 48
                    b = data[start + (4 if year_first else 2)]
                    if b == data[start + (7 if year_first else 5)] and _MINUS <= b <= _SLASH:
                        kind, word = VALUE | DATE, _IS_DATE  # 2026-03-01, 01/03/2026, 01.03.2026
            elif digits == last - tail and (digits > 3 or classes[data[tail - 1]] == _OTHER):
                kind, size = COMPOSITE, tail - start  # a name and its number, as most are
                if size > 1 and data[tail - 1] == _MINUS and data[tail - 2] == _UNDERSCORE:
                    size -= 1  # the sign in blk_-17
            else:
                used = _read_number(data, start, last, used, masked, found)
                kind, word, number = found[0], found[1], found[2]
            if size:
                word = letters
                if size != tail - start:  # not all of them stay
                    word = _BASIS
                    for k in range(start, start + size):
                        word = (word ^ data[k]) * _PRIME
                if kind == COMPOSITE:
                    for k in range(size):
                        masked[used + k] = data[start + k]
                    masked[used + size] = 0
                    used += size + 1
                    word = (word ^ _PLACE) * _PRIME
                elif _VALUE_WORDS[(word ^ (word >> 32)) & 1023] == word:
                    kind, word = VALUE, _IS_VALUE
        elif i >= end:  # what lies beyond the limit is one value
            if n > none and previous == end:
                n -= 1
                gap = last_gap
                start = starts[n]
                used = before = bounds[n]
                key, shape = last_key, last_shape
            i = last = end = stop
        elif byte == _SPACE:
            gap = (gap ^ _BLANK) * _PRIME
            i += 1
            while i < end and classes[data[i]] == _SPACE:
                i += 1
            continue
        else:
            outside = gap
            gap = (gap ^ b) * _PRIME
            i += 1
            following = data[i] if i < end else _BLANK
            if b == _LESS and following == _STAR and i + 1 < end and data[i + 1] == _MORE:
                # The line itself says "<*>": a value, or it could not be told from the place of one.
                i += 2
                gap = outside
            elif b == _LESS and classes[following] & _LETTER and _token_end(data, i, end):
                i = _token_end(data, i, end)
                gap = outside
            elif b == _EQUALS and start == previous and _FLAGS[following] & _AFTER_NO_VALUE:  # "name=" without a value
                start = i
                kind, word = PLAIN, _BASIS
            elif following == _CLOSING[b] and start != previous:  # "()" is an empty value, "call()" is not
                start = i
            else:
                continue
            last = i
        at = np.uint64(n)
        starts[at] = start
        ends[at] = last
        kinds[at] = kind
        hashes[at] = word
        numbers[at] = number
        bounds[at] = before
        n += 1
        previous = last
        last_key, last_shape, last_gap = key, shape, gap
        shape = (shape ^ gap) * _PRIME
        shape ^= shape >> 32
        key = (key ^ word) * _MIX
        key ^= key >> 32
        gap = _BASIS
        while i < end and data[i] == _POINT:
            gap = (gap ^ _POINT) * _PRIME
            i += 1
        if i < end and classes[data[i]] == _SPACE:  # as below: one turn less for most words
            gap = (gap ^ _BLANK) * _PRIME
            i += 1
            while i < end and classes[data[i]] == _SPACE:
                i += 1
    starts[n] = ends[n] = stop
    kinds[n] = PLAIN
    hashes[n] = numbers[n] = 0
    bounds[n] = used
    shape = (shape ^ gap) * _MIX
    shape = (shape ^ (shape >> 32)) | 1
    key = (key ^ shape) * _MIX
    return n + 1, used, (key ^ (key >> 32)) | 1, shape


@inlined
def _read_number(  # noqa: PLR0912, PLR0915  # one pass
    data: Array, start: int, end: int, used: int, masked: Array, found: Array
) -> int:
    """Classify a name with numbers in it. Return how much of ``masked`` is used; the rest is in ``found``."""
    classes = _CLASSES
    word = number = word_to_place = _BASIS
    found[0], found[1], found[2] = VALUE, _IS_VALUE, 0
    separators = -1  # between the last place and here, if there is nothing else
    places = numbered = 0
    out = out_to_place = used
    i = start
    while i < end:
        kind = classes[data[i]]
        if kind == _OTHER:
            if data[i] == _MINUS and i > start and data[i - 1] == _UNDERSCORE and classes[data[i + 1]] == _DIGIT:
                i += 1  # the sign in blk_-17
                continue
            word = (word ^ data[i]) * _PRIME
            masked[out] = data[i]
            out += 1
            separators = separators + 1 if 0 <= separators < 2 and _FLAGS[data[i]] & _SEPARATOR else -1
            i += 1
            continue
        stop = i
        all_ = kind
        while stop < end and classes[data[stop]] != _OTHER:
            all_ |= classes[data[stop]]
            stop += 1
        digits = runs = others = 0
        if all_ & _DIGIT and kind != _DIGIT:
            for k in range(i, stop):
                byte = classes[data[k]]
                digits += byte == _DIGIT
                runs += byte == _DIGIT and classes[data[k - 1]] != _DIGIT
                others += byte == _LETTER
        # Letters and one short number: part of a name, unless it is a hexadecimal number.
        if kind != _DIGIT and runs <= 1 and digits <= 3 and (others or not digits or stop - i <= 4):
            numbered += digits > 0
            separators = -1
            for k in range(i, stop):
                masked[out] = data[k]
                out += 1
                if classes[data[k]] != _DIGIT:
                    word = (word ^ data[k]) * _PRIME
                    continue
                number = (number ^ data[k]) * _PRIME
                if classes[data[k - 1]] != _DIGIT:
                    word = (word ^ _DIGITS) * _PRIME
        elif separators >= 0:  # 4-17-2: numbers with a separator between them have one place
            word = word_to_place
            out = out_to_place
            separators = 0
        else:
            word = word_to_place = (word ^ _PLACE) * _PRIME
            masked[out] = 0
            out = out_to_place = out + 1
            places += 1
            separators = 0
        i = stop
    if places + numbered > 1:  # as a whole it identifies something: R30-M0-N9
        return used
    found[0] = COMPOSITE if places else NUMBERED
    found[1] = word
    found[2] = number if numbered else 0
    return out


@compiled
def read_lines(
    data: Array,
    offsets: Array,
    chosen: Array,
    at: int,
    limit: int,
    first: Array,
    keys: Array,
    words: Words,
) -> int:
    """Read the chosen lines from the ``at``-th on, as far as there is room; return the next one.

    Words of the i-th of them are those from ``first[i]`` on; ``keys[:, i]`` are those of its form and its shape.
    """
    n = used = begin = offsets[0] * 0  # not the literal: what is called would be compiled for that, too
    line = 0
    while at < chosen.size and line < keys.shape[1]:
        begin, stop = offsets[chosen[at]], offsets[chosen[at] + 1]
        if max(n, used) + min(limit, stop - begin) + 3 > words.starts.size:
            break
        n, used, keys[0, line], keys[1, line] = _read_line(data, begin, stop, limit, n, used, words)
        line += 1
        first[line] = n
        at += 1
    return at
