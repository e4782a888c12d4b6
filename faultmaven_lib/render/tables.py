"""The first rows of a result as cells of text, for HTML and Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faultmaven_lib.model import Evidence
from faultmaven_lib.render.escape import clip

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = 10
_CELL = 240


@dataclass(frozen=True)
class Preview:
    """Some rows of a frame."""

    header: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    stored: int
    """Rows the frame has."""
    more_columns: int = 0
    problem: str = ""
    """Why there is nothing to show."""


def preview(entry: Evidence, rows: int = 5) -> Preview:
    """Return the first rows of a stored result; a result that cannot be read is a problem in words.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> bare = Evidence(id="E1", kind="manual", taken_at=datetime.now(UTC), rows=0, sha256="")
    >>> preview(bare).problem
    'The result itself is not stored.'
    """
    if not entry.snapshot:
        return Preview((), (), (), 0, problem="The result itself is not stored.")
    try:
        frame = entry.frame
    except (OSError, ValueError) as error:
        return Preview((), (), (), 0, problem=f"The stored result cannot be read: {clip(error, 200)}")
    return first_rows(frame, rows)


def first_rows(frame: pd.DataFrame, rows: int = 5, columns: int = _COLUMNS) -> Preview:
    """Return the first rows of any frame as text, without columns that are empty in them.

    An index that says something is the first columns.
    """
    import pandas as pd

    plain_range = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    some = frame.iloc[:rows]
    # Logs of many services have a column for every field of any of them: empty ones say nothing.
    filled = (
        [p for p in range(frame.shape[1]) if _says_something(some.iloc[:, p])] if len(some) else range(frame.shape[1])
    )
    head = some.iloc[:, list(filled)[:columns]]
    names = [" ".join(map(str, c)) if isinstance(c, tuple) else str(c) for c in head.columns]
    series: list[Any] = [head.iloc[:, position] for position in range(head.shape[1])]
    if not plain_range:
        levels = range(frame.index.nlevels)
        names = [str(frame.index.names[level] or "index") for level in levels] + names
        series = [head.index.get_level_values(level).to_series() for level in levels] + series
    numeric = tuple(pd.api.types.is_numeric_dtype(s.dtype) and not pd.api.types.is_bool_dtype(s.dtype) for s in series)
    cells = [[_cell(value) for value in s.tolist()] for s in series]
    return Preview(
        header=tuple(names),
        numeric=numeric,
        rows=tuple(zip(*cells, strict=True)) if cells else (),
        stored=len(frame),
        more_columns=frame.shape[1] - head.shape[1],
    )


def _says_something(column: pd.Series[Any]) -> bool:
    return bool((column.notna() & (column.astype("str") != "")).any())


def _cell(value: Any) -> str:
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, float):
        return "" if value != value else f"{value:.6g}"
    if isinstance(value, pd.Timestamp):
        return _stamp(value)
    return clip(value, _CELL)


def _stamp(value: pd.Timestamp) -> str:
    text = str(value.tz_convert("UTC") if value.tz is not None else value)
    return text.replace("+00:00", "Z")


def counts_in_words(counts: dict[str, Any], limit: int = 6) -> str:
    """Return counts by name, the largest first.

    Examples
    --------
    >>> counts_in_words({"ERROR": 12, "INFO": 3400})
    'INFO 3,400, ERROR 12'
    """
    ordered: Iterable[tuple[str, Any]] = sorted(counts.items(), key=lambda item: -int(item[1]))
    return ", ".join(f"{name} {int(number_of):,}" for name, number_of in list(ordered)[:limit])
