"""Which of several moments came first, where each is known only so finely."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
_HAIR = 1e-6
"""Moments are sums of floats."""


def order_of(at: Array, resolution: Array) -> Array:
    """Return a number for each moment: 1 for those that nothing certainly precedes, and so on.

    One moment precedes another if they are at least as far apart as the coarser of both is known: a partial order, as
    of intervals (Fishburn, "Intransitive indifference with unequal indifference intervals", J. Math. Psychol. 7,
    1970). The number is the length of the longest chain that ends in the moment. What precedes has a lower number;
    moments with the same number cannot be told apart.

    Parameters
    ----------
    at
        Moments, as numbers.
    resolution
        How finely each is known, in the same unit.

    Examples
    --------
    >>> order_of(np.array([0.0, 3.0, 5.0]), np.array([5.0, 1.0, 1.0])).tolist()
    [1, 1, 2]
    """
    height = np.ones(len(at), dtype="int64")
    turn = np.argsort(at, kind="stable")
    for place, i in enumerate(turn.tolist()):
        earlier = turn[:place]
        apart = at[i] - at[earlier]
        before = earlier[(apart > _HAIR) & (apart >= np.maximum(resolution[i], resolution[earlier]) - _HAIR)]
        if len(before):
            height[i] = 1 + int(height[before].max())
    return height
