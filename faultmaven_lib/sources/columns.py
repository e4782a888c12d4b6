"""The frame that every log source returns, out of those of blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from faultmaven_lib.sources.parts import CORE, number_text, strings

MAX_FIELDS = 40
"""Parsed fields that become columns: the most frequent ones."""
_NUMBER = r"^-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,17})?\z"


def finished(blocks: Sequence[pd.DataFrame], rare: Counter[str]) -> pd.DataFrame:
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
    # The stubs know an Index here, not that it is one of times.
    times = np.concatenate([b.index.asi8 for b in filled])  # type: ignore[attr-defined]
    sort = None if (times[1:] >= times[:-1]).all() else np.argsort(times, kind="stable")
    data: dict[str, Any] = {}
    for name in (*CORE, *(n for n in order if n in wanted)):
        if name == "line":
            lines = np.concatenate([b["line"].to_numpy() for b in filled])
            data[name] = lines if sort is None else lines[sort]
            continue
        column = _joined([b[name] if name in b.columns else len(b) for b in filled], name in CORE)
        if isinstance(column, np.ndarray):
            data[name] = column if sort is None else column[sort]
        else:
            data[name] = strings(column if sort is None else column.take(pa.array(sort)))
    index = pd.DatetimeIndex((times if sort is None else times[sort]).view("datetime64[ns]"), tz="UTC", name="time")
    return pd.DataFrame(data, index=index, copy=False)


def _joined(columns: Sequence[pd.Series[Any] | int], text: bool) -> np.ndarray[Any, Any] | pa.ChunkedArray:
    """Join the columns of one field, given as their length where a block has none; numbers where all are."""
    texts: list[pa.Array | None] = []
    numeric = not text
    whole = True
    for column in columns:
        if isinstance(column, int) or column.dtype == np.float64:
            texts.append(None)
            continue
        array = pa.array(column, pa.large_string(), from_pandas=True)
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        texts.append(array)
        if numeric:
            numeric = pc.all(pc.match_substring_regex(array, _NUMBER)).as_py() is not False
            whole = whole and numeric and not pc.any(pc.match_substring(array, ".")).as_py()
    if numeric:
        numbers = np.concatenate(
            [
                np.full(column, np.nan)
                if isinstance(column, int)
                else column.to_numpy()
                if array is None
                else array.cast(pa.float64()).to_numpy(zero_copy_only=False)
                for column, array in zip(columns, texts, strict=True)
            ]
        )
        if whole and np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all():
            return numbers.astype("int64")
        return numbers
    return pa.chunked_array(
        [
            pa.nulls(column, pa.large_string())
            if isinstance(column, int)
            else _written(column)
            if array is None
            else array
            for column, array in zip(columns, texts, strict=True)
        ]
    )


def _written(column: pd.Series[Any]) -> pa.Array:
    values = column.tolist()
    return pa.array(
        [None if v != v else number_text(v) if abs(v) < np.inf else str(v) for v in values], pa.large_string()
    )


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


__all__ = ["CORE", "MAX_FIELDS", "empty_logs", "finished"]
