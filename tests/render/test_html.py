from datetime import UTC, datetime
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faultmaven_lib import render
from faultmaven_lib.evidence import Ledger
from faultmaven_lib.model import (
    Answer,
    Claim,
    Finding,
    Hypothesis,
    Operation,
    Recommendation,
    SimilarCase,
    Verification,
    Window,
)
from faultmaven_lib.render.chronology import Entry

AT = datetime(2026, 3, 1, 14, 2, tzinfo=UTC)
WINDOW = Window.parse("2026-03-01T14:00Z/10m")
HOSTILE = st.one_of(
    st.text(min_size=1, max_size=40),
    st.lists(
        st.sampled_from(
            [
                "<script>",
                "</script>",
                "<img src=x onerror=y>",
                '"',
                "'",
                "onmouseover=",
                "`",
                "\u202e",
                "\x1b[31m",
                "\x00",
                "</td></tr></table>",
                "<!--",
                "-->",
                "]]>",
                "&lt;",
                "&#x3c;",
                "<",
                ">",
                "=",
                " ",
                "\n",
                "{{ x }}",
                "{% raw %}",
                "</style>",
                "</title>",
                "<svg/onload=1>",
            ]
        ),
        min_size=1,
        max_size=8,
    ).map("".join),
).map(lambda text: "t" + text)


class _Structure(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.seen, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, tuple(sorted(name for name, _ in attrs))))

    def handle_endtag(self, tag):
        self.seen.append(f"/{tag}")

    def handle_comment(self, data):
        self.seen.append("comment")

    def handle_decl(self, decl):
        self.seen.append("declaration")

    def handle_pi(self, data):
        self.seen.append("instruction")

    def handle_data(self, data):
        self.text.append(data)


def structure(html):
    parser = _Structure()
    parser.feed(html)
    parser.close()
    return parser.seen


def everywhere(text):
    """All fragments, with the text in every field that takes any."""
    ledger = Ledger()
    frame = pd.DataFrame({"message": [text], "level": ["ERROR"]}, index=pd.DatetimeIndex([AT], name="time"))
    first = ledger.record(frame, source=text, query=text, url=text, window=WINDOW, key_id=text, notes=[text], cell=text)
    second = ledger.derive(frame.assign(n=1), [first.id], Operation(name=text, parameters={text: text}))
    third = second.model_copy(
        update={"id": text, "parents": (text,), "summary": {"level": {text: 3}}, "partial": True, "sha256": text}
    )
    evidence = (first, second, third, ledger.keep(frame.assign(m=text), note=text))
    ids = tuple(e.id for e in evidence)
    finding = Finding(
        id=text,
        kind="surge",
        service=text,
        subject=text,
        onset=AT,
        before=1,
        after=2,
        unit=text,
        sentence=text,
        example=text,
        evidence=ids,
    )
    hypothesis = Hypothesis(
        id=text,
        service=text,
        mechanism="dns_failure",
        cause=text,
        onset=2.5,
        supports=ids[:2],
        contradicts=(*ids[2:], text),
        findings=(text,),
        change=text,
        alternative_to=text,
        reasons=(text,),
    )
    step = Recommendation(
        action=text,
        rationale=text,
        command=text,
        risk=text,
        verify=text,
        rollback=text,
        hypothesis=text,
        evidence=(text,),
    )
    answer = Answer(
        question=text,
        headline=text,
        window=WINDOW,
        baseline=WINDOW.before(),
        claims=(Claim(text=text, evidence=(text,)),),
        findings=(finding,),
        hypotheses=(hypothesis,),
        recommendations=(step,),
        follow_ups=(text,),
        similar=(SimilarCase(case_id=text, title=text, score=1, why=text, cause=text),),
        runbooks=(text,),
        missing=(text,),
        evidence=evidence,
    )
    outcome = Verification(evidence=text, outcome="changed", difference=text, examples=(text,))
    entry = Entry(AT, "finding", f"{text} x", f"{text} y", (text,), text)
    return answer, "".join(
        [
            render.answer_html(answer, zone="UTC"),
            render.verification_html([outcome], evidence),
            render.timeline_html([entry], evidence, zone="UTC"),
            render.chip(text, entry=third),
        ]
    )


PLAIN = structure(everywhere("t")[1])


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_no_text_in_any_field_makes_a_tag_or_an_attribute(text):
    _, html = everywhere(text)
    assert structure(html) == PLAIN
    html.encode()
    assert not {"\x00", "\x1b", "\u202e"} & set(html)


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_the_terminal_gets_no_control_character_and_no_line_too_long(text):
    answer, _ = everywhere(text)
    shown = render.answer_text(answer, 72, zone="UTC")
    assert all(c.isprintable() or c == "\n" or ord(c) >= 0xA0 for c in shown)
    assert max(len(line) for line in shown.splitlines()) <= 72


@given(HOSTILE)
def test_a_title_is_text(text):
    assert structure(render.page(text, "<p></p>")) == structure(render.page("t", "<p></p>"))


def test_the_text_itself_is_shown(examples):
    html = render.answer_html(examples.answer(), zone="UTC")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "⟨U+202E⟩txt.exe ⟨ESC⟩[31mred⟨NUL⟩" in html


def test_every_chip_leads_to_an_entry_of_the_same_answer(examples):
    html = render.answer_html(examples.answer(), zone="UTC")
    parser = HTMLParser()
    targets, ids = set(), set()

    def start(tag, attrs):
        given_attrs = dict(attrs)
        if "fm-chip" in given_attrs.get("class", "").split():
            targets.add(given_attrs["href"][1:])
        if "id" in given_attrs:
            assert given_attrs["id"] not in ids, "an id is there twice"
            ids.add(given_attrs["id"])

    parser.handle_starttag = start
    parser.feed(html)
    assert targets
    assert targets <= ids


def test_two_answers_on_one_page_do_not_share_ids(examples):
    one = examples.answer()
    other = one.model_copy(update={"headline": "Another."})
    first, second = ({part.split('"')[0] for part in render.answer_html(a).split(' id="')[1:]} for a in (one, other))
    assert first
    assert not first & second


def test_the_same_answer_renders_the_same(examples):
    answer = examples.answer()
    assert render.answer_html(answer, zone="UTC") == render.answer_html(answer, zone="UTC")


def test_a_page_asks_for_nothing_from_elsewhere(examples):
    page = render.page("t", render.answer_html(examples.answer()))
    assert "default-src 'none'" in page
    assert "<script" not in page
    for tag, attributes in (s for s in structure(page) if isinstance(s, tuple)):
        assert "src" not in attributes
        assert tag not in {"img", "iframe", "object", "embed", "video", "audio", "base", "form"}
    assert "url(" not in render.stylesheet()
    assert "@import" not in render.stylesheet()


def test_a_page_may_be_told_its_theme():
    assert 'data-fm-theme="dark"' in render.page("t", "", theme="dark")
    assert 'content="light"' in render.page("t", "", theme="light")


def test_every_rule_of_the_style_sheet_is_scoped():
    import re

    css = re.sub(r"/\*.*?\*/", "", render.stylesheet(), flags=re.DOTALL)
    selectors = re.findall(r"([^{};]+)\{", css)
    for selector in (s.strip() for s in selectors):
        assert selector.startswith("@media") or all(
            ".fm" in part for part in re.sub(r"\([^)]*\)", "", selector).split(",")
        )


def test_severities_differ_without_colour():
    marks = {s: render.severity_html(s) for s in ("sev1", "sev2", "sev3", "sev4")}
    assert [m.count('fill-opacity="1"') for m in marks.values()] == [4, 3, 2, 1]
    assert all(s.upper() in m for s, m in marks.items())


def test_an_unknown_result_and_a_damaged_one_are_told(examples):
    entry = examples.broken_case().evidence[0]
    assert "is not stored" in render.evidence_html([entry.model_copy(update={"snapshot": b""})])
    assert "cannot be read" in render.evidence_html([entry.model_copy(update={"snapshot": b"PAR1 nonsense"})])
    assert "nothing matched" in render.evidence_html([entry.model_copy(update={"rows": 0})])


def test_partial_evidence_says_so(examples):
    entry = (
        examples.broken_case()
        .evidence[0]
        .model_copy(update={"partial": True, "rows": 900_000, "summary": {"level": {"ERROR": 12, "INFO": 9}}})
    )
    html = render.evidence_html([entry])
    assert "900,000 rows" in html
    assert "only the first 300 are stored" in html
    assert "Rows by level: ERROR 12, INFO 9" in html


def test_an_alternative_and_what_speaks_against_it_are_shown(examples):
    case = examples.broken_case()
    html = render.hypotheses_html(case.hypotheses, case.evidence, case.findings, zone="UTC")
    assert "the alternative to H1" in html
    assert "added by hand: copied from the terminal of the host" in html
    assert "Nothing on record speaks against it." in html
    assert html.index("lock_wait_seconds of orders-db rose") < html.index("pool_in_use of orders rose")


@pytest.mark.parametrize("text", ["https://example.org/a?b=1", "http://x"])
def test_a_link_tells_nobody_where_it_was(text):
    assert 'rel="noopener noreferrer nofollow"' in render.link_html(text)


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,x", "https://x y", 'https://x"onload=1', " https://x", "//x"]
)
def test_what_is_not_a_plain_address_stays_text(text):
    assert "<a" not in render.link_html(text)
