"""An investigation finds, argues, verifies, keeps and tells, on real files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import faultmaven_lib as fm
from faultmaven_lib.claims import check
from faultmaven_lib.exceptions import ConflictError, FaultMavenError, SourceError, UnknownEvidence, UnsupportedClaim
from faultmaven_lib.model import Claim, Status

from .conftest import GRAPH, MIDDLE, investigate, write_shop


def test_the_first_cause_is_right_and_has_evidence_and_an_alternative(inv: fm.Investigation) -> None:
    answer = inv.analyze()
    leader, alternative, *_ = answer.hypotheses
    assert (leader.service, leader.mechanism.value) == ("db", "lock_contention")
    operations = {inv.evidence[e].operation.name for e in leader.supports}
    assert {"logs.compare", "metrics.compare"} <= operations
    assert alternative.alternative_to == leader.id
    assert answer.claims
    assert not [m for m in answer.missing if "dropped" in m]
    check(answer.claims, inv.evidence, inv.case().findings, inv.case().hypotheses)


def test_nothing_stands_out_where_nothing_is_wrong(tmp_path: Path) -> None:
    inv = investigate(write_shop(tmp_path / "calm", ill=False))
    answer = inv.analyze()
    assert answer.hypotheses == ()
    assert "stands out" in answer.headline
    assert inv.report(tmp_path / "calm.html").read_text().count("Nothing stands out")


def test_a_query_is_recorded_and_recorded_once(inv: fm.Investigation) -> None:
    first = inv.query("logs", "service=db")
    again = inv.query("logs", "service=db")
    assert first.attrs["faultmaven"]["evidence"] == again.attrs["faultmaven"]["evidence"] == ["E1"]
    assert len(inv.evidence) == 1
    assert inv.evidence["E1"].rerunnable


def test_the_readme_lines(inv: fm.Investigation, tmp_path: Path) -> None:
    before = inv.query("logs", "service=shop", window=inv.baseline)
    after = inv.query("logs", "service=shop")
    odd = fm.LogAnalyzer().fit(before).compare(after)
    inv.analyze()
    ids = inv.add(odd, supports="H2")
    assert inv.evidence[ids[0]].parents == ("E1", "E2")
    assert set(ids) <= set(inv.hypotheses.loc["H2", "supports"].split())
    assert (inv.verify()["outcome"] == "same").all()
    assert inv.report(tmp_path / "postmortem.html").exists()


def test_a_selection_of_findings_is_verified_as_a_selection(inv: fm.Investigation) -> None:
    odd = fm.LogAnalyzer().fit(inv.query("logs", window=inv.baseline)).compare(inv.query("logs"))
    ids = inv.add(odd[odd["service"] == "db"].head(1))
    assert inv.evidence[ids[0]].rows == 1
    assert inv.verify(ids)["outcome"].tolist() == ["same"]


def test_a_frame_made_by_hand_is_kept_and_shown_as_not_rerunnable(inv: fm.Investigation) -> None:
    frame = inv.query("logs", "service=db")
    inv.propose("db", "disk_full")
    (evidence,) = inv.add(frame[frame["level"] == "ERROR"].head(3), contradicts="H1", note="I looked")
    assert not inv.evidence[evidence].rerunnable
    assert "worked by hand from E1" in inv.evidence[evidence].notes[0]
    assert inv.verify([evidence])["outcome"].tolist() == ["not re-runnable"]
    assert inv.add(frame) == ["E1"], "an unchanged frame is the evidence it came from"


def test_what_speaks_against_costs_confidence_and_the_claim_says_so(inv: fm.Investigation) -> None:
    answer = inv.analyze()
    strong = inv.hypotheses.loc["H1", "cause"]
    assert "strong" in strong
    inv.add("E1", contradicts="H1")
    assert inv.hypotheses.loc["H1", "confidence"] == "probable"
    texts = [c.text for c in inv.case().claims]
    assert strong in [c.text for c in answer.claims]
    assert strong not in texts
    assert inv.hypotheses.loc["H1", "cause"] in texts


def test_a_changed_source_is_named_with_the_difference(inv: fm.Investigation, shop: Path, tmp_path: Path) -> None:
    inv.analyze()
    assert (inv.verify()["outcome"] == "same").all()
    log = shop / "logs" / "db.log"
    lines = log.read_text().splitlines()
    log.write_text("\n".join([*lines[:-1], "2026-03-01T14:09:59Z ERROR something else entirely"]) + "\n")
    result = fm.Investigation.load(inv.save(), database_url=f"sqlite:///{shop / 'store.db'}").verify()
    changed = result[result["outcome"] == "changed"]
    assert "E2" in changed.index, "the logs of the window"
    assert "E1" not in changed.index, "the logs of the baseline"
    assert (changed.loc["E2", "added"], changed.loc["E2", "removed"]) == (1, 1)
    assert "something else entirely" in " ".join(changed.loc["E2", "examples"])
    with pytest.raises(UnsupportedClaim, match="changed"):
        inv.report(tmp_path / "postmortem.html")
    assert not (tmp_path / "postmortem.html").exists()


def test_a_case_opens_on_a_machine_without_its_sources(inv: fm.Investigation, shop: Path, tmp_path: Path) -> None:
    inv.analyze()
    inv.state("We saw this on Friday too.", author="Ana")
    archive = inv.export(tmp_path / "INC-7.fmz")
    shutil.rmtree(shop / "logs")
    (shop / "metrics.csv").unlink()
    other = fm.Investigation.load(archive)
    assert other.findings.equals(inv.findings)
    assert other.hypotheses.equals(inv.hypotheses)
    outcomes = other.verify()
    gone = outcomes[outcomes["outcome"] == "source gone"]
    assert gone["intact"].all()
    assert len(gone) == 6, "logs and metrics of both windows, and what the check asked of them"
    derived = [e.id for e in other.evidence if e.kind == "derived"]
    assert (outcomes.loc[derived, "outcome"] == "same").all(), "computed again from stored results"
    assert other.ask("why is shop failing?").headline == inv.ask("why is shop failing?").headline
    page = other.report(tmp_path / "elsewhere.html").read_text()
    assert "We saw this on Friday too." in page


def test_two_people_and_one_case(inv: fm.Investigation, shop: Path) -> None:
    url = f"sqlite:///{shop / 'store.db'}"
    inv.analyze()
    case = inv.save()
    ana, ben = (fm.Investigation.load(case, database_url=url) for _ in range(2))
    ana.update(severity="sev1")
    ana.save()
    ben.refute("H2")
    with pytest.raises(ConflictError, match="nothing was overwritten"):
        ben.save()
    assert ben.save(as_id="INC-ben") == "INC-ben"
    assert fm.Investigation.load(case, database_url=url).case().severity == "sev1"
    details = " ".join(entry.detail for entry in ana.store.audit(case))
    assert "severity" in details


def test_similar_finds_the_past_case_and_none_is_an_answer(inv: fm.Investigation, shop: Path, tmp_path: Path) -> None:
    inv.analyze()
    assert inv.similar().empty
    inv.confirm("H1")
    past = inv.save()
    again = investigate(write_shop(tmp_path / "again", seed=8), database_url=f"sqlite:///{shop / 'store.db'}")
    again.analyze()
    assert again.similar()["case_id"].tolist() == [past]
    assert past in again.ask("have we seen this before?").headline


def test_questions_narrow_the_answer(inv: fm.Investigation) -> None:
    whole = inv.ask("")
    about = inv.ask("what changed in db?")
    assert {f.service for f in about.findings} == {"db"}
    assert len(about.findings) < len(whole.findings)
    later = inv.ask("why is shop failing since 14:07?")
    assert str(later.window).startswith("2026-03-01T14:07:00Z")


def test_personal_data_never_reaches_evidence_answer_or_file(inv: fm.Investigation, tmp_path: Path) -> None:
    inv.analyze()
    inv.export(tmp_path / "case.fmz")
    page = inv.report(tmp_path / "page.html").read_text()
    assert "@example.com" not in page
    for entry in inv.evidence:
        assert "@example.com" not in entry.frame.to_csv()


def test_a_source_that_breaks_midway_is_named_and_the_rest_is_used(inv: fm.Investigation, shop: Path) -> None:
    (shop / "metrics.csv").unlink()
    answer = inv.analyze()
    assert any("metrics" in m for m in answer.missing)
    assert answer.hypotheses[0].service == "db"


def test_wrong_use_is_told(inv: fm.Investigation) -> None:
    with pytest.raises(SourceError, match="no source 'lgos'; connected: logs, metrics, changes"):
        inv.query("lgos")
    with pytest.raises(UnknownEvidence, match="E99"):
        inv.add("E99")
    with pytest.raises(UnknownEvidence, match="H9"):
        inv.add("E1", supports="H9")
    with pytest.raises(FaultMavenError, match="colour cannot be set"):
        inv.update(colour="red")
    with pytest.raises(FaultMavenError, match="severity"):
        inv.update(severity="dire")
    with pytest.raises(FaultMavenError, match="time zone"):
        fm.Investigation("x", "2026-03-01T14:00/10m")


def test_an_unsupported_claim_stops_the_report_whoever_put_it_in(inv: fm.Investigation, tmp_path: Path) -> None:
    inv.analyze()
    case = inv.case()
    forged = case.model_copy(update={"claims": (*case.claims, Claim(text="shop caused it all.", evidence=("E1",)))})
    inv._take(forged, {})
    with pytest.raises(UnsupportedClaim, match="shop caused it all"):
        inv.report(tmp_path / "p.html", verify=False)
    assert not list(tmp_path.glob("*.html*"))


def test_confirming_and_refuting_are_said_in_the_report(inv: fm.Investigation, tmp_path: Path) -> None:
    inv.analyze()
    inv.confirm("H1")
    inv.refute("H2")
    assert inv.case().confirmed_cause.service == "db"
    assert {h.status for h in inv.case().hypotheses} >= {Status.CONFIRMED, Status.REFUTED}
    page = inv.report(tmp_path / "p.html").read_text()
    assert "Lock contention in db is the confirmed cause." in page


def test_ask_needs_nothing_but_data(shop: Path) -> None:
    answer = fm.ask(file=str(shop / "logs" / "*.log"))
    assert answer.hypotheses[0].service == "db"
    assert pd.Timestamp(answer.window.start) >= pd.Timestamp("2026-03-01T14:05:00Z")
    pasted = fm.ask(text="2026-03-01T14:02:11Z ERROR disk: write failed: no space left on device")
    assert pasted.hypotheses[0].mechanism.value == "disk_full"
    assert pasted.hypotheses[0].confidence.value == "speculative"
    with pytest.raises(SourceError, match="nothing to look at"):
        fm.ask("why?")


def _alert(at: str) -> dict:
    return {"alerts": [{"status": "firing", "labels": {"alertname": "Slow", "service": "shop"}, "startsAt": at}]}


def test_an_alert_finds_its_windows_in_data_that_reaches_back_only_minutes(shop: Path) -> None:
    sources = {"logs": str(shop / "logs" / "*.log"), "metrics": str(shop / "metrics.csv")}
    inv = fm.Investigation.from_alert(_alert("2026-03-01T14:06:10Z"), sources, graph=GRAPH)
    assert abs(inv.window.start - MIDDLE).total_seconds() <= 30
    assert inv.baseline.end == inv.window.start
    assert inv.analyze().hypotheses[0].service == "db"
    assert inv.case().times.detected is not None


def test_an_alert_without_data_keeps_its_usual_windows(tmp_path: Path) -> None:
    inv = fm.Investigation.from_alert(_alert("2026-03-01T14:06:10Z"), database_url=f"sqlite:///{tmp_path / 's.db'}")
    assert str(inv.window) == "2026-03-01T13:51:10Z/2026-03-01T14:21:10Z"
    assert inv.baseline == inv.window.before()


def test_where_nothing_can_be_compared_nothing_is_called_healthy(shop: Path, tmp_path: Path) -> None:
    for window in ("2026-01-01T00:00Z/10m", "2026-03-01T14:00:00Z/5m"):
        inv = fm.Investigation(
            "no baseline",
            window,
            sources={"logs": str(shop / "logs" / "*.log"), "changes": str(shop / "changes.json")},
            database_url=f"sqlite:///{tmp_path / 's.db'}",
        )
        answer = inv.analyze()
        assert "stands out" not in answer.headline
        assert "stands out" not in str(answer.claims)
        assert any("baseline" in m for m in answer.missing)


def test_a_service_that_falls_silent_is_found(shop: Path) -> None:
    log = shop / "logs" / "shop.log"
    quiet = [line for line in log.read_text().splitlines() if json.loads(line)["time"] < "2026-03-01T14:05"]
    log.write_text("\n".join(quiet) + "\n")
    inv = investigate(shop)
    inv.analyze()
    assert "gone template" in inv.findings.loc[inv.findings["service"] == "shop", "kind"].tolist()


def test_a_team_works_one_case_on_its_database(shop: Path, tmp_path: Path, database_url: str) -> None:
    inv = investigate(shop, database_url=database_url)
    answer = inv.analyze()
    case = inv.save()
    other = fm.Investigation.load(case, database_url=database_url)
    assert other.hypotheses.equals(inv.hypotheses)
    assert other.findings.equals(inv.findings)
    assert (other.verify()["outcome"] == "same").all()
    other.confirm("H1")
    other.update(status="resolved", people={"commander": "Ana"})
    other.save()
    with pytest.raises(ConflictError):
        inv.save()
    again = investigate(write_shop(tmp_path / "again", seed=9), database_url=database_url)
    assert again.analyze().similar[0].case_id == case
    assert again.similar()["cause"].tolist() == ["db: lock contention"]
    assert answer.similar == ()
