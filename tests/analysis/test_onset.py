"""The start of trouble in files that nobody has dated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from faultmaven_lib.analysis import find_onset

T0 = pd.Timestamp("2026-03-01T14:00Z")


@pytest.mark.parametrize("have", ["logs", "metrics", "both"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_finds_when_it_started(logs, metrics, have, seed) -> None:
    lines = logs(seed, length=600, fault=300) if have != "metrics" else None
    series = metrics(seed, rows=120, fault=60) if have != "logs" else None
    found = find_onset(lines, series)
    assert abs(found.time - (T0 + pd.Timedelta(300, "s"))) <= pd.Timedelta(15, "s")
    assert found.score > 0
    assert found.reason.endswith(".")


def test_finds_it_also_where_it_is_over_again(logs) -> None:
    lines = pd.concat([logs(1, length=300), logs(2, start=300, length=120, fault=0), logs(3, start=420, length=300)])
    assert abs(find_onset(lines).time - (T0 + pd.Timedelta(300, "s"))) <= pd.Timedelta(15, "s")


def test_what_was_there_from_the_beginning_is_no_onset(logs) -> None:
    assert find_onset(logs(1, length=300, fault=0)) is None


def test_healthy_data_has_none(logs, metrics) -> None:
    found = [find_onset(logs(s, length=300), metrics(s, rows=100)) for s in range(15)]
    assert sum(f is not None for f in found) <= 1


def test_little_or_odd_data_has_none() -> None:
    for logs in (None, pd.DataFrame(), pd.DataFrame({"message": ["x"] * 50}, index=[T0] * 50)):
        for metrics in (None, pd.DataFrame(), pd.DataFrame({("a", "b"): [np.nan, np.inf, 1.0] * 9})):
            assert find_onset(logs, metrics) is None


def test_numbers_as_index_come_back_as_numbers(metrics) -> None:
    frame = metrics(1, rows=120, fault=60).reset_index(drop=True)
    assert find_onset(metrics=frame).time == pytest.approx(60, abs=3)
