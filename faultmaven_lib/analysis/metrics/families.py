"""Many comparisons at once: services are families of series, and an incident shows in few of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from faultmaven_lib.analysis.statistics import adjusted

Array = np.ndarray[Any, np.dtype[Any]]


def by_family(p_values: Sequence[float], families: Sequence[str], sizes: Mapping[str, int]) -> Array:
    """Return p-values adjusted for their number, the comparisons of one family judged together.

    A family stands out by the test of Simes ("An improved Bonferroni procedure", Biometrika 73, 1986); the false
    discovery rate is controlled over families, and in those that stand out over their members (Benjamini and
    Bogomolov, "Selective inference on multiple families of hypotheses", J. R. Stat. Soc. B 76, 2014). Where nothing
    has changed, the chance of any finding is the rate that is asked for.

    Parameters
    ----------
    p_values, families
        Of the comparisons that may have found something, and whose they are.
    sizes
        How many comparisons each family has; all others have a p-value of 1.

    Returns
    -------
    ndarray
        The rate at which each would be reported.

    Examples
    --------
    >>> by_family([0.001, 0.002, 0.004], ["db", "db", "web"], {"db": 2, "web": 20, "cart": 20}).round(3).tolist()
    [0.006, 0.006, 0.12]
    """
    p = np.asarray(p_values, dtype="float64")
    if not len(p):
        return p
    names, owner = np.unique(np.asarray(families), return_inverse=True)
    members = np.split(np.argsort(owner, kind="stable"), np.cumsum(np.bincount(owner))[:-1])
    within = np.ones(len(p))
    for name, rows in zip(names.tolist(), members, strict=True):
        within[rows] = adjusted(np.r_[p[rows], np.ones(max(sizes[name] - len(rows), 0))])[: len(rows)]
    first = np.array([within[rows].min() for rows in members])
    order = np.argsort(first, kind="stable")
    # By what a family's p-value is multiplied where so many stand out; all before it do, too.
    cost = len(sizes) / np.arange(1, len(names) + 1)
    out = np.ones(len(p))
    for rank, family in enumerate(order.tolist()):
        for row in members[family]:
            rates = np.maximum(first[order[rank:]], within[row]) * cost[rank:]
            out[row] = min(float(rates.min()), 1.0)
    return out
