"""One time line of all that happened."""

from __future__ import annotations

import pandas as pd

from faultmaven_lib.analysis import LogAnalyzer, MetricAnalyzer, timeline

COLUMNS = ["time", "kind", "service", "what", "evidence"]


def test_findings_and_changes_stand_in_the_order_of_time(logs, metrics) -> None:
    lines = LogAnalyzer().fit(logs(1)).compare(logs(2, start=180, length=150, fault=60))
    series = MetricAnalyzer().fit(metrics(1)).compare(metrics(2, 36, 30, fault=12))
    changes = pd.DataFrame(
        {
            "time": ["2026-03-01T14:01:00Z", "2026-03-01T15:00:00+01:00"],
            "kind": ["deploy", "flag"],
            "service": ["web", None],
            "message": ["new\ncolours", "fast path on"],
        }
    )
    line = timeline(lines, series, changes)
    assert line.columns.tolist() == COLUMNS
    assert line["time"].is_monotonic_increasing
    assert len(line) == len(lines) + len(series) + 2
    assert line["what"].iloc[:2].tolist() == ["flag: fast path on", "deploy of web: new colours"]


def test_nothing_gives_an_empty_frame() -> None:
    for empty in (timeline(), timeline(pd.DataFrame(columns=["onset"]), None, pd.DataFrame())):
        assert empty.columns.tolist() == COLUMNS
        assert empty.empty
