import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from faultmaven_lib.model import Window
from faultmaven_lib.render.axis import Axis
from faultmaven_lib.render.svg import sparkline, timeseries

WINDOW = Window.parse("2026-03-01T14:00Z/10m")
BASELINE = WINDOW.before()
TIMES = pd.date_range(BASELINE.start, WINDOW.end, freq="10s", inclusive="left")
ONSET = datetime(2026, 3, 1, 14, 2, tzinfo=UTC)


def drawn(figure):
    return ET.fromstring(figure)


def paths(figure, css):
    return [p.get("d") for p in drawn(figure).iter("path") if p.get("class") == css]


def series(values=None):
    return pd.Series(np.arange(len(TIMES)) % 7 if values is None else values, TIMES, dtype="float64")


def chart(data, **more):
    return timeseries(data, title="api latency", window=WINDOW, baseline=BASELINE, **more)


def test_baseline_and_incident_are_drawn_apart_and_described():
    figure = chart(series(), unit="s", onset=ONSET, changes=[(ONSET, "deploy api 1.4")], zone="Europe/Berlin")
    assert len(paths(figure, "fm-c-base")) == len(paths(figure, "fm-c-now")) == len(paths(figure, "fm-c-onset")) == 1
    assert len(paths(figure, "fm-c-change")) == 1
    svg = drawn(figure).find("svg")
    assert svg.get("role") == "img"
    assert svg.find("title").text == svg.get("aria-label") == "api latency"
    told = svg.find("desc").text
    assert "from 0 s to 6.00 s" in told
    assert "onset 2026-03-01 14:02:00 UTC (15:02 CET)" in told
    assert "deploy api 1.4" in told
    assert [t.text for t in svg.iter("text") if ":" in t.text] == ["onset 14:02:00", "13:50 UTC", "14:10", "14:00"]


def test_missing_values_are_gaps():
    data = series()
    data.iloc[20:24] = np.nan
    assert paths(chart(data), "fm-c-base")[0].count("M") == 2


def test_missing_rows_are_gaps_too():
    assert paths(chart(series().drop(TIMES[20:40])), "fm-c-base")[0].count("M") == 2


@pytest.mark.parametrize("data", [series().iloc[:0], series(np.nan), series().iloc[:0].rename_axis("time")])
def test_nothing_to_draw_is_said(data):
    assert "No values in these windows." in chart(data)
    assert "no values" in sparkline(data, title="x")


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0, 1e300, -1e308])
def test_a_constant_is_a_level_line(value):
    ys = {step.split(" ")[1] for step in re.split("[ML]", paths(chart(series(value)), "fm-c-now")[0])[1:]}
    assert len(ys) == 1


def test_a_single_point_is_seen():
    assert paths(chart(series().iloc[[3]]), "fm-c-base")[0].count("L") == 1


def test_a_spike_of_one_sample_survives_thinning():
    times = pd.date_range(BASELINE.start, WINDOW.end, periods=200_000)
    data = pd.Series(1.0, times)
    data.iloc[123_456] = 50.0
    figure = chart(data)
    assert len(figure) < 60_000
    assert "50" in [t.text for t in drawn(figure).iter("text")]
    assert " 28L" in paths(figure, "fm-c-now")[0]


def test_windows_a_week_apart_stand_side_by_side():
    week = Window.parse("2026-02-22T14:00Z/10m")
    index = pd.date_range(week.start, week.end, freq="10s").append(pd.date_range(WINDOW.start, WINDOW.end, freq="10s"))
    figure = timeseries(pd.Series(1.0, index), title="t", window=WINDOW, baseline=week)
    assert len(paths(figure, "fm-c-axis")) == 2
    assert [t.text for t in drawn(figure).iter("text")][-2:] == ["02-22 14:00 UTC", "03-01 14:00"]


def test_a_baseline_of_a_day_does_not_squeeze_the_incident_away():
    axis = Axis.over(np.array([]), (Window.parse("2026-02-28T14:00Z/24h"), WINDOW), 0, 280, timed=True)
    assert axis.x(WINDOW.end.timestamp()) - axis.x(WINDOW.start.timestamp() + 1) > 70


def test_sample_numbers_are_an_axis():
    figure = timeseries(
        pd.Series([1.0, 2, 9, 9], [0, 1, 2, 3]), title="t", onset=2.0, window=WINDOW, changes=[(ONSET, "x")]
    )
    assert "onset 2" in figure
    assert not paths(figure, "fm-c-change")


def test_an_onset_outside_is_not_drawn():
    assert not paths(chart(series(), onset=datetime(2026, 3, 2, tzinfo=UTC)), "fm-c-onset")
    assert not paths(chart(series(), onset=17.0), "fm-c-onset")


def test_titles_and_changes_are_escaped():
    figure = chart(series(), caption='"><script>', changes=[(ONSET, "<b>\x00")])
    assert not list(drawn(figure).iter("script"))
    assert not list(drawn(figure).iter("b"))[1:]


def test_bars_start_at_zero():
    figure = timeseries(pd.Series([5.0, 6.0], TIMES[:2]), title="t", window=WINDOW, baseline=BASELINE, style="bars")
    bars = [r for r in drawn(figure).iter("rect") if r.get("class") == "fm-c-base"]
    assert [round(float(b.get("height")) / 88, 2) for b in bars] == [0.83, 1.0]


@settings(max_examples=80, deadline=None)
@given(hnp.arrays("float64", st.integers(0, 60), elements=st.floats(allow_nan=True, allow_infinity=True)))
def test_any_numbers_make_a_drawing_inside_its_frame(values):
    figure = chart(pd.Series(values, TIMES[-len(values) :] if len(values) else TIMES[:0]))
    root = drawn(figure)
    for path in root.iter("path"):
        numbers = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", path.get("d"))]
        assert all(-10 <= n <= 400 for n in numbers)
    drawn(sparkline(pd.Series(values), title="t"))
