"""How often templates occur in two windows: new, gone, surging, dipping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from faultmaven_lib.analysis.logs.digests import Digest
from faultmaven_lib.analysis.logs.lines import Array
from faultmaven_lib.analysis.logs.onsets import Change, change_since, lasting
from faultmaven_lib.analysis.logs.ticks import Events
from faultmaven_lib.analysis.statistics import dispersion_of

_FINE, _COARSE = 24, 6
"""Bins of a window in which burstiness is seen: bursts of seconds, and slow waves."""
_KNOWN = 20
"""Lines that tell how bursty a template is."""


@dataclass(frozen=True)
class Counts:
    """Counts of each group (service and template) in both windows, and what they say."""

    before: Array
    after: Array
    change: Change


def count_changes(before: tuple[Digest, Events], after: tuple[Digest, Events], n_groups: int) -> Counts:
    """Compare the rate of every group between baseline and incident.

    Parameters
    ----------
    before, after
        Both windows, with the lines of every group (0, 1, …) in them.
    n_groups
        How many groups there are.
    """
    (calm, lines), (storm, late) = before, after
    was = np.bincount(lines.rows, lines.counts, n_groups).astype("float64")
    position = _position(calm, lines)
    dispersion = np.maximum(*(dispersion_of(_binned(lines, position, n_groups, bins)) for bins in (_FINE, _COARSE)))
    place = _position(storm, late)
    lasts = lasting(late.counts, late.rows, place, n_groups)
    lengths = calm.length, storm.length
    since = change_since(was, lasts, lengths, dispersion).last
    later = np.maximum(*(_dispersion_since(_binned(late, place, n_groups, bins), since) for bins in (_FINE, _COARSE)))
    # Of what the baseline hardly has, the incident says whether it comes in bursts; of the rest, a new rate would, too.
    rare = np.clip(1 - was / _KNOWN, 0.0, 1.0) * np.minimum(lasts[0] / _KNOWN, 1.0)
    dispersion = np.minimum(dispersion, dispersion ** (1 - rare) * later**rare)
    return Counts(was, lasts[0], change_since(was, lasts, lengths, dispersion))


def _dispersion_since(binned: Array, last: Array) -> Array:
    """Return variance over mean of every group's counts by time bin, in the last part of the window alone."""
    bins = binned.shape[1]
    inside = np.arange(bins) >= np.round((1 - last) * bins)[:, None]
    n = np.maximum(inside.sum(axis=1), 2)
    mean = np.maximum((binned * inside).sum(axis=1) / n, 1e-12)
    variance = ((binned - mean[:, None]) ** 2 * inside).sum(axis=1) / (n - 1)
    return np.asarray(np.maximum(variance / mean, 1.0))


def _position(window: Digest, lines: Events) -> Array:
    low, high = window.bounds
    return np.asarray((window.seconds(lines.at) - low) / max(high - low, 1e-9))


def _binned(lines: Events, position: Array, n_groups: int, bins: int) -> Array:
    column = np.clip((position * bins).astype("int64"), 0, bins - 1)
    flat = np.bincount(lines.rows * bins + column, lines.counts, n_groups * bins)
    return flat.reshape(n_groups, bins).astype("float64")


def change_of_rate(at: Array, counts: Array, usual: float, start: float, end: float, *, up: bool) -> int:
    """Return which moment is the first of a higher rate, or the last before a lower one; -1 before all of them.

    The split that makes the events most likely, given the usual rate before it and any other behind it
    (maximum likelihood for one change of a Poisson rate: Raftery and Akman, Biometrika 73, 1986).

    Parameters
    ----------
    at, counts
        Moments, ascending, and how many events there were at each.
    usual
        Rate in the baseline, events a second.
    start, end
        The window.
    up
        Whether the rate rose.
    """
    if not len(at):
        return -1
    usual = max(usual, 0.5 / max(end - start, 1e-9))
    done = np.cumsum(counts)
    # Ahead of a moment for a rise; behind it for a fall, and at the very start.
    kept = done - counts if up else np.concatenate([[0], done])
    split = at if up else np.concatenate([[start], at])
    rest = done[-1] - kept
    left = np.maximum(end - split, (end - start) / 1e4)
    rate = np.maximum(rest, 1e-9) / left
    gain = rest * np.log(rate / usual) - (rate - usual) * left
    gain = np.where(rate > usual if up else rate < usual, gain, -np.inf)
    best = int(np.argmax(gain))
    if not np.isfinite(gain[best]):
        return 0 if up else -1
    return best if up else best - 1
