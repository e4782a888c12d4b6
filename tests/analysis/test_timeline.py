"""One time line of all that happened: what was first, as far as it can be told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_lib.analysis import LogAnalyzer, MetricAnalyzer, TraceAnalyzer, timeline
from faultmaven_lib.analysis.ordering import order_of
from faultmaven_lib.findings import findings_frame
from faultmaven_lib.model import Alert, Finding, Operation, Window

COLUMNS = [
    "time", "service", "kind", "what", "direction", "before", "after", "size", "unit", "score", "since_onset",
    "resolution", "order", "first", "group", "sentence", "evidence",
]  # fmt: skip
START = datetime(2026, 3, 1, 14, 0, tzinfo=UTC)
CHANGES = pd.DataFrame(
    {
        "time": ["2026-03-01T14:01:00Z", "2026-03-01T15:00:00+01:00"],
        "kind": ["deploy", "flag"],
        "service": ["web", None],
        "message": ["new\ncolours", "fast path on"],
    }
)


def finding(seconds: float, **fields: object) -> Finding:
    plain = {"kind": "level shift", "service": "db", "subject": "locks", "direction": "up", "score": 10.0}
    return Finding(**plain | {"onset": START + timedelta(seconds=seconds), "sentence": "It rose."} | fields)


def frame(*findings: Finding) -> pd.DataFrame:
    return findings_frame(findings, Operation(name="by hand"))


def spans(slow_from: int | None = None, start: str = "2026-03-01T14:00Z") -> pd.DataFrame:
    """A call a second from web to db; from a second on db is slow."""
    at = pd.date_range(start, periods=240, freq="s", name="time")
    wait = 0.01 + 0.001 * (np.arange(240) % 7) + (0.5 * (np.arange(240) >= slow_from) if slow_from is not None else 0)
    return pd.DataFrame(
        {"trace": [f"{start}{i}" for i in range(240)], "span": "a", "parent": "", "service": "web", "name": "query",
         "kind": "client", "db.system": "db", "status": "unset", "duration": wait}, index=at
    )  # fmt: skip


def test_findings_and_changes_stand_in_the_order_of_time(logs, metrics) -> None:
    lines = LogAnalyzer().fit(logs(1)).compare(logs(2, start=180, length=150, fault=60))
    series = MetricAnalyzer().fit(metrics(1)).compare(metrics(2, 36, 30, fault=12))
    line = timeline(lines, series, changes=CHANGES)
    assert line.columns.tolist() == COLUMNS
    assert line["time"].is_monotonic_increasing
    assert len(line) == len(lines) + len(series) + 2
    assert line["sentence"].iloc[:2].tolist() == ["flag: fast path on", "deploy of web: new colours"]
    assert line["what"].iloc[:2].tolist() == ["fast path on", "new colours"]
    assert line["order"].isna().sum() == 2
    assert not line["first"].iloc[:2].any()


def test_nothing_gives_an_empty_frame() -> None:
    for empty in (timeline(), timeline(pd.DataFrame(columns=["onset"]), None, changes=pd.DataFrame())):
        assert empty.columns.tolist() == COLUMNS
        assert empty.empty


def test_changes_and_alerts_alone_are_a_time_line() -> None:
    alert = Alert(name="Slow", starts_at=START, labels={"service": "web"}, annotations={"summary": "web is slow"})
    line = timeline(changes=CHANGES, alerts=[alert])
    assert line["kind"].tolist() == ["flag", "alert", "deploy"]
    assert line.loc[1, ["service", "what", "sentence"]].tolist() == ["web", "Slow", "Slow fired: web is slow"]
    assert not line["first"].any()


def test_times_are_told_relative_to_the_onset() -> None:
    line = timeline(frame(finding(0), finding(90, service="api")), changes=CHANGES, onset=START + timedelta(seconds=12))
    told = dict(zip(line["kind"] + line["service"], line["since_onset"], strict=True))
    assert told == {
        "flag": "-12 s", "level shiftdb": "-12 s", "deployweb": "+48 s", "level shiftapi": "+1 min 18 s"
    }  # fmt: skip
    assert line.attrs["onset"] == START + timedelta(seconds=12)


def test_what_is_nearer_than_a_sampling_step_moved_together() -> None:
    at = pd.date_range(START, periods=40, freq="15s", name="time")
    wide = pd.DataFrame({("db", "locks"): np.arange(40.0), ("api", "latency"): np.arange(40.0)}, index=at)
    log = finding(10, service="api", kind="new template", subject="timed out", unit="/min")
    line = timeline(frame(finding(0), log), metrics=wide)
    assert line["resolution"].tolist() == [15.0, 1.0]
    assert line["order"].tolist() == [1, 1]
    assert line["first"].tolist() == [True, True]
    later = timeline(frame(finding(0), finding(15, service="api", subject="latency")), metrics=wide)
    assert later["order"].tolist() == [1, 2]
    assert later["first"].tolist() == [True, False]


def test_a_rate_of_lines_is_dated_as_finely_as_lines_come() -> None:
    rare = finding(0, kind="dip", unit="/min", before=6.0, after=0.5, direction="down", example="x", subject="done")
    line = timeline(frame(rare, finding(20, service="api", kind="new template", subject="timed out")))
    assert line["resolution"].iloc[0] == pytest.approx(46, abs=1)  # at six a minute none comes for so long, 1 in 100
    assert line["order"].tolist() == [1, 1]
    often = rare.model_copy(update={"before": 600.0})
    assert timeline(frame(often, finding(20, service="api")))["order"].tolist() == [1, 2]


def test_longer_waits_are_dated_to_the_bin_in_which_calls_are_followed() -> None:
    both = pd.concat([spans(), spans(120, "2026-03-01T14:04Z")])
    odd = TraceAnalyzer().fit(both[:240]).compare(both[240:])
    line = timeline(odd, spans=both)
    assert line["kind"].tolist() == ["edge latency"]
    assert 5 < line["resolution"].iloc[0] < 15


def test_what_is_weak_or_was_there_before_is_not_the_first() -> None:
    window = Window(start=START, end=START + timedelta(minutes=10))
    drift = finding(0, service="mailer", subject="cpu", score=12)
    tremor = finding(30, service="cart", subject="latency", score=3)
    cause = finding(60, score=20)
    line = timeline(frame(drift, tremor, cause), window=window, onset=cause.onset)
    assert line["order"].tolist() == [1, 2, 3]
    assert line[line["first"]]["service"].tolist() == ["db"]


def test_sample_numbers_stay_sample_numbers() -> None:
    wide = pd.DataFrame({("db", "locks"): np.r_[np.tile([1.0, 1.2, 0.9], 20), np.full(20, 30.0)]})
    odd = MetricAnalyzer().fit(wide[:40]).compare(wide[40:])
    line = timeline(odd, changes=CHANGES, metrics=wide, onset=50.0)  # a change with a time has no place here
    assert line["time"].tolist() == [60.0]
    assert line["since_onset"].tolist() == ["+10 samples"]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.01, 30)), min_size=1, max_size=25))
def test_the_order_holds_what_is_certain_and_nothing_else(moments) -> None:
    at, resolution = (np.array(column) for column in zip(*moments, strict=True))
    order = order_of(at, resolution)
    for i in range(len(at)):
        certain = [j for j in range(len(at)) if at[i] - at[j] >= max(resolution[i], resolution[j])]
        assert all(order[j] < order[i] for j in certain)
        assert (order[i] == 1) or any(order[j] == order[i] - 1 for j in range(len(at)) if at[j] < at[i])
    assert order[np.argmin(at)] == 1
