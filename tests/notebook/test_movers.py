"""The time line as small multiples: what is drawn, in which order, and that no text becomes mark-up."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from faultmaven_lib.analysis import timeline
from faultmaven_lib.analysis.signals import KEY
from faultmaven_lib.findings import findings_frame
from faultmaven_lib.investigation import Investigation
from faultmaven_lib.model import Alert, Finding, Operation, Window
from faultmaven_lib.notebook.charts import movers_chart, plot_timeline

WINDOW = Window.parse("2026-03-01T14:00Z/10m")
BASELINE = WINDOW.before()
ONSET = datetime.fromisoformat("2026-03-01T14:02:00Z")
HOSTILE = '<script>alert(1)</script><a href="//x.example">$x$ <b>'


def finding(seconds: float = 0, **fields: object) -> Finding:
    plain = {"kind": "level shift", "service": "db", "subject": "locks", "direction": "up", "score": 10.0}
    return Finding(**plain | {"onset": ONSET + timedelta(seconds=seconds), "sentence": "It rose."} | fields)


def lined(*findings: Finding, **given: object) -> pd.DataFrame:
    return timeline(findings_frame(findings, Operation(name="by hand")), **given)


def series(line: pd.DataFrame) -> pd.DataFrame:
    at = pd.date_range(BASELINE.start, WINDOW.end, freq="10s", inclusive="left", name="time")
    moved = line[line["order"].notna()]
    keys = pd.MultiIndex.from_tuples(list(zip(*(moved[name] for name in KEY), strict=True)), names=KEY)
    columns = [np.where(at >= time, 9.0, 1.0) for time in moved["time"]]
    return pd.DataFrame(np.column_stack(columns), index=at, columns=keys)


def drawn(line: pd.DataFrame, data: pd.DataFrame | None = None, **parameters: int):
    return movers_chart(line, series(line) if data is None else data, WINDOW, BASELINE, **parameters)


def labels(figure) -> list[str]:
    return [note.text for note in figure.layout.annotations if note.text.startswith("<b>")]


def test_the_earliest_stands_at_the_top_and_the_title_names_it() -> None:
    figure = drawn(lined(finding(60, service="api", subject="latency", before=0.1, after=3, unit="s"), finding()))
    assert "<b>db moved first, at 14:02:00 UTC</b>" in figure.layout.title.text
    assert [label.split("</b>")[0] for label in labels(figure)] == ["<b>db", "<b>api"]
    assert "100 ms → 3.00 s" in labels(figure)[1]
    texts = {note.text for note in figure.layout.annotations}
    assert {"baseline", "incident", "onset 14:02:00", "0 s", "+1 min"} <= texts


def test_those_that_cannot_be_told_apart_are_all_first() -> None:
    figure = drawn(lined(finding(), finding(2, service="api"), finding(4, service="web"), finding(5, service="x")))
    assert "db, api and 2 more moved first" in figure.layout.title.text
    marks = [trace.marker.symbol for trace in figure.data if trace.mode == "markers"]
    assert marks == ["circle"] * 4


def test_what_moves_together_is_one_row() -> None:
    line = lined(finding(), finding(30, service="api", subject="latency", score=20), finding(90, service="web"))
    line["group"] = ["G1", "G1", ""]
    figure = drawn(line)
    assert len(labels(figure)) == 2
    assert "with api latency" in labels(figure)[0]


def test_rows_are_bounded_and_what_is_left_out_is_said() -> None:
    many = [finding(10 * i, service=f"s{i}", score=50 - i) for i in range(40)]
    changes = pd.DataFrame({"time": pd.date_range(ONSET, periods=9, freq="s"), "kind": "flag", "message": "on"})
    figure = drawn(lined(*many, changes=changes), top=5)
    assert len(labels(figure)) == 6  # with the row of changes
    assert "35 weaker not drawn" in figure.layout.title.text
    assert "3 earlier not drawn" in labels(figure)[-1]


def test_changes_and_alerts_stand_below() -> None:
    alert = Alert(name="Slow", starts_at=ONSET + timedelta(minutes=7), labels={"service": "api"})
    changes = pd.DataFrame({"time": ["2026-03-01T13:58Z", "2026-02-28T13:58Z"], "kind": "deploy", "message": "api 2"})
    figure = drawn(lined(finding(), changes=changes, alerts=[alert]))
    (lane,) = (trace for trace in figure.data if trace.mode == "markers+text")
    assert [text.strip() for text in lane.text] == ["deploy api 2", "alert api Slow"]  # yesterday's is out of sight
    assert list(lane.textposition) == ["middle right", "middle left"]


def test_without_data_the_onsets_are_drawn() -> None:
    figure = drawn(lined(finding(), finding(60, service="api")), pd.DataFrame())
    assert [trace.mode for trace in figure.data] == ["markers", "markers"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_holes_do_no_harm(value) -> None:
    line = lined(finding(), finding(60, service="api", kind="edge latency"))
    data = series(line)
    data.iloc[3:90] = value
    assert len(labels(drawn(line, data))) == 2


def test_hostile_text_is_drawn_as_text() -> None:
    changes = pd.DataFrame({"time": [ONSET], "kind": [HOSTILE], "service": [HOSTILE], "message": [HOSTILE]})
    alert = Alert(name=HOSTILE, starts_at=ONSET, labels={"service": HOSTILE}, annotations={"summary": HOSTILE})
    first = finding(service=HOSTILE, subject=HOSTILE, sentence=HOSTILE, unit=HOSTILE, before=1, after=2)
    line = lined(first, finding(30, service=HOSTILE, subject=HOSTILE * 2), changes=changes, alerts=[alert])
    line["group"] = ["G1" if order is not pd.NA else "" for order in line["order"]]
    text = json.dumps(json.loads(drawn(line).to_json()), ensure_ascii=False)
    for harmful in ("<script", "<a ", "$"):
        assert harmful not in text.replace("&#36;", "")
    assert "&lt;script&gt;" in text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (lined(), "Run inv.analyze()"),
        (lined(changes=pd.DataFrame({"time": [ONSET], "kind": ["flag"]})), "Run inv.analyze()"),
        (lined(finding(onset=12.5)), "Give it a time index"),
    ],
)
def test_nothing_to_draw_is_said_with_what_to_do(line, said) -> None:
    figure = movers_chart(line, pd.DataFrame(), WINDOW, BASELINE)
    assert not figure.data
    assert "nothing stands out" in figure.layout.title.text
    assert said in figure.layout.annotations[0].text


def test_one_line_draws_an_investigation() -> None:
    at = pd.date_range(BASELINE.start, WINDOW.end, freq="10s", inclusive="left", name="time")
    rng = np.random.default_rng(3)
    wide = pd.DataFrame(
        {("db", "locks"): rng.normal(5, 0.2, len(at)), ("api", "latency_seconds"): rng.normal(0.2, 0.01, len(at))},
        index=at,
    )
    wide.loc[ONSET:, ("db", "locks")] += 40
    wide.loc[ONSET + timedelta(seconds=30) :, ("api", "latency_seconds")] += 3
    inv = Investigation("slow", WINDOW, sources={"metrics": wide}, database_url="sqlite://")
    inv.analyze()
    figure = plot_timeline(inv)
    assert "db moved first" in figure.layout.title.text
    assert "with api latency_seconds" in labels(figure)[0]  # one step, twice
    assert sum(trace.mode == "lines" for trace in figure.data) == 2
