"""How often templates occur in two windows: new, gone, surging, dipping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from faultmaven_lib.analysis.statistics import dispersion_of, rate_change

Array = np.ndarray[Any, np.dtype[Any]]
_FINE, _COARSE = 24, 6
"""Bins of the baseline in which burstiness is seen: bursts of seconds, and slow waves."""


@dataclass(frozen=True)
class Counts:
    """Counts of each group (service and template) in both windows, and what they say."""

    before: Array
    after: Array
    p: Array
    deviation: Array
    """Signed, as large as a z-score would be."""
    ratio: Array
    """Rate in the incident over rate in the baseline, with half an event added to both."""


def count_changes(
    groups_before: Array,
    at_before: Array,
    groups_after: Array,
    n_groups: int,
    lengths: tuple[float, float],
) -> Counts:
    """Compare the rate of every group between baseline and incident.

    Parameters
    ----------
    groups_before, groups_after
        Group number of every line.
    at_before
        Position of every line in the baseline, from 0 to 1.
    n_groups
        How many groups there are.
    lengths
        Lengths of both windows.
    """
    before = np.bincount(groups_before, minlength=n_groups).astype("float64")
    after = np.bincount(groups_after, minlength=n_groups).astype("float64")
    dispersion = np.maximum(
        *(dispersion_of(_binned(groups_before, at_before, n_groups, bins)) for bins in (_FINE, _COARSE))
    )
    share = lengths[1] / (lengths[0] + lengths[1])
    p, deviation = rate_change(before, after, share, dispersion)
    ratio = ((after + 0.5) / lengths[1]) / ((before + 0.5) / lengths[0])
    return Counts(before, after, p, deviation, ratio)


def _binned(groups: Array, at: Array, n_groups: int, bins: int) -> Array:
    column = np.clip((at * bins).astype("int64"), 0, bins - 1)
    flat = np.bincount(groups * bins + column, minlength=n_groups * bins)
    return flat.reshape(n_groups, bins).astype("float64")


def change_of_rate(at: Array, usual: float, start: float, end: float, *, up: bool) -> int:
    """Return which event is the first of a higher rate, or the last before a lower one; -1 before all of them.

    The split that makes the events most likely, given the usual rate before it and any other behind it
    (maximum likelihood for one change of a Poisson rate: Raftery and Akman, Biometrika 73, 1986).

    Parameters
    ----------
    at
        Times of the events, ascending.
    usual
        Rate in the baseline, events a second.
    start, end
        The window.
    up
        Whether the rate rose.
    """
    n = len(at)
    if n == 0:
        return -1
    usual = max(usual, 0.5 / max(end - start, 1e-9))
    # Ahead of event i for a rise (i events before it); behind event i for a fall, and at the very start.
    kept = np.arange(n) if up else np.arange(n + 1)
    split = at if up else np.concatenate([[start], at])
    rest = n - kept
    left = np.maximum(end - split, (end - start) / 1e4)
    rate = np.maximum(rest, 1e-9) / left
    gain = rest * np.log(rate / usual) - (rate - usual) * left
    gain = np.where(rate > usual if up else rate < usual, gain, -np.inf)
    best = int(np.argmax(gain))
    if not np.isfinite(gain[best]):
        return 0 if up else -1
    return best if up else best - 1
