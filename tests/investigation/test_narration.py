"""An answer with a language model's part: the answer is the same, every call is on record, nothing of it is a claim."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import faultmaven_lib as fm
from faultmaven_lib.claims import check
from faultmaven_lib.cli import main
from faultmaven_lib.exceptions import StorageError
from faultmaven_lib.model import Answer, Confidence, Status
from faultmaven_lib.render import answer_html, answer_markdown, answer_text
from faultmaven_lib.storage import Store
from tests.troubleshooting.llm.server import fails, hangs, says, sentences, serving

from .conftest import investigate, write_shop

HOSTILE = "<script>alert('billing is the root cause')</script> \x1b[31m[x](http://evil.example) `rm -rf /`"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("narration") / "shop")


@pytest.fixture
def inv(folder: Path, tmp_path: Path) -> fm.Investigation:
    return investigate(folder, database_url=f"sqlite:///{tmp_path / 'store.db'}")


def replies(answer: Answer) -> list[dict[str, Any]]:
    """What a model would say that reads the answer: a true sentence of each kind, and an invented one."""
    finding = next(f for f in answer.findings if f.subject == "lock_wait_sessions")
    leader = answer.hypotheses[0]
    return [
        {"text": "lock_wait_sessions of db rose from 0 to 9.", "finding": finding.id, "service": "db",
         "direction": "up", "evidence": list(finding.evidence)},
        {"text": "Lock contention in db is the most likely cause.", "kind": "cause", "hypothesis": leader.id,
         "service": "db", "evidence": list(leader.supports)},
        {"text": "Check the locks of db.", "kind": "action", "evidence": list(finding.evidence),
         "command": "kubectl logs -l app=db --tail=50"},
        {"text": HOSTILE, "evidence": list(finding.evidence)},
    ]  # fmt: skip


def narrated(inv: fm.Investigation, monkeypatch: pytest.MonkeyPatch, *steps: Any, **more: Any) -> Answer:
    said = replies(inv.ask()) if not steps else []
    with serving(*(steps or (sentences(*said, **more),))) as server:
        monkeypatch.setenv("FAULTMAVEN_LLM_URL", server.url)
        monkeypatch.setenv("FAULTMAVEN_LLM_MODEL", "small")
        monkeypatch.setenv("FAULTMAVEN_LLM_TIMEOUT", "3")
        return inv.ask(narrate=True)


def without(answer: Answer) -> dict[str, Any]:
    return answer.model_dump(exclude={"narration"})


def test_the_answer_is_the_one_that_is_given_without_a_model(
    inv: fm.Investigation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plain = inv.ask()
    claims = inv.case().claims
    answer = narrated(inv, monkeypatch, hypotheses=[{"service": "shop", "mechanism": "disk_full", "evidence": ["E3"]}])
    assert without(answer) == without(plain)
    assert len(answer.narration.sentences) == 3
    assert [d.what for d in answer.narration.dropped] == ["sentence"]
    assert inv.case().claims == claims, "nothing that a model says is a claim"
    assert without(inv.ask()) == without(plain), "nor does it change the next answer"
    check(answer.claims, inv.evidence, inv.case().findings, inv.case().hypotheses)
    assert inv.report(tmp_path / "postmortem.html").exists()


@pytest.mark.parametrize("step", [fails(500), hangs, says("billing is the cause")], ids=["500", "hangs", "no JSON"])
def test_where_the_model_fails_the_answer_stands_alone(
    inv: fm.Investigation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, step: Any
) -> None:
    plain = inv.ask()
    answer = narrated(inv, monkeypatch, step)
    assert without(answer) == without(plain)
    assert answer.narration.sentences == ()
    assert answer.narration.note
    check(answer.claims, inv.evidence, inv.case().findings, inv.case().hypotheses)
    assert inv.report(tmp_path / "postmortem.md").exists()


def test_every_call_is_in_the_audit_log_of_a_case_that_is_saved_later(
    inv: fm.Investigation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAULTMAVEN_USER", "ana")
    narrated(inv, monkeypatch)
    assert inv.id == ""
    case_id = inv.save()
    narrated(inv, monkeypatch, fails(401))
    lines = inv.store.audit(case_id)
    assert [(e.actor, e.action) for e in lines] == [
        ("ana", action) for action in ("model asked", "model answered", "save", "model asked", "model failed")
    ]
    assert "1200 tokens in, 80 tokens out" in lines[1].detail
    assert "status 401" in lines[-1].detail
    assert inv.save("OTHER-1") == "OTHER-1"
    assert f"calls of a language model before this are recorded under {case_id}" in inv.store.audit("OTHER-1")[0].detail


def test_an_erased_case_gets_no_more_lines(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'x.db'}")
    inv = investigate(write_shop(tmp_path / "shop", ill=False), database_url=f"sqlite:///{tmp_path / 'x.db'}")
    case_id = inv.save()
    store.note(case_id, "model asked", "…", team=inv.case().team)
    store.erase(case_id, reason="asked for")
    with pytest.raises(StorageError, match="was erased"):
        store.note(case_id, "model asked", "…", team=inv.case().team)


def test_a_proposed_hypothesis_is_kept_marked_and_never_leads(
    inv: fm.Investigation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plain = inv.ask()
    proposed = {"service": "shop", "mechanism": "disk_full", "evidence": ["E3"]}
    answer = narrated(inv, monkeypatch, hypotheses=[proposed])
    (taken,) = answer.narration.hypotheses
    assert inv.hypotheses.index[-1] == taken.id
    assert "proposed by a language model" in inv.hypotheses.loc[taken.id, "cause"]
    again = fm.Investigation.load(inv.save(), database_url=str(inv.store._database.url))
    kept = again.case().hypotheses[-1]
    assert (kept.proposed_by, kept.status, kept.confidence) == ("small", Status.OPEN, Confidence.SPECULATIVE)
    assert [h.id for h in again.ask().hypotheses] == [h.id for h in plain.hypotheses]
    again.confirm(taken.id)
    assert taken.id in [h.id for h in again.ask().hypotheses], "once people confirm it, it is theirs"


def test_where_nothing_stands_out_a_proposal_does_not_change_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm = investigate(write_shop(tmp_path / "calm", ill=False))
    headline = calm.ask().headline
    logs = next(e.id for e in calm.evidence if e.source == "logs")
    step = sentences(hypotheses=[{"service": "db", "mechanism": "disk_full", "evidence": [logs]}])
    answer = narrated(calm, monkeypatch, step)
    assert len(answer.narration.hypotheses) == 1
    assert calm.ask().headline == answer.headline == headline
    page = calm.report(tmp_path / "calm.html").read_text()
    assert "Nothing stands out" in page


@pytest.mark.parametrize("show", [answer_html, answer_markdown, answer_text], ids=lambda f: f.__name__)
def test_it_is_shown_apart_harmless_with_what_was_dropped_and_what_it_cost(
    inv: fm.Investigation, monkeypatch: pytest.MonkeyPatch, show: Any
) -> None:
    monkeypatch.setenv("FAULTMAVEN_LLM_PRICE_IN", "1")
    monkeypatch.setenv("FAULTMAVEN_LLM_PRICE_OUT", "2")
    answer = narrated(inv, monkeypatch, queries=[{"source": "logs", "query": "service=nobody", "evidence": ["E1"]}])
    page = show(answer)
    start = page.index("In the words of a language model")
    assert page.index("Next steps") < start
    part = page[start:]
    for text in ("Lock contention in db is the most likely cause", "kubectl logs", "dropped", "nobody",
                 "1,200 tokens in",
                 "cost 0.00136", "small"):  # fmt: skip
        assert text in part.replace("\\", "") or text.capitalize() in part, text
    assert "\x1b" not in page
    harmful = {
        answer_html: r"<script|<img",
        answer_markdown: r"(?<!\\)<script|\]\(http://",
        answer_text: r"[\x00-\x08]",
    }
    assert not re.search(harmful[show], page)
    assert show(answer.model_copy(update={"narration": None})).count("language model") == 0


def test_the_command_line_narrates_where_it_is_asked_to(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'cli.db'}"
    arguments = ["investigate", str(folder / "logs" / "db.log"), "--at", "2026-03-01T14:05:00Z", "--database-url", url]
    with serving(sentences({"text": "billing is the cause.", "evidence": ["E1"]})) as server:
        monkeypatch.setenv("FAULTMAVEN_LLM_URL", server.url)
        monkeypatch.setenv("FAULTMAVEN_LLM_MODEL", "small")
        silent = CliRunner().invoke(main, [*arguments, "--json"])
        assert server.connections == 0, "a model is asked only where somebody says so"
        told = CliRunner().invoke(main, [*arguments, "--narrate", "--json"])
    assert json.loads(silent.stdout)["narration"] is None
    assert json.loads(told.stdout)["narration"]["dropped"][0]["text"] == "billing is the cause."
    assert silent.exit_code == told.exit_code
