import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from faultmaven_lib.render import prose_html, prose_markdown

PIECES = [
    "# A",
    "text *em* **strong** `code`",
    "- a\n- b\n  - c",
    "1. x\n2. y",
    "> quote",
    "```\n<b>\n```",
    "| a | b |\n| - | - |\n| 1 | `x|y` |",
    "[l](https://example.org/a_b)",
    "![i](https://evil.example/i.png)",
    "[j](javascript:x)",
    "<script>alert(1)</script>",
    "<https://example.org>",
    "[r]: https://evil.example\n\n[r]",
    "a  \nb",
    "---",
    "~~gone~~",
    "&lt;b&gt;",
    "\\*not em\\*",
    "    indented <i>",
    "\u202ex\x00",
]
PROSE = st.lists(st.sampled_from(PIECES), max_size=6).map("\n\n".join) | st.text(max_size=80)
HARMLESS = {
    "p",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "em",
    "strong",
    "s",
    "code",
    "pre",
    "blockquote",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "a",
    "hr",
    "br",
    "span",
}


@settings(deadline=None)
@given(PROSE)
def test_prose_makes_harmless_tags_only(text):
    from html.parser import HTMLParser

    seen = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: seen.append((tag, dict(attrs)))
    parser.feed(prose_html(text))
    for tag, attrs in seen:
        assert tag in HARMLESS
        assert set(attrs) <= {"href", "rel", "title", "class", "start", "style"}
        assert attrs.get("style", "text-align:left") in {"text-align:left", "text-align:right", "text-align:center"}
        assert attrs.get("href", "https://").startswith(("https://", "http://"))


@settings(deadline=None)
@given(PROSE)
def test_markdown_from_prose_is_harmless_in_a_viewer_that_allows_everything(text):
    viewer = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = viewer.parse(prose_markdown(text))
    inline = [c for t in tokens for c in t.children or ()]
    assert not [t for t in tokens if t.type == "html_block"]
    assert not {c.type for c in inline} & {"html_inline", "image"}
    assert all(c.attrGet("href").startswith(("https://", "http://")) for c in inline if c.type == "link_open")


@pytest.mark.parametrize("text", [p for p in PIECES if "javascript" not in p])
def test_prose_survives_being_written_again(text):
    span = '<span class="fm-muted">'
    assert prose_html(prose_markdown(text)) == prose_html(text).replace(span, "").replace("</span>", "")


def test_an_image_is_named_not_loaded():
    assert "evil" not in prose_html("![the graph](https://evil.example/x.png)")
    assert "the graph" in prose_html("![the graph](https://evil.example/x.png)")


def test_headings_stand_below_those_of_the_page():
    assert prose_html("# A\n\n## B") == "<h3>A</h3>\n<h4>B</h4>"
    assert prose_html("## A") == "<h3>A</h3>"
