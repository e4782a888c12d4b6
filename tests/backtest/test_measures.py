"""Rows and scores: what counts as right, and what each proportion is of."""

from __future__ import annotations

from pathlib import Path

import pytest

from faultmaven_lib.backtest import Row, Score
from faultmaven_lib.backtest.baselines import NAMES, by_z_score, chances, measured
from faultmaven_lib.backtest.measures import LABELS
from faultmaven_lib.model import Mechanism

LOCK, DISK = Mechanism.LOCK_CONTENTION, Mechanism.DISK_FULL


def fault(name: str, ranking: str, *, said: Mechanism | None = LOCK, **more) -> Row:
    given = {"kind": "lock", "service": "db", "mechanism": LOCK, "said_mechanism": said if ranking else None}
    return Row(name=name, ranking=tuple(ranking.split()), **given | more)


def calm(name: str, ranking: str = "", **more) -> Row:
    return Row(name=name, kind="no fault", service=None, ranking=tuple(ranking.split()), **more)


ROWS = (
    fault("first", "db web", onset_error=-3.0, seconds=1, innocent=2),
    fault("second", "web db", said=DISK, onset_error=9.0, seconds=2, innocent=2, blamed="new banner"),
    fault("fifth", "a b c d db", seconds=3),
    fault("absent", "web", kind="disk", seconds=4),
    fault("refused", "", seconds=5),
    fault("broken", "", error="no such file", seconds=6, innocent=2),
    calm("calm", seconds=7, innocent=1),
    calm("alarmed", "web", seconds=8),
    calm("broken calm", error="no such file", seconds=9),
)


def test_every_measure_is_of_the_incidents_it_speaks_of():
    score = Score(ROWS)
    assert {name: (m.hits, m.n) for name, m in score.measures.items() if m.hits is not None} == {
        "AC@1": (1, 6),
        "AC@3": (2, 6),
        "mechanism": (3, 6),
        "mechanism_given_service": (1, 1),
        "refused": (1, 6),
        "false_alarms": (2, 3),
        "innocent_blamed": (1, 3),
        "broke_off": (2, 9),
    }
    assert score["Avg@5"].value == pytest.approx((1 + 4 / 5 + 1 / 5) / 6)
    assert score["onset_error_median"].value == 6.0
    assert score["onset_error_p90"].value == pytest.approx(8.4)
    assert (score["seconds_median"].value, score["seconds_longest"].value) == (5.0, 9.0)
    assert score["AC@1"].wilson[0] < 1 / 6 < score["AC@1"].wilson[1]
    assert score["AC@1"].clustered is not None


def test_what_is_said_instead():
    assert {row.name: (row.right, row.instead) for row in ROWS} == {
        "first": (True, ""),
        "second": (False, "web"),
        "fifth": (False, "a"),
        "absent": (False, "web"),
        "refused": (False, "no cause"),
        "broken": (False, "no such file"),
        "calm": (True, ""),
        "alarmed": (False, "web"),
        "broken calm": (False, "no such file"),
    }


def test_every_measure_is_explained_in_the_guide():
    guide = (Path(__file__).parents[2] / "docs" / "backtest.md").read_text()
    assert set(LABELS) == set(Score(ROWS).measures)
    for label in LABELS.values():
        assert guide.count(label) >= 1, f"{label}: paste what faultmaven backtest prints"
    for name in NAMES:
        assert f"\n{name}\n: " in guide


def test_a_set_without_faults_has_no_accuracy():
    score = Score([calm("calm")])
    assert score["AC@1"].value is None
    assert score["false_alarms"].value == 0.0


def test_chances_are_exact_where_weights_are_equal():
    assert chances("a", "abcdefgh", {})[:3] == (1 / 8, 2 / 8, 3 / 8)
    assert chances("a", "abc", {"b": 3}) == (0.0, 0.5, 1.0, 1.0, 1.0)
    assert chances("elsewhere", "abc", {}) == (0.0,) * 5
    assert chances(None, "abc", {}) == (0.0,) * 5


def test_the_most_frequent_root_is_that_of_the_others():
    def row(name: str, service: str) -> Row:
        return Row(name=name, kind=name, service=service, services=("a", "b", "c"), z_ranking=("b", "a"))

    found = measured([row("1", "a"), row("2", "a"), row("3", "b"), calm("4")])
    # The other two roots are a and b for the first two, where they tie; a and a for the third.
    assert found["most frequent root"]["AC@1"].value == pytest.approx((0.5 + 0.5 + 0) / 3)
    assert found["random ranking"]["AC@1"].value == pytest.approx(1 / 3)
    assert found["random ranking"]["AC@1"].wilson is None
    assert (found["largest z-score"]["AC@1"].hits, found["largest z-score"]["AC@3"].hits) == (1, 3)


def test_a_counter_is_scored_by_its_rate():
    pd = pytest.importorskip("pandas")
    at = pd.date_range("2026-03-01T14:00Z", periods=40, freq="5s")
    counter = [10.0 * i + i % 3 for i in range(80)]
    latency = [1.0 + i % 3 for i in range(40)] + [8.0 + i % 3 for i in range(40)]
    frame = pd.DataFrame({("web", "requests_total"): counter, ("db", "p99"): latency})
    before, after = frame.iloc[:40].set_axis(at), frame.iloc[40:].set_axis(at + pd.Timedelta("200s"))
    scores = by_z_score(before, after)
    assert scores["db"] > 3 > scores["web"]
    assert by_z_score(before, after.iloc[:0]) == {}
