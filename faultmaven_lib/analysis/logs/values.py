"""Values of fields that spread among log lines: a status code, a host that is new."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from faultmaven_lib.analysis.logs.lines import Array
from faultmaven_lib.analysis.logs.onsets import change_since, lasting
from faultmaven_lib.analysis.statistics import best_segment

AT, TEXT = "at ", "text "
"""Columns of a frame of values: the moment and the line of each row."""
LEAST_LINES = 20
_CATEGORIES = 50
_NOVEL_LINES = 5
"""A value that was never there counts from so many lines on, however small their share."""
_BINS, _PRIOR = (24, 6, 3), 10.0
"""Parts of the baseline's lines in which it is seen whether a value comes in clusters; the weight of its field."""


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
    """A quantile from the onset on; a share of all lines."""
    p: float
    deviation: float
    least: float
    """The smallest p-value that so many lines can have."""
    new: float
    """The probability that all lines with the value fall into the incident; 0 for a quantile."""
    lines: tuple[int, int]
    """Lines in baseline and incident; for a share, those with the value."""
    totals: tuple[int, int]
    at: Any
    """The moment of the incident from which on it shows."""
    example: str
    ratio: float


def deviation_of(p: float) -> float:
    """Return how many standard deviations have a two-sided probability."""
    return float(min(stats.norm.isf(max(p, 1e-300) / 2), 40.0))


def share_shifts(field: str, before: Values, after: Values, min_ratio: float) -> Iterator[Shift]:
    """Compare the shares of a field's values; yield one shift for each value of the incident.

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
    if lines[0] < LEAST_LINES or lines[1] < _NOVEL_LINES or len(was) > _CATEGORIES or len(now) > 4 * _CATEGORIES:
        return
    names = [value for value, _ in sorted(now.items(), key=lambda item: -item[1])]
    moments, totals = _summed(after.moments.values())
    # A field that showed new values all along (ids, hosts of clients) shows them without any incident.
    late = 2 * _late_lines(before)
    had = np.array([was.get(value, late) for value in names], dtype="float64")
    lasts = lasting(*_flat(after, names, moments, totals), len(names))
    change = change_since(had, lasts, (float(lines[0]), float(lines[1])), _dispersion(before, names))
    for i, value in enumerate(names):
        count, known = now[value], was.get(value, 0)
        share_before, share = known / lines[0], count / lines[1]
        visible = share - share_before >= 0.01 or (not known and count >= _NOVEL_LINES)
        told = share > share_before and visible and count >= 3 and change.ratio[i] >= min_ratio
        at, counts = after.moments[value]
        first = at[0]
        if known and told:
            hits = np.zeros(len(moments), np.int64)
            hits[np.searchsorted(moments, at)] = counts
            first = moments[more_often(hits, totals, float(share_before))]
        yield Shift(
            field,
            value,
            "share",
            100 * share_before,
            100 * share,
            float(change.p[i]) if told else 1.0,
            float(abs(change.deviation[i])),
            float(change.least[i]),
            float(change.new[i]),
            (known, count),
            lines,
            first,
            after.examples.get(value, ""),
            share / share_before if known else float("inf"),
        )


def more_often(hits: Array, totals: Array, usual: float) -> int:
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


def _flat(values: Values, names: list[str], moments: Array, totals: Array) -> tuple[Array, Array, Array]:
    """Return counts, rows and places among the lines, from 0 to 1, of what has these values."""
    done = np.cumsum(totals)
    middle = (done - totals / 2) / done[-1]
    known = [(i, *values.moments[name]) for i, name in enumerate(names) if name in values.moments]
    if not known:
        return np.zeros(0), np.zeros(0, np.int64), np.zeros(0)
    rows = np.repeat([i for i, _, _ in known], [len(at) for _, at, _ in known])
    at = np.concatenate([at for _, at, _ in known])
    return np.concatenate([counts for *_, counts in known]), rows, middle[np.searchsorted(moments, at)]


def _dispersion(before: Values, names: list[str]) -> Array:
    """Return how much more the counts of values vary among equal parts of the lines than chance would have it.

    What one client or one job does fills many lines in a row: the longer the parts, the more of it is seen, and the
    fewer there are. A value is taken to come as clustered as those of its field do on average, unless it shows more.
    """
    moments, totals = _summed(before.moments.values())
    counts, rows, place = _flat(before, names, moments, totals)
    done = np.cumsum(totals)
    found = np.ones(len(names))
    for bins in _BINS:
        column, all_lines = (
            np.clip((x * bins).astype("int64"), 0, bins - 1) for x in (place, (done - totals / 2) / done[-1])
        )
        binned = np.bincount(rows * bins + column, counts, len(names) * bins).reshape(len(names), bins)
        total = binned.sum(axis=1)
        expected = total[:, None] * np.bincount(all_lines, totals, bins) / done[-1]
        freedom = max(int((expected.sum(axis=0) > 0).sum()) - 1, 1)
        own = ((binned - expected) ** 2 / np.maximum(expected, 1e-12) * (expected > 0)).sum(axis=1) / freedom
        seen = total >= 5
        common = max(float(own[seen].mean()), 1.0) if seen.any() else 1.0
        weight = freedom * np.minimum(total / 20, 1.0)
        found = np.maximum(found, (_PRIOR * common + weight * own) / (_PRIOR + weight))
    return found


def _late_lines(values: Values) -> int:
    """Return in how many lines of the second half the value was none of the first half."""
    moments, totals = _summed(values.moments.values())
    done = np.cumsum(totals)
    middle = moments[np.searchsorted(done, max(done[-1] // 2, 1))]
    return sum(int(counts.sum()) for at, counts in values.moments.values() if at[0] > middle)


def _summed(moments: Any) -> tuple[Array, Array]:
    """Return all moments of some events, ascending, and how many lines there were at each."""
    pairs = list(moments)
    at, inverse = np.unique(np.concatenate([a for a, _ in pairs]), return_inverse=True)
    counts = np.bincount(inverse, np.concatenate([c for _, c in pairs]), len(at))
    return at, counts.astype("int64")
