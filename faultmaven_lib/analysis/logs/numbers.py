"""Numbers in log lines that moved: a duration that grew, a size that shrank."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from faultmaven_lib.analysis.logs.lines import Array
from faultmaven_lib.analysis.logs.onsets import LASTS, change_since, lasting
from faultmaven_lib.analysis.logs.values import LEAST_LINES, Shift, deviation_of, more_often
from faultmaven_lib.analysis.statistics import dispersion_of, effective_size, harmonic_mean

_LEAST_LATE = 5
"""Lines from an onset on."""
_BINS, _PRIOR = (24, 6, 3), 10.0
"""Parts of the baseline in which waves are seen; the weight of what is usual."""
_FAR = 0.9
"""What lies beyond so much of the baseline is in its tail."""


@dataclass(frozen=True)
class Numbers:
    """Numbers in log lines, in order of time."""

    at: Array
    texts: Sequence[str]
    kinds: Array
    """What lines each is compared with: more lines of a slow kind are not slower lines."""
    fields: dict[str, Array]
    """One for every line, NaN where it has none."""

    def of(self, rows: Array) -> Numbers:
        """Return those of some lines, given as a mask."""
        texts = [self.texts[i] for i in np.flatnonzero(rows).tolist()]
        return Numbers(self.at[rows], texts, self.kinds[rows], {f: v[rows] for f, v in self.fields.items()})


def number_shifts(before: Numbers, after: Numbers, min_ratio: float, codes: Collection[str] = ()) -> Iterator[Shift]:
    """Compare the distribution of every number that both windows have.

    Parameters
    ----------
    before, after
        Lines of one service, or of one template.
    min_ratio
        A quantile that changed by less than its root is no finding, however certain.
    codes
        Fields that are left out, since their numbers stand for categories.

    Yields
    ------
    Shift
        One a field, of the quantile that moved most; also those that are not significant, since the correction
        needs to know how many there were.
    """
    compared = []
    for field, a in before.fields.items():
        b = after.fields.get(field)
        if b is None or is_clock(a, b) or field in codes:
            continue
        known = np.isfinite(a), np.isfinite(b)
        x, y = a[known[0]], b[known[1]]
        if len(x) >= LEAST_LINES and len(y) >= _LEAST_LATE and not _counts_up(x, y):
            standing = _Standing(x, y, before.kinds[known[0]], after.kinds[known[1]])
            compared.append((field, x, y, np.flatnonzero(known[1]), standing))
    waves = [standing.waves() for *_, standing in compared]
    usual = np.maximum(np.mean(waves, axis=0), 1.0) if waves else np.ones(len(_BINS))
    for field, x, y, place, standing in compared:
        yield _shift(field, x, y, (after, place), standing, usual, min_ratio)


def is_clock(a: Array, b: Array) -> bool:
    """Whether a number never falls over both windows, as the parts of a date do not."""
    both = np.concatenate([v[~np.isnan(v)] for v in (a, b)])
    return bool(len(np.unique(both)) >= 3 and (np.diff(both) >= 0).all())


def is_code(values: Array) -> bool:
    """Whether whole numbers stand for categories, as status codes do: few of them, all of the same length."""
    known = values[~np.isnan(values)]
    if len(known) < LEAST_LINES or (known != np.floor(known)).any() or known.min() < 0:
        return False
    distinct = np.unique(known)
    same_length = len({len(f"{v:.0f}") for v in distinct}) == 1
    return len(distinct) <= 2 or (len(distinct) <= 30 and same_length and len(distinct) <= len(known) / 10)


def _shift(
    field: str, x: Array, y: Array, lines: tuple[Numbers, Array], standing: _Standing, usual: Array, min_ratio: float
) -> Shift:
    (moved, longer), (spread, farther) = standing.moved(usual), standing.spread()
    p = float(harmonic_mean(np.array([moved, spread])))
    for name, q, last in (("median", 50.0, longer), ("95th percentile", 95.0, farther)):
        late = y[round(len(y) * (1 - last)) :]
        if q > 50 and min(len(x), len(late)) < 2 * LEAST_LINES:
            continue
        was, now = float(np.percentile(x, q)), float(np.percentile(late, q))
        if min(was, now) < 0 or max(was, now) == 0:
            continue
        ratio = now / was if was > 0 else np.inf
        if max(ratio, 1 / max(ratio, 1e-9)) >= min_ratio**0.5:
            # The median says more; the tail speaks where it is silent.
            after, place = lines
            first = int(place[_onset(x, y, was, now)])
            return Shift(
                field=field,
                value=None,
                statistic=name,
                before=was,
                after=now,
                p=p,
                deviation=deviation_of(p),
                least=0.0,
                new=0.0,
                lines=(len(x), len(y)),
                totals=(len(x), len(y)),
                at=after.at[first],
                example=str(after.texts[first]),
                ratio=ratio,
            )
    return Shift(field, None, "median", 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, (0, 0), (len(x), len(y)), None, "", 1.0)


class _Standing:
    """Where the numbers of both windows stand among those of the baseline, from 0 to 1, each among its own kind."""

    def __init__(self, x: Array, y: Array, of_x: Array, of_y: Array) -> None:
        kinds = [k for k in np.unique(of_y) if (of_x == k).sum() >= _LEAST_LATE]
        self.x, self.y = np.full(len(x), np.nan), np.full(len(y), np.nan)
        self.kind = np.full(len(y), -1)
        self.sizes, self.ties = np.ones(len(kinds)), np.ones(len(kinds))
        for i, kind in enumerate(kinds):
            ours, theirs = of_x == kind, of_y == kind
            ordered = np.sort(x[ours])
            self.x[ours], self.y[theirs] = _among(ordered, x[ours]), _among(ordered, y[theirs])
            self.kind[theirs] = i
            self.sizes[i] = len(ordered)
            counts = np.unique(np.concatenate([ordered, y[theirs]]), return_counts=True)[1].astype("float64")
            self.ties[i] = 1 - (counts**3 - counts).sum() / max(counts.sum() ** 3 - counts.sum(), 1)
        self.place = (np.arange(len(y)) + 0.5) / len(y)

    def waves(self) -> Array:
        """Return how much more the means of parts of the baseline vary than if its numbers came in any order."""
        calm = self.x[np.isfinite(self.x)]
        if not len(calm) or calm.var() == 0:
            return np.ones(len(_BINS))
        return np.array(
            [
                np.var([part.mean() for part in np.array_split(calm, bins)], ddof=1) * len(calm) / bins / calm.var()
                if len(calm) >= 2 * bins
                else 1.0
                for bins in _BINS
            ]
        )

    def moved(self, usual: Array) -> tuple[float, float]:
        """Return whether numbers are larger or smaller from some onset on, and for how much of the window.

        ``usual`` are the waves that numbers of this service have on average.

        The test of Mann and Whitney (Ann. Math. Stat. 18, 1947), summed over kinds (van Elteren, Bull. Inst. Int.
        Statist. 37, 1960), and scaled down for waves, so that a slow one is not taken for a change.
        """
        known, calm = np.flatnonzero(self.kind >= 0), self.x[np.isfinite(self.x)]
        if not len(known):
            return 1.0, 1.0
        weight = np.array(_BINS) - 1
        wave = max(
            float(((_PRIOR * usual + weight * self.waves()) / (_PRIOR + weight)).max()),
            len(calm) / effective_size(calm),
        )
        rows, place, n = self.kind[known], self.place[known], len(self.sizes)
        late = lasting(np.ones(len(known)), rows, place, n)
        sums = lasting(self.y[known] - 0.5, rows, place, n)
        variance = (late * (self.sizes + late + 1) / (12 * self.sizes) * self.ties).sum(axis=1)
        z = sums.sum(axis=1) / np.sqrt(np.maximum(variance, 1e-12) * wave)
        # What is slow shows in few parts of the baseline, which say so much of it and no more.
        p = np.where(late.sum(axis=1) >= _LEAST_LATE, 2 * stats.t.sf(np.abs(z), _PRIOR + min(weight)), 1.0)
        return float(harmonic_mean(p)), float(LASTS[p.argmin()])

    def spread(self) -> tuple[float, float]:
        """Return whether more numbers are far out from some onset on, and for how much of the window."""
        calm, known = self.x[np.isfinite(self.x)], np.flatnonzero(self.kind >= 0)
        if not len(known):
            return 1.0, 1.0
        far = [np.stack([v > _FAR, v < 1 - _FAR]) for v in (calm, self.y[known])]
        rows, at = np.nonzero(far[1])
        lasts = lasting(np.ones(len(rows)), rows, self.place[known][at], 2)
        binned = [
            np.stack([part.sum(axis=1) for part in np.array_split(far[0], bins, axis=1)], axis=1) for bins in _BINS
        ]
        dispersion = np.max([dispersion_of(counts) for counts in binned], axis=0)
        change = change_since(far[0].sum(axis=1).astype("float64"), lasts, (len(calm), len(known)), dispersion)
        return float(harmonic_mean(change.p)), float(change.last[change.p.argmin()])


def _among(ordered: Array, values: Array) -> Array:
    """Return which share of ordered numbers is smaller; equal ones count half."""
    below, up_to = (np.searchsorted(ordered, values, side) for side in ("left", "right"))
    return (below + up_to) / (2 * len(ordered))


def _counts_up(x: Array, y: Array) -> bool:
    """Whether whole numbers grow with the lines in both windows, as sequence numbers and ids do."""
    both = np.concatenate([x, y])
    if (both != np.floor(both)).any() or x.min() == x.max():
        return False
    growth = [float(stats.spearmanr(np.arange(len(v)), v).statistic) for v in (x, both)]
    return growth[0] > 0.4 and growth[1] > 0.8


def _onset(x: Array, y: Array, was: float, now: float) -> int:
    """Where values on the far side of the old and the new quantile begin to be as frequent as they then are."""
    edge = np.sqrt(was * now) if min(was, now) > 0 else (was + now) / 2
    far = [v > edge if now > was else v < edge for v in (x, y)]
    return more_often(far[1].astype("int64"), np.ones(len(y), np.int64), float(far[0].mean()))
