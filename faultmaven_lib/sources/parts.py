"""Parts of a block: records of one shape as columns, and how several become the columns of one frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from faultmaven_lib.sources.formats import Record
from faultmaven_lib.sources.levels import level_of
from faultmaven_lib.sources.times import nanoseconds

Column: TypeAlias = "pa.Array | Sequence[Any]"
"""Texts or numbers as an Arrow array (large_string, double), or Python's own values; missing ones are null."""
Lines = npt.NDArray[np.int64]
CORE = ("service", "level", "message", "source", "line")
"""The columns that every frame of logs has."""
_BLOCK_FIELDS = 120
_RARE = 10_000
_STRINGS = pd.StringDtype("pyarrow", na_value=np.nan)


@dataclass
class Part:
    """Some records of a block, column by column, in the order in which a record names its fields."""

    lines: Lines
    """Number of the first line of each."""
    columns: dict[str, Column]

    def where(self, keep: npt.NDArray[np.bool_]) -> Part:
        """Return the part with some of its records."""
        mask = pa.array(keep)

        def chosen(column: Column) -> Column:
            return column.filter(mask) if isinstance(column, pa.Array) else list(compress(column, keep))

        return Part(self.lines[keep], {name: chosen(column) for name, column in self.columns.items()})


def part_of_records(records: Sequence[Record]) -> Part:
    """Turn records that were parsed one by one into columns.

    Their fields come in the order of a record, those of later records behind: what a dict of names keeps.
    """
    names: dict[str, None] = {}
    for record in records:
        names.update(dict.fromkeys(record))
    names.pop("line", None)
    lines = np.array([r["line"] for r in records], dtype="int64")
    return Part(lines, {name: [r.get(name) for r in records] for name in names})


@dataclass(frozen=True)
class Block:
    """The records of a block as one frame, not yet placed in time."""

    frame: pd.DataFrame
    times: npt.NDArray[np.int64]
    """UTC nanoseconds, the smallest number where a record has no time."""
    zones: frozenset[str]
    yearless: bool
    rare: Counter[str]
    """Fields that did not become columns."""


def joined(parts: Sequence[Part], service: str, source: str, reference: datetime) -> Block:
    """Put parts together in the order of their lines.

    Parameters
    ----------
    parts
        At least one.
    service, source
        What the file is called: ``service`` where a record names none.
    reference
        For times without a year.
    """
    lines = np.concatenate([p.lines for p in parts])
    order = None if len(parts) == 1 else np.argsort(lines, kind="stable")
    size = len(lines)
    names, rare = _names(parts)
    times = [nanoseconds(p.columns.get("time", [None] * len(p.lines)), reference) for p in parts]

    def placed(arrays: Sequence[pa.Array]) -> pa.Array:
        whole = arrays[0] if len(arrays) == 1 else pa.concat_arrays(arrays)
        return whole if order is None else whole.take(pa.array(order))

    data: dict[str, Any] = {
        "service": strings(placed([_services(p, service) for p in parts])),
        "level": strings(placed([_levels(p) for p in parts])),
        "message": strings(placed([_messages(p) for p in parts])),
        "source": strings(pa.repeat(pa.scalar(source, pa.large_string()), size)),
        "line": lines if order is None else lines[order],
    }
    for name in names:
        columns = [p.columns.get(name) for p in parts]
        kinds = set().union(*(_kinds(c) for c in columns if c is not None))
        if kinds <= {"number"}:
            array = placed([_numbers(c, len(p.lines)) for c, p in zip(columns, parts, strict=True)])
            data[name] = array.to_numpy(zero_copy_only=False)
        else:
            data[name] = strings(placed([_texts(c, len(p.lines)) for c, p in zip(columns, parts, strict=True)]))
    values = np.concatenate([t.values for t in times])
    return Block(
        pd.DataFrame(data, copy=False),
        values if order is None else values[order],
        frozenset().union(*(t.zones for t in times)),
        any(t.yearless for t in times),
        rare,
    )


def strings(array: pa.Array | pa.ChunkedArray) -> Any:
    """Return an Arrow array of texts as pandas holds its strings, without a copy."""
    return _STRINGS.__from_arrow__(array)  # type: ignore[attr-defined]  # pandas' protocol for Arrow, unknown to its stubs


def number_text(value: float) -> str:
    """Write a number as text: whole ones without a point.

    Examples
    --------
    >>> number_text(200.0), number_text(0.25)
    ('200', '0.25')
    """
    return str(int(value)) if abs(value) < 2**53 and value == int(value) else repr(float(value))


def _names(parts: Sequence[Part]) -> tuple[list[str], Counter[str]]:
    """Return the most frequent fields, of equally frequent ones the first, and what else there is."""
    counts: Counter[str] = Counter()
    first: dict[str, tuple[int, int]] = {}
    for part in parts:
        for position, (name, column) in enumerate(part.columns.items()):
            if name == "time" or name in CORE:
                continue
            present, at = _presence(column)
            if present:
                counts[name] += present
                place = (int(part.lines[at]), position)
                first[name] = min(first.get(name, place), place)
    ranked = sorted(counts, key=lambda name: (-counts[name], first[name]))
    rare = Counter({name: counts[name] for name in ranked[_BLOCK_FIELDS : _BLOCK_FIELDS + _RARE]})
    return ranked[:_BLOCK_FIELDS], rare


def _presence(column: Column) -> tuple[int, int]:
    """Return how many values there are, and where the first is."""
    if isinstance(column, pa.Array):
        if not column.null_count:
            return len(column), 0
        found = np.flatnonzero(column.is_valid().to_numpy(zero_copy_only=False))
    else:
        if None not in column:
            return len(column), 0
        found = np.flatnonzero([v is not None for v in column])
    return (len(found), int(found[0])) if len(found) else (0, 0)


def _kinds(column: Column) -> set[str]:
    if isinstance(column, pa.Array):
        if column.null_count == len(column):
            return set()
        return {"number" if pa.types.is_floating(column.type) else "text"}
    types = set(map(type, column)) - {type(None)}
    if types <= {str}:
        return {"text"} if types else set()
    if types <= {int, float} and all(v is None or abs(v) < 2**53 or v != v or abs(v) == np.inf for v in column):
        return {"number"}
    return {"other"}


def _numbers(column: Column | None, size: int) -> pa.Array:
    if column is None:
        return pa.nulls(size, pa.float64())
    if isinstance(column, pa.Array):
        return column if pa.types.is_floating(column.type) else pa.nulls(size, pa.float64())
    return pa.array([None if v is None else float(v) for v in column], pa.float64())


def _texts(column: Column | None, size: int) -> pa.Array:
    if column is None:
        return pa.nulls(size, pa.large_string())
    if isinstance(column, pa.Array):
        if not pa.types.is_floating(column.type):
            return column
        column = column.to_pylist()
    try:
        return pa.array(column, pa.large_string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return pa.array([_text(v) for v in column], pa.large_string())


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and value == value and abs(value) != np.inf:
        return number_text(value)
    return str(value)


def _messages(part: Part) -> pa.Array:
    column = _texts(part.columns.get("message"), len(part.lines))
    return pc.fill_null(column, "") if column.null_count else column


def _services(part: Part, default: str) -> pa.Array:
    column = part.columns.get("service")
    if column is None:
        return pa.repeat(pa.scalar(default, pa.large_string()), len(part.lines))
    if not isinstance(column, pa.Array):
        return pa.array([str(v or default) for v in column], pa.large_string())
    named = pc.and_(column.is_valid(), pc.not_equal(column, ""))
    return pc.if_else(pc.fill_null(named, False), column, pa.scalar(default, pa.large_string()))


def _levels(part: Part) -> pa.Array:
    column = part.columns.get("level")
    if column is None:
        return pa.repeat(pa.scalar("", pa.large_string()), len(part.lines))
    if isinstance(column, pa.Array):
        coded = column.dictionary_encode()
        names = pa.array([level_of(v) for v in coded.dictionary.to_pylist()], pa.large_string())
        return pc.fill_null(names.take(coded.indices), "")
    cache: dict[Any, str] = {}
    levels = []
    for raw in column:
        level = cache.get(raw)
        if level is None:
            level = level_of(raw)
            if len(cache) < 1000:
                cache[raw] = level
        levels.append(level)
    return pa.array(levels, pa.large_string())
