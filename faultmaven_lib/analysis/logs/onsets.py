"""Whether something became more or less frequent at some moment of a window, and stayed so to its end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from faultmaven_lib.analysis.logs.lines import Array
from faultmaven_lib.analysis.statistics import harmonic_mean, rate_tails

LASTS = np.linspace(1.0, 0.2, 9)
"""How much of the window a change may last: all of it, or only the rest from an onset on."""


class Change(NamedTuple):
    """What two windows say about the rates of some things: an array each."""

    p: Array
    deviation: Array
    """Signed, as large as a z-score would be, from the onset on that says most."""
    ratio: Array
    """Rate from that onset on over rate in the baseline, with half an event added to both."""
    last: Array
    """How much of the window lies behind it."""
    excess: Array
    """Events from that onset on beyond what the baseline would have."""
    least: Array
    """The smallest p-value that so many events can have."""
    new: Array
    """The probability that so many events all fall into the incident."""
    gone: Array
    """The probability that they all fall into the baseline."""


def lasting(weights: Array, rows: Array, position: Array, n: int) -> Array:
    """Return the events of every row in the last part of the window, for each of ``LASTS``.

    Parameters
    ----------
    weights, rows, position
        Of every event how many there are, what of, and where in the window, from 0 to 1.
    n
        How many rows there are.
    """
    # Sorted into the steps between one onset and the next, and summed from the last one.
    step = np.searchsorted(1 - LASTS, position, side="right") - 1
    flat = np.bincount(np.clip(step, 0, len(LASTS) - 1) * n + rows, weights, len(LASTS) * n)
    return np.cumsum(flat.reshape(len(LASTS), n)[::-1], axis=0)[::-1]


def change_since(was: Array, lasts: Array, lengths: tuple[float, float], dispersion: Array) -> Change:
    """Compare rates in the baseline with those from every onset on.

    Up to the onset, events of the incident count for the usual rate. The p-values of all onsets are combined by their
    harmonic mean, so that neither a change of the whole window nor a late one has to stand out from all others.

    Parameters
    ----------
    was
        Events in the baseline.
    lasts
        Events of the incident, as ``lasting`` returns them.
    lengths
        Lengths of both windows.
    dispersion
        Variance over mean of the counts.
    """
    now = lasts[0]
    shares = LASTS * lengths[1] / sum(lengths)
    lower, upper, deviation = (
        np.stack(part)
        for part in zip(
            *(rate_tails(was + now - last, last, share, dispersion) for last, share in zip(lasts, shares, strict=True)),
            strict=True,
        )
    )
    two_sided = np.clip(2 * np.minimum(lower, upper), 0.0, 1.0)
    best = two_sided.argmin(axis=0)
    chosen = best, np.arange(len(was))
    total = (was + now) / dispersion
    inside, outside = shares[:, None] ** total, (1 - shares[:, None]) ** total
    p = np.where(was == 0, harmonic_mean(upper), np.where(now == 0, lower[0], harmonic_mean(two_sided)))
    expected = was * LASTS[best] * lengths[1] / lengths[0]
    return Change(
        p=np.where(was + now > 0, p, 1.0),
        deviation=deviation[chosen],
        ratio=((lasts[chosen] + 0.5) / (LASTS[best] * lengths[1])) / ((was + 0.5) / lengths[0]),
        last=LASTS[best],
        excess=lasts[chosen] - expected,
        least=np.minimum(harmonic_mean(2 * inside), harmonic_mean(2 * outside)),
        new=inside[0],
        gone=outside[0],
    )
