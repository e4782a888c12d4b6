"""A closed case as a recording: run again without what was concluded, and refused where it was not kept whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from faultmaven_lib.backtest import backtest, closed_cases, keep, recorded
from faultmaven_lib.backtest.frames import write_frame
from faultmaven_lib.backtest.keeping import NotKept
from faultmaven_lib.datasets import load_incident, load_truth
from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.investigation import Investigation
from faultmaven_lib.model import Alert
from faultmaven_lib.sources import connect

from ..investigation.conftest import investigate, write_shop

ALERT = Alert(
    name="SlowCheckout",
    starts_at="2026-03-01T14:06:00Z",
    labels={"service": "shop"},
    annotations={"summary": "slow"},
)


def worked(folder: Path, *, close: bool = True, confirm: bool = True) -> Investigation:
    inv = investigate(folder, alert=ALERT)
    inv.analyze()
    inv.state("the lock was held by a report")
    if confirm:
        inv.confirm("H1")
    if close:
        inv.update(status="closed", title="Lock contention in db")
    inv.save()
    return inv


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "shop")


def test_a_kept_case_says_again_what_it_said(shop: Path, tmp_path: Path) -> None:
    inv = worked(shop)
    recording = keep(inv.store.load("INC-1"), tmp_path / "kept")
    shutil.rmtree(shop / "logs")
    again = Investigation.from_incident(load_incident(recording), database_url="sqlite://")
    told = again.analyze().hypotheses
    before = inv.case().hypotheses
    assert [(h.service, h.mechanism, h.onset, h.score) for h in told] == [
        (h.service, h.mechanism, h.onset, h.score) for h in before
    ]
    assert again.alert is not None
    assert (again.alert.name, again.alert.service, again.alert.starts_at) == ("SlowCheckout", "shop", ALERT.starts_at)
    for window in (inv.window, inv.baseline):
        pd.testing.assert_frame_equal(
            again.query("metrics", "", window).sort_index(axis=1), inv.query("metrics", "", window).sort_index(axis=1)
        )
    logs = {(e.source, str(e.window)): e.frame for e in inv.evidence if e.kind == "query"}
    kept = again.query("logs", "", inv.window)
    stored = logs["logs", str(inv.window)]
    columns = ["service", "level", "message", "customer"]
    assert sorted(map(tuple, kept[columns].fillna("").to_numpy())) == sorted(
        map(tuple, stored[columns].fillna("").to_numpy())
    )


def test_a_saved_case_becomes_a_regression_test(shop: Path, tmp_path: Path) -> None:
    keep(worked(shop).store.load("INC-1"), tmp_path / "kept")
    result = backtest(recorded(tmp_path / "kept"))
    assert not result.wrong
    assert result.score["AC@1"].value == 1.0
    assert result.score["mechanism"].value == 1.0


def test_nothing_that_was_concluded_is_kept_with_the_recording(shop: Path, tmp_path: Path) -> None:
    recording = keep(worked(shop).store.load("INC-1"), tmp_path / "kept")
    for path in recording.rglob("*"):
        text = path.read_bytes() if path.is_file() else b""
        assert b"Lock contention" not in text
        assert b"held by a report" not in text
        assert b"lock_contention" not in text
    truth = load_truth(recording)
    assert (truth.service, truth.mechanism) == ("db", "lock_contention")
    assert truth.onset is not None


def test_closed_cases_are_run_from_what_was_stored(shop: Path) -> None:
    inv = worked(shop)
    url = f"sqlite:///{shop / 'store.db'}"
    worked(shop, confirm=False)
    worked(shop, close=False)
    shutil.rmtree(shop / "logs")
    (shop / "metrics.csv").unlink()
    incidents = closed_cases(url)
    assert [known.name for known in incidents] == ["INC-1"]
    result = backtest(incidents)
    assert result.score["AC@1"].value == 1.0
    assert result.notes == (
        "left out: 1 case closed, but without a confirmed cause",
        "left out: 1 case not closed yet",
    )
    assert "left out" in str(result)
    assert inv.store.load("INC-1").version == 1, "the store is only read"


def test_a_store_without_closed_cases_says_what_it_has(shop: Path) -> None:
    worked(shop, close=False)
    with pytest.raises(SourceError, match="no closed case with a confirmed cause; left out: 1 case not closed yet"):
        closed_cases(f"sqlite:///{shop / 'store.db'}")


@pytest.mark.parametrize(
    ("worked_so", "said"),
    [({"close": False}, "INC-1 is open: close it first"), ({"confirm": False}, "INC-1 has no confirmed cause")],
)
def test_a_case_that_is_not_settled_is_refused(shop: Path, tmp_path: Path, worked_so: dict, said: str) -> None:
    case = worked(shop, **worked_so).store.load("INC-1")
    with pytest.raises(NotKept, match=said):
        keep(case, tmp_path / "kept")
    assert not (tmp_path / "kept").exists()


def test_a_case_that_was_never_analyzed_is_refused(shop: Path, tmp_path: Path) -> None:
    inv = investigate(shop)
    inv.query("logs")
    inv.confirm(inv.propose("db", "lock_contention"))
    inv.update(status="closed")
    inv.save()
    with pytest.raises(NotKept, match="keeps no logs or metrics of both windows"):
        keep(inv.store.load("INC-1"), tmp_path / "kept")


def test_of_a_partial_result_the_source_is_asked(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULTMAVEN_EVIDENCE_MAX_ROWS", "100")
    case = worked(shop).store.load("INC-1")
    assert any(entry.partial for entry in case.evidence)
    keep(case, tmp_path / "kept")
    assert backtest(recorded(tmp_path / "kept")).score["AC@1"].value == 1.0
    log = shop / "logs" / "db.log"
    log.write_text(log.read_text().replace("ShareLock", "OtherLock"))
    with pytest.raises(NotKept, match="gives other rows today"):
        keep(case, tmp_path / "changed")
    shutil.rmtree(shop / "logs")
    with pytest.raises(NotKept, match=r"of E1 .* only 100 of .* rows are stored, and its source is gone"):
        keep(case, tmp_path / "gone")
    assert not (tmp_path / "gone").exists()
    result = backtest(closed_cases(f"sqlite:///{shop / 'store.db'}"))
    assert [name for name, _ in result.unscored] == ["INC-1"], "it cannot be judged, so it is not counted as wrong"


def test_nothing_is_overwritten(shop: Path, tmp_path: Path) -> None:
    case = worked(shop).store.load("INC-1")
    keep(case, tmp_path / "kept")
    with pytest.raises(NotKept, match="is there already"):
        keep(case, tmp_path / "kept")


def test_an_id_stays_within_the_folder(shop: Path, tmp_path: Path) -> None:
    case = worked(shop).store.load("INC-1").model_copy(update={"id": "../../up"})
    assert keep(case, tmp_path / "kept") == tmp_path / "kept" / "recordings" / "up"


def test_logs_that_look_like_something_else_stay_logs(shop: Path, tmp_path: Path) -> None:
    log = shop / "logs" / "shop.log"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    odd = [{**line, "kind": "deploy", "msg": "a\nb", "version": "01", "took": 1.5} for line in lines]
    log.write_text("\n".join(json.dumps(line) for line in odd))
    recording = keep(worked(shop).store.load("INC-1"), tmp_path / "kept")
    inv = Investigation.from_incident(load_incident(recording), database_url="sqlite://")
    assert inv.sources["logs"].kind == "logs"
    frame = inv.query("logs", "service=shop")
    assert set(frame["msg"]) == {"a\nb"}
    assert set(frame["took"]) == {1.5}


def test_traces_are_kept_as_spans(tmp_path: Path) -> None:
    start = pd.date_range("2026-03-01T14:05Z", periods=3, freq="s", name="time")
    spans = pd.DataFrame(
        {
            "trace": ["t1", "t1", "t2"], "span": ["a", "b", "c"], "parent": ["", "a", ""],
            "service": ["web", "db", "web"],
            "name": "GET /", "start": start, "duration": [0.5, 0.4, 0.1], "status": "ok", "kind": "server",
        },
        index=start,
    )  # fmt: skip
    name = write_frame(spans, tmp_path, 1)
    read = connect(tmp_path / name)
    assert read.kind == "traces"
    columns = ["trace", "span", "parent", "service", "duration"]
    pd.testing.assert_frame_equal(read.query()[columns], spans[columns], check_freq=False, check_index_type=False)
