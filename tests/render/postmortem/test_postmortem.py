import re
import sys
from datetime import date

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from faultmaven_lib.exceptions import ReportError, UnsupportedClaim
from faultmaven_lib.model import Claim, ConfirmedCause, Outcome, Status, Verification
from faultmaven_lib.render.postmortem import postmortem

SECTIONS = (
    "Impact, Key times, Causes, Time line, What moved, Claims, Next steps, Action items, People, Statements, Account, "
    "Links, "
    "Seen before, What is not known, Verification, Evidence"
).split(", ")


@pytest.fixture(scope="module")
def page(examples, tmp_path_factory):
    case = examples.broken_case()
    path = tmp_path_factory.mktemp("report") / "postmortem.html"
    made = postmortem(
        case,
        path,
        verifications=examples.verifications(case),
        zone="Europe/Berlin",
        similar=examples.similar(),
        missing=["No traces."],
    )
    assert made == path
    return path.read_text(encoding="utf-8")


def section(page, name):
    return page.split(f">{name}</h2>")[1].split("</section>\n<section aria-labelledby")[0]


def test_the_page_tells_it_in_order(page):
    assert re.findall(r"<h2[^>]*>([^<]+)</h2>", page) == SECTIONS
    assert (
        page.index("SEV2") < page.index("<h1>") < page.index("Strongly supported: Lock contention") < page.index("<h2")
    )


def test_times_have_both_clocks_and_durations(page):
    told = section(page, "Key times")
    assert "2026-03-01 14:02:10 UTC</time>" in told
    assert "(15:02 CET)" in told
    assert [
        w for w in ("1 min 20 s after the start", "35 s after detection", "6 min 12 s after the start") if w not in told
    ] == []
    assert "not recorded" in told.split("Resolved")[1]


def test_the_cause_stands_beside_its_alternative_with_both_sides(page):
    told = section(page, "Causes")
    assert told.index("Lock contention in orders-db") < told.index("An exhausted connection pool")
    assert "the alternative to H1" in told
    assert "added by hand" in told.split("Against")[2]


def test_what_moved_is_drawn_from_the_stored_results(page):
    titles = re.findall(r"<figcaption><b>([^<]+)</b>", page)
    assert titles[:2] == ["orders-db · lock_wait_seconds", "checkout · request_seconds_p99"]
    assert "checkout · error lines each 30 seconds" in titles
    assert page.count('class="fm-c-shade"') == len(titles)


def test_a_statement_is_a_quote_and_not_a_claim(page):
    assert "never run an index migration" not in section(page, "Claims")
    assert "<blockquote><p>“We had never run an index migration at noon before. &lt;b&gt;Never.&lt;/b&gt;”" in page
    assert "nothing here checks them" in page


def test_prose_is_safe(page):
    told = section(page, "Account")
    assert "<em>Nobody</em>" in told
    assert "[image left out: graph]" in told
    assert "&lt;script&gt;alert(3)" in told
    assert '<a href="https://example.org/locks"' in told
    assert 'href="javascript' not in page


def test_what_is_not_known_is_said(page):
    told = section(page, "What is not known")
    for sentence in (
        "No traces.",
        "E8 cannot be run again",
        "E5 could not be run again",
        "when the incident was resolved",
        "confirmed a cause",
    ):
        assert sentence in told


def test_both_windows_are_in_the_appendix(page):
    told = section(page, "Evidence")
    assert "<dt>Incident</dt><dd>2026-03-01 14:00:00 to 14:10:00 UTC" in told
    assert "<dt>Baseline</dt><dd>2026-03-01 13:50:00 to 14:00:00 UTC" in told


def test_every_link_inside_the_page_leads_somewhere(page):
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_nothing_on_the_page_comes_from_elsewhere(page):
    assert not re.search(r"<(script|img|iframe|object|embed|video|audio|base)\b|<[^>]+\ssrc=|@import|url\(", page)
    assert re.findall(r"<link[^>]*>", page) == ['<link rel="icon" href="data:,">']


@pytest.mark.parametrize(
    "claim",
    [
        Claim(text="The disk is full."),
        Claim(text="The disk is full.", evidence=("E99",)),
        Claim(text="lock_wait_seconds of orders-db rose.", evidence=("E8",)),
        Claim(text="Checkout failed 987 times.", evidence=("E4",)),
        Claim(text="The disk of web caused it.", evidence=("E4",)),
    ],
)
@pytest.mark.parametrize("suffix", ["html", "md", "pdf"])
def test_an_unsupported_claim_leaves_no_file(examples, tmp_path, claim, suffix):
    case = examples.broken_case()
    case = case.model_copy(update={"claims": (*case.claims, claim)})
    with pytest.raises(UnsupportedClaim):
        postmortem(case, tmp_path / f"new.{suffix}")
    old = tmp_path / f"old.{suffix}"
    old.write_text("before")
    with pytest.raises(UnsupportedClaim):
        postmortem(case, old)
    assert old.read_text() == "before"
    assert list(tmp_path.iterdir()) == [old]


def test_a_claim_whose_evidence_has_changed_is_refused(examples, tmp_path):
    case = examples.broken_case()
    changed = Verification(evidence="E7", outcome=Outcome.CHANGED, difference="1 row went", removed=1)
    with pytest.raises(UnsupportedClaim, match=r"E7.*changed"):
        postmortem(case, tmp_path / "p.html", verifications=[changed])
    assert not list(tmp_path.iterdir())


def test_a_healthy_case_says_that_nothing_stands_out_and_where_it_was_looked_for(examples, tmp_path):
    text = postmortem(examples.healthy_case(), tmp_path / "p.html", zone="UTC").read_text()
    assert "Nothing stands out between the baseline and the incident; no cause is put forward." in text
    assert (
        "Looked for in logs (600 rows), metrics (240 rows), 2026-03-01 14:00:00 to 14:10:00 UTC, 10 min, against"
        in text
    )
    assert "No change events were read" in text
    assert "<figure" not in text


def test_a_case_that_was_not_analyzed_does_not_claim_health(examples, tmp_path):
    case = examples.healthy_case().model_copy(update={"analyzed": False})
    text = postmortem(case, tmp_path / "p.html").read_text()
    assert "Nothing stands out" not in text
    assert "The analysis has not run" in text


def test_a_confirmed_cause_is_the_headline(examples, tmp_path):
    cause = ConfirmedCause(service="orders-db", mechanism="lock_contention", onset=examples.ONSET)
    case = examples.broken_case().model_copy(update={"confirmed_cause": cause})
    text = postmortem(case, tmp_path / "p.html").read_text()
    assert "The cause is confirmed: lock contention in orders-db." in text
    assert "Nobody has confirmed a cause" not in text


def test_a_refuted_cause_does_not_lead(examples, tmp_path):
    case = examples.broken_case()
    first, second = case.hypotheses
    case = case.model_copy(update={"hypotheses": (first.model_copy(update={"status": Status.REFUTED}), second)})
    text = postmortem(case, tmp_path / "p.html").read_text()
    assert "Speculative: An exhausted connection pool" in text


def test_markdown_tells_the_same_in_the_same_order(examples, tmp_path):
    case = examples.broken_case()
    path = postmortem(
        case, tmp_path / "p.md", verifications=examples.verifications(case), zone="UTC", similar=examples.similar()
    )
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    inline = [c for t in tokens for c in t.children or ()]
    assert not [t for t in tokens if t.type == "html_block"]
    assert not {c.type for c in inline} & {"html_inline", "image"}
    assert {c.attrGet("href") for c in inline if c.type == "link_open"} == {"https://example.org/locks"}


def test_given_frames_are_drawn_in_place_of_the_stored_ones(examples, tmp_path):
    case = examples.broken_case()
    flat = examples.metrics(examples.WINDOW, broken=False)
    one = postmortem(case, tmp_path / "a.html", zone="UTC").read_text()
    two = postmortem(case, tmp_path / "b.html", zone="UTC", frames={"E4": flat}).read_text()
    first = [re.search(r"<desc>([^<]*)</desc>", text)[1] for text in (one, two)]
    assert "3.02 s in the incident" in first[0]
    assert "3.02 s in the incident" not in first[1]


def test_a_damaged_stored_result_is_shown_as_such(examples, tmp_path):
    case = examples.healthy_case()
    broken = case.evidence[0].model_copy(update={"snapshot": b"not parquet"})
    text = postmortem(
        case.model_copy(update={"evidence": (broken, *case.evidence[1:])}), tmp_path / "p.html"
    ).read_text()
    assert "The stored result cannot be read" in text


def test_only_known_endings_are_written(examples, tmp_path):
    with pytest.raises(ReportError, match=r"has to end in \.html, \.md, \.pdf"):
        postmortem(examples.healthy_case(), tmp_path / "p.docx")


def test_a_missing_folder_is_named(examples, tmp_path):
    with pytest.raises(ReportError, match="does not exist; make it first"):
        postmortem(examples.healthy_case(), tmp_path / "no" / "p.html")


def test_a_folder_in_its_place_leaves_nothing_behind(examples, tmp_path):
    (tmp_path / "p.html").mkdir()
    with pytest.raises(ReportError, match="cannot write"):
        postmortem(examples.healthy_case(), tmp_path / "p.html")
    assert [p.name for p in tmp_path.iterdir()] == ["p.html"]


def test_a_pdf_without_playwright_says_what_to_install(examples, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "playwright", None)
    with pytest.raises(ReportError, match="pip install playwright"):
        postmortem(examples.healthy_case(), tmp_path / "p.pdf")
    assert not list(tmp_path.iterdir())


def test_a_pdf_without_a_browser_says_what_to_install(examples, tmp_path, monkeypatch):
    pytest.importorskip("playwright")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReportError, match="apt-get install chromium"):
        postmortem(examples.healthy_case(), tmp_path / "p.pdf")


def test_action_items_show_owner_and_date(page):
    told = section(page, "Action items")
    assert str(date(2026, 3, 15)) in told
    assert told.index("Write the runbook") < told.index("nobody") < told.index("no date")


def test_a_counter_is_drawn_as_the_rate_its_finding_speaks_of(examples, tmp_path):
    from faultmaven_lib.evidence import Ledger
    from faultmaven_lib.model import Finding

    frames = {}
    for window, per_second in ((examples.BASELINE, 2.0), (examples.WINDOW, 5.0)):
        index = pd.date_range(window.start, window.end, freq="10s", inclusive="left", name="time")
        frame = pd.DataFrame({("api", "requests_total"): [i * 10 * per_second for i in range(len(index))]}, index=index)
        frame.columns = pd.MultiIndex.from_tuples(frame.columns)
        frames[window] = frame
    ledger = Ledger()
    for window, frame in frames.items():
        ledger.record(frame, source="metrics", query="", window=window)
    finding = Finding(
        id="F1",
        kind="level shift",
        service="api",
        subject="requests_total",
        unit="/s",
        sentence="It rose.",
        onset=examples.ONSET,
    )
    case = examples.healthy_case().model_copy(update={"evidence": tuple(ledger), "findings": (finding,)})
    text = postmortem(case, tmp_path / "p.html", zone="UTC").read_text()
    assert "median 2/s before and 5/s in the incident" in text


def test_a_cause_that_says_how_sure_it_is_is_not_told_twice(examples, tmp_path):
    case = examples.broken_case()
    first = case.hypotheses[0].model_copy(update={"cause": "Lock contention in orders-db is the strong cause."})
    case = case.model_copy(update={"hypotheses": (first,)})
    text = postmortem(case, tmp_path / "p.html").read_text()
    assert '<p class="fm-lead">Lock contention in orders-db is the strong cause. Not confirmed yet.' in text


def test_what_a_cause_rests_on_is_not_cut_off_by_the_bound_on_findings(examples, tmp_path):
    case = examples.broken_case()
    noise = tuple(
        case.findings[5].model_copy(update={"id": f"F{n}", "sentence": f"noise {n}.", "score": 1.0})
        for n in range(100, 140)
    )
    case = case.model_copy(update={"findings": (*noise, *case.findings)})
    for suffix in ("html", "md"):
        told = postmortem(case, tmp_path / f"p.{suffix}").read_text().split("What moved")[-1]
        assert "A migration of orders-db (0042, by Jon Wu) ran" in told
        assert "And 23 more findings that stand out less." in told


def test_a_service_of_which_no_finding_speaks_is_not_drawn(examples, tmp_path):
    case = examples.broken_case().model_copy(update={"findings": (), "hypotheses": (), "claims": ()})
    assert "<figure" not in postmortem(case, tmp_path / "p.html").read_text()


def test_a_case_that_was_never_saved_has_no_name_yet(examples, tmp_path):
    case = examples.healthy_case().model_copy(update={"id": ""})
    text = postmortem(case, tmp_path / "p.html").read_text()
    assert "<title>A quiet ten minutes</title>" in text
    assert "Not saved yet" in text
