import pytest
from markdown_it import MarkdownIt

from faultmaven_lib import render
from faultmaven_lib.model import Answer


def test_the_terminal_says_the_sentence_first_and_then_everything(examples):
    text = render.answer_text(examples.answer(), zone="UTC")
    lines = text.splitlines()
    assert lines[0] == "Checkout most likely fails because of lock contention in orders-db."
    order = [
        "Likely causes",
        "What differs",
        "Next steps",
        "Runbooks",
        "Seen before",
        "What is not known",
        "To ask next",
        "Evidence",
    ]
    assert [line for line in lines if line in order] == order
    assert "     − added by hand: copied from the terminal of the host [E8]" in lines
    assert "\x1b" not in text


@pytest.mark.parametrize("width", [20, 40, 60, 100, 200])
def test_lines_fit(examples, width):
    assert max(map(len, render.answer_text(examples.answer(), width).splitlines())) <= max(40, width)


def test_an_empty_answer_is_its_sentence():
    assert render.answer_text(Answer(headline="I do not know.")) == "I do not know."
    assert render.answer_markdown(Answer(headline="I do not know.")) == "**I do not know.**"
    assert "I do not know." in render.answer_html(Answer(headline="I do not know."))


def test_markdown_brings_no_html_no_link_and_no_image(examples):
    text = render.answer_markdown(examples.answer(), zone="UTC")
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    inline = [c for t in tokens for c in t.children or ()]
    assert not [t for t in tokens if t.type == "html_block"]
    assert not {c.type for c in inline} & {"html_inline", "image", "link_open"}
    assert [t.content for t in tokens if t.type == "inline" and t.level == 1 and t.content == "Evidence"]


def test_tables_keep_their_columns(examples):
    text = render.answer_markdown(examples.answer(), zone="UTC")
    widths, cells = set(), 0
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        cells += token.type in {"td_open", "th_open"}
        if token.type == "tr_close":
            widths.add(cells)
            cells = 0
    assert widths == {7, 9}
