"""The query language of files: ``field=value``, ``field~regex``, ``-term``, ``"phrase"``, joined by AND."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from faultmaven_lib.exceptions import QuerySyntaxError
from faultmaven_lib.redaction import Redactor
from faultmaven_lib.sources.levels import level_of

_FIELD = re.compile(r"[A-Za-z_@][\w.@/-]*(?=[=~])")
_COMPARISON = re.compile(r"([A-Za-z_@](?:[\w.@/-]*\w)?)(!=|!~|>=|<=|>|<)(?=[\w\"])")
_MAX_PATTERN = 1000
_MAX_TERMS = 100
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Term:
    """One condition of a query."""

    op: Literal["has", "is", "matches"]
    value: str
    field: str = ""
    negated: bool = False
    position: int = 0


def parse_query(text: str) -> tuple[Term, ...]:
    """Read a query.

    Terms are joined by AND, whether the word stands between them or not. ``field=value`` asks for exactly
    that value (of a level: for any spelling of it), ``field~regex`` for a match of an RE2 regular expression
    anywhere in the field, a bare term or ``"phrase"`` for that text, whatever its case, in any text column.
    A minus before any of them asks for the opposite.

    Raises
    ------
    QuerySyntaxError
        With the position of what is wrong.

    Examples
    --------
    >>> [t.op for t in parse_query('service=checkout AND message~time.?out -health "lock wait"')]
    ['is', 'matches', 'has', 'has']
    >>> parse_query("a OR b")
    Traceback (most recent call last):
    ...
    faultmaven_lib.exceptions.QuerySyntaxError: OR is not supported: use field~one|other, or two queries, at position 2:
      a OR b
        ^
    """
    terms: list[Term] = []
    position = 0
    joined: int | None = None
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if position >= len(text):
            break
        # White space was passed over and the end was ruled out, so there is always a match.
        word = re.match(r"\S+", text[position:])[0]  # type: ignore[index]
        if word in ("OR", "||"):
            raise QuerySyntaxError("OR is not supported: use field~one|other, or two queries", text, position)
        if word == "NOT":
            raise QuerySyntaxError("NOT is not supported: write -term", text, position)
        if word in ("AND", "&&"):
            if not terms or joined is not None:
                raise QuerySyntaxError("AND must stand between two terms", text, position)
            joined, position = position, position + len(word)
            continue
        joined = None
        term, position = _term(text, position)
        terms.append(term)
        if len(terms) > _MAX_TERMS:
            raise QuerySyntaxError(f"more than {_MAX_TERMS} terms", text, term.position)
    if joined is not None:
        raise QuerySyntaxError("a term is missing after AND", text, joined)
    return tuple(terms)


def _term(text: str, start: int) -> tuple[Term, int]:
    position = start
    negated = text[position] == "-"
    position += negated
    if negated and (position >= len(text) or text[position].isspace()):
        raise QuerySyntaxError("a term is missing after the minus", text, start)
    if comparison := _COMPARISON.match(text, position):
        field, sign = comparison[1], comparison[2]
        better = {"!=": f"-{field}=", "!~": f"-{field}~"}.get(sign, f"{field}~regex, for instance status~^5")
        raise QuerySyntaxError(f"{sign} is not supported: write {better}", text, comparison.start(2))
    field_match = _FIELD.match(text, position)
    if field_match is None:
        value, end = _value(text, position)
        if not value:
            raise QuerySyntaxError("an empty phrase", text, position)
        return Term("has", value, negated=negated, position=start), end
    field = field_match[0]
    at = field_match.end() + 1
    if at >= len(text) or text[at].isspace():
        raise QuerySyntaxError(
            f'a value is missing after {field}{text[at - 1]} (write {field}="" for an empty one)', text, at
        )
    value, end = _value(text, at)
    if text[at - 1] == "=":
        return Term("is", value, field, negated, start), end
    _check_pattern(value, text, at)
    return Term("matches", value, field, negated, start), end


def _value(text: str, start: int) -> tuple[str, int]:
    if text[start] != '"':
        found = re.compile(r"\S+").match(text, start)
        assert found is not None  # noqa: S101 (the caller has seen a character that is no blank)
        return found[0], found.end()
    out: list[str] = []
    position = start + 1
    while position < len(text):
        character = text[position]
        if character == '"':
            return "".join(out), position + 1
        if character == "\\" and text[position + 1 : position + 2] == '"':
            position += 1
            character = '"'
        out.append(character)
        position += 1
    raise QuerySyntaxError("a closing quote is missing", text, start)


def _check_pattern(pattern: str, query: str, at: int) -> None:
    offset = at + (query[at] == '"')
    if len(pattern) > _MAX_PATTERN:
        raise QuerySyntaxError(f"a regular expression longer than {_MAX_PATTERN} characters", query, at)
    try:
        # RE2 takes time linear in the text, whatever the pattern.
        pc.match_substring_regex(pa.array([""]), pattern)
    except (pa.ArrowInvalid, UnicodeEncodeError) as error:
        message = str(error).removeprefix("Invalid regular expression: ").splitlines()[0]
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as other:
            offset += getattr(other, "pos", None) or 0
        raise QuerySyntaxError(f"not a regular expression: {message}", query, min(offset, len(query))) from None


def quiet(clean: Redactor) -> Callable[[str, str], str]:
    """Return a function that redacts the values of a query as rows are redacted, without counting them."""

    def token(field: str, value: str) -> str:
        before = clean.counts.copy()
        redacted = clean.redact_field(field, value)
        clean.counts = before
        return redacted

    return token


def select(
    frame: pd.DataFrame, terms: tuple[Term, ...], token: Callable[[str, str], str] = lambda _, value: value
) -> tuple[Mask, list[str]]:
    """Return which rows satisfy all terms, and the fields that no row has.

    Parameters
    ----------
    frame
        The rows; its columns are the fields.
    terms
        As ``parse_query`` returned them.
    token
        Redacts a field's value as the rows were redacted, so that a query for a secret finds its token.
    """
    mask = np.ones(len(frame), dtype=bool)
    unknown = []
    for term in terms:
        if term.op == "has":
            found = _has(frame, token("", term.value))
        elif term.field in frame.columns:
            found = _field(frame[term.field], term, token)
        else:
            unknown.append(term.field)
            found = np.zeros(len(frame), dtype=bool)
        mask &= ~found if term.negated else found
    return mask, unknown


def _has(frame: pd.DataFrame, value: str) -> Mask:
    found = np.zeros(len(frame), dtype=bool)
    for name in frame.columns:
        if name != "source" and not pd.api.types.is_numeric_dtype(frame[name].dtype):
            found |= _mask(pc.match_substring(_texts(frame[name]), value, ignore_case=True))
    return found


def _field(column: pd.Series[Any], term: Term, token: Callable[[str, str], str]) -> Mask:
    if term.op == "matches":
        return _mask(pc.match_substring_regex(_texts(column), term.value))
    wanted = token(term.field, term.value)
    if term.field == "level":
        wanted = level_of(wanted) or wanted
    found = _mask(pc.equal(_texts(column), pa.scalar(wanted, pa.large_string())))
    try:
        number = float(wanted)
    except ValueError:
        return found
    if pd.api.types.is_numeric_dtype(column.dtype):
        found |= column.to_numpy(dtype="float64", na_value=np.nan) == number
    return found


def _texts(column: pd.Series[Any]) -> pa.Array:
    if pd.api.types.is_numeric_dtype(column.dtype):
        missing = column.isna().tolist()
        values = [None if gone else format(v, ".15g") if isinstance(v, float) else str(v)
                  for v, gone in zip(column.tolist(), missing, strict=True)]  # fmt: skip
        return pa.array(values, pa.large_string())
    if column.dtype == object:
        return pa.array([None if v is None or v != v else str(v) for v in column], pa.large_string())
    return pa.array(column.astype("str"), pa.large_string(), from_pandas=True)


def _mask(found: Any) -> Mask:
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    result: Mask = found.fill_null(False).to_numpy(zero_copy_only=False)
    return result.copy()
