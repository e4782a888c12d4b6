"""From the words of a form to a row that can be grouped: values of several words become one.

Every rule here is a statement on how software writes, not on one system's log.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

HOLE = "\x00"
DATE = "\x01"
"""Stands for a value inside a word; printed as ``<*>``. NUL in a line counts as a digit, so no other is left."""

_DAYS = frozenset("Mon Tue Wed Thu Fri Sat Sun".split())
_MONTHS = frozenset("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
_SHORT = re.compile(r"[0-9a-zA-Z\x00]{1,4}\Z")
_HEX = re.compile(r"[0-9a-fA-F\x00]{1,4}\Z")
_LONG_HEX = re.compile(r"[0-9a-fA-F]{8,}\Z")
_ZONE = re.compile(r"[A-Z]{3,4}\Z")
# Top-level domains that are not also what a file or a class is called.
_DOMAIN = re.compile(
    r"(?:[A-Za-z\x00][\w\x00-]*\.)+(?:com|net|org|edu|gov|mil|io|int|info|biz|arpa|local|localdomain|internal|lan|cluster)\Z"
    # Countries: with a name of three parts at least, so that file names are left alone.
    r"|(?:[A-Za-z\x00][\w\x00-]*\.){2,}(?:[a-z]{2})\Z"
)
# A name qualified three times and more (com.example.app.Main) says where, not what; an exception says what.
_QUALIFIED = re.compile(r"[a-z][\w\x00]*(?:\.[A-Za-z_$][\w$\x00]*){2,}(?:/[\w.$\x00]*)?\Z")
_EXCEPTION = re.compile(r"(?:Exception|Error)\Z")
_STATES = frozenset(
    "level lvl severity status state msg message error err reason event result outcome method action type".split()
)
_BEFORE_USER = frozenset("for by of from invalid illegal unknown".split())
_LIST = re.compile(r"\x00(?:, ?\x00)+\Z")


class Row(NamedTuple):
    """A line of a form, ready for grouping."""

    words: tuple[str, ...]
    """``HOLE`` where a value stands."""
    texts: tuple[str, ...]
    """The same, but lists keep what is between their values, and numbered words their number if it never differs."""
    gaps: tuple[str, ...]
    """What stands before every word, and behind the last."""
    spans: tuple[tuple[int, int], ...]
    """For every word the first and the last word of the line it was made from."""


Part = tuple[str, int, int]


def row_of(words: Sequence[str], texts: Sequence[str], gaps: tuple[str, ...]) -> Row:
    """Join what is one value though it is written with spaces or punctuation.

    Parameters
    ----------
    words, texts
        The words of a line as in ``Row``, and ``DATE`` for dates.
    gaps
        What stands before every word, and behind the last.
    """
    parts = [(w, i, i) for i, w in enumerate(words)]
    between = list(gaps)
    punctuation = _punctuation(gaps)
    _names(parts, between)
    if "?" in punctuation or "HTTP/" + HOLE in words:
        _requests(parts, between)
    if ":" in punctuation or DATE in words:
        _chains(parts, between)
    if not _MONTHS.isdisjoint(words):
        _dates(parts, between)
    if "," in punctuation:
        _lists(parts, between)
    if '="' in punctuation:
        _quotes(parts, between)
    joined = tuple(HOLE if _LIST.match(w) else w for w, _, _ in parts)
    said = tuple(texts[a] if a == b and w == words[a] else w for w, a, b in parts)
    return Row(joined, said, tuple(between), tuple((a, b) for _, a, b in parts))


@lru_cache(maxsize=4096)
def _punctuation(gaps: tuple[str, ...]) -> str:
    return " ".join(gaps)


def _merge(parts: list[Part], gaps: list[str], first: int, last: int, text: str = HOLE) -> None:
    parts[first : last + 1] = [(text, parts[first][1], parts[last][2])]
    del gaps[first + 1 : last + 1]


def _names(parts: list[Part], gaps: list[str]) -> None:
    """Hosts, qualified names, hexadecimal numbers, users: values that are written as words."""
    for i, (word, a, b) in enumerate(parts):
        if word == HOLE or not word:
            continue
        value = False
        if "." in word:
            value = bool(_DOMAIN.match(word) or (_QUALIFIED.match(word) and not _EXCEPTION.search(word)))
        elif len(word) >= 8:
            value = bool(_LONG_HEX.match(word))
        if i >= 2 and parts[i - 1][0] == "user" and gaps[i] == " " and parts[i - 2][0] in _BEFORE_USER:
            value = True
        if value:
            parts[i] = (HOLE, a, b)


def _requests(parts: list[Part], gaps: list[str]) -> None:
    """The query belongs to the path, and the protocol to the target of a request."""
    i = 0
    while i + 1 < len(parts):
        last = i
        if parts[i][0] == HOLE and gaps[i + 1] == "?":
            last = i + 1
            while last + 1 < len(parts) and gaps[last + 1] in {"=", "&", "&&", ":", ",", "?", "=&"}:
                last += 1
        if (
            parts[i][0] == HOLE
            and last + 1 < len(parts)
            and gaps[last + 1] == " "
            and parts[last + 1][0] == "HTTP/" + HOLE
        ):
            last += 1
        if last > i:
            _merge(parts, gaps, i, last)
        i += 1


def _chains(parts: list[Part], gaps: list[str]) -> None:
    """Times, addresses with ports, hardware and IPv6 addresses: values joined by colons; a date with its time."""
    i = 0
    while i < len(parts):
        last = i
        if parts[i][0] == HOLE or _SHORT.match(parts[i][0]):
            while last + 1 < len(parts) and gaps[last + 1] in {":", "::"}:
                if parts[last + 1][0] != HOLE and not _SHORT.match(parts[last + 1][0]):
                    break
                last += 1
        links = last - i
        if links and _is_value([p[0] for p in parts[i : last + 1]]):
            if links > 1 and last + 1 < len(parts) and gaps[last + 1] == "," and parts[last + 1][0] == HOLE:
                last += 1  # milliseconds: 12:00:01,250
            if i and parts[i - 1][0] == DATE and gaps[i] == " ":
                i -= 1
            _merge(parts, gaps, i, last)
        i += 1
    for i, (word, a, b) in enumerate(parts):
        if word == DATE:
            parts[i] = (HOLE, a, b)


def _is_value(words: list[str]) -> bool:
    """Whether words with colons between them are one value: all of them are, or it is a hardware or IPv6 address."""
    values = words.count(HOLE)
    if len(words) == 2:
        return values == 2
    return values > 0 and (len(words) > 4 or all(w == HOLE or _HEX.match(w) for w in words))


def _dates(parts: list[Part], gaps: list[str]) -> None:
    """Dates with the names of days and months, as ctime, syslog, HTTP and people write them."""
    i = 0
    while i < len(parts):
        if parts[i][0] in _MONTHS:
            first = last = i
            if i + 1 < len(parts) and gaps[i + 1] == " " and parts[i + 1][0] == HOLE:
                last = i + 1
            if i and gaps[i] in {" ", "-"} and parts[i - 1][0] == HOLE:
                first = i - 1
            if first != last:
                if first and parts[first - 1][0] in _DAYS and gaps[first] in {" ", ", "}:
                    first -= 1
                while last + 1 < len(parts) and gaps[last + 1] in {" ", ", ", ":"}:
                    if parts[last + 1][0] == HOLE and last - i < 3:
                        last += 1
                    elif (
                        _ZONE.match(parts[last + 1][0])
                        and last + 2 < len(parts)
                        and gaps[last + 2] == " "
                        and parts[last + 2][0] == HOLE
                    ):
                        last += 2
                    else:
                        break
                _merge(parts, gaps, first, last)
                i = first
        i += 1


def _lists(parts: list[Part], gaps: list[str]) -> None:
    """Values with commas between them: how many there are may differ, so they count as one, but keep their text."""
    i = 0
    while i + 1 < len(parts):
        last = i
        text = HOLE
        while last + 1 < len(parts) and parts[last][0] == HOLE == parts[last + 1][0] and gaps[last + 1] in {",", ", "}:
            text += gaps[last + 1] + HOLE
            last += 1
        if last > i:
            _merge(parts, gaps, i, last, text)
        i += 1


def _quotes(parts: list[Part], gaps: list[str]) -> None:
    """The quoted value of a name is one word, whatever it says, unless it is what the line has to say."""
    i = 0
    while i + 1 < len(parts):
        if gaps[i].endswith('="') and i and parts[i - 1][0].lower() not in _STATES:
            last = i
            while last + 1 < len(parts) and gaps[last + 1] == " ":
                last += 1
            if last > i and last - i < 4 and gaps[last + 1].startswith('"'):
                _merge(parts, gaps, i, last, " ".join(p[0] for p in parts[i : last + 1]))
        i += 1


def is_loose(gap: str, name: str) -> bool:
    """Whether what follows a gap is the value of a name (``user=bob``): such a word varies if it ever differs.

    Unless the name says that it tells states apart: ``level=error`` is not ``level=info``.
    """
    return gap.rstrip("\"'[({<").rstrip(" ").endswith("=") and name.lower() not in _STATES
