"""A sentence on recorded data that restates no finding: one row of one result has to hold all that it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from faultmaven_lib.analysis.wording import unit_of
from faultmaven_lib.claims.facts import fold
from faultmaven_lib.findings import is_findings
from faultmaven_lib.model import Evidence, utc
from faultmaven_lib.troubleshooting.llm import vocabulary as say
from faultmaven_lib.troubleshooting.llm.figures import is_moment, is_value
from faultmaven_lib.troubleshooting.llm.reading import Token
from faultmaven_lib.troubleshooting.llm.restating import is_quote

_NAMING = ("service", "level", "kind", "version", "commit", "author")
"""Columns whose values are names. What a message says may only be quoted."""
_COUNTED = frozenset("rows records lines samples spans".split())
_HOLDS = frozenset("holds has contains".split())
_WORDS = say.PLAIN | say.SAYING | say.LINE | {"at", "by", "times", "record", "row"} | _COUNTED | _HOLDS
_MOST_ROWS = 2_000
_MOST_NAMES = 500


def names_of(entry: Evidence) -> set[str]:
    """Return what may stand in a sentence on a result as a name: its source, columns, services, levels, versions."""
    frame = entry.frame
    if isinstance(frame.columns, pd.MultiIndex):
        found = {str(part) for column in frame.columns for part in column[:2]}
    else:
        found = {str(c) for c in frame.columns}
        for column in _NAMING:
            if column in frame.columns:
                found |= set(frame[column].dropna().astype(str).unique()[:_MOST_NAMES])
    return {name for name in {entry.source, *found} if re.fullmatch(r"\S{1,80}", name)}


def problems(tokens: Sequence[Token], entries: Sequence[Evidence]) -> Iterator[str]:
    """Yield why no single row of the cited results holds what a sentence says."""
    wrong = [t.text for t in tokens if t.kind == "word" and t.text not in _WORDS]
    yield from map(say.why_not, wrong)
    if counts := [t.text for t in tokens if t.kind == "count"]:
        yield f"says {counts[0]!r}, which is no single row of what it cites"
    if wrong or counts:
        return
    if all(is_findings(e.frame) for e in entries):
        yield "restates no finding by its id, and cites findings only"
    elif not all(not is_findings(e.frame) and (_is_total(tokens, e) or _is_row(tokens, e)) for e in entries):
        yield "says what no single row of what it cites holds: service, text, time and numbers together"


def _is_total(tokens: Sequence[Token], entry: Evidence) -> bool:
    """Whether it says how many rows a result has."""
    texts = [t.text for t in tokens]
    if len(texts) != 4 or texts[1] not in _HOLDS or tokens[2].kind != "number" or texts[3] not in _COUNTED:
        return False
    # A source holds more than what a narrower query brought.
    about = texts[0] == entry.id or (fold(texts[0]) == fold(entry.source) and not entry.query)
    return about and not tokens[2].unit and texts[2].replace(",", "") == str(entry.rows)


def _is_row(tokens: Sequence[Token], entry: Evidence) -> bool:
    frame = entry.frame
    names = [t.text for t in tokens if t.kind == "name" and t.text != fold(entry.source)]
    if isinstance(frame.columns, pd.MultiIndex):
        return _is_sample(tokens, names, frame)
    columns = {fold(str(c)): str(c) for c in frame.columns}
    naming = [c for c in _NAMING if c in frame.columns]
    if "service" in naming and not set(names) & set(frame["service"].astype(str).map(fold)):
        return False
    rows = frame
    for name in names:
        if name not in columns:
            rows = rows[_any(rows, naming, lambda v, name=name: fold(v) == name)]
    for quote in (t.text for t in tokens if t.kind == "quote"):
        texts = [str(c) for c in rows.columns if not pd.api.types.is_numeric_dtype(rows[c].dtype)]
        rows = rows[_any(rows, texts, lambda v, quote=quote: is_quote(quote, v))]
    if not _is_said(tokens) or not any(t.kind in ("quote", "moment", "number") for t in tokens):
        return False
    index = not isinstance(rows.index, pd.RangeIndex)
    return any(
        _holds(tokens, record, columns)
        for record in rows.head(_MOST_ROWS).reset_index(drop=not index).to_dict("records")
    )


def _any(rows: pd.DataFrame, columns: Sequence[str], fits: Any) -> Any:
    mask = pd.Series(False, index=rows.index)
    for column in columns:
        texts = rows[column].astype(str)
        mask |= texts.isin({v for v in texts.dropna().unique() if fits(v)})
    return mask.to_numpy()


def _is_said(tokens: Sequence[Token]) -> bool:
    """Whether every quote is said to have been logged."""
    before = [tokens[place - 1] if place else None for place, t in enumerate(tokens) if t.kind == "quote"]
    return len(before) <= 1 and all(t is not None and t.text in say.SAYING | say.LINE | {":"} for t in before)


def _holds(tokens: Sequence[Token], row: dict[Any, Any], columns: dict[str, str]) -> bool:
    for place, token in enumerate(tokens):
        if token.kind == "moment" and not any(is_moment(token.text, utc(v)) for v in row.values() if _is_time(v)):
            return False
        if token.kind == "number":
            column = _column(tokens, place, columns)
            if column is None or not _is_cell(token, row.get(column), column):
                return False
    return True


def _is_time(value: Any) -> bool:
    return isinstance(value, pd.Timestamp) and value.tzinfo is not None and not pd.isna(value)


def _column(tokens: Sequence[Token], place: int, columns: dict[str, str]) -> str | None:
    """Return the column that a number is said to be of: named before or behind it, or a count of times."""
    near = [tokens[p] for p in (place - 1, place + 1, place - 2) if 0 <= p < len(tokens)]
    if any(t.text == "times" for t in near) and "count" in columns:
        return columns["count"]
    return next((columns[t.text] for t in near if t.kind == "name" and t.text in columns), None)


def _is_cell(token: Token, value: Any, column: str) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    return number and is_value(token.text, token.unit, float(value), unit_of(column))


def _is_sample(tokens: Sequence[Token], names: Sequence[str], frame: pd.DataFrame) -> bool:
    """Whether it gives one sample of one series: its service, its metric, its time and its value."""
    moments = [t.text for t in tokens if t.kind == "moment"]
    numbers = [t for t in tokens if t.kind == "number"]
    if len(moments) != 1 or len(numbers) != 1 or any(t.kind == "quote" for t in tokens):
        return False
    for position, column in enumerate(frame.columns):
        if {fold(str(part)) for part in column[:2] if part} != set(names):
            continue
        samples = frame.iloc[:, position].dropna()
        for at, value in samples.items():
            if _is_time(at) and is_moment(moments[0], utc(at)) and _is_cell(numbers[0], float(value), str(column[1])):
                return True
    return False
