"""Take a model's sentence apart, without a remainder: what cannot be read cannot be judged."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from faultmaven_lib.claims.facts import fold
from faultmaven_lib.claims.language import MOMENT, REFERENCE

Kind = Literal["stored", "name", "quote", "moment", "count", "number", "reference", "word", "mark"]
LONGEST = 400

_SPAN = r"\d+(?:\.\d+)? (?:ms|s|min|h|d)(?: \d+(?:\.\d+)? (?:ms|s|min|h))?"
_UNIT = (
    r"%|percent\b|per (?:second|minute)\b|/s\b|/min\b|(?:[kMGT]i?B|B)(?:/s)?\b|milliseconds?\b|seconds?\b|minutes?\b|"
    r"hours?\b|ns\b|µs\b|us\b|ms\b|min\b|s\b|h\b"
)
_QUOTE = re.compile(r'"(?P<a>[^"“”\n]{1,400})"|“(?P<b>[^"“”\n]{1,400})”')
_COUNT = re.compile(rf"\d[\d,]* times in {_SPAN}\b", re.ASCII)
_NUMBER = re.compile(
    rf"(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\d.,]*\d)\s?(?P<unit>{_UNIT})?(?![\w/%]|:\d)",
    re.ASCII,
)
_MOMENT = re.compile(MOMENT.pattern + r"(?!\w|[:+-]\d)", re.ASCII)
_REFERENCE = re.compile(REFERENCE.pattern, re.ASCII)
_WORD = re.compile(r"[A-Za-z]+(?![\w’'-])|'s\b|’s\b|[A-Za-z]+(?=['’]s\b)", re.ASCII)
_MARK = re.compile(r"[,:()]")


class Unreadable(Exception):
    """A text that is not one plain sentence; the message says why."""


@dataclass(frozen=True)
class Token:
    """A piece of a sentence."""

    kind: Kind
    text: str
    unit: str = ""


def read(text: str, names: Iterable[str] = (), stored: Iterable[str] = ()) -> list[Token]:
    """Return the pieces of a sentence: stored sentences, names, quotes, numbers, times, words and marks.

    Parameters
    ----------
    text
        One sentence, ending in a full stop, a question mark or nothing.
    names
        What may stand in it as a name, to the letter but for case.
    stored
        Sentences that were recorded, which may stand in it to the letter.

    Raises
    ------
    Unreadable
        If it is empty, too long, more than one sentence, or holds a sign that is none of these pieces.

    Examples
    --------
    >>> [(t.kind, t.text, t.unit) for t in read("p99 of shop rose to 2.5 s.", ["shop", "p99"])][-3:]
    [('word', 'rose', ''), ('word', 'to', ''), ('number', '2.5', 's')]
    """
    body = " ".join(text.split())
    if not body:
        raise Unreadable("says nothing")
    if len(body) > LONGEST:
        raise Unreadable(f"is longer than {LONGEST} characters")
    pieces = _patterns(names, stored)
    end = body[:-1].rstrip() if body[-1] in ".?" and not any(body == s for s in stored) else body
    tokens: list[Token] = []
    position = 0
    while position < len(end):
        if end[position] == " ":
            position += 1
            continue
        token, position = _next(end, position, pieces)
        tokens.append(token)
    return tokens


def _patterns(names: Iterable[str], stored: Iterable[str]) -> list[tuple[Kind, re.Pattern[str]]]:
    pieces: list[tuple[Kind, re.Pattern[str]]] = []
    for kind, texts in (("stored", stored), ("name", names)):
        # A stored sentence may also stand without its full stop.
        given = {t.strip() for t in texts} | ({t.strip().rstrip(".") for t in texts} if kind == "stored" else set())
        if found := sorted((g for g in given if g), key=len, reverse=True):
            either = "|".join(re.escape(g) for g in found)
            # Not the beginning or the end of a longer name: "shop" is not in "shop-db".
            bounded = rf"(?<!\w)(?<![\w][-./:@])(?:{either})(?!\w|[-./:@]\w)"
            pieces.append((kind, re.compile(bounded, re.IGNORECASE | re.ASCII)))  # type: ignore[arg-type]
    return [*pieces, ("quote", _QUOTE), ("moment", _MOMENT), ("count", _COUNT), ("number", _NUMBER),
            ("reference", _REFERENCE), ("word", _WORD), ("mark", _MARK)]  # fmt: skip


def _next(text: str, position: int, pieces: list[tuple[Kind, re.Pattern[str]]]) -> tuple[Token, int]:
    for kind, pattern in pieces:
        match = pattern.match(text, position)
        if match is None:
            continue
        if kind == "quote":
            return Token(kind, match["a"] or match["b"]), match.end()
        if kind == "number":
            return Token(kind, match["digits"], match["unit"] or ""), match.end()
        if kind in ("word", "name"):
            return Token(kind, fold(match.group()).replace("’", "'")), match.end()
        return Token(kind, match.group()), match.end()
    raise Unreadable(_unreadable(text, position))


def _unreadable(text: str, position: int) -> str:
    sign = text[position]
    if sign in ".!?;\n" and text[position + 1 :].strip():
        return "is more than one sentence"
    if sign in "\"“”'’`":
        return "has a quote that is not closed, or is not in plain quotation marks"
    word = re.compile(r"\S+").match(text, position)
    piece = word.group() if word else sign
    if piece.isascii() and piece.isprintable():
        return f"holds {piece[:40]!r}, which is no name in what it rests on, and no word that can be judged"
    return f"holds signs that cannot be judged: {ascii(piece)[1:-1][:60]}"
