"""From a line to words: values that carry a digit are taken out, the rest is split at punctuation."""

from __future__ import annotations

import re

VALUE = "\x00"
"""Stands for a masked value inside the miner; printed as ``<*>``. Lines are freed of it first."""
PLACE = "<*>"

_NOT_WORD = r"\s,;=:()\[\]{}\"'|<>@&?!`\x00"
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_MASK = re.compile(
    # A date as ctime, syslog and Apache write it: names of days and months are values, too.
    rf"\b(?:{_DAY},? )?(?:{_MONTH} {{1,2}}[0-9]{{1,2}}|[0-9]{{1,2}} {_MONTH}) [0-9:. ]*[0-9]{{2}}\b"
    # What redaction put in place of a secret or a name: one value.
    r"|<[a-z_]+:[0-9a-f]{6,64}>"
    # The host of a URL, and its path if there are digits in it.
    rf"|(?<=:)//[^{_NOT_WORD}/]++(?::[0-9]++)?(?:/[^{_NOT_WORD}0-9]*+[0-9][^{_NOT_WORD}]*+)?"
    # An address with its port is one value, though a colon otherwise ends a word.
    r"|(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}:\d{1,5}(?!\w)"
    # A list of numbers is one value, however many there are.
    rf"|(?<![^{_NOT_WORD}])-?[0-9][\w.-]*+(?:, ?-?[0-9][\w.-]*+)++(?![^{_NOT_WORD}])"
    # Any word with a digit in it. Possessive: a hostile line costs no more than its length.
    rf"|(?<![^{_NOT_WORD}])[^{_NOT_WORD}0-9]*+[0-9][^{_NOT_WORD}]*+"
)
_SPLIT = re.compile(rf"([{_NOT_WORD.replace(VALUE, '').replace(chr(92) + 'x00', '')}]+)")
_SPACES = re.compile(r"\s+")


def mask(line: str, bound: int) -> str:
    """Return the line with every value replaced by ``VALUE``, white space runs as one space, cut at a bound."""
    if len(line) > bound:
        line = line[:bound] + "…"
    if VALUE in line:
        line = line.replace(VALUE, "\ufffd")
    masked = _MASK.sub(VALUE, line)
    return _SPACES.sub(" ", masked).strip()


def mask_with_values(line: str, bound: int) -> tuple[str, list[str]]:
    """Return what ``mask`` returns, and the values that were taken out, in order."""
    if len(line) > bound:
        line = line[:bound] + "…"
    values: list[str] = []

    def take(match: re.Match[str]) -> str:
        values.append(match.group())
        return VALUE

    masked = _MASK.sub(take, line.replace(VALUE, "\ufffd"))
    return _SPACES.sub(" ", masked).strip(), values


def split(masked: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split a masked line into its words and the punctuation between them.

    Examples
    --------
    >>> split("user=bob left")
    (('user', 'bob', 'left'), ('=', ' '))
    """
    parts = _SPLIT.split(masked)
    return tuple(parts[::2]), tuple(parts[1::2])


def join(words: tuple[str | None, ...], between: tuple[str, ...]) -> str:
    """Put a template together; ``None`` is a word that varies."""
    out: list[str] = []
    for i, word in enumerate(words):
        out.append(PLACE if word is None else word.replace(VALUE, PLACE))
        if i < len(between):
            out.append(between[i])
    return "".join(out)
