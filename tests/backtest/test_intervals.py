"""Intervals: known values, and what has to hold for all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_lib.backtest.intervals import clustered, quantile, wilson

trials = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        (9, 10, 0.59585, 0.98212),
        (0, 10, 0.0, 0.27753),
        (10, 10, 0.72247, 1.0),
        (81, 263, 0.25528, 0.36620),  # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
        (15, 148, 0.06239, 0.16050),
        (1, 29, 0.00611, 0.17177),
    ],
)
def test_wilson_gives_the_published_values(hits, n, low, high):
    assert wilson(hits, n) == pytest.approx((low, high), abs=2e-4)


@given(trials)
def test_wilson_holds_the_estimate_and_stays_within_nought_and_one(trial):
    hits, n = trial
    low, high = wilson(hits, n)
    assert 0 <= low <= hits / n <= high <= 1
    assert low < high


@given(trials, st.integers(2, 50))
def test_wilson_shrinks_with_the_number_of_trials(trial, times):
    hits, n = trial
    low, high = wilson(hits, n)
    nearer_low, nearer_high = wilson(hits * times, n * times)
    assert nearer_high - nearer_low < high - low


@given(trials)
def test_wilson_widens_with_the_level(trial):
    sure, surer = wilson(*trial, level=0.9), wilson(*trial, level=0.99)
    assert surer[0] <= sure[0] <= sure[1] <= surer[1]


@pytest.mark.parametrize(("hits", "n", "level"), [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0)])
def test_what_is_no_proportion_is_refused(hits, n, level):
    with pytest.raises(ValueError, match="no proportion"):
        wilson(hits, n, level)


clusters = st.lists(st.lists(st.booleans(), min_size=1, max_size=4), min_size=2, max_size=8)


@given(clusters)
@settings(max_examples=40)
def test_the_bootstrap_lies_among_the_means_of_the_clusters(drawn):
    values = [float(v) for cluster in drawn for v in cluster]
    names = [i for i, cluster in enumerate(drawn) for _ in cluster]
    means = [sum(cluster) / len(cluster) for cluster in drawn]
    if len(set(means)) == 1:
        assert clustered(values, names) is None
        return
    low, high = clustered(values, names)
    assert min(means) - 1e-9 <= low <= high <= max(means) + 1e-9
    assert clustered(values, names) == (low, high), "equal seeds, equal intervals"


def test_with_one_incident_a_cluster_the_bootstrap_is_near_wilson():
    low, high = clustered([1.0] * 60 + [0.0] * 40, range(100))
    assert (low, high) == pytest.approx(wilson(60, 100), abs=0.02)


def test_incidents_of_one_kind_count_once():
    values = [1.0] * 50 + [0.0] * 50
    alone = clustered(values, range(100))
    together = clustered(values, [i // 10 for i in range(100)])
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])


def test_of_one_cluster_nothing_is_learned():
    assert clustered([1.0, 0.0], ["lock", "lock"]) is None
    assert clustered([1.0, 1.0], ["lock", "disk"]) is None, "always right is no proof of no spread"
    assert clustered([], []) is None
    assert quantile([], 0.5) is None
