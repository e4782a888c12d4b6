"""Corrections for many tests, and rates that change at an onset."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_lib.analysis.statistics import adjusted, discretely_adjusted, harmonic_mean

p_values = st.lists(st.floats(1e-6, 1), min_size=1, max_size=30).map(np.array)


@given(p_values)
def test_tests_that_can_get_as_low_as_they_like_are_corrected_as_ever(p: np.ndarray) -> None:
    np.testing.assert_allclose(discretely_adjusted(p, np.zeros(len(p)), np.zeros(0)), adjusted(p))


@given(p_values, st.data())
def test_what_few_events_cannot_say_is_not_corrected_for(p: np.ndarray, data: st.DataObject) -> None:
    least = np.array([data.draw(st.floats(0, float(value))) for value in p])
    found = discretely_adjusted(p, least, np.zeros(0))
    assert (found <= adjusted(p) * (1 + 1e-9)).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(found[order]) >= -1e-12).all()


def test_most_of_many_healthy_families_have_nothing_significant() -> None:
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(500):
        n = rng.poisson(3, 60)  # few events a test: what it can say comes in steps
        k = rng.binomial(n, 0.5)
        upper = np.array([0.5**a if b == a else 1.0 for a, b in zip(n, k, strict=True)])
        hits += bool((discretely_adjusted(upper, 0.5**n, 0.5**n) < 0.05).any())
    assert hits / 500 <= 0.06


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=9))
def test_a_harmonic_mean_lies_among_its_values(p: list[float]) -> None:
    mean = harmonic_mean(np.array(p))
    assert min(p) * (1 - 1e-9) <= mean <= max(p) * (1 + 1e-9)
