"""The canonical form of a result, and its SHA-256: equal whatever the order of rows and columns."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_FIELD, _NULL = "\x1f", "\\N"


def normalised(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a copy that Parquet can hold: no attrs, text column names, one type a column.

    A named or non-default index stays the index. Lists and dictionaries become JSON, mixed columns text.
    """
    plain = pd.DataFrame(frame.copy(deep=False))
    plain.attrs = {}
    if isinstance(plain.columns, pd.MultiIndex):
        plain.columns = pd.MultiIndex.from_tuples(
            [tuple(str(part) for part in column) for column in plain.columns],
            names=[None if n is None else str(n) for n in plain.columns.names],
        )
    else:
        plain.columns = pd.Index([str(column) for column in plain.columns], dtype="str")
    replaced = {}
    for position in range(plain.shape[1]):
        column = plain.iloc[:, position]
        if column.dtype == object:
            replaced[position] = _one_type(column)
    if replaced:
        columns = [replaced.get(p, plain.iloc[:, p]) for p in range(plain.shape[1])]
        names = plain.columns
        plain = pd.concat(columns, axis=1) if columns else plain
        plain.columns = names
    if plain.index.dtype == object:
        plain.index = pd.Index([str(value) for value in plain.index], name=plain.index.name)
    return plain


def _one_type(column: pd.Series[Any]) -> pd.Series[Any]:
    kinds = {type(value) for value in column if value is not None and value is not pd.NA}
    if kinds <= {str} or (len(kinds) == 1 and kinds <= {bool, int, float, pd.Timestamp}):
        return column.infer_objects() if kinds else column.astype("str")
    return pd.Series([None if v is None or v is pd.NA else _text(v) for v in column], column.index, dtype="str")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)
    return str(value)


def canonical_columns(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the column names, sorted, the index among them if it says something."""
    return tuple(sorted(name for name, _ in _columns(frame)))


def _columns(frame: pd.DataFrame) -> list[tuple[str, Any]]:
    columns = [
        (_FIELD.join(map(str, name)) if isinstance(name, tuple) else str(name), frame.iloc[:, position])
        for position, name in enumerate(frame.columns)
    ]
    plain_range = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    if not plain_range and not isinstance(frame.index, pd.MultiIndex):
        columns.append((str(frame.index.name or "index"), frame.index.to_series()))
    elif isinstance(frame.index, pd.MultiIndex):
        columns += [
            (str(n or f"index{level}"), frame.index.get_level_values(level).to_series())
            for level, n in enumerate(frame.index.names)
        ]
    return columns


def canonical_rows(frame: pd.DataFrame) -> list[str]:
    r"""Return each row as one text, columns in sorted order, rows sorted.

    Times are UTC nanoseconds, floats have 12 digits, a missing value is ``\N``.

    Examples
    --------
    >>> canonical_rows(pd.DataFrame({"b": [0.1 + 0.2, None], "a": ["x", "y"]}))
    ['x\x1f0.3', 'y\x1f\\N']
    """
    if len(frame) == 0:
        return []
    columns = sorted(_columns(frame), key=lambda named: named[0])
    if not columns:
        return [""] * len(frame)
    cells = [_cells(column) for _, column in columns]
    rows = pc.binary_join_element_wise(*cells, pa.scalar(_FIELD, pa.large_string()))
    return sorted(rows.to_pylist())


def _cells(column: pd.Series[Any]) -> pa.Array:
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.dtype.categories.dtype)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return _whole(column.dt.tz_convert("UTC").dt.as_unit("ns").astype("int64"), column.isna())
    if pd.api.types.is_datetime64_dtype(column.dtype) or pd.api.types.is_timedelta64_dtype(column.dtype):
        return _whole(column.dt.as_unit("ns").astype("int64"), column.isna())
    if pd.api.types.is_bool_dtype(column.dtype):
        return pa.array([_NULL if v is pd.NA else str(bool(v)).lower() for v in column], pa.large_string())
    if pd.api.types.is_float_dtype(column.dtype):
        # Adding zero makes -0.0 and 0.0 one value.
        numbers = column.to_numpy(dtype="float64", na_value=np.nan) + 0.0
        return pa.array([_NULL if v != v else format(v, ".12g") for v in numbers.tolist()], pa.large_string())
    if pd.api.types.is_integer_dtype(column.dtype):
        return pa.array([_NULL if v is pd.NA else str(v) for v in column.tolist()], pa.large_string())
    missing = column.isna().tolist()
    texts = [None if gone else _text(v) for v, gone in zip(column.tolist(), missing, strict=True)]
    array = pa.array(texts, pa.large_string())
    for plain, escaped in (("\\", "\\\\"), (_FIELD, "\\u001f"), ("\n", "\\n")):
        array = pc.replace_substring(array, pattern=plain, replacement=escaped)
    return pc.fill_null(array, _NULL)


def _whole(numbers: pd.Series[Any], missing: pd.Series[Any]) -> pa.Array:
    pairs = zip(numbers.tolist(), missing.tolist(), strict=True)
    return pa.array([_NULL if gone else str(number) for number, gone in pairs], pa.large_string())


def fingerprint(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of the canonical form of a normalised frame.

    Examples
    --------
    >>> a = pd.DataFrame({"x": [1, 2], "y": ["p", "q"]})
    >>> fingerprint(a) == fingerprint(a[["y", "x"]].iloc[::-1].reset_index(drop=True))
    True
    """
    digest = hashlib.sha256("\n".join(c.replace("\n", "\\n") for c in canonical_columns(frame)).encode())
    for row in canonical_rows(frame):
        digest.update(b"\n")
        digest.update(row.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
