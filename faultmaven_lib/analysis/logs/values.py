"""Values in log lines that moved: a duration that grew, a status code that spread, a host that is new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from faultmaven_lib.analysis.logs.lines import Array
from faultmaven_lib.analysis.statistics import best_segment, same_distribution

AT, TEXT = "at ", "text "
"""Columns of a frame of numbers: the moment and the line of each row."""
_MIN_LINES = 20
_BLOCKS = 6
"""Stretches of the baseline: a quantile has to leave the range it has among them."""
_CATEGORIES = 50
_NOVEL_LINES = 5
"""A value that was never there counts from so many lines on, however small their share."""


class Values(NamedTuple):
    """How often a field had each of its values, and when."""

    moments: Mapping[str, tuple[Array, Array]]
    """For every value its moments, ascending, and how many lines had it at each."""
    examples: Mapping[str, str]
    """For every value a line."""

    @property
    def totals(self) -> dict[str, int]:
        """Lines with each value."""
        return {value: int(counts.sum()) for value, (_, counts) in self.moments.items()}


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
    at: Any
    """The moment of the incident from which on it shows."""
    example: str
    ratio: float


def number_shifts(before: pd.DataFrame, after: pd.DataFrame, min_ratio: float) -> Iterator[Shift]:
    """Compare the distribution of every number that both windows have.

    Parameters
    ----------
    before, after
        Lines of one service, or of one template, in order of time: a column a field, and ``AT`` and ``TEXT``.
    min_ratio
        A quantile that changed by less is no finding, however certain.

    Yields
    ------
    Shift
        One a field, of the quantile that moved most; also those that are not significant, since the correction
        needs to know how many there were.
    """
    for field in before.columns:
        if field in {AT, TEXT} or field not in after.columns:
            continue
        a, b = (x[field].to_numpy(dtype="float64", na_value=np.nan) for x in (before, after))
        if is_clock(a, b) or is_code(a):
            continue
        found = _number_shift(str(field), a, b, after, min_ratio)
        if found is not None:
            yield found


def is_clock(a: Array, b: Array) -> bool:
    """Whether a number never falls over both windows, as the parts of a date do not."""
    both = np.concatenate([v[~np.isnan(v)] for v in (a, b)])
    return bool(len(np.unique(both)) >= 3 and (np.diff(both) >= 0).all())


def is_code(values: Array) -> bool:
    """Whether whole numbers stand for categories, as status codes do: few of them, all of the same length."""
    known = values[~np.isnan(values)]
    if len(known) < _MIN_LINES or (known != np.floor(known)).any() or known.min() < 0:
        return False
    distinct = np.unique(known)
    same_length = len({len(f"{v:.0f}") for v in distinct}) == 1
    return len(distinct) <= 2 or (len(distinct) <= 30 and same_length and len(distinct) <= len(known) / 10)


def _number_shift(field: str, x: Array, y: Array, after: pd.DataFrame, min_ratio: float) -> Shift | None:
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
        return Shift(field, None, "median", 0.0, 0.0, 1.0, 0.0, (0, 0), (len(x), len(y)), None, "", 1.0)
    name, was, now = found
    if name != "median":  # ranks say little about a tail: compare how many lines exceed what was rare before
        p = min(p, _tail_p(x, y, now > was))
    first = int(place[_onset(x, y, was, now)])
    return Shift(
        field,
        None,
        name,
        was,
        now,
        p,
        _deviation(p),
        (len(x), len(y)),
        (len(x), len(y)),
        after[AT].iat[first],
        str(after[TEXT].iat[first]),
        now / was if was > 0 else float("inf"),
    )


def _deviation(p: float) -> float:
    return float(min(stats.norm.isf(max(p, 1e-300) / 2), 40.0))


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
    return _fisher(far[0], len(x), far[1], len(y))


def _fisher(a: int, of_a: int, b: int, of_b: int) -> float:
    return float(stats.fisher_exact([[a, of_a - a], [b, of_b - b]], alternative="two-sided").pvalue)


def _onset(x: Array, y: Array, was: float, now: float) -> int:
    """Where values on the far side of the old and the new quantile begin to be as frequent as they then are."""
    edge = np.sqrt(was * now) if min(was, now) > 0 else (was + now) / 2
    far = [v > edge if now > was else v < edge for v in (x, y)]
    return _more_often(far[1].astype("int64"), np.ones(len(y), np.int64), float(far[0].mean()))


def _more_often(hits: Array, totals: Array, usual: float) -> int:
    """Return the start of the stretch where something is most clearly more frequent than usual.

    ``hits`` of the ``totals`` lines of each moment have it.
    """
    lines = int(totals.sum())
    share = min(float(hits.sum() / lines), 0.99)
    usual = min(max(usual, 0.5 / lines), 0.9 * share)
    if share == 0:
        return 0
    # Log likelihood ratios of one line, with and without it.
    with_it, without = float(np.log(share / usual)), float(np.log((1 - share) / (1 - usual)))
    return best_segment(hits * with_it + (totals - hits) * without)[0]


def share_shifts(field: str, before: Values, after: Values, min_ratio: float) -> Iterator[Shift]:
    """Compare the shares of a field's values; yield one shift for each whose share grew.

    Parameters
    ----------
    field
        Its name.
    before, after
        What was counted in both windows.
    min_ratio
        A share that grew by less is no finding, however certain.
    """
    was, now = before.totals, after.totals
    lines = sum(was.values()), sum(now.values())
    if min(lines) < _MIN_LINES or len(was) > _CATEGORIES or len(now) > 4 * _CATEGORIES:
        return
    # A field that showed new values all along (ids, hosts of clients) shows them without any incident.
    late = _late_share(before)
    if late > 0.01:
        return
    moments, totals = _summed(after.moments.values())
    # Many values to go through, one answer for most: those that came no more often need no test.
    for value, count in sorted(now.items(), key=lambda item: -item[1]):
        had = was.get(value, 0)
        share_before, share = had / lines[0], count / lines[1]
        if share <= share_before:
            continue
        smooth = share / ((had + 0.5) / (lines[0] + 1))
        visible = share - share_before >= 0.01 or (not had and not late and count >= _NOVEL_LINES)
        large = smooth >= min_ratio and visible and count >= 3
        p = _fisher(had, lines[0], count, lines[1]) if large else 1.0
        at, counts = after.moments[value]
        first = at[0]
        if had and large:
            hits = np.zeros(len(moments), np.int64)
            hits[np.searchsorted(moments, at)] = counts
            first = moments[_more_often(hits, totals, share_before)]
        yield Shift(
            field,
            value,
            "share",
            100 * share_before,
            100 * share,
            p,
            _deviation(p),
            (had, count),
            lines,
            first,
            after.examples.get(value, ""),
            share / share_before if had else float("inf"),
        )


def _late_share(values: Values) -> float:
    """Return the share of lines in the second half whose value the first half did not have."""
    moments, totals = _summed(values.moments.values())
    done = np.cumsum(totals)
    half = done[-1] // 2
    middle = moments[np.searchsorted(done, max(half, 1))]
    late = sum(int(counts.sum()) for at, counts in values.moments.values() if at[0] > middle)
    return late / float(done[-1] - half)


def _summed(moments: Any) -> tuple[Array, Array]:
    """Return all moments of some events, ascending, and how many lines there were at each."""
    pairs = list(moments)
    at, inverse = np.unique(np.concatenate([a for a, _ in pairs]), return_inverse=True)
    counts = np.bincount(inverse, np.concatenate([c for _, c in pairs]), len(at))
    return at, counts.astype("int64")
