"""Days and weeks: what comes every night is no finding, and what stays away is one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from faultmaven_lib.analysis import MetricAnalyzer

T0 = pd.Timestamp("2026-03-02T00:00Z")
DAY = 288
"""Samples of five minutes."""


def frame(values: np.ndarray, epoch: bool = False) -> pd.DataFrame:
    at = T0 + pd.to_timedelta(300 * np.arange(len(values)), unit="s")
    index = at.as_unit("ns").asi8 / 1e9 if epoch else at
    return pd.DataFrame({("jobs", "rows_per_second"): values}, index=index)


def nightly(days: int, *, without: int | None = None) -> np.ndarray:
    rng = np.random.default_rng(1)
    values = rng.normal(20, 2, days * DAY)
    for day in range(days):
        if day != without:
            start = day * DAY + 24  # two in the morning
            values[start : start + 9] += 200 * rng.uniform(0.95, 1.05)
    return values


def night(values: np.ndarray, day: int, *, epoch: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
    whole = frame(values, epoch)
    return whole.iloc[: day * DAY], whole.iloc[day * DAY + 12 : day * DAY + 48]


def test_a_nightly_batch_is_no_finding() -> None:
    before, after = night(nightly(5), 4)
    assert MetricAnalyzer().fit(before).compare(after).empty


@pytest.mark.parametrize("epoch", [False, True])
def test_a_nightly_batch_that_stays_away_is_one(epoch: bool) -> None:
    before, after = night(nightly(5, without=4), 4, epoch=epoch)
    odd = MetricAnalyzer().fit(before).compare(after)
    assert odd["direction"].tolist() == ["down"]
    assert odd["before"][0] == pytest.approx(220, rel=0.1)
    assert odd["after"][0] == pytest.approx(20, rel=0.2)
    assert "usual at that time of the day" in odd["sentence"][0]
    onset = odd["onset"][0] if not epoch else pd.Timestamp(odd["onset"][0], unit="s", tz="UTC")
    assert abs(onset - (T0 + pd.Timedelta(4, "D") + pd.Timedelta("2h"))) <= pd.Timedelta("10min")


def test_a_batch_at_noon_is_one_though_it_is_usual_at_night() -> None:
    values = nightly(5)
    noon = slice(4 * DAY + 144, 4 * DAY + 153)
    values[noon] = 220
    whole = frame(values)
    odd = MetricAnalyzer().fit(whole.iloc[: 4 * DAY]).compare(whole.iloc[4 * DAY + 132 : 4 * DAY + 168])
    assert odd["onset"].tolist() == [whole.index[noon.start]]


def test_a_shift_is_measured_from_what_is_usual_then() -> None:
    rng = np.random.default_rng(2)
    at = np.arange(5 * DAY) / DAY
    values = 100 * (1 + 0.6 * np.sin(2 * np.pi * at)) + rng.normal(0, 4, len(at))
    whole = frame(values)
    before, after = whole.iloc[: 4 * DAY], whole.iloc[4 * DAY :].copy()
    assert MetricAnalyzer().fit(before).compare(after).empty
    after.iloc[200:, 0] += 60  # in the evening, when 40 to 100 are usual: by day nobody would see it
    odd = MetricAnalyzer().fit(before).compare(after)
    assert odd["size"][0] == pytest.approx(60, rel=0.1)
    assert odd["onset"][0] == after.index[200]
    scores = MetricAnalyzer().fit(before).score_samples(after)
    assert scores.iloc[:200, 0].median() < 2 < 5 < scores.iloc[200:, 0].median()
    pd.testing.assert_frame_equal(MetricAnalyzer().fit(before).score_samples(after.iloc[:250]), scores.iloc[:250])


def test_what_freezes_is_frozen_whatever_is_usual_then() -> None:
    rng = np.random.default_rng(2)
    values = 100 * (1 + 0.6 * np.sin(2 * np.pi * np.arange(5 * DAY) / DAY)) + rng.normal(0, 4, 5 * DAY)
    values[4 * DAY + 150 :] = values[4 * DAY + 149]
    whole = frame(values)
    odd = MetricAnalyzer().fit(whole.iloc[: 4 * DAY]).compare(whole.iloc[4 * DAY :])
    assert odd["kind"].tolist() == ["flat line"]


def test_a_quiet_weekend_is_usual_after_two_weeks() -> None:
    rng = np.random.default_rng(3)
    at = np.arange(21 * DAY) / DAY
    level = np.where(at % 7 >= 5, 30.0, 100.0)
    whole = frame(level * (1 + 0.05 * rng.standard_normal(len(at))))
    saturday = slice(19 * DAY, 20 * DAY)
    assert MetricAnalyzer().fit(whole.iloc[: 19 * DAY]).compare(whole.iloc[saturday]).empty
    busy = whole.iloc[saturday].copy()
    busy.iloc[100:, 0] = 100 * (1 + 0.05 * rng.standard_normal(DAY - 100))
    odd = MetricAnalyzer().fit(whole.iloc[: 19 * DAY]).compare(busy)
    assert "usual at that time of the week" in odd["sentence"][0]
    assert odd["onset"][0] == busy.index[100]


def test_samples_without_a_time_have_no_season() -> None:
    values = nightly(5)
    whole = pd.DataFrame({("jobs", "rows_per_second"): values})
    odd = MetricAnalyzer().fit(whole.iloc[: 4 * DAY]).compare(whole.iloc[4 * DAY :])
    assert odd.empty
