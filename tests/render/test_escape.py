import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from faultmaven_lib.render import clip, one_line, visible
from faultmaven_lib.render.escape import code, markdown

NASTY = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                "<b>",
                "</td>",
                "&amp;",
                "**",
                "_",
                "`",
                "``",
                "|",
                "[x](http://e.example)",
                "![x](data:,)",
                "\n",
                "# ",
                "- ",
                "1. ",
                "1) ",
                "> ",
                "    ",
                "\t",
                "~~",
                "<!--",
                "]]>",
                "\\",
                "www.e.example",
                "http://e.example",
                "<http://e.example>",
                "a",
                " ",
                "---",
                "===",
            ]
        ),
        max_size=12,
    ).map("".join),
)


@given(
    st.text(alphabet=st.characters(), max_size=80)
    | st.binary(max_size=40).map(lambda b: b.decode("utf-8", "surrogateescape"))
)
def test_visible_text_holds_nothing_that_hides_and_can_be_encoded(text):
    shown = visible(text)
    shown.encode("utf-8")
    kinds = {unicodedata.category(c) for c in shown if c not in "\n\t"}
    assert not kinds & {"Cc", "Cs", "Zl", "Zp"}
    assert not {
        c
        for c in shown
        if unicodedata.bidirectional(c) in {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI"}
    }


def test_visible_leaves_plain_text_of_any_script_as_it_is():
    assert visible("naïve 日本 שלום\tx\n") == "naïve 日本 שלום\tx\n"


@given(st.text(max_size=80))
def test_one_line_is_one_line(text):
    assert len(one_line(text).splitlines()) <= 1
    assert one_line(text).isprintable() or any(
        unicodedata.category(c) in {"Zs", "Co", "Cn", "Cf"} for c in one_line(text)
    )


@given(NASTY)
def test_markdown_text_is_one_paragraph_of_text(text):
    tokens = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(f"{markdown(text)}\n")
    assert [t.type for t in tokens] in (["paragraph_open", "inline", "paragraph_close"], [])
    assert {c.type for t in tokens for c in t.children or ()} <= {"text", "text_special"}


@given(NASTY)
def test_markdown_text_says_what_was_given(text):
    html = MarkdownIt("commonmark").render(markdown(text))
    wanted = " ".join(visible(text).split())
    assert html == (f"<p>{_escaped(wanted)}</p>\n" if wanted else "")


def _escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


@given(NASTY)
def test_a_code_span_in_a_table_stays_one_cell(text):
    table = f"| a | b |\n| --- | --- |\n| {code(text, in_table=True)} | end |\n"
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(table)
    cells = [t for t in tokens if t.type == "inline"]
    assert len(cells) == 4
    assert [c.type for c in cells[2].children] == ["code_inline"]
    assert cells[3].content == "end"


@pytest.mark.parametrize(
    ("text", "limit", "shown"), [("abc", 3, "abc"), ("a" * 2500, 10, "a" * 10 + "… (2,490 more characters)")]
)
def test_clip_says_how_much_it_left_out(text, limit, shown):
    assert clip(text, limit) == shown


def test_a_bare_address_in_markdown_does_not_become_a_link():
    assert "://" not in markdown("see https://evil.example/x and www.evil.example").replace("\\://", "")
    assert "www." not in markdown("WWW.evil.example").lower()
