"""The index of a frame: sorted, as numbers, and back to the moments that people read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.model import Window

_EPOCH = 1e8
"""Numbers above this are taken as epoch seconds (1973 and later), below as sample numbers."""


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame sorted by its index, rows without a usable index left out.

    A naive time index is read as UTC, as the convention for all frames says; text is read as time if it can be.
    """
    index: Any = frame.index
    if not isinstance(index, pd.DatetimeIndex) and not pd.api.types.is_numeric_dtype(index.dtype):
        parsed = pd.to_datetime(pd.Index(index).astype(str), utc=True, errors="coerce", format="mixed")
        index = parsed if len(parsed) and parsed.notna().mean() > 0.5 else pd.RangeIndex(len(frame))
    elif isinstance(index, pd.DatetimeIndex):
        index = index.tz_localize("UTC") if index.tz is None else index.tz_convert("UTC")
    if index is not frame.index:
        frame = frame.set_axis(index, axis=0)
    known = np.asarray(frame.index.notna())
    if not known.all():
        frame = frame[known]
    if not frame.index.is_monotonic_increasing:
        frame = frame.sort_index(kind="stable")
    return frame


def seconds(index: pd.Index) -> np.ndarray:
    """Return an index as floats: seconds since 1970 for times, the numbers themselves otherwise."""
    if isinstance(index, pd.DatetimeIndex):
        return index.as_unit("ns").asi8 / 1e9
    return index.to_numpy(dtype="float64")


def moment(label: Any) -> datetime | float:
    """Return one index label as a finding's onset: a moment in UTC, or the number it is."""
    if isinstance(label, pd.Timestamp):
        return pd.Timestamp(label).floor("us").to_pydatetime()
    return float(label)


def length(index: pd.Index, window: Window | None = None) -> float:
    """Return how long a stretch of data is, in seconds (or samples): the window, or what the index covers.

    The index covers its span and one mean step, since the last line stands for the time after it, too.
    """
    if window is not None:
        return window.length.total_seconds()
    if len(index) == 0:
        return 0.0
    at = seconds(index)
    span = float(at[-1] - at[0])
    return span * len(at) / (len(at) - 1) if len(at) > 1 and span > 0 else 1.0


def start(index: pd.Index, window: Window | None = None) -> datetime | float | None:
    """Return where a stretch of data starts."""
    if window is not None:
        return window.start
    return moment(index[0]) if len(index) else None


def counts_samples(index: pd.Index) -> bool:
    """Whether an index holds sample numbers rather than times."""
    return not isinstance(index, pd.DatetimeIndex) and (len(index) == 0 or float(index[-1]) < _EPOCH)
