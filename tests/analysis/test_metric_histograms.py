"""Prometheus histograms: quantiles from cumulative buckets, as Prometheus computes them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_lib.analysis import MetricAnalyzer
from faultmaven_lib.analysis.metrics.columns import Key
from faultmaven_lib.analysis.metrics.histograms import QUANTILES, histograms_of, quantiles
from faultmaven_lib.analysis.metrics.table import Reading, read_table

T0 = pd.Timestamp("2026-03-01T12:00Z")
BOUNDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
NAME = "http_request_duration_seconds"


def labelled(bound: str) -> Key:
    return "web", f'{NAME}_bucket{{le="{bound}",path="/"}}'


def level(bound: str) -> tuple[str, ...]:
    return "web", f"{NAME}_bucket", bound


def buckets(samples: int, column=labelled, *, slow: int | None = None, rate: float = 200.0, seed: int = 0):
    """Cumulative counts of lognormal durations; from a sample on one request in twenty waits two seconds more."""
    rng = np.random.default_rng(seed)
    total = np.zeros(len(BOUNDS) + 1)
    rows = []
    for at in range(samples):
        took = rng.lognormal(-2.5, 0.5, rng.poisson(rate))
        if slow is not None and at >= slow:
            took[rng.random(len(took)) < 0.05] += 1.2
        total = total + np.array([(took <= bound).sum() for bound in BOUNDS] + [len(took)])
        rows.append(total)
    names = [column(str(bound)) for bound in BOUNDS] + [column("+Inf")]
    return pd.DataFrame(
        np.array(rows),
        columns=pd.MultiIndex.from_tuples(names),
        index=T0 + pd.to_timedelta(15 * np.arange(samples), unit="s"),
    )


def by_prometheus(counts: list[float], q: float) -> float:
    """``histogram_quantile`` as its documentation words it, bucket by bucket."""
    rank, below, lower = q * counts[-1], 0.0, 0.0
    for bound, count in zip(BOUNDS, counts, strict=False):
        if count >= rank:
            return lower + (bound - lower) * (rank - below) / (count - below) if count > below else bound
        below, lower = count, bound
    return BOUNDS[-1]


@settings(deadline=None)
@given(st.lists(st.integers(0, 50), min_size=7, max_size=7).filter(any))
def test_quantiles_are_those_of_prometheus(new: list[int]) -> None:
    counts = np.cumsum(new).astype("float64")
    values = np.stack([np.full(7, 100.0), 100.0 + counts], axis=1)
    keys = [labelled(str(b)) for b in BOUNDS] + [labelled("+Inf")]
    got = quantiles(histograms_of(keys)[0], values)[:, 1]
    np.testing.assert_allclose(got, [by_prometheus(counts.tolist(), q) for q in QUANTILES.values()], rtol=1e-9)


@pytest.mark.parametrize("column", [labelled, level])
def test_slow_requests_show_in_the_quantile_that_they_are(column) -> None:
    whole = buckets(240, column, slow=180)
    odd = MetricAnalyzer().fit(whole.iloc[:120]).compare(whole.iloc[120:])
    suffix = '{path="/"}' if column is labelled else ""
    odd = odd.set_index("subject")
    p99 = odd.loc[f"{NAME}_p99{suffix}"]
    assert (p99["kind"], p99["unit"], p99["direction"], p99["onset"]) == ("level shift", "s", "up", whole.index[180])
    assert p99["after"] == pytest.approx(1.3, abs=0.9)
    assert set(odd.index) <= {f"{NAME}_p99{suffix}", f"{NAME}_p95{suffix}"}


def test_the_rate_of_all_observations_is_a_series_of_its_own() -> None:
    busy = buckets(120, rate=900, seed=1)
    whole = pd.concat([buckets(120), buckets(120).iloc[-1] + busy])
    whole.index = T0 + pd.to_timedelta(15 * np.arange(240), unit="s")
    odd = MetricAnalyzer().fit(whole.iloc[:120]).compare(whole.iloc[120:])
    assert odd["subject"].tolist() == [f'{NAME}_count{{path="/"}}']
    assert odd["unit"].tolist() == ["/s"]
    assert odd["after"][0] == pytest.approx(60, rel=0.1)


def test_a_restart_and_another_set_of_buckets_are_no_findings() -> None:
    first, second = buckets(120), buckets(120, seed=1)  # the second counts from zero again
    fewer = second.drop(columns=[labelled("0.25"), labelled("1.0")])
    whole = pd.concat([first, fewer])
    whole.index = T0 + pd.to_timedelta(15 * np.arange(240), unit="s")
    assert MetricAnalyzer().fit(whole.iloc[:100]).compare(whole.iloc[100:]).empty


def test_few_requests_are_gathered_and_none_are_no_missing_series() -> None:
    rare = buckets(240, rate=2.0)
    rare.iloc[200:] = rare.iloc[200].to_numpy()  # nobody asks any more; the server is scraped all the same
    odd = MetricAnalyzer().fit(rare.iloc[:120]).compare(rare.iloc[120:])
    assert odd["subject"].tolist() in ([], [f'{NAME}_count{{path="/"}}'])
    table = read_table(rare.iloc[:120], Reading(), learn=True)
    own = table.values[table.keys.index(("web", f'{NAME}_p50{{path="/"}}'))]
    assert np.isfinite(own[10:]).all()


def test_buckets_are_scored_by_their_quantiles_and_causally() -> None:
    whole = buckets(240, slow=180)
    for analyzer in (MetricAnalyzer(), MetricAnalyzer().fit(whole.iloc[:120])):
        scores = analyzer.score_samples(whole)
        assert scores.shape == whole.shape
        assert scores.columns.equals(whole.columns)
        assert scores.iloc[182:190].min().min() > scores.iloc[100:170].max().max()
        pd.testing.assert_frame_equal(analyzer.score_samples(whole.iloc[:190]), scores.iloc[:190])


def test_what_only_looks_like_a_histogram_is_read_as_it_is() -> None:
    keys = [("s", "leaky_bucket"), ("s", 'x_bucket{le="a"}'), ("s", "y_bucket 5"), ("s", "y_bucket nan"), ("s", "z")]
    assert histograms_of(keys) == []
    frame = pd.DataFrame({("s", "leaky_bucket"): [5.0, 1.0, 4.0] * 20, ("s", "z"): 1.0})
    assert read_table(frame, Reading(), learn=True).keys == [("s", "leaky_bucket"), ("s", "z")]
