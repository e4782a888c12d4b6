"""Markdown that people wrote, made safe: no HTML, no image, links to http and https only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup

from faultmaven_lib.render import escape
from faultmaven_lib.render.templating import is_link

_DEEPEST = 6
_HIGHEST = 3
"""The highest heading of the prose stands below those of the page it is put into."""


class _Safe(RendererHTML):
    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002
        """Name an image instead of loading it."""
        said = escape.visible(tokens[idx].content)
        return str(Markup('<span class="fm-muted">[image left out: {}]</span>').format(said))


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 (the name is markdown-it's)
        """Leave a link to anything but http and https as the text it is."""
        return is_link(url)


@cache
def _parser() -> MarkdownIt:
    return _Parser("commonmark", {"html": False}, renderer_cls=_Safe).enable(["table", "strikethrough"])


def prose_html(text: str) -> str:
    """Return prose as HTML.

    Examples
    --------
    >>> print(prose_html("It was *slow*. <b> [x](javascript:alert(1))"))
    <p>It was <em>slow</em>. &lt;b&gt; [x](javascript:alert(1))</p>
    >>> print(prose_html("![graph](https://example.org/a.png)"))
    <p><span class="fm-muted">[image left out: graph]</span></p>
    """
    parser = _parser()
    tokens = parser.parse(escape.visible(text))
    shift = _shift(token.tag for token in tokens if token.type == "heading_open")
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(_DEEPEST, int(token.tag[1]) + shift)}"
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("rel", "noopener noreferrer nofollow")
    return str(parser.renderer.render(tokens, parser.options, {})).strip()


def prose_markdown(text: str) -> str:
    r"""Return prose as Markdown that is safe in any viewer: it is read, and only what is known is written again.

    Examples
    --------
    >>> print(prose_markdown("# Why\n\nIt was *slow*.\n\n* a\n* b <img src=x>"))
    ### Why
    <BLANKLINE>
    It was *slow*.
    <BLANKLINE>
    - a
    - b \<img src=x\>
    """
    tokens = _parser().parse(escape.visible(text))
    shift = _shift(token.tag for token in tokens if token.type == "heading_open")
    for token in tokens:
        if token.type == "heading_open":
            token.tag = f"h{min(_DEEPEST, int(token.tag[1]) + shift)}"
    return "\n\n".join(_block(node) for node in SyntaxTreeNode(tokens).children)


def _shift(tags: Iterable[str]) -> int:
    return _HIGHEST - min((int(tag[1]) for tag in tags), default=_HIGHEST)


def _block(node: SyntaxTreeNode) -> str:
    writers: dict[str, Callable[[SyntaxTreeNode], str]] = {
        "heading": _heading,
        "fence": _fence,
        "code_block": _fence,
        "hr": lambda _: "---",
        "bullet_list": _list,
        "ordered_list": _list,
        "blockquote": _quote,
        "table": _table,
    }
    return writers.get(node.type, _inline)(node)


def _heading(node: SyntaxTreeNode) -> str:
    return f"{'#' * int(node.tag[1])} {_inline(node).replace(chr(10), ' ')}"


def _fence(node: SyntaxTreeNode) -> str:
    fence = "`" * max(3, 1 + _longest_run(node.content))
    return f"{fence}\n{node.content.rstrip(chr(10))}\n{fence}"


def _quote(node: SyntaxTreeNode) -> str:
    inner = "\n\n".join(_block(child) for child in node.children)
    return "\n".join(f"> {line}".rstrip() for line in inner.split("\n"))


def _list(node: SyntaxTreeNode) -> str:
    first = int(str(node.attrs.get("start", 1))) if node.type == "ordered_list" else None
    # Paragraphs of a tight list are hidden: a blank line between its items would make it a loose one.
    tight = any(block.hidden for item in node.children for block in item.children if block.type == "paragraph")
    gap = "\n" if tight else "\n\n"
    items = []
    for place, item in enumerate(node.children):
        mark = "- " if first is None else f"{first + place}. "
        inner = gap.join(_block(child) for child in item.children)
        items.append(mark + "\n".join(_indented(inner.split("\n"), len(mark))))
    return gap.join(items)


def _indented(lines: list[str], by: int) -> list[str]:
    return [lines[0], *(" " * by + line if line else "" for line in lines[1:])]


def _table(node: SyntaxTreeNode) -> str:
    rows = [
        "| " + " | ".join(_inline(cell, in_table=True) for cell in row.children) + " |"
        for part in node.children
        for row in part.children
    ]
    columns = len(node.children[0].children[0].children)
    return "\n".join([rows[0], "|" + " --- |" * columns, *rows[1:]])


def _inline(node: SyntaxTreeNode, *, in_table: bool = False) -> str:
    return "".join(_span(child, in_table) for child in node.children)


def _span(node: SyntaxTreeNode, in_table: bool) -> str:
    wraps: dict[str, str] = {"em": "*", "strong": "**", "s": "~~"}
    if node.type in wraps:
        return f"{wraps[node.type]}{_inline(node, in_table=in_table)}{wraps[node.type]}"
    if node.type == "link":
        return f"[{_inline(node, in_table=in_table)}](<{_address(node.attrs.get('href', ''))}>)"
    if node.type == "inline":
        return _inline(node, in_table=in_table)
    leaves = {
        "softbreak": " " if in_table else "\n",
        "hardbreak": " " if in_table else "  \n",
        "code_inline": escape.code(node.content, in_table=in_table),
        "image": escape.markdown(f"[image left out: {node.content}]"),
    }
    return leaves[node.type] if node.type in leaves else _text(node.content)


def _text(text: str) -> str:
    # Spaces at the ends divide words from the next span; escape.markdown would drop them.
    left, right = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{left}{escape.markdown(text)}{right}" if text.strip() else text


def _address(href: Any) -> str:
    return str(href).replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")


def _longest_run(text: str) -> int:
    longest = run = 0
    for character in text:
        run = run + 1 if character == "`" else 0
        longest = max(longest, run)
    return longest
