"""How far a share of few incidents can be trusted: the interval of Wilson, and a bootstrap over clusters."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from statistics import NormalDist

import numpy as np

Interval = tuple[float, float]
_DRAWS = 2000
_SEED = 20260301


def wilson(hits: float, n: int, level: float = 0.95) -> Interval:
    """Return the interval of a proportion.

    It holds its level on few trials and at 0 and 1, where the textbook interval has no width (E. B. Wilson,
    "Probable inference, the law of succession, and statistical inference", JASA 22, 1927; Brown, Cai and
    DasGupta, "Interval estimation for a binomial proportion", Statistical Science 16, 2001).

    Parameters
    ----------
    hits
        How many of them, 0 to ``n``.
    n
        Number of trials; with none, nothing is known and the interval is 0 to 1.
    level
        How often intervals made so hold the true proportion, between 0 and 1.

    Raises
    ------
    ValueError
        If ``hits`` is not within 0 and ``n``, or ``level`` not between 0 and 1.

    Examples
    --------
    >>> [round(end, 4) for end in wilson(9, 10)]
    [0.5958, 0.9821]
    >>> wilson(0, 0)
    (0.0, 1.0)
    """
    if not 0 <= hits <= n or not 0 < level < 1:
        raise ValueError(f"{hits} of {n} at level {level} is no proportion")
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    share, shrink = hits / n, 1 + z * z / n
    centre = (share + z * z / (2 * n)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At 0 and 1 the end is exact; rounding must not put it inside.
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    high = 1.0 if hits == n else min(1.0, centre + half)
    return min(low, share), max(high, share)


def clustered(
    values: Sequence[float],
    clusters: Sequence[Hashable],
    level: float = 0.95,
    *,
    draws: int = _DRAWS,
    seed: int = _SEED,
) -> Interval | None:
    """Return the interval of a mean whose values come in clusters, by drawing whole clusters with replacement.

    Ten recordings of one fault say less than recordings of ten faults: what is right once is mostly right
    again. Percentiles of the bootstrap over clusters (Davison and Hinkley, "Bootstrap methods and their
    application", 1997, section 3.8; Field and Welsh, "Bootstrapping clustered data", J. R. Stat. Soc. B 69,
    2007). With fewer than some ten clusters the interval is rather too narrow: read it beside that of Wilson.

    Parameters
    ----------
    values
        One number an incident.
    clusters
        Its cluster, such as the kind of fault; as many as values.
    level
        As for ``wilson``.
    draws, seed
        How often to draw, and with which random numbers: equal seeds give equal intervals.

    Returns
    -------
    tuple of float, or None
        None where the clusters do not differ in their means, or there are fewer than two: drawing them says nothing.

    Examples
    --------
    >>> clustered([1, 1, 0, 0], ["lock", "lock", "disk", "disk"])
    (0.0, 1.0)
    >>> clustered([1, 1, 0], ["lock", "lock", "lock"]) is None
    True
    """
    sums: dict[Hashable, float] = {}
    sizes: dict[Hashable, int] = {}
    for value, cluster in zip(values, clusters, strict=True):
        sums[cluster] = sums.get(cluster, 0.0) + float(value)
        sizes[cluster] = sizes.get(cluster, 0) + 1
    if len(sums) < 2:
        return None
    total, size = np.array(list(sums.values())), np.array(list(sizes.values()))
    if np.ptp(total / size) < 1e-12:
        return None
    drawn = np.random.default_rng(seed).integers(0, len(total), size=(draws, len(total)))
    means = total[drawn].sum(axis=1) / size[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def quantile(values: Sequence[float], q: float) -> float | None:
    """Return a quantile by linear interpolation; None of no values.

    Examples
    --------
    >>> quantile([1, 2, 3, 4], 0.5), quantile([], 0.5)
    (2.5, None)
    """
    return float(np.quantile(values, q)) if len(values) else None
