"""What an investigation says of time and of calls: in one line each, and after its sources are gone."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from faultmaven_lib.exceptions import FaultMavenError
from faultmaven_lib.investigation import Investigation

from ..tracing import Shop
from .conftest import GRAPH, investigate

WINDOW = "2026-03-01T14:05:00Z/2026-03-01T14:10:00Z"


def test_the_time_line_has_findings_and_changes(inv) -> None:
    inv.analyze()
    line = inv.timeline()
    assert line["time"].is_monotonic_increasing
    assert len(line) == len(inv.findings) + 1
    assert line["kind"].iloc[0] == "deploy"
    assert line["since_onset"].iloc[0].startswith("-55 min")
    assert set(line[line["first"]]["service"]) <= {"shop", "db"}
    assert line["first"].any()
    assert set(" ".join(line["evidence"]).split()) <= {entry.id for entry in inv.evidence}
    together = inv.move_together()
    assert {"lock_wait_sessions", "latency_p99_seconds"} <= set(together["what"])
    assert set(together["group"]) == set(line["group"]) - {""}


def test_what_was_read_already_is_not_read_again(inv) -> None:
    inv.analyze()
    entries = len(inv.evidence)
    inv.timeline()
    inv.signals()
    assert len(inv.evidence) == entries


def test_it_works_from_what_is_stored(inv, shop, tmp_path) -> None:
    inv.analyze()
    inv.export(tmp_path / "INC-1.fmz")
    shutil.rmtree(shop)
    loaded = Investigation.load(tmp_path / "INC-1.fmz", database_url=f"sqlite:///{tmp_path / 'other.db'}")
    assert not loaded.sources
    pd.testing.assert_frame_equal(loaded.timeline(), inv.timeline())
    pd.testing.assert_frame_equal(loaded.signals(), inv.signals())
    assert loaded.blast_radius("db")["service"].tolist() == ["shop"]


def test_data_that_is_kept_in_part_is_read_again(shop, monkeypatch) -> None:
    whole = investigate(shop)
    whole.analyze()
    monkeypatch.setenv("FAULTMAVEN_EVIDENCE_MAX_ROWS", "100")
    partly = investigate(shop)
    partly.analyze()
    assert any(entry.partial for entry in partly.evidence)
    pd.testing.assert_frame_equal(partly.signals(), whole.signals())


def test_before_the_analysis_there_are_changes_only(inv) -> None:
    assert inv.timeline()["kind"].tolist() == ["deploy"]
    assert inv.signals().empty
    assert inv.move_together().empty


@pytest.mark.parametrize("kept", ["logs", "metrics"])
def test_one_kind_of_data_is_enough(shop, kept) -> None:
    path = {"logs": shop / "logs" / "*.log", "metrics": shop / "metrics.csv"}[kept]
    inv = Investigation("checkout stalls", WINDOW, sources={kept: str(path)}, database_url="sqlite://")
    inv.analyze()
    line = inv.timeline()
    assert line["first"].any()
    assert inv.signals().shape[1] == len(line)


def test_traces_alone_are_a_time_line_with_a_graph(tmp_path) -> None:
    spans = Shop(5, "slow postgres", 240.0).run(0, 360).write(tmp_path / "spans.otlp.json")
    window = "2026-03-01T14:03:00Z/2026-03-01T14:06:00Z"
    inv = Investigation("shop", window, sources={"traces": str(spans)}, database_url="sqlite://")
    inv.analyze()
    line = inv.timeline()
    assert set(line["kind"]) <= {"edge latency", "edge errors"}
    assert set(line[line["first"]]["service"]) == {"postgresql"}
    assert inv.signals().shape[1] == len(line)
    assert set(inv.blast_radius("postgresql")["service"]) >= {"checkout"}


def test_the_reach_of_a_cause(inv) -> None:
    assert inv.blast_radius("db")["affected"].isna().all()  # nothing was looked for yet
    inv.analyze()
    reached = inv.blast_radius()  # of the leading cause
    assert reached[["service", "distance", "affected"]].values.tolist() == [["shop", 1, True]]
    assert inv.blast_radius(inv.hypotheses.index[0]).equals(reached)
    assert inv.dependencies("shop")["service"].tolist() == ["db"]
    with pytest.raises(FaultMavenError, match="no call from or to 'mars'"):
        inv.blast_radius("mars")


def test_without_a_graph_or_a_cause_it_says_what_is_missing(shop) -> None:
    logs = {"logs": str(shop / "logs" / "*.log")}
    with pytest.raises(FaultMavenError, match="who calls whom is not known"):
        Investigation("x", WINDOW, sources=logs, database_url="sqlite://").blast_radius("db")
    with pytest.raises(FaultMavenError, match="name a service"):
        Investigation("x", WINDOW, sources=logs, graph=GRAPH, database_url="sqlite://").blast_radius()
