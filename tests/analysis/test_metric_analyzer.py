"""Comparison of two windows of metrics."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from faultmaven_lib.analysis import MetricAnalyzer, compute
from faultmaven_lib.evidence import Ledger
from faultmaven_lib.findings import COLUMNS, operation_of

T0 = pd.Timestamp("2026-03-01T14:00Z")


def one(values: list[float] | np.ndarray, metric: str = "m", start: int = 0) -> pd.DataFrame:
    index = pd.date_range(T0 + pd.Timedelta(start, "s"), periods=len(values), freq="1s", name="time")
    return pd.DataFrame({("s", metric): np.asarray(values, dtype="float64")}, index=index)


def noise(seed: int, n: int, level: float = 10.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(level, 1.0, n)


def finding(before: np.ndarray, after: np.ndarray, metric: str = "m") -> dict:
    odd = MetricAnalyzer().fit(one(before, metric)).compare(one(after, metric, start=len(before)))
    assert len(odd) == 1
    return odd.iloc[0].to_dict()


def test_a_shift_is_dated_to_the_sample() -> None:
    after = noise(1, 60)
    after[25:] += 20
    found = finding(noise(0, 120), after, "latency_ms")
    assert (found["kind"], found["direction"], found["unit"]) == ("level shift", "up", "ms")
    assert found["onset"] == T0 + pd.Timedelta(120 + 25, "s")
    assert found["before"] == pytest.approx(10, abs=0.5)
    assert found["after"] == pytest.approx(30, abs=0.7)
    assert found["size"] == pytest.approx(found["after"] - found["before"])


def test_spike_and_dip_come_back() -> None:
    for sign, kind in ((1, "spike"), (-1, "dip")):
        after = noise(2, 80, 100)
        after[30:35] += 300 if sign > 0 else -80
        found = finding(noise(0, 120, 100), after)
        assert found["kind"] == kind
        assert found["onset"] == T0 + pd.Timedelta(150, "s")
        assert "until 2026-03-01 14:02:35 UTC" in found["sentence"]


def test_what_stops_coming_is_missing() -> None:
    after = noise(3, 60)
    after[20:] = np.nan
    found = finding(noise(0, 120), after)
    assert (found["kind"], found["direction"]) == ("missing", "none")
    assert found["onset"] == T0 + pd.Timedelta(140, "s")
    healthy = pd.concat([one(noise(0, 120)), one(noise(1, 120), "n")], axis=1)
    rest = one(noise(2, 60), "n", start=120)
    assert MetricAnalyzer().fit(healthy).compare(rest)["subject"].tolist() == ["m"]


def test_what_freezes_is_a_flat_line() -> None:
    after = noise(3, 60)
    after[20:] = after[19]
    found = finding(noise(0, 120), after)
    assert found["kind"] == "flat line"
    assert found["onset"] == T0 + pd.Timedelta(139, "s")


def test_a_counter_is_compared_by_its_rate_and_survives_a_restart() -> None:
    rng = np.random.default_rng(0)
    before = 1e6 + np.cumsum(rng.poisson(50, 120))
    quiet = np.cumsum(rng.poisson(50, 60))
    busy = np.concatenate([quiet[:30], quiet[29] + np.cumsum(rng.poisson(400, 30))])
    analyzer = MetricAnalyzer().fit(one(before, "requests_total"))
    assert analyzer.compare(one(quiet, "requests_total", 120)).empty
    odd = analyzer.compare(one(busy, "requests_total", 120))
    assert odd["unit"].tolist() == ["/s"]
    assert odd["after"].iloc[0] == pytest.approx(400, rel=0.1)


def test_a_series_that_was_always_zero() -> None:
    zeros = np.zeros(60)
    rising = np.concatenate([np.zeros(10), np.arange(1.0, 41)])
    assert finding(zeros, rising)["onset"] == T0 + pd.Timedelta(70, "s")
    assert finding(zeros, rising / 1000)["onset"] == T0 + pd.Timedelta(70, "s")
    once = np.zeros(50)
    once[[7, 8]] = 1
    assert MetricAnalyzer().fit(one(zeros)).compare(one(once)).empty


def test_two_healthy_windows_differ_in_nothing(metrics) -> None:
    loud = [s for s in range(30) if len(MetricAnalyzer().fit(metrics(s)).compare(metrics(100 + s, 36, 30)))]
    # A random walk is among the series, and leaves its baseline now and then.
    assert len(loud) <= 2


def test_the_cause_of_a_stall_and_its_symptoms(metrics) -> None:
    odd = MetricAnalyzer().fit(metrics(1)).compare(metrics(2, 36, 30, fault=12)).set_index(["service", "subject"])
    assert set(odd.index) == {("db", "lock_waits"), ("checkout", "latency_seconds"), ("web", "latency_seconds")}
    first = T0 + pd.Timedelta(5 * (36 + 12), "s")
    assert odd.loc[("db", "lock_waits"), "onset"] == first
    assert odd.loc[("checkout", "latency_seconds"), "onset"] == first + pd.Timedelta(5, "s")
    assert odd.loc[("web", "latency_seconds"), "onset"] == first + pd.Timedelta(10, "s")


def test_names_have_no_meaning_for_what_is_found(metrics) -> None:
    def renamed(frame: pd.DataFrame) -> pd.DataFrame:
        names = [(f"s{i % 3}", f"x{i}") for i in range(frame.shape[1])]
        return frame.set_axis(pd.MultiIndex.from_tuples(names), axis=1)

    before, after = metrics(1), metrics(2, 36, 30, fault=12)
    plain = MetricAnalyzer().fit(before).compare(after)
    other = MetricAnalyzer().fit(renamed(before)).compare(renamed(after))
    assert other["score"].tolist() == plain["score"].tolist()
    assert other["onset"].tolist() == plain["onset"].tolist()


def test_scores_of_points_are_causal_and_of_the_same_shape(metrics) -> None:
    before, after = metrics(1), metrics(2, 36, 30, fault=12)
    analyzer = MetricAnalyzer().fit(before)
    scores = analyzer.score_samples(after)
    assert scores.index.equals(after.index)
    assert scores.columns.equals(after.columns)
    pd.testing.assert_frame_equal(analyzer.score_samples(after.iloc[:15]), scores.iloc[:15])
    lock = scores[("db", "lock_waits")]
    assert lock.iloc[:12].max() == 0
    assert lock.iloc[12:].min() > 5
    assert analyzer.score_samples(pd.DataFrame({("new", "m"): [1.0]}, index=[T0])).isna().all(axis=None)


def test_findings_can_be_computed_again(metrics) -> None:
    ledger = Ledger()
    before, after = metrics(1), metrics(2, 36, 30, fault=12)
    for frame in (before, after):
        ledger.record(frame, source="metrics", query="")
    odd = MetricAnalyzer(min_change=0.5).fit(before).compare(after)
    assert set(odd["evidence"]) == {"E1 E2"}
    assert compute(operation_of(odd)[0], [before, after.iloc[::-1, ::-1]]).equals(odd)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame({("s", "m"): [1.0]}, index=[T0]),
        pd.DataFrame({("s", "m"): [np.nan] * 9, ("s", "n"): [np.inf] * 9}),
        pd.DataFrame({"flat": ["1", "x", None] * 4}, index=[T0] * 12),
        pd.DataFrame({("s", "m", "p99"): range(30)}, index=np.arange(30.0) ** 2),
        pd.DataFrame({("s", "m"): [5.0] * 30}, index=pd.date_range(T0, periods=30, freq="1s").tz_localize(None)),
        pd.DataFrame({("s", "m"): pd.array([1, None, 3] * 5, dtype="Int64"), ("s", "b"): [True] * 15}),
    ],
)
def test_odd_frames_are_never_fatal(frame, metrics) -> None:
    for before, after in ((frame, frame), (metrics(1), frame), (frame, metrics(1))):
        odd = MetricAnalyzer().fit(before).compare(after)
        assert tuple(odd.columns) == COLUMNS
        assert len(odd) or odd.attrs["reason"]
        MetricAnalyzer().fit(before).score_samples(after)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=40), st.lists(st.floats(), max_size=40))
def test_no_values_are_fatal(before: list[float], after: list[float]) -> None:
    odd = MetricAnalyzer().fit(one(before)).compare(one(after))
    assert odd["sentence"].str.len().gt(0).all()


def test_follows_the_contract_of_scikit_learn() -> None:
    analyzer = MetricAnalyzer(alpha=0.05)
    assert clone(analyzer).get_params() == analyzer.get_params()
    with pytest.raises(NotFittedError, match="fit"):
        analyzer.compare(pd.DataFrame())


def test_memory_that_grows_from_a_still_baseline_is_told() -> None:
    """Its baseline drifts by less than anybody would call a change: that makes growth no less sure."""
    at = pd.date_range("2026-03-01T14:00Z", periods=100, freq="3s")
    rss = 95e6 + 1e3 * np.arange(100.0)
    rss[40:] += 1e6 * np.arange(60)
    frame = pd.DataFrame({("catalog", "resident_memory_bytes"): rss}, index=at)
    odd = MetricAnalyzer().fit(frame[:32]).compare(frame[32:])
    assert odd["subject"].tolist() == ["resident_memory_bytes"]
    assert odd["direction"].tolist() == ["up"]


def test_a_share_that_was_always_all_is_told_by_what_it_lacks() -> None:
    calm = pd.DataFrame({("api", "availability"): [100.0] * 200 + [99.5] + [100.0] * 99})
    ill = pd.DataFrame({("api", "availability"): [100.0, 100.0, 96.0, 95.0, 100.0]})
    odd = MetricAnalyzer().fit(calm).compare(ill)
    assert odd["direction"].tolist() == ["down"]
    assert odd["onset"].tolist() == [2]
    threads = calm.rename(columns={"availability": "threads"}).clip(100, 100)
    assert MetricAnalyzer().fit(threads * 8).compare((ill.rename(columns={"availability": "threads"})) * 8).empty


def test_of_a_few_coarse_samples_two_last() -> None:
    rng = np.random.default_rng(3)
    calm = pd.DataFrame({("api", "latency_seconds"): rng.normal(1, 0.05, 500)})
    ill = pd.DataFrame({("api", "latency_seconds"): [1.0, 1.0, 1.5, 1.6, 1.0]})
    assert MetricAnalyzer().fit(calm).compare(ill)["onset"].tolist() == [2]
    assert MetricAnalyzer().fit(calm).compare(calm[100:105]).empty
