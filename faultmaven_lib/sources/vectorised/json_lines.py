"""JSON lines as columns: objects of the same shape are turned on their side together."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from faultmaven_lib.sources.formats.structured import JOURNAL, MAX_DEPTH, MAX_FIELDS, MAX_NAME, ROLES, arranged
from faultmaven_lib.sources.parts import Column, Part
from faultmaven_lib.sources.vectorised.texts import found, holding

_FEW = 8  # objects of a shape; fewer are not worth the calls
_CANDIDATES = frozenset(name for _, names in ROLES for name in names)
_decode = msgspec.json.Decoder().decode
Rows = list[int]


class _Uneven(Exception):
    """Rows of one shape differ below: in what ``key`` says of each."""

    def __init__(self, column: Sequence[Any], key: Callable[[Any], Hashable]) -> None:
        self.keys = list(map(key, column))


def match_json(texts: Sequence[str], lines: pa.Array) -> list[Part]:
    """Return the lines that are JSON objects as columns, one part a shape; rare shapes are left out.

    The result is what ``formats.structured.parse_json`` gives line by line.
    """
    starts = pc.starts_with(lines, "{")
    wanted = found(starts)
    if holding(lines, "\\u").any():
        # Halves of surrogate pairs and NUL are replaced there.
        wanted &= ~found(pc.match_substring_regex(lines, r"\\u(?:[dD]|0000)"))
    with _uncollected():
        return _parts(texts, np.flatnonzero(wanted).tolist())


@contextmanager
def _uncollected() -> Iterator[None]:
    """Hold back the garbage collector: it would walk all objects of a block again and again, and none is in a cycle."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _parts(texts: Sequence[str], rows: Rows) -> list[Part]:
    rows, objects = _decoded([texts[r] for r in rows], rows)
    shapes: dict[Hashable, tuple[Rows, list[dict[str, Any]]]] = {}
    for row, item in zip(rows, objects, strict=True):
        held = shapes.get(shape := tuple(item))
        if held is None:
            held = shapes[shape] = ([], [])
        held[0].append(row)
        held[1].append(item)
    work = list(shapes.values())
    parts = []
    while work:
        rows, objects = work.pop()
        if len(rows) < _FEW or not objects[0]:
            continue
        try:
            columns = _columns(objects, [texts[r] for r in rows] if len(rows) < len(texts) else texts)
        except _Uneven as uneven:
            parted: dict[Hashable, tuple[Rows, list[dict[str, Any]]]] = {}
            for key, row, item in zip(uneven.keys, rows, objects, strict=True):
                held = parted.setdefault(key, ([], []))
                held[0].append(row)
                held[1].append(item)
            work += parted.values()
            continue
        if columns is not None:
            parts.append(Part(np.array(rows, dtype="int64"), columns))
    return parts


def _decoded(texts: list[str], rows: Rows) -> tuple[Rows, list[dict[str, Any]]]:
    try:
        return rows, list(map(_decode, texts))
    except (msgspec.DecodeError, RecursionError):
        pass
    good, objects = [], []
    for row, text in zip(rows, texts, strict=True):
        try:
            item = _decode(text)
        except (msgspec.DecodeError, RecursionError):
            continue
        good.append(row)
        objects.append(item)
    return good, objects


def _columns(objects: list[dict[str, Any]], texts: Sequence[str]) -> dict[str, Column] | None:
    """Return the columns of objects of one shape, or None if that is left to the parser of single lines."""
    if JOURNAL in objects[0] and any(type(item[JOURNAL]) is list for item in objects):
        return None
    flat: dict[str, Sequence[Any]] = {}
    for name, column in _flat(objects, "", 1):
        if len(flat) >= MAX_FIELDS:
            return None
        if None in column and name.lower() in _CANDIDATES and any(v is not None for v in column):
            # Where it is missing another field may have its role.
            raise _Uneven(column, lambda value: value is None)
        flat[name] = column
    # What the parser of single lines does with values is done with the names of their columns.
    places = {name: None if all(v is None for v in column) else name for name, column in flat.items()}
    record = {role: flat[name] for role, name in arranged(places).items()}
    message = record.get("message")
    if message is not None and not all(type(v) is str for v in message):
        if any(type(v) is str for v in message):
            raise _Uneven(message, lambda value: type(value) is str)
        record["message_"] = message
        message = None
    record["message"] = texts if message is None else message
    for role in ("level", "service"):
        if role in record and float in set(map(type, record[role])):
            record[role] = [str(v) if type(v) is float else v for v in record[role]]
    columns = {name: column if name in ("time", "level") else _compact(column) for name, column in record.items()}
    columns["message"] = pc.utf8_rtrim(columns["message"], "\n")
    return columns


def _compact(column: Sequence[Any]) -> Column:
    """Return a column as an Arrow array where that loses nothing."""
    kinds = set(map(type, column)) - {type(None)}
    if kinds == {str}:
        return pa.array(column, pa.large_string())
    if kinds <= {int, float} and None not in column:
        numbers = np.array(column)
        if numbers.dtype.kind in "if" and (np.abs(numbers) < 2**53).all():
            return pa.array(numbers.astype("float64"))
    return column


def _flat(objects: Sequence[dict[str, Any]], prefix: str, depth: int) -> Iterator[tuple[str, Sequence[Any]]]:
    columns = zip(*map(dict.values, objects), strict=True)
    for key, column in zip(objects[0], columns, strict=True):
        name = (prefix + key)[:MAX_NAME]
        kinds = set(map(type, column))
        if dict in kinds and depth < MAX_DEPTH:
            if len(kinds) > 1 or len(set(map(tuple, column))) > 1:
                raise _Uneven(column, lambda value: tuple(value) if type(value) is dict else None)
            if column[0]:
                yield from _flat(column, name + ".", depth + 1)
                continue
        if dict in kinds or list in kinds or bool in kinds:
            yield name, list(map(_written, column))
        else:
            yield name, column


def _written(item: Any) -> Any:
    if isinstance(item, dict | list):
        return json.dumps(item, ensure_ascii=False, default=str)
    if isinstance(item, bool):
        return "true" if item else "false"
    return item
