"""Columns out of records: the frame that every log source returns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.sources.formats import Record
from faultmaven_lib.sources.levels import level_of

CORE = ("service", "level", "message", "source", "line")
"""The columns that every frame of logs has."""
MAX_FIELDS = 40
"""Parsed fields that become columns: the most frequent ones."""
_BLOCK_FIELDS = 120
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,17})?")


def block_frame(records: Sequence[Record], service: str, source: str, rare: Counter[str]) -> pd.DataFrame:
    """Make a frame of one block of records, fields as text or as the numbers that JSON has; no times yet.

    Fields beyond a bound are left out and counted in ``rare``.
    """
    counts: Counter[str] = Counter()
    for record in records:
        counts.update(record.keys())
    for name in ("time", *CORE):
        counts.pop(name, None)
    names = [name for name, _ in counts.most_common(_BLOCK_FIELDS)]
    if len(counts) > len(names):
        kept = set(names)
        rare.update({name: n for name, n in counts.items() if name not in kept and len(rare) < 10_000})
    level_cache: dict[Any, str] = {}
    levels = []
    for record in records:
        raw = record.get("level", "")
        level = level_cache.get(raw)
        if level is None:
            level = level_of(raw)
            if len(level_cache) < 1000:
                level_cache[raw] = level
        levels.append(level)
    data: dict[str, Any] = {
        "service": pd.Series([str(r.get("service") or service) for r in records], dtype="str"),
        "level": pd.Series(levels, dtype="str"),
        "message": pd.Series([r.get("message", "") for r in records], dtype="str"),
        "source": pd.Series([source] * len(records), dtype="str"),
        "line": np.array([r["line"] for r in records], dtype="int64"),
    }
    for name in names:
        data[name] = _text_column([r.get(name) for r in records])
    return pd.DataFrame(data)


def _text_column(values: list[Any]) -> pd.Series[Any]:
    kinds = {type(v) for v in values if v is not None}
    if kinds == {str}:
        return pd.Series(values, dtype="str")
    if kinds <= {int, float} and all(v is None or abs(v) < 2**53 or v != v or abs(v) == np.inf for v in values):
        return pd.Series([np.nan if v is None else float(v) for v in values], dtype="float64")
    return pd.Series([None if v is None else str(v) for v in values], dtype="str")


def finished(blocks: list[pd.DataFrame], rare: Counter[str]) -> pd.DataFrame:
    """Join blocks into one frame on one time line, fields bounded in number and typed.

    A field becomes a number where all its values are plain decimal numbers; rows are sorted by time, equal
    times in the order of reading.
    """
    filled = [b for b in blocks if len(b)]
    if not filled:
        return empty_logs()
    counts: Counter[str] = Counter()
    order: dict[str, None] = {}
    for block in filled:
        for name in block.columns:
            if name not in CORE:
                counts[name] += int(block[name].notna().sum())
                order[name] = None
    wanted = {name for name, n in counts.most_common(MAX_FIELDS) if n}
    for name, n in counts.items():
        if n and name not in wanted:
            rare[name] += n
    names = [name for name in order if name in wanted]
    frame = pd.concat([_aligned(block, names) for block in filled])
    for name in names:
        frame[name] = _typed(frame[name])
    # The stubs know an Index here, not that it is one of times.
    ordered = np.argsort(frame.index.asi8, kind="stable")  # type: ignore[attr-defined]
    frame = frame.iloc[ordered]
    frame.index.name = "time"
    return frame


def _aligned(block: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    frame = block[list(CORE)].copy()
    for name in names:
        if name not in block.columns:
            frame[name] = pd.Series([None] * len(block), index=block.index, dtype="object")
        elif block[name].dtype == np.float64:
            frame[name] = block[name].astype("object").where(block[name].notna(), None)
        else:
            frame[name] = block[name].astype("object").where(block[name].notna(), None)
    return frame


def _typed(column: pd.Series[Any]) -> pd.Series[Any]:
    values = column.tolist()
    present = [v for v in values if v is not None and v == v]
    if all(isinstance(v, float) or _NUMBER.fullmatch(v) for v in present):
        numbers = np.array([np.nan if v is None or v != v else float(v) for v in values], dtype="float64")
        whole = len(present) == len(values) and not any(isinstance(v, str) and "." in v for v in present)
        if whole and np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all():
            return pd.Series(numbers.astype("int64"), index=column.index)
        return pd.Series(numbers, index=column.index)
    texts = [None if v is None or v != v else v if isinstance(v, str) else format(v, ".15g") for v in values]
    return pd.Series(texts, index=column.index, dtype="str")


def empty_logs() -> pd.DataFrame:
    """Return a frame of logs without rows.

    Examples
    --------
    >>> list(empty_logs().columns)
    ['service', 'level', 'message', 'source', 'line']
    """
    index = pd.DatetimeIndex([], tz="UTC", name="time").as_unit("ns")
    frame = pd.DataFrame({name: pd.Series([], dtype="str") for name in CORE[:4]}, index=index)
    frame["line"] = np.array([], dtype="int64")
    return frame
