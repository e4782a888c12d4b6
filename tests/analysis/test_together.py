"""What moves together, and the series behind what moved."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_lib.analysis import (
    LogAnalyzer,
    MetricAnalyzer,
    TraceAnalyzer,
    move_together,
    signal_series,
    timeline,
)
from faultmaven_lib.analysis.together import COLUMNS

ROWS, ONSET = 120, 80
AT = pd.date_range("2026-03-01T14:00Z", periods=ROWS, freq="5s", name="time")


def shape(start: int, kind: str = "wave") -> np.ndarray:
    """A shape that begins at a row: up and down in waves, or a ramp."""
    x = np.maximum(np.arange(ROWS) - start, 0.0)
    return np.where(x > 0, 5 + 3 * np.sin(x / 3), 0.0) if kind == "wave" else x


def wide(seed: int = 0, **columns: np.ndarray) -> pd.DataFrame:
    noise = np.random.default_rng(seed)
    named = {tuple(name.split("_", 1)): values + 0.05 * noise.normal(size=ROWS) for name, values in columns.items()}
    return pd.DataFrame(named, index=AT)


def grouped(frame: pd.DataFrame, **parameters: float) -> pd.DataFrame:
    odd = MetricAnalyzer().fit(frame[:60]).compare(frame[60:])
    assert len(odd) == frame.shape[1]
    return move_together(odd, signal_series(odd, metrics=frame), **parameters)


def members(groups: pd.DataFrame) -> dict[str, list[str]]:
    return groups.groupby("group")["what"].apply(sorted).to_dict()


def test_one_shape_is_one_group_with_its_lag_and_its_sign() -> None:
    frame = wide(
        db_locks=shape(ONSET) * 100,
        api_latency=shape(ONSET + 2) / 10,
        api_served=9 - shape(ONSET),
        web_threads=shape(ONSET, "ramp"),
    )
    groups = grouped(frame).set_index("what")
    assert groups["group"].to_dict() == {"locks": "G1", "served": "G1", "latency": "G1"}
    assert groups.loc["locks", ["leader", "lag", "correlation"]].tolist() == [True, 0.0, 1.0]
    assert groups.loc["latency", "lag"] == pytest.approx(10.0)
    assert groups.loc["latency", "correlation"] > 0.8
    assert groups.loc["served", "correlation"] < -0.8


def test_the_same_shape_at_another_time_is_not_together() -> None:
    assert grouped(wide(db_locks=shape(ONSET), api_latency=shape(ONSET + 15))).empty


def test_the_time_line_names_the_groups() -> None:
    frame = wide(db_locks=shape(ONSET), api_latency=shape(ONSET + 1), web_threads=shape(ONSET, "ramp"))
    odd = MetricAnalyzer().fit(frame[:60]).compare(frame[60:])
    line = timeline(odd, metrics=frame).set_index("what")
    assert line["group"].to_dict() == {"locks": "G1", "latency": "G1", "threads": ""}
    assert (timeline(odd)["group"] == "").all()  # without the data it cannot be told


def test_logs_metrics_and_calls_of_one_thing_are_one_group(logs, metrics) -> None:
    lines = pd.concat([logs(1), logs(2, start=180, length=180, fault=60)])
    series = pd.concat([metrics(1), metrics(2, 36, 36, fault=12)])
    middle = "2026-03-01T14:03Z"
    found = [
        LogAnalyzer().fit(lines[:middle]).compare(lines[middle:]),
        MetricAnalyzer().fit(series[:middle]).compare(series[middle:]),
    ]
    groups = timeline(*found, logs=lines, metrics=series).set_index("what")["group"]
    with_waits = groups[groups == groups["lock_waits"]].index.tolist()
    assert groups["lock_waits"]
    assert any("still waiting for lock" in what for what in with_waits)


def test_gaps_and_steps_of_their_own_do_no_harm() -> None:
    frame = wide(db_locks=shape(ONSET), api_latency=shape(ONSET))
    frame.iloc[::3, 0] = np.nan
    frame.iloc[1::2, 1] = np.nan
    assert members(grouped(frame)) == {"G1": ["latency", "locks"]}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 8), st.floats(0.5, 0.95))
def test_a_group_is_alike_each_with_each_and_nobody_is_in_two(seed, count, least) -> None:
    rng = np.random.default_rng(seed)
    columns = {f"s{i}_m": shape(ONSET + int(rng.integers(3)), ["wave", "ramp"][i % 2]) * (i + 1) for i in range(count)}
    frame = wide(seed, **columns)
    frame = frame.mask(rng.random(frame.shape) < 0.1)
    groups = grouped(frame, min_correlation=least)
    assert groups.columns.tolist() == list(COLUMNS)
    assert not groups.duplicated(["service", "what", "kind"]).any()
    assert (groups["correlation"].abs() >= least - 0.001).all()
    assert (groups.groupby("group")["leader"].sum() == 1).all()
    assert (groups.groupby("group").size() >= 2).all()


def test_thousands_of_series_are_bounded_by_their_findings() -> None:
    noise = np.random.default_rng(1)
    names = pd.MultiIndex.from_product([[f"s{i}" for i in range(40)], [f"m{i}" for i in range(50)]])
    frame = pd.DataFrame(noise.normal(10, 1, (ROWS, 2000)), index=AT, columns=names)
    frame.iloc[ONSET:, :400] += 40 * shape(0)[ONSET:, None]
    odd = MetricAnalyzer().fit(frame[:60]).compare(frame[60:])
    groups = move_together(odd, signal_series(odd, metrics=frame))
    assert len(groups) == 300
    assert groups["group"].unique().tolist() == ["G1"]


class TestSeries:
    """What a finding is about, followed on a grid."""

    def test_every_finding_of_a_log_is_followed(self, logs) -> None:
        before, after = logs(1), logs(2, start=180, length=180, fault=60)
        both = pd.concat([before, after])
        odd = LogAnalyzer().fit(before).compare(after)
        series = signal_series(odd, logs=both, every=10)
        assert set(zip(odd["service"], odd["subject"], odd["kind"], strict=True)) == set(series.columns)
        fault = pd.Timestamp("2026-03-01T14:04Z")
        for row in odd.to_dict("records"):
            values = series[row["service"], row["subject"], row["kind"]]
            rose = values[fault:].mean() > values[:fault].mean()
            assert rose == (row["direction"] == "up"), row["subject"]

    def test_lines_are_counted_all_of_them(self, logs) -> None:
        both = pd.concat([logs(1), logs(2, start=180, length=180, fault=60)])
        odd = LogAnalyzer().fit(both[:"2026-03-01T14:03Z"]).compare(both["2026-03-01T14:03Z":])
        errors = odd[odd["kind"] == "new template"].iloc[0]
        series = signal_series(odd, logs=both, every=10)[errors["service"], errors["subject"], "new template"]
        said = both[(both["service"] == "checkout") & (both["level"] == "ERROR")]
        assert series.sum() / 6 == pytest.approx(len(said))

    def test_a_template_is_known_again_among_fewer_lines(self, logs) -> None:
        both = pd.concat([logs(1), logs(2, start=180, length=180, fault=60)])
        odd = LogAnalyzer().fit(both[:"2026-03-01T14:03Z"]).compare(both["2026-03-01T14:03Z":])
        few = both[both["service"] == "db"].iloc[:20]
        known = odd[odd["service"] == "db"]
        assert not signal_series(known, logs=few, every=10).empty

    def test_calls_are_followed_by_edge(self) -> None:
        at = pd.date_range("2026-03-01T14:00Z", periods=600, freq="s", name="time")
        late = np.arange(600) >= 400
        status = np.where(late & (np.arange(600) % 2 == 0), "error", "unset")
        calls = pd.DataFrame(
            {"trace": [f"{i:x}" for i in range(600)], "span": "a", "parent": "", "service": "web", "name": "query",
             "kind": "client", "db.system": "db", "status": status,
             "duration": 0.01 + 0.001 * (np.arange(600) % 7) + late}, index=at
        )  # fmt: skip
        odd = TraceAnalyzer().fit(calls[:300]).compare(calls[300:])
        series = signal_series(odd, spans=calls, every=20)
        waits, errors = series["db", "web → db latency"].iloc[:, 0], series["db", "web → db errors"].iloc[:, 0]
        assert waits.iloc[0] == pytest.approx(0.013)
        assert waits.iloc[-1] == pytest.approx(1.013)
        assert errors.iloc[[0, -1]].tolist() == [0.0, 50.0]

    def test_a_baseline_of_last_week_leaves_no_bins_between(self) -> None:
        frame = wide(db_locks=shape(ONSET))
        before = frame[:60].set_index(AT[:60] - pd.Timedelta("7D"))
        odd = MetricAnalyzer().fit(before).compare(frame[60:])
        assert len(signal_series(odd, metrics=pd.concat([before, frame[60:]]))) <= 121

    def test_lines_with_absurd_dates_do_not_stretch_the_grid_beyond_its_bound(self) -> None:
        frame = wide(db_locks=shape(ONSET))
        odd = MetricAnalyzer().fit(frame[:60]).compare(frame[60:])
        absurd = pd.DataFrame({"message": "x"}, index=pd.DatetimeIndex(["1990-01-01", "2060-01-01"], tz="UTC"))
        assert len(signal_series(odd, metrics=frame, logs=absurd)) <= 600

    def test_nothing_gives_nothing(self) -> None:
        frame = wide(db_locks=shape(ONSET))
        odd = MetricAnalyzer().fit(frame[:60]).compare(frame[60:])
        assert signal_series(odd).empty
        assert signal_series(odd[:0], metrics=frame).empty
        assert signal_series(None, metrics=frame, logs=frame[:0]).empty
        assert move_together(odd, signal_series(odd)).empty
        assert move_together(odd[:0], signal_series(odd, metrics=frame)).empty
