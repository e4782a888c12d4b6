"""The backtest on small recordings, good and broken, and on the shipped ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from faultmaven_lib.backtest import Incidents, Known, backtest, recorded, shipped
from faultmaven_lib.backtest.copying import neutral_copy
from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import Truth

from .conftest import CALM, FAULT, Record


@pytest.fixture
def mixed(record: Record) -> Path:
    """A fault, a calm stretch, one that is said to be calm and is not, a broken one, and one without a truth."""
    record("1-lock", FAULT)
    record("2-calm", CALM, ill=False)
    record("3-alarm", CALM)
    home = record("4-broken", FAULT)
    (home / "recordings" / "4-broken" / "incident.json").write_text("{ not json")
    return record("5-untold", None)


def test_nothing_is_skipped_and_each_counts_for_what_it_is(mixed: Path) -> None:
    result = backtest(recorded(mixed))
    assert {row.name: (row.rank, row.right) for row in result.rows} == {
        "1-lock": (1, True),
        "2-calm": (None, True),
        "3-alarm": (None, False),
        "4-broken": (None, False),
    }
    assert "not JSON" in result.rows[3].error
    assert [name for name, _ in result.unscored] == ["5-untold"]
    assert "truth" in result.unscored[0][1]
    assert (result.score["AC@1"].hits, result.score["AC@1"].n) == (1, 2)
    assert (result.score["false_alarms"].hits, result.score["false_alarms"].n) == (1, 2)
    assert result.score["broke_off"].hits == 1
    assert result.rows[0].onset_error == pytest.approx(0, abs=15)
    assert result.rows[0].seconds > 0
    assert result.baselines["largest z-score"]["AC@1"].n == 2
    assert result.baselines["random ranking"]["AC@1"].value == pytest.approx(0.25), "one of two, and none of the broken"
    _shown(result)


def test_a_recording_that_is_not_there_any_more_counts_as_wrong(record: Record) -> None:
    home = record("lock", FAULT)
    (home / "recordings" / "lock" / "incident.json").unlink()
    result = backtest(recorded(home))
    assert (result.score["AC@1"].value, result.score["AC@1"].n) == (0.0, 1)
    assert "incident.json cannot be read" in result.rows[0].error


@pytest.mark.parametrize("truth", [{"service": "db"}, FAULT | {"mechanism": "magic"}])
def test_a_truth_that_is_none_is_said_plainly(record: Record, truth: dict) -> None:
    ((name, why),) = backtest(recorded(record("lock", truth, ill=False))).unscored
    assert name == "lock"
    assert "is no truth: mechanism" in why


def _shown(result) -> None:
    told = str(result)
    for name in ("1-lock", "2-calm", "3-alarm", "4-broken", "Not scored: 5-untold"):
        assert name in told
    assert re.search(r"^  AC@1 +\.50 +2 ", told, re.MULTILINE)
    assert "nothing, rightly" in told
    found = json.loads(json.dumps(result.to_dict()))
    assert (found["AC@1"], found["AC@3"], found["false_alarms"]) == (0.5, 0.5, 0.5)
    assert found["intervals"]["AC@1"]["n"] == 2
    assert set(found["baselines"]) == {"largest z-score", "most frequent root", "random ranking"}
    assert [row["rank"] for row in found["incidents"]] == [1, None, None, None]
    page = result.html()
    for name in ("1-lock", "4-broken", "5-untold", "random ranking"):
        assert name in page
    assert "http" not in re.sub(r"http-equiv", "", page)


def test_what_the_investigation_sees_gives_nothing_away(record: Record, tmp_path: Path) -> None:
    home = record("lock-in-db", FAULT)
    (home / "recordings" / "lock-in-db" / "notes.txt").write_text("it is the lock")
    copy = neutral_copy(home / "recordings" / "lock-in-db", tmp_path / "copy", 7)
    seen = {str(p.relative_to(copy)) for p in copy.rglob("*") if p.is_file()}
    assert seen == {"incident.json", "changes.json", "metrics.csv", "logs/db.log", "logs/shop.log"}
    assert copy.name == "0007"
    assert not (tmp_path / "copy" / "truth").exists()
    known = json.loads((copy / "incident.json").read_text())
    assert set(known) == {"name", "title", "alert", "sources", "window", "baseline", "graph"}
    assert "lock" not in json.dumps(known)


@pytest.mark.parametrize("place", ["../../truth/x.json", "/etc/passwd"])
def test_a_recording_reaches_nothing_outside_its_folder(record: Record, tmp_path: Path, place: str) -> None:
    recording = record("x", FAULT) / "recordings" / "x"
    known = json.loads((recording / "incident.json").read_text())
    (recording / "incident.json").write_text(json.dumps(known | {"sources": {"logs": place}}))
    with pytest.raises(SourceError, match="outside the recording"):
        neutral_copy(recording, tmp_path / "copy", 1)


def test_the_truth_is_asked_for_when_the_investigation_is_over(record: Record) -> None:
    (known,) = recorded(record("lock", FAULT))
    order = []

    def lay(into: Path, number: int) -> Path:
        order.append("laid out")
        return known.lay(into, number)

    def truth() -> Truth:
        order.append("truth")
        return known.truth()

    backtest(Incidents("one", (Known("lock", lay, truth),)))
    assert order == ["laid out", "truth"]


def test_an_innocent_change_that_is_blamed_is_seen(record: Record) -> None:
    home = record("lock", FAULT)
    changes = home / "recordings" / "lock" / "changes.json"
    message = "db: wait for a ShareLock on the transaction of the process, still waiting is an error"
    (event,) = json.loads(changes.read_text())
    changes.write_text(json.dumps([event | {"service": "db", "message": message, "time": "2026-03-01T14:04:50Z"}]))
    (home / "truth" / "lock.json").write_text(json.dumps(FAULT | {"innocent_changes": [message]}))
    (row,) = backtest(recorded(home)).rows
    assert row.blamed == message
    (home / "truth" / "lock.json").write_text(json.dumps(FAULT | {"innocent_changes": ["another"]}))
    (row,) = backtest(recorded(home)).rows
    assert row.blamed == ""


def test_interrupted_it_returns_what_was_done(record: Record) -> None:
    (known,) = recorded(record("calm", CALM, ill=False))

    def interrupt(into: Path, number: int) -> Path:
        raise KeyboardInterrupt

    result = backtest(Incidents("three", (known, Known("long", interrupt, known.truth), known)))
    assert result.stopped
    assert [row.name for row in result.rows] == ["calm"]
    assert "stopped after 1 of 3" in str(result)
    assert "stopped before the end" in result.html()


def test_hostile_names_and_errors_are_escaped(tmp_path: Path) -> None:
    def broken(into: Path, number: int) -> Path:
        raise RuntimeError("<script>alert(1)</script>\x1b[31m")

    known = Known("<b>\x1b[2J", broken, lambda: Truth(service="<i>", mechanism=None, onset=None))
    result = backtest(Incidents("<u>", (known,)))
    page = result.html()
    for tag in ("<script>alert", "<b>\x1b", "<i>", "<u>"):
        assert tag not in page
    assert "\x1b" not in page + str(result)
    assert "RuntimeError: <script>" in result.rows[0].error


def test_the_halves_are_by_kind(record: Record) -> None:
    record("one", FAULT)
    home = record("two", CALM, ill=False)
    with pytest.raises(SourceError, match="not split"):
        recorded(home).half("dev")
    lock = "lock_contention"
    (home / "split.json").write_text(json.dumps({"dev": [lock], "test": ["no fault"]}))
    whole = recorded(home)
    assert [[known.name for known in whole.half(half)] for half in ("dev", "test", "all")] == [
        ["one"], ["two"], ["one", "two"],
    ]  # fmt: skip
    result = backtest(whole)
    assert {half: len(score.rows) for half, score in result.halves.items()} == {"dev": 1, "test": 1}
    assert result.to_dict()["halves"]["dev"]["AC@1"] == 1.0
    assert "The dev half alone, 1 incident" in str(result)
    (home / "split.json").write_text(json.dumps({"dev": [lock], "test": []}))
    with pytest.raises(SourceError, match="kind of two in neither half"):
        recorded(home).half("test")


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "does not split"), ('{"dev": ["a"]}', "does not split"), ('{"dev": ["a"], "test": ["a"]}', "a in both")],
)
def test_a_split_that_is_none_is_refused(record: Record, content: str, said: str) -> None:
    home = record("one", FAULT)
    (home / "split.json").write_text(content)
    with pytest.raises(SourceError, match=said):
        recorded(home)


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no recordings"):
        recorded(tmp_path)
    with pytest.raises(SourceError, match="no folder"):
        recorded(tmp_path / "nowhere")


def test_incidents_are_chosen_by_pattern() -> None:
    assert [known.name for known in shipped().only("checkout-st*")] == ["checkout-stall"]
    with pytest.raises(SourceError, match="'disk\\*'; there are: checkout-stall"):
        shipped().only("disk*")


@pytest.mark.slow
def test_the_shipped_lock_is_found_and_the_healthy_stretch_left_alone() -> None:
    rows = {row.name: row for row in backtest(shipped()).rows}
    assert rows["checkout-stall"].rank == 1
    assert rows["checkout-stall"].said_mechanism == "lock_contention"
    assert abs(rows["checkout-stall"].onset_error) <= 15
    assert rows["healthy"].right
    assert not rows["checkout-stall"].blamed
    assert not any(row.error for row in rows.values())
