"""Scores of samples: what each may know, and what stands out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_lib.analysis import MetricAnalyzer
from faultmaven_lib.analysis.metrics.scores import causal_scores, offline_scores

NUMBERS = st.floats(-1e6, 1e6) | st.just(float("nan"))


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=60), st.integers(1, 60))
def test_a_causal_score_knows_no_later_sample(values: list[float], cut: int) -> None:
    series = np.array(values)
    scores = causal_scores(series)
    assert scores.shape == series.shape
    assert (scores >= 0).all()
    np.testing.assert_array_equal(causal_scores(series[:cut]), scores[:cut])


@settings(deadline=None)
@given(st.lists(NUMBERS, max_size=60))
def test_offline_scores_are_finite_and_the_same_backwards(values: list[float]) -> None:
    scores = offline_scores(np.array(values))
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(offline_scores(np.array(values[::-1])), scores[::-1], atol=1e-9)


@pytest.mark.parametrize("score", [causal_scores, offline_scores])
def test_an_outlier_scores_highest_whatever_the_unit(score) -> None:
    rng = np.random.default_rng(1)
    series = rng.normal(10, 1, 200)
    series[120:123] += 12
    scores = score(series)
    assert scores.argmax() in range(120, 124)
    np.testing.assert_allclose(score(series * 1000), scores, rtol=1e-6)


def test_a_series_that_never_moved_scores_its_first_move() -> None:
    series = np.r_[np.zeros(30), 5.0, np.zeros(5)]
    assert causal_scores(series).argmax() == 30
    assert not causal_scores(series)[:30].any()


def test_the_analyzer_scores_without_a_baseline_and_knows_counters() -> None:
    at = pd.date_range("2026-03-01T14:00Z", periods=80, freq="15s")
    steps = np.full(80, 15.0)
    steps[60:] = 150.0
    frame = pd.DataFrame({("api", "requests_total"): np.cumsum(steps), ("api", "threads"): 8.0}, index=at)
    for scores in (MetricAnalyzer().score_samples(frame), MetricAnalyzer().score_samples_offline(frame)):
        assert scores.shape == frame.shape
        assert scores.columns.equals(frame.columns)
        assert not scores["api", "threads"].any()
        assert scores["api", "requests_total"].iloc[60:64].min() > scores["api", "requests_total"].iloc[:59].max()
    assert MetricAnalyzer().score_samples(pd.DataFrame()).empty
