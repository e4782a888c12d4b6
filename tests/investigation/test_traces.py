"""Traces through the whole way: windows, findings, the graph, the causes, and all of it again."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from faultmaven_lib.cli import main
from faultmaven_lib.investigation import Investigation, ask
from faultmaven_lib.model import Mechanism, ServiceGraph

from ..tracing import START, Shop

WINDOW = "2026-03-01T14:03:00Z/2026-03-01T14:06:00Z"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, fault: str) -> str:
    return str(Shop(5, fault, 240.0).run(0, 360).write(folder / "spans.otlp.json"))


def opened(folder: Path, fault: str, **options: object) -> Investigation:
    options.setdefault("database_url", f"sqlite:///{folder / 'store.db'}")
    return Investigation("shop", WINDOW, sources={"traces": write(folder, fault)}, **options)


def test_traces_alone_lead_to_the_cause_and_run_again(folder: Path) -> None:
    inv = opened(folder, "payment fails")
    answer = inv.analyze()
    leader = answer.hypotheses[0]
    assert (leader.service, leader.mechanism) == ("payment", Mechanism.CODE_ERROR)
    assert "traces" in " ".join(leader.reasons)
    assert any("The share of failing calls from checkout to payment" in claim.text for claim in answer.claims)
    assert [m.split(":")[0] for m in answer.missing] == [
        "there are no logs of payment",
        "there are no metrics of payment",
        "there are no changes",
    ]
    assert inv.graph is None  # nobody gave one
    derived = [e for e in inv.evidence if e.operation is not None and e.operation.name == "traces.graph"]
    assert len(derived) == 1
    edges = derived[0].frame
    assert ("checkout", "payment") in set(zip(edges["caller"], edges["callee"], strict=True))
    ranking = next(e for e in inv.evidence if e.operation is not None and e.operation.name == "root_cause.rank")
    assert derived[0].id in ranking.parents
    assert (inv.verify()["outcome"] == "same").all()
    assert inv.report(folder / "postmortem.html").stat().st_size > 10_000


def test_the_symptoms_upstream_are_not_the_cause(folder: Path) -> None:
    answer = opened(folder, "slow postgres").analyze()
    assert answer.hypotheses[0].service == "postgresql"
    late = answer.hypotheses[0].onset - START
    assert 240 <= late.total_seconds() < 255


def test_a_kept_case_holds_the_graph_as_evidence(folder: Path) -> None:
    inv = opened(folder, "busy catalog")
    inv.analyze()
    loaded = Investigation.load(inv.save(), database_url=f"sqlite:///{folder / 'store.db'}")
    assert loaded.graph is None
    answer = loaded.ask("what is wrong with web?")  # what web depends on is known from the evidence
    assert "catalog" in {finding.service for finding in answer.findings}
    assert (loaded.verify()["outcome"] == "same").all()


def test_a_given_graph_is_taken(folder: Path) -> None:
    given = ServiceGraph(edges=(("web", "catalog"), ("web", "checkout"), ("checkout", "payment")))
    inv = opened(folder, "payment down", graph=given)
    assert inv.analyze().hypotheses[0].service == "payment"
    assert not [e for e in inv.evidence if e.operation is not None and e.operation.name == "traces.graph"]


def test_nothing_is_called_nothing(folder: Path) -> None:
    inv = opened(folder, "")
    answer = inv.analyze()
    assert answer.hypotheses == ()
    assert answer.headline.startswith("Nothing stands out")
    assert (inv.verify()["outcome"] == "same").all()


def test_the_onset_is_looked_for_in_traces(folder: Path) -> None:
    answer = ask(sources={"traces": write(folder, "busy catalog")})
    assert abs(answer.window.start - START).total_seconds() == pytest.approx(240, abs=10)
    assert answer.hypotheses[0].service == "catalog"


def test_names_of_the_logs_are_those_of_the_graph(folder: Path) -> None:
    at = pd.date_range(START, periods=360, freq="s", name="time")
    logs = pd.DataFrame({"service": "postgres", "level": "INFO", "message": "checkpoint complete"}, index=at)
    sources = {"logs": logs, "traces": write(folder, "postgres fails")}
    answer = Investigation("shop", WINDOW, sources=sources, database_url=f"sqlite:///{folder / 'store.db'}").analyze()
    assert (answer.hypotheses[0].service, answer.hypotheses[0].mechanism) == ("postgres", Mechanism.DISK_FULL)


def test_a_window_without_spans_is_said(folder: Path) -> None:
    traces = write(folder, "")
    inv = Investigation("shop", "2026-03-02T14:03:00Z/3m", sources={"traces": traces})
    answer = inv.analyze()
    assert answer.hypotheses == ()
    assert any("baseline" in missing for missing in answer.missing)


def test_the_command_takes_traces(folder: Path) -> None:
    place = write(folder, "payment down")
    result = CliRunner().invoke(main, ["investigate", "--traces", place, "--at", WINDOW])
    assert result.exit_code == 1, result.output
    assert "in payment" in result.output
    calm = CliRunner().invoke(main, ["investigate", "--traces", write(folder, ""), "--at", WINDOW])
    assert calm.exit_code == 0, calm.output


def test_a_clock_that_is_wrong_is_seen_though_its_spans_lie_outside_the_window(folder: Path) -> None:
    path = str(Shop(5, "catalog clock", 240.0).run(0, 360).write(folder / "spans.otlp.json"))
    near = "2026-03-01T14:04:20Z/2026-03-01T14:05:20Z"  # 90 s off, in a window of 60 s
    answer = Investigation(
        "shop", near, "2026-03-01T14:02:30Z/2026-03-01T14:03:50Z", sources={"traces": path}
    ).analyze()
    assert (answer.hypotheses[0].service, answer.hypotheses[0].mechanism) == ("catalog", Mechanism.CLOCK_SKEW)


def test_load_that_is_carried_is_no_incident_unless_somebody_was_alerted(folder: Path) -> None:
    at = pd.date_range(START - pd.Timedelta("1min"), periods=96, freq="5s")
    calm = pd.Series([20.0, 21.0, 19.0] * 32, index=at)
    calm[at >= START + pd.Timedelta("4min")] *= 30
    metrics = pd.concat({("web", f"requests_{i}"): calm for i in range(8)}, axis=1)
    sources = {"traces": write(folder, ""), "metrics": metrics}
    quiet = Investigation("shop", WINDOW, sources=sources).analyze()
    assert quiet.findings
    assert quiet.hypotheses == ()
    failing = Investigation("shop", WINDOW, sources={"traces": write(folder, "payment fails"), "metrics": metrics})
    assert failing.analyze().hypotheses
