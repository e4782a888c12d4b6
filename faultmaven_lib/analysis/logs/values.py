"""Values in log lines that moved: a duration that grew, a status code that spread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from faultmaven_lib.analysis.statistics import best_segment, same_distribution

Array = np.ndarray[Any, np.dtype[Any]]
_MIN_LINES = 20
_BLOCKS = 6
"""Stretches of the baseline: a quantile has to leave the range it has among them."""
_CATEGORIES = 50
_IDENTIFIERS = frozenset(
    "pid tid thread lineno line_number seq port connection conn session request_id trace_id span_id".split()
)
"""Fields that number things: a new value says no more than that something was started again."""
STANDARD = frozenset({"time", "service", "level", "message", "source", "line"})


@dataclass(frozen=True)
class Shift:
    """One field that differs, before correction for the number of comparisons."""

    field: str
    value: str | None
    """The value whose share changed; None where the whole distribution of a number moved."""
    statistic: str
    """``median``, ``95th percentile`` or ``share``."""
    before: float
    after: float
    p: float
    deviation: float
    lines: tuple[int, int]
    """Lines in baseline and incident; for a share, those with the value."""
    totals: tuple[int, int]
    at: int
    """The line of the incident from which on it shows."""
    ratio: float


def shifts(before: pd.DataFrame, after: pd.DataFrame, min_ratio: float) -> Iterator[Shift]:
    """Compare every field that both windows have.

    Parameters
    ----------
    before, after
        Lines of one service, or of one template, in order of time; ``STANDARD`` columns are left out.
    min_ratio
        A quantile or a share that changed by less is no finding, however certain.

    Yields
    ------
    Shift
        One a field for numbers (the quantile that moved most), one a value for categories; also those that
        are not significant, since the correction needs to know how many there were.
    """
    for field in before.columns:
        if field in STANDARD or field not in after.columns or str(field).lower() in _IDENTIFIERS:
            continue
        a, b = before[field], after[field]
        if is_number(a) and is_number(b) and _is_clock(a, b):
            continue
        if is_number(a) and is_number(b) and not _is_code(a):
            found = _number_shift(str(field), a, b, min_ratio)
            if found is not None:
                yield found
        elif min(a.notna().sum(), b.notna().sum()) >= _MIN_LINES:
            yield from _share_shifts(str(field), a, b, min_ratio)


def is_number(values: pd.Series) -> bool:
    """Whether a column holds numbers; booleans are categories."""
    return bool(pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype))


def _is_clock(a: pd.Series, b: pd.Series) -> bool:
    """Whether a number never falls over both windows, as the parts of a date do not."""
    both = np.concatenate([v.dropna().to_numpy(dtype="float64") for v in (a, b)])
    return bool(len(np.unique(both)) >= 3 and (np.diff(both) >= 0).all())


def _is_code(values: pd.Series) -> bool:
    """Whether whole numbers stand for categories, as status codes do: few of them, all of the same length."""
    known = values.dropna().to_numpy(dtype="float64")
    if len(known) < _MIN_LINES or (known != np.floor(known)).any() or known.min() < 0:
        return False
    distinct = np.unique(known)
    same_length = len({len(f"{v:.0f}") for v in distinct}) == 1
    return len(distinct) <= 2 or (len(distinct) <= 30 and same_length and len(distinct) <= len(known) / 10)


def _number_shift(field: str, a: pd.Series, b: pd.Series, min_ratio: float) -> Shift | None:
    x, y = (v.to_numpy(dtype="float64", na_value=np.nan) for v in (a, b))
    place = np.flatnonzero(np.isfinite(y))
    x, y = x[np.isfinite(x)], y[place]
    if min(len(x), len(y)) < _MIN_LINES or _counts_up(x, y):
        return None
    p = same_distribution(x, y)
    found: tuple[str, float, float] | None = None
    for name, q in (("median", 50.0), ("95th percentile", 95.0)):
        if q > 50 and min(len(x), len(y)) < 2 * _MIN_LINES:
            continue
        was, now = float(np.percentile(x, q)), float(np.percentile(y, q))
        if min(was, now) < 0 or max(was, now) == 0:
            continue
        ratio = now / was if was > 0 else np.inf
        blocks = [float(np.percentile(part, q)) for part in np.array_split(x, _BLOCKS) if len(part)]
        leaves = now > max(blocks) * 1.2 if ratio > 1 else now < min(blocks) / 1.2
        large = max(ratio, 1 / max(ratio, 1e-9)) >= min_ratio
        if leaves and large and found is None:  # the median says more; the tail speaks where it is silent
            found = (name, was, now)
    if found is None:
        return Shift(field, None, "median", 0.0, 0.0, 1.0, 0.0, (0, 0), (len(x), len(y)), 0, 1.0)
    name, was, now = found
    if name != "median":  # ranks say little about a tail: compare how many lines exceed what was rare before
        p = min(p, _tail_p(x, y, now > was))
    return Shift(
        field,
        None,
        name,
        was,
        now,
        p,
        float(min(stats.norm.isf(max(p, 1e-300) / 2), 40.0)),
        (len(x), len(y)),
        (len(x), len(y)),
        int(place[_onset(x, y, was, now)]),
        now / was if was > 0 else float("inf"),
    )


def _counts_up(x: Array, y: Array) -> bool:
    """Whether whole numbers grow with the lines in both windows, as sequence numbers and ids do."""
    both = np.concatenate([x, y])
    if (both != np.floor(both)).any() or x.min() == x.max():
        return False
    growth = [float(stats.spearmanr(np.arange(len(v)), v).statistic) for v in (x, both)]
    return growth[0] > 0.4 and growth[1] > 0.8


def _tail_p(x: Array, y: Array, up: bool) -> float:
    edge = np.percentile(x, 90 if up else 10)
    far = [int((v > edge).sum() if up else (v < edge).sum()) for v in (x, y)]
    table = [[far[0], len(x) - far[0]], [far[1], len(y) - far[1]]]
    return float(stats.fisher_exact(table, alternative="two-sided").pvalue)


def _onset(x: Array, y: Array, was: float, now: float) -> int:
    """Where values on the far side of the old and the new quantile begin to be as frequent as they then are."""
    edge = np.sqrt(was * now) if min(was, now) > 0 else (was + now) / 2
    far = [v > edge if now > was else v < edge for v in (x, y)]
    return _more_often(far[1], float(far[0].mean()))


def _more_often(flags: Array, usual: float) -> int:
    """Return the first line of the stretch where something is most clearly more frequent than usual."""
    share = min(float(flags.mean()), 0.99)
    usual = min(max(usual, 0.5 / len(flags)), 0.9 * share)
    if share == 0:
        return 0
    # Log likelihood ratios of one line, with and without it.
    with_it, without = float(np.log(share / usual)), float(np.log((1 - share) / (1 - usual)))
    return best_segment(np.array([without, with_it])[flags.astype("int64")])[0]


def _share_shifts(field: str, a: pd.Series, b: pd.Series, min_ratio: float) -> Iterator[Shift]:
    x, y = _categories(a), _categories(b)
    was, now = x.value_counts(), y.value_counts()
    if len(was) > _CATEGORIES or len(now) > 4 * _CATEGORIES:
        return
    # A field that showed new values all along (ids, hosts of clients) shows them without any incident.
    half = len(x) // 2
    unseen = ~x.iloc[half:].isin(set(x.iloc[:half]))
    if unseen.mean() > 0.01:
        return
    place = np.flatnonzero(b.notna().to_numpy())
    text = y.to_numpy()
    for value, count in now.items():
        before = int(was.get(value, 0))
        share_before, share = before / len(x), int(count) / len(y)
        ratio = share / share_before if before else float("inf")
        if share <= share_before:
            continue
        table = [[before, len(x) - before], [int(count), len(y) - int(count)]]
        p = float(stats.fisher_exact(table).pvalue)
        smooth = share / ((before + 0.5) / (len(x) + 1))
        large = smooth >= min_ratio and share - share_before >= 0.01 and count >= 3
        first = np.flatnonzero(text == value)
        yield Shift(
            field,
            str(value),
            "share",
            100 * share_before,
            100 * share,
            p if large else 1.0,
            float(min(stats.norm.isf(max(p, 1e-300) / 2), 40.0)),
            (before, int(count)),
            (len(x), len(y)),
            int(place[first[0] if not before else _more_often(text == value, share_before)]),
            ratio,
        )


def _categories(values: pd.Series) -> pd.Series:
    """Return values as text; a code is the same whether missing values made its column one of floats or not."""
    known = values.dropna()
    if is_number(values):
        numbers = known.to_numpy(dtype="float64")
        return pd.Series([f"{v:.0f}" if v == np.floor(v) else repr(float(v)) for v in numbers], dtype="str")
    return known.astype(str)
