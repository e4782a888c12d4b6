"""The tests and estimates that log and metric analysis share. All are exact or conservative on small samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special, stats

Array = np.ndarray[Any, np.dtype[Any]]


def adjusted(p_values: Array) -> Array:
    """Return p-values adjusted for their number: the false discovery rate at which each would be reported.

    Source: Benjamini and Hochberg, "Controlling the false discovery rate", J. R. Stat. Soc. B 57 (1995).
    """
    p = np.clip(np.asarray(p_values, dtype="float64"), 0.0, 1.0)
    return np.asarray(stats.false_discovery_control(p)) if len(p) else p


def discretely_adjusted(p_values: Array, least: Array, alone: Array) -> Array:
    """Return p-values of counts adjusted for their number: as ``adjusted``, but for what few events cannot say.

    Of the tests that are wrong by chance below a threshold t, the share t is expected, but only of those that can get
    so low: five lines cannot be significant among a hundred templates, so that they need no correction either. That all
    events of a test fall into one window has a probability of its own, often far less than t.

    Parameters
    ----------
    p_values
        One a test. Where all events are in one window, it may be one-sided.
    least
        The smallest p-value that each test could have.
    alone
        The probabilities that all events fall into one window, for every test and window where that is tested.

    Source: Heyse, "A false discovery rate procedure for categorical data", in Recent Advances in Biostatistics (2011);
    Tarone, "A modified Bonferroni method for discrete data", Biometrics 46 (1990).

    Examples
    --------
    >>> discretely_adjusted(np.array([0.001, 0.5]), np.array([0.0, 0.1]), np.array([])).tolist()
    [0.001, 0.5]
    """
    p = np.clip(np.asarray(p_values, dtype="float64"), 0.0, 1.0)
    order = np.argsort(p, kind="stable")
    t = p[order]
    ascending = np.sort(alone)
    sums = np.concatenate([[0.0], np.cumsum(ascending)])
    below = np.searchsorted(ascending, t, side="right")
    able = np.searchsorted(np.sort(least), t, side="right")
    expected = able * t + sums[below] + (len(ascending) - below) * t
    rank = np.searchsorted(t, t, side="right")
    out = np.empty(len(p))
    out[order] = np.minimum(np.minimum.accumulate((expected / np.maximum(rank, 1))[::-1])[::-1], 1.0)
    return out


def rate_tails(before: Array, after: Array, share: float, dispersion: Array) -> tuple[Array, Array, Array]:
    """Compare counts of two windows: the probabilities of as few and of as many in the second, and deviations.

    Given their sum, counts of two Poisson processes with one rate are binomial with the incident's share of
    the time (Przyborowski and Wilenski, "Homogeneity of results in testing samples from Poisson series",
    Biometrika 31, 1940). Bursty processes carry less information than their counts say: both are divided by
    the dispersion first (Wedderburn, "Quasi-likelihood functions", Biometrika 61, 1974).

    Parameters
    ----------
    before, after
        Counts in the baseline and in the incident.
    share
        Length of the incident over the length of both.
    dispersion
        Variance over mean of each count, at least 1.

    Returns
    -------
    lower, upper, deviations
        The last is the signed root of the deviance: as large as a z-score would be.
    """
    a, b = before / dispersion, after / dispersion
    total = a + b
    # The binomial tails through the incomplete beta function, which takes the scaled, fractional counts.
    upper = np.where(b > 0, special.betainc(np.maximum(b, 1e-12), a + 1, share), 1.0)
    lower = np.where(a > 0, special.betainc(np.maximum(a, 1e-12), b + 1, 1 - share), 1.0)
    expected_a, expected_b = (np.maximum(total * s, 1e-300) for s in (1 - share, share))  # 0 of 0 is no change
    deviance = 2 * (special.xlogy(a, a / expected_a) + special.xlogy(b, b / expected_b))
    return lower, upper, np.sign(b - expected_b) * np.sqrt(np.maximum(deviance, 0))


def rate_change(before: Array, after: Array, share: float, dispersion: Array) -> tuple[Array, Array]:
    """Return two-sided p-values and deviations of the comparison that ``rate_tails`` makes."""
    lower, upper, deviations = rate_tails(before, after, share, dispersion)
    return np.clip(2 * np.minimum(upper, lower), 0.0, 1.0), deviations


def harmonic_mean(p_values: Array) -> Array:
    """Combine p-values of tests of one thing, along the first axis, however they depend on each other.

    The mean does not grow with the number of tests that say the same, where the smallest times their number does.

    Source: Wilson, "The harmonic mean p-value for combining dependent tests", PNAS 116 (2019).

    Examples
    --------
    >>> harmonic_mean(np.array([0.001, 0.001])).item(), round(harmonic_mean(np.array([0.001, 1.0])).item(), 4)
    (0.001, 0.002)
    """
    return np.asarray(1 / np.mean(1 / np.clip(p_values, 1e-300, 1.0), axis=0))


def dispersion_of(counts: Array) -> Array:
    """Estimate variance over mean for each row of counts by time bin, each shrunk towards that of all rows.

    The more alike the rows are, the more of what they have in common goes into each (an empirical Bayes estimate:
    Smyth, "Linear models and empirical Bayes methods", Stat. Appl. Genet. Mol. Biol. 3, 2004).

    Parameters
    ----------
    counts
        Rows: processes; columns: equal bins.
    """
    bins = counts.shape[1]
    if counts.shape[0] == 0 or bins < 2:
        return np.ones(counts.shape[0])
    events = counts.sum(axis=1)
    own = counts.var(axis=1, ddof=1) / np.maximum(events / bins, 1e-12)
    seen = events >= 5
    common = float(np.median(own[seen])) if seen.any() else 1.0
    # A row with few events says little of its own dispersion, whatever its bins look like.
    weight = (bins - 1) * np.minimum(events / 20, 1.0)
    prior = _weight_of_all(own[events >= 20], bins - 1)
    return np.asarray(np.maximum((prior * max(common, 1.0) + weight * own) / (prior + weight), 1.0))


def _weight_of_all(own: Array, freedom: int) -> float:
    """Return the weight, in degrees of freedom, of what rows have in common: less, the more they differ."""
    if len(own) < 4:
        return 10.0
    excess = float(np.log(np.maximum(own, 0.05)).var(ddof=1)) - float(special.polygamma(1, freedom / 2))
    if excess <= 0:
        return 30.0
    # From the first two terms of the trigamma function of half the weight, which is the excess.
    return float(np.clip((1 + np.sqrt(1 + 2 * excess)) / excess, 2.0, 30.0))


def best_segment(scores: Array) -> tuple[int, int, float]:
    """Return start, stop and sum of the contiguous stretch with the largest sum; empty if none is positive.

    With scores that are negative on healthy data, it is the maximum likelihood estimate of a change that may
    also end (Karlin and Altschul, "Methods for assessing the statistical significance of molecular sequence
    features by using general scoring schemes", PNAS 87, 1990; Page, "Continuous inspection schemes",
    Biometrika 41, 1954).

    Examples
    --------
    >>> best_segment(np.array([-1.0, 2.0, 3.0, -1.0, 4.0, -9.0, 1.0]))
    (1, 5, 8.0)
    """
    if len(scores) == 0:
        return 0, 0, 0.0
    sums = np.concatenate([[0.0], np.cumsum(scores)])
    lowest = np.minimum.accumulate(sums)
    gain = sums - lowest
    stop = int(np.argmax(gain))
    if gain[stop] <= 0:
        return 0, 0, 0.0
    start = int(stop - 1 - np.argmin(sums[:stop][::-1]))
    return start, stop, float(gain[stop])


def effective_size(values: Array) -> float:
    """Return how many independent samples an autocorrelated series is worth.

    Source: Bayley and Hammersley, "The effective number of independent observations in an autocorrelated time
    series", J. R. Stat. Soc. Suppl. 8 (1946), for a first-order process.
    """
    n = len(values)
    if n < 4:
        return float(n)
    centred = values - values.mean()
    power = float(centred @ centred)
    if power <= 0:
        return float(n)
    lag = min(max(float(centred[:-1] @ centred[1:]) / power, 0.0), 0.95)
    return max(n * (1 - lag) / (1 + lag), 1.0)


def same_distribution(before: Array, after: Array) -> float:
    """Return the two-sided p-value of Mann and Whitney (Ann. Math. Stat. 18, 1947), ties allowed.

    The statistic is scaled down for autocorrelation, so that a slow wave is not taken for a change.
    """
    if len(before) < 2 or len(after) < 2 or (before.min() == before.max() == after.min() == after.max()):
        return 1.0
    p = float(stats.mannwhitneyu(before, after, alternative="two-sided", method="asymptotic").pvalue)
    shrink = np.sqrt((effective_size(before) + effective_size(after)) / (len(before) + len(after)))
    return float(2 * stats.norm.sf(stats.norm.isf(p / 2) * shrink)) if 0 < p < 1 else p
