"""What a series does every day, or every week: learned where the baseline is long enough and shows it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from faultmaven_lib.analysis.metrics.rows import blocks

Array = np.ndarray[Any, np.dtype[Any]]
_PERIODS = {"day": (86_400.0, 300.0, 2.95), "week": (604_800.0, 1_800.0, 1.95)}
"""Length, and the least width of a bin of the profile, in seconds; and how many a baseline has to span. A window of
three days mostly ends one sample before their end."""
_SAMPLES_A_BIN = 2.0
_LEAST_BINS = 12
_EXPLAINED = 0.1
"""Share of the distance from the centre in other periods that a profile has to explain."""
_WORSE = 1.25
"""How many times as far as the centre a profile may be from some of the periods."""
_TOLD = 2.0
"""Standard errors by which a bin has to differ from the centre to be part of the profile."""
_BETTER = 0.05
"""How much more the week has to explain than the day."""
_FLOOR = 0.01
"""Least spread, relative to the centre."""


@dataclass(frozen=True)
class Season:
    """The usual course of one series over a day or a week of UTC."""

    period: str
    length: float
    profile: Array
    """What is usual in each bin."""
    ease: Array
    """Usual spread over that of each bin: 1, or less at times that differ much from one period to the next."""
    centre: float

    def expected(self, at: Array) -> Array:
        """Return what is usual at these times."""
        return np.asarray(self.profile[self._bins(at)], dtype="float64")

    def adjusted(self, values: Array, at: Array) -> Array:
        """Return the series as if it had no season: its distance from what is usual then, around its centre."""
        bins = self._bins(at)
        return np.asarray(self.centre + (values - self.profile[bins]) * self.ease[bins])

    def _bins(self, at: Array) -> Array:
        count = len(self.profile)
        return np.asarray(np.minimum((at % self.length / self.length * count).astype("int64"), count - 1))


def seasons_of(values: Array, at: Array) -> dict[int, tuple[Season, Array]]:
    """Return the seasons of those rows that have one, each with the row adjusted for it.

    A profile is the median of the periods. It is believed where those of some periods explain the others (cross-
    validation: Stone, "Cross-validatory choice and assessment of statistical predictions", J. R. Stat. Soc. B 36,
    1974); each period is adjusted by a profile that has not seen it, so that what is left over is as large as it
    will be in an incident.

    Parameters
    ----------
    values
        Baselines, one a row.
    at
        Seconds since 1970 of the samples.
    """
    steps = np.diff(at)
    if len(steps) < 2 * _LEAST_BINS or not (steps > 0).any():
        return {}
    step = float(np.median(steps[steps > 0]))
    found: dict[int, tuple[float, Season, Array]] = {}
    for period, (length, narrowest, periods) in _PERIODS.items():
        width = max(narrowest, _SAMPLES_A_BIN * step)
        count = int(length // width)
        if at[-1] - at[0] + step < periods * length or count < _LEAST_BINS:
            continue
        grid = _Grid.of(at, length, count)
        for rows in blocks(values):
            for i, (skill, season, adjusted) in _learned(values[rows], grid, period, length).items():
                row = rows.start + i
                if row not in found or skill > found[row][0] + _BETTER:
                    found[row] = skill, season, adjusted
    return {row: (season, adjusted) for row, (_, season, adjusted) in found.items()}


@dataclass(frozen=True)
class _Grid:
    """Where the samples fall: which period, which bin of it."""

    edges: Array
    """First sample of each bin that has any."""
    number: Array
    """For each sample, which of those bins it is in."""
    place: Array
    """Of those bins, the period times ``count`` plus the bin."""
    periods: int
    count: int

    @classmethod
    def of(cls, at: Array, length: float, count: int) -> _Grid:
        period = np.floor(at / length).astype("int64")
        inside = np.minimum(((at - period * length) / length * count).astype("int64"), count - 1)
        place = (period - period[0]) * count + inside
        edges = np.flatnonzero(np.r_[True, np.diff(place) > 0])
        number = np.cumsum(np.r_[0, (np.diff(place) > 0).astype("int64")])
        return cls(edges, number, place[edges], int(period[-1] - period[0]) + 1, count)

    def cube(self, values: Array) -> Array:
        """Return means by row, period and bin; ``nan`` where there is no sample."""
        known = np.isfinite(values)
        sums = np.add.reduceat(np.where(known, values, 0.0), self.edges, axis=1)
        counts = np.add.reduceat(known, self.edges, axis=1)
        out = np.full((len(values), self.periods * self.count), np.nan)
        with np.errstate(invalid="ignore"):
            out[:, self.place] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
        return out.reshape(len(values), self.periods, self.count)

    def spread(self, profile: Array) -> Array:
        """Return for each sample the value of its period and bin."""
        return profile.reshape(len(profile), -1)[:, self.place[self.number]]


def _learned(values: Array, grid: _Grid, period: str, length: float) -> dict[int, tuple[float, Season, Array]]:
    cube = grid.cube(values)
    folds = np.arange(grid.periods) % (2 if grid.periods < 3 else 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of bins without a sample
        centre = np.nanmedian(cube.reshape(len(cube), -1), axis=1)
        off = np.abs(cube - centre[:, None, None])
        seen = np.isfinite(cube).any(axis=1).mean(axis=1)
        noise = 1.4826 * np.nanmedian(np.abs(np.diff(cube, axis=1)).reshape(len(cube), -1), axis=1) / np.sqrt(2)
        others = np.empty_like(cube)
        for fold in np.unique(folds):
            others[:, folds == fold] = _profile(cube[:, folds != fold], centre, noise)[:, None]
        totals = [np.stack([np.nansum(e[:, folds == f], axis=(1, 2)) for f in np.unique(folds)], 1)
                  for e in (np.abs(cube - others), off)]  # fmt: skip
        whole = totals[1].sum(axis=1)
        skill = 1 - totals[0].sum(axis=1) / np.where(whole > 0, whole, np.inf)
        varies = np.nanmax(off, axis=(1, 2)) > 1e-9 * np.abs(centre)
        # In a part of a week there may be nothing to explain; nowhere may a profile mislead.
        misled = (totals[0] > _WORSE * totals[1]).any(axis=1)
        usable = varies & (skill > _EXPLAINED) & ~misled & (seen > 0.75)
        rows = np.flatnonzero(usable)
        if not len(rows):
            return {}
        profile = _profile(cube[rows], centre[rows], noise[rows])
        left = values[rows] - grid.spread(others[rows])
        spread = np.nanmedian(np.sqrt(grid.cube(np.square(left))), axis=1)
    usual = np.maximum(np.nanmedian(spread, axis=1), _FLOOR * np.abs(centre[rows]))
    usual = np.where(usual > 0, usual, 1e-12)[:, None]
    spread = np.where(np.isfinite(spread), spread, usual)
    # What starts a little earlier or later than in other nights shows in the bins beside.
    wide = np.maximum(np.maximum(np.roll(spread, 1, axis=1), np.roll(spread, -1, axis=1)), spread)
    ease = np.minimum(usual / np.maximum(wide, 1e-300), 1.0)
    eased = np.broadcast_to(ease[:, None, :], (len(rows), grid.periods, grid.count))
    adjusted = centre[rows, None] + left * grid.spread(np.ascontiguousarray(eased))
    return {
        int(row): (
            float(skill[row]),
            Season(period, length, profile[i].astype("float32"), ease[i].astype("float32"), float(centre[row])),
            adjusted[i],
        )
        for i, row in enumerate(rows)
    }


def _profile(cube: Array, centre: Array, noise: Array) -> Array:
    """Return the median of the periods where it differs from the centre by more than their noise, else the centre."""
    profile = np.nanmedian(cube, axis=1)
    told = np.abs(profile - centre[:, None]) > _TOLD * noise[:, None] / np.sqrt(cube.shape[1])
    return np.where(told, profile, centre[:, None])
