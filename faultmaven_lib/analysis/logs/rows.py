"""From the words of a form to a row that can be grouped: values of several words become one.

Every rule here is a statement on how software writes, not on one system's log.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from operator import eq
from typing import NamedTuple

HOLE = "\x00"
"""Stands for a value inside a word; printed as ``<*>``. NUL in a line counts as a digit, so no other is left."""
DATE = "\x01"
_URL = "//" + HOLE
_TARGETS = frozenset((HOLE, _URL))

_DAYS = frozenset("Mon Tue Wed Thu Fri Sat Sun".split())
_MONTHS = frozenset("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
_ZONE = re.compile(r"[A-Z]{3,4}\Z")
_SHORT = re.compile(r"[0-9a-zA-Z\x00]{1,4}\Z")
_HEX = re.compile(r"[0-9a-fA-F\x00]{1,4}\Z")
_LONG_HEX = re.compile(r"[0-9a-fA-F]{8,}\Z")
# Top-level domains that are not also what a file or a class is called ...
_DOMAIN = re.compile(
    r"(?:[A-Za-z\x00][\w\x00-]*\.)+"
    r"(?:com|net|org|edu|gov|mil|io|int|info|biz|arpa|local|localdomain|internal|lan|cluster)\Z"
    # ... and countries, behind two names at least, so that files are left alone.
    r"|(?:[A-Za-z\x00][\w\x00-]*\.){2,}[a-z]{2}\Z"
)
# A name qualified three times and more (com.example.app.Main) says where, not what; but an exception or a constant
# (android.intent.action.SCREEN_ON) says what.
_QUALIFIED = re.compile(r"[a-z][\w\x00]*(?:\.[A-Za-z_$][\w$\x00]*){2,}(?:/[\w.$\x00]*)?\Z")
_SAYS_WHAT = re.compile(r"(?:Exception|Error|\.[A-Z][A-Z\d_]+)\Z")
_STATES = frozenset(
    "level lvl severity status state msg message error err reason event result outcome method action type".split()
)
_LONGEST_CHAIN = 24  # the hardware address of InfiniBand has 20 parts; and a hostile line costs no more than this
_BEFORE_USER = frozenset("for by of from invalid illegal unknown".split())
_IN_QUERY = frozenset(("=", "&", "&&", ":", ",", "?", "=&"))
_COMMA = frozenset((",", ", "))


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


class _Parts:
    """A row while it is made."""

    def __init__(self, words: list[str], texts: list[str], gaps: tuple[str, ...]) -> None:
        self.words, self.texts = words, texts
        self.gaps = list(gaps)
        self.spans = list(_single(len(words)))

    def name(self, at: int) -> None:
        """Take a word for a value."""
        self.words[at] = self.texts[at] = HOLE

    def join(self, first: int, last: int, word: str = HOLE, text: str = HOLE) -> None:
        """Take several words for one."""
        self.words[first : last + 1] = [word]
        self.texts[first : last + 1] = [text]
        self.spans[first : last + 1] = [(self.spans[first][0], self.spans[last][1])]
        del self.gaps[first + 1 : last + 1]


@lru_cache(maxsize=4096)
def _single(n: int) -> tuple[tuple[int, int], ...]:
    return tuple((i, i) for i in range(n))


def row_of(words: list[str], texts: list[str], gaps: tuple[str, ...]) -> Row:
    r"""Join what is one value though it is written with spaces or punctuation.

    Parameters
    ----------
    words, texts
        The words of a line as in ``Row``, and ``DATE`` for dates.
    gaps
        What stands before every word, and behind the last.

    Examples
    --------
    >>> words = ["at", "Jun", HOLE, HOLE, HOLE, HOLE]
    >>> row_of(words, list(words), ("", " ", " ", " ", ":", ":", "")).words
    ('at', '\x00')
    """
    parts = _Parts(words, texts, gaps)
    query, chain, quote = _punctuation(gaps)
    _names(parts)
    if query or "HTTP/" + HOLE in words:
        _requests(parts)
    if chain or DATE in words:
        _chains(parts)
    if not _MONTHS.isdisjoint(words):
        _dates(parts)
    if any(map(eq, parts.words, islice(parts.words, 1, None))):
        _lists(parts)
    if quote:
        _quotes(parts)
    return Row(tuple(parts.words), tuple(parts.texts), tuple(parts.gaps), tuple(parts.spans))


@lru_cache(maxsize=4096)
def _punctuation(gaps: tuple[str, ...]) -> tuple[bool, bool, bool]:
    """Whether there is what a query, a chain, or a quoted value needs."""
    return any("?" in gap for gap in gaps), ":" in gaps or "::" in gaps, any(gap.endswith('="') for gap in gaps)


def _names(parts: _Parts) -> None:
    """Hosts, qualified names, hexadecimal numbers, users: values that are written as words."""
    words = parts.words
    for i, word in enumerate(words):
        if "." in word:
            if _DOMAIN.match(word) or (_QUALIFIED.match(word) and not _SAYS_WHAT.search(word)):
                parts.name(i)
        elif len(word) >= 8:
            if _LONG_HEX.match(word):
                parts.name(i)
        elif word == "user" and 0 < i < len(words) - 1 and parts.gaps[i + 1] == " " and words[i - 1] in _BEFORE_USER:
            parts.name(i + 1)


def _requests(parts: _Parts) -> None:
    """The query belongs to the path, and the protocol to the target of a request."""
    i = 0
    words, gaps = parts.words, parts.gaps
    while i + 1 < len(words):
        last = i
        if words[i] in _TARGETS and gaps[i + 1] == "?":
            last = i + 1
            while last + 1 < len(words) and gaps[last + 1] in _IN_QUERY:
                last += 1
        if words[i] == HOLE and last + 1 < len(words) and gaps[last + 1] == " " and words[last + 1] == "HTTP/" + HOLE:
            last += 1
        if last > i:
            parts.join(i, last, words[i], words[i])
        i += 1


def _chains(parts: _Parts) -> None:
    """Times, addresses with ports, hardware and IPv6 addresses: values joined by colons; a date with its time."""
    i = 0
    words, gaps = parts.words, parts.gaps
    while i < len(words):
        last = i
        while last + 1 < len(words) and gaps[last + 1] in {":", "::"} and last < i + _LONGEST_CHAIN:
            last += 1
        while last > i and not _is_value(words[i : last + 1]):
            last -= 1
        if last > i:
            if last - i > 1 and last + 1 < len(words) and gaps[last + 1] == "," and words[last + 1] == HOLE:
                last += 1  # milliseconds: 12:00:01,250
            if i and words[i - 1] == DATE and gaps[i] == " ":
                i -= 1
            said = _URL if words[i] == _URL else HOLE
            parts.join(i, last, said, said)
        i += 1
    for i, word in enumerate(words):
        if word == DATE:
            parts.name(i)


def _is_value(words: list[str]) -> bool:
    """Whether words with colons between them are one value: all of them are, or it is a hardware or IPv6 address."""
    values = words.count(HOLE) + (words[0] == _URL)
    if values == len(words):
        return True
    if len(words) == 2 or not values or not all(w == HOLE or _SHORT.match(w) for w in words):
        return False
    return len(words) > 4 or all(w == HOLE or _HEX.match(w) for w in words)


def _dates(parts: _Parts) -> None:
    """Dates with the names of days and months, as ctime, syslog, HTTP and people write them."""
    words, gaps = parts.words, parts.gaps
    i = 0
    while i < len(words):
        first = last = i
        if words[i] in _MONTHS:
            if i + 1 < len(words) and gaps[i + 1] == " " and words[i + 1] == HOLE:
                last = i + 1
            if i and gaps[i] in {" ", "-"} and words[i - 1] == HOLE:
                first = i - 1
        if first != last:
            if first and words[first - 1] in _DAYS and gaps[first] in {" ", ", "}:
                first -= 1
            while last + 1 < len(words) and gaps[last + 1] in {" ", ", ", ":"}:
                if words[last + 1] == HOLE and last - i < 3:
                    last += 1
                elif last + 2 < len(words) and _ZONE.match(words[last + 1]) and words[last + 2] == HOLE:
                    last += 2
                else:
                    break
            parts.join(first, last)
            i = first
        i += 1


def _lists(parts: _Parts) -> None:
    """Values in a row: how many there are may differ from line to line, so they count as one, but keep their text.

    They have commas between them; or they are all of one name (``blk_1 blk_2``), or three at least, and have spaces.
    """
    words, gaps = parts.words, parts.gaps
    i = 0
    while i + 1 < len(words):
        last = i
        if HOLE in words[i] and words[i] == words[i + 1]:
            between = _COMMA if gaps[i + 1] in _COMMA else frozenset((" ",))
            while last + 1 < len(words) and gaps[last + 1] in between and words[last + 1] == words[i]:
                last += 1
            if last == i + 1 and words[i] == HOLE and gaps[last] == " ":
                last = i
        if last > i:
            text = parts.texts[i] + "".join(gaps[k] + parts.texts[k] for k in range(i + 1, last + 1))
            parts.join(i, last, HOLE, text)
        i += 1


def _quotes(parts: _Parts) -> None:
    """The quoted value of a name is one word, whatever it says, unless it is what the line has to say."""
    words, gaps = parts.words, parts.gaps
    i = 1
    while i + 1 < len(words):
        if gaps[i].endswith('="') and words[i - 1].lower() not in _STATES:
            last = i
            while last + 1 < len(words) and gaps[last + 1] == " ":
                last += 1
            if i < last < i + 4 and gaps[last + 1].startswith('"'):
                parts.join(i, last, " ".join(words[i : last + 1]), " ".join(parts.texts[i : last + 1]))
        i += 1


@lru_cache(maxsize=4096)
def is_loose(gap: str, name: str) -> bool:
    """Whether what follows a gap is the value of a name (``user=bob``): such a word varies if it ever differs.

    Unless the name says that it tells states apart: ``level=error`` is not ``level=info``.
    """
    return gap.rstrip("\"'[({<").rstrip(" ").endswith("=") and name.lower() not in _STATES
