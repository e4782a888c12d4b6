"""One grid of time for series of any step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]
_GAP = 2.0
"""A time without any data that is so many times as long as all the rest is no silence: it lies between two windows."""


@dataclass(frozen=True)
class Grid:
    """Equal bins; a long time between two windows has none."""

    origin: float
    step: float
    numbers: Array
    """Of the bins, ascending: bin ``n`` reaches from ``origin + n * step`` to just before the next."""

    @classmethod
    def of(cls, moments: Sequence[Array], step: float, most: int) -> Grid:
        """Cover moments, each sequence ascending; with a wider step where there would be more bins than ``most``."""
        filled = [at for at in moments if len(at)]
        first = min(float(at[0]) for at in filled)
        step = max(step, 1e-6)
        origin = math.floor(first / step) * step
        while True:
            parts = _stretches(np.unique(np.concatenate([np.unique(_numbers(at, origin, step)) for at in filled])))
            count = sum(int(part[-1] - part[0]) + 1 for part in parts)
            if count <= most:
                return cls(origin, step, np.concatenate([np.arange(part[0], part[-1] + 1) for part in parts]))
            step *= max(2, -(-count // most))
            origin = math.floor(first / step) * step

    @property
    def starts(self) -> Array:
        """When the bins start."""
        return self.origin + self.numbers * self.step

    def places(self, at: Array) -> Array:
        """Return in which bin each moment lies; the nearest one for what lies in none."""
        found = np.searchsorted(self.numbers, _numbers(at, self.origin, self.step))
        return np.minimum(found, len(self.numbers) - 1)

    def count(self, at: Array) -> Array:
        """Return how many moments lie in each bin."""
        return np.bincount(self.places(at), minlength=len(self.numbers)).astype("float64")

    def mean(self, at: Array, values: Array) -> Array:
        """Return the mean of the values in each bin, missing where there is none."""
        place = self.places(at)
        sums = np.bincount(place, values, len(self.numbers))
        counts = np.bincount(place, minlength=len(self.numbers))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(counts > 0, sums / counts, np.nan)

    def quantile(self, at: Array, values: Array, q: float) -> Array:
        """Return a quantile of the values in each bin, missing where there is none."""
        found = pd.Series(values).groupby(self.places(at)).quantile(q)
        out = np.full(len(self.numbers), np.nan)
        out[found.index.to_numpy()] = found.to_numpy()
        return out


def _numbers(at: Array, origin: float, step: float) -> Array:
    # Moments are sums of floats: one that falls a hair short of its bin belongs into it.
    return np.floor((at - origin) / step + 1e-6).astype("int64")


def sampling_step(at: Array) -> float | None:
    """Return the usual time between samples, ``None`` where there are fewer than two."""
    apart = np.diff(at)
    apart = apart[apart > 0]
    return float(np.median(apart)) if len(apart) else None


def held(values: Array, own: float | None, step: float) -> Array:
    """Return a series with the last value held for as long as its own step lasts on a finer grid."""
    bins = math.ceil((own or step) / step - 1e-9) - 1
    return pd.Series(values).ffill(limit=bins).to_numpy() if bins > 0 else values


def _stretches(numbers: Array) -> list[Array]:
    """Cut bin numbers at a gap twice as long as all the rest.

    A silence has bins; the days between an incident and a baseline of last week have none.
    """
    apart = np.diff(numbers)
    span = int(numbers[-1] - numbers[0]) + 1
    cuts = []
    for place in np.argsort(-apart, kind="stable").tolist():
        rest = span - int(apart[place])
        if apart[place] <= _GAP * rest:
            break
        cuts.append(place + 1)
        span = rest
    return np.split(numbers, sorted(cuts))
