"""Charts say what they show, draw hostile text as text, and have an empty state."""

from __future__ import annotations

import json
import sys
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_lib.exceptions import MissingExtra
from faultmaven_lib.model import Finding, Window
from faultmaven_lib.notebook import look
from faultmaven_lib.notebook.charts import logs_chart, metrics_chart, timeline_chart

WINDOW = Window.parse("2026-03-01T14:00Z/10m")
BASELINE = WINDOW.before()
HOSTILE = '<script>alert(1)</script><a href="//x.example">$x$ <b>'
ONSET = datetime.fromisoformat("2026-03-01T14:02:05Z")


def finding(**fields):
    plain = {"kind": "level shift", "service": "db", "subject": "locks", "sentence": "s", "onset": ONSET, "score": 5.0}
    return Finding(**plain | fields)


def metrics(step=3.0):
    times = pd.date_range(BASELINE.start, WINDOW.end, freq="10s", inclusive="left", name="time")
    shifted = np.where(times >= pd.Timestamp(ONSET), step, 0.1)
    return pd.DataFrame(
        {("db", "locks"): shifted, ("api", "latency_p99"): shifted * 2, ("api", "idle"): 1.0}, index=times
    )


def logs():
    times = pd.date_range(BASELINE.start, WINDOW.end, freq="5s", inclusive="left", name="time")
    late = times >= pd.Timestamp(ONSET)
    return pd.DataFrame({"level": np.where(late, "ERROR", "info"), "message": HOSTILE}, index=times)


def changes():
    return pd.DataFrame({"time": [pd.Timestamp("2026-03-01T13:58Z")], "kind": ["deploy"], "message": [HOSTILE]})


def drawn(figure):
    return json.dumps(json.loads(figure.to_json()), ensure_ascii=False)


@pytest.mark.parametrize(
    "figure",
    [
        lambda: timeline_chart(
            [finding(subject=HOSTILE, service=HOSTILE, sentence=HOSTILE)], changes(), WINDOW, BASELINE
        ),
        lambda: logs_chart(logs(), WINDOW, BASELINE, ONSET, changes()),
        lambda: metrics_chart(
            metrics().rename(columns={"db": HOSTILE}), [finding(service=HOSTILE)], WINDOW, BASELINE, changes=changes()
        ),
    ],
    ids=["timeline", "logs", "metrics"],
)
def test_hostile_text_is_drawn_as_text(figure):
    text = drawn(figure())
    assert "<script" not in text
    assert "<a " not in text
    assert "$" not in text
    assert "&lt;script&gt;" in text


@given(st.text(max_size=200))
def test_no_text_becomes_markup_or_tex(text):
    shown = look.plain(text)
    assert not set("<>\"'$\n\r\x00") & set(shown)
    assert (
        "&" not in shown or "&lt;" in shown or "&gt;" in shown or "&amp;" in shown or "&#" in shown or "&quot;" in shown
    )


def test_what_happened_first_is_in_the_order_of_onset():
    later = finding(service="api", subject="latency", onset="2026-03-01T14:03:00Z", score=99)
    figure = timeline_chart([later, finding()], changes(), WINDOW, BASELINE)
    assert [name.split()[-1] for name in figure.layout.yaxis.ticktext] == ["change", "db", "api"]
    assert "db, 14:02:05 UTC" in figure.layout.title.text
    assert any("onset 14:02:05" in note.text for note in figure.layout.annotations)


def test_onsets_at_the_same_moment_are_not_put_in_an_order():
    figure = timeline_chart([finding(), finding(service="nginx", score=9)], None, WINDOW, BASELINE)
    assert "nginx and db, 14:02:05 UTC" in figure.layout.title.text
    both = metrics_chart(metrics(), [finding(), finding(service="api", subject="latency_p99")], WINDOW, BASELINE)
    assert "db locks and 1 more moved first" in both.layout.title.text


def test_findings_without_a_time_are_counted_not_lost():
    figure = timeline_chart([finding(), finding(onset=12.5), finding(onset=None)], None, WINDOW, BASELINE)
    assert "2 without an onset not drawn" in figure.layout.title.text


def test_log_lines_are_counted_by_level_and_window():
    figure = logs_chart(logs(), WINDOW, BASELINE, ONSET)
    assert "errors from 0 to 95" in figure.layout.title.text
    assert sum(sum(trace.y) for trace in figure.data) == len(logs())
    labels = {note.text for note in figure.layout.annotations}
    assert {"baseline", "incident", "onset 14:02:05"} <= labels


def test_metrics_with_findings_are_drawn_and_the_others_are_not():
    figure = metrics_chart(metrics(), [finding()], WINDOW, BASELINE)
    assert len(figure.data) == 2  # the baseline and the incident of one metric
    assert "db locks moved first, at 14:02:05 UTC" in figure.layout.title.text


def test_the_metrics_that_differ_most_stand_in_where_nothing_was_found():
    figure = metrics_chart(metrics(), [], WINDOW, BASELINE, top=1)
    assert figure.layout.title.text.startswith("<b>Nothing stands out in the metrics")
    assert any("locks" in (note.text or "") or "latency" in (note.text or "") for note in figure.layout.annotations)


def test_windows_far_apart_break_the_time_axis():
    yesterday = Window.parse("2026-02-28T14:00Z/10m")
    assert metrics_chart(metrics(), [], WINDOW, yesterday).layout.xaxis.rangebreaks
    assert not metrics_chart(metrics(), [], WINDOW, BASELINE).layout.xaxis.rangebreaks


@pytest.mark.parametrize(
    "figure",
    [
        lambda: timeline_chart([], None, WINDOW, BASELINE),
        lambda: timeline_chart(pd.DataFrame(), pd.DataFrame(), WINDOW, BASELINE),
        lambda: logs_chart(pd.DataFrame(), WINDOW, BASELINE),
        lambda: logs_chart(logs().head(0), WINDOW, BASELINE),
        lambda: metrics_chart(pd.DataFrame(), [], WINDOW, BASELINE),
        lambda: metrics_chart(metrics() * np.nan, [], WINDOW, BASELINE),
    ],
)
def test_nothing_to_draw_is_said_with_what_to_do(figure):
    empty = figure()
    assert not empty.data
    assert empty.layout.title.text
    assert len(empty.layout.annotations[0].text) > 20


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_metric_with_holes_is_drawn(value):
    frame = metrics()
    frame.iloc[3:9, 0] = value
    assert metrics_chart(frame, [finding()], WINDOW, BASELINE).data


def test_without_plotly_the_error_names_the_install_command(monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "plotly"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(MissingExtra, match=r'pip install "faultmaven\[notebook\]"'):
        logs_chart(logs(), WINDOW, BASELINE)
