"""HTML to sections: what a reader reads of a page, code blocks kept whole; scripts, menus and footers are left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser

from faultmaven_lib.knowledge.pages import Page, Section, cut, fenced, page_of

_PASSED = frozenset("script style template noscript nav footer aside button svg iframe object".split())
_BLOCKS = frozenset(
    "address article blockquote body br center dd details div dl dt fieldset figcaption figure form header hr html li "
    "main ol p section summary table tbody thead tr ul".split()
)
_CELLS = frozenset({"td", "th"})
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_HEADING = re.compile(r"h[1-6]")
_DEPTH = 200
"""Elements inside each other; deeper ones are taken as if they stood beside."""


def read_webpage(text: str, name: str = "", clean: Callable[[str], str] = str) -> Page:
    r"""Take an HTML page apart.

    Parameters
    ----------
    text
        The page.
    name
        Title of a page that has neither a heading nor a title.
    clean
        Applied to each block of text before it is cut.

    Examples
    --------
    >>> page = read_webpage("<title>x</title><nav>Home</nav><h1>Disk full</h1><p>Look:<pre>df -h\n# all</pre>")
    >>> page.title, page.chunks
    ('Disk full', [('', 'Look:\n\n```\ndf -h\n# all\n```')])
    """
    reader = _Reader(clean)
    reader.feed(text)
    reader.close()
    front = {"title": [reader.title]} if reader.title and not reader.headed else {}
    return page_of(reader.sections(), front, name)


class _Reader(HTMLParser):
    """Collects sections; it goes by the tags alone, since pages are seldom well formed."""

    def __init__(self, clean: Callable[[str], str]) -> None:
        self._clean = clean
        super().__init__(convert_charrefs=True)
        self._title: list[str] = []
        self._sections: list[Section] = [Section(0, "", [])]
        self._text: list[str] = []
        self._open: list[str] = []
        self._passed = 0
        self._over = False
        """Whether the main part has ended."""
        self._in = ""
        """``title``, ``pre`` or a heading, where one is open."""

    @property
    def title(self) -> str:
        """What stands in the head."""
        return " ".join("".join(self._title).split())

    @property
    def headed(self) -> bool:
        """Whether there is a heading of the first level."""
        return any(section.level == 1 for section in self._sections)

    def sections(self) -> Iterator[Section]:
        """Yield what was read."""
        self._end_block()
        yield from (section for section in self._sections if section.level or section.blocks)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "title":
            self._in = "title"
            return
        if tag in {"body", "main"}:  # what was never closed before it is closed now
            self._passed, self._open = 0, []
        if tag == "main":
            self._text, self._sections, self._in = [], [Section(0, "", [])], ""
        if tag in _PASSED:
            self._passed += 1
            if len(self._open) < _DEPTH:
                self._open.append(tag)
            return
        if self._passed:
            return
        if tag == "pre" and self._in != "pre":
            self._end_block()
            self._in = "pre"
        elif _HEADING.fullmatch(tag):
            self._end_block()
            self._in = tag
        elif self._in == "pre":
            self._text += "\n" if tag == "br" else ""
        elif tag in _BLOCKS:
            self._end_block()
            self._text += "- " if tag == "li" else ""
        elif tag in _CELLS:
            self._text += " | " if "".join(self._text).strip() else ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in = ""
        elif tag == "main":
            self._end_block()
            self._over = True
        elif tag in _PASSED:
            if tag in self._open:
                while self._open.pop() != tag:
                    self._passed -= 1
                self._passed -= 1
        elif self._passed:
            return
        elif tag == "pre" and self._in == "pre":
            code = "".join(self._text)
            self._text, self._in = [], ""
            if code.strip():
                self._sections[-1].blocks.append(fenced(code))
        elif _HEADING.fullmatch(tag) and self._in == tag:
            heading = " ".join("".join(self._text).split())[:300]
            self._text, self._in = [], ""
            if heading:
                self._sections.append(Section(int(tag[1]), heading, []))
        elif tag in _BLOCKS and self._in != "pre":
            self._end_block()

    def handle_data(self, data: str) -> None:
        if self._in == "title":
            self._title.append(data)
        elif not self._passed and not self._over:
            self._text.append(data)

    def _end_block(self) -> None:
        if _HEADING.fullmatch(self._in):
            return  # a block inside a heading is the heading
        text = "".join(self._text)
        self._text = []
        if self._in == "pre":  # it was never closed
            self._in = ""
            self._sections[-1].blocks.extend([fenced(text)] if text.strip() else [])
            return
        said = " ".join(text.split())
        if said not in {"", "-", "|"}:
            self._sections[-1].blocks.extend(cut(self._clean(said)))
