"""Markdown to chunks: one for each heading, long ones cut between blocks, code blocks kept whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

CHUNK_LENGTH = 2_000
"""Characters; a chunk is longer only where one code block is."""
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"([A-Za-z][\w .-]{0,60}?)\s*:(?:\s+(.*))?$")
_ITEM = re.compile(r"\s*-\s+(.*)$")
_UNTOLD = frozenset({"title", "weight", "date", "lastmod", "draft", "layout", "slug", "url", "id", "nav_order", "type"})
"""Front matter about the page and not about its matter."""


class Page(NamedTuple):
    """A Markdown file as it is kept."""

    title: str
    front: dict[str, list[str]]
    """Front matter: each field with its values."""
    chunks: list[tuple[str, str]]
    """Pairs of heading (with the headings above it) and text."""


def read_page(text: str, name: str = "") -> Page:
    r"""Take a Markdown text apart.

    Parameters
    ----------
    text
        The file. HTML in it is text like any other.
    name
        Title of a file that gives none, in its front matter or as its first heading.

    Returns
    -------
    Page
        The front matter's fields are a chunk of their own, under the heading ``About``.

    Examples
    --------
    >>> page = read_page("---\nservices: [api, db]\n---\n# Disk full\n## Checks\nRun `df -h`.\n")
    >>> page.title, page.front
    ('Disk full', {'services': ['api', 'db']})
    >>> page.chunks
    [('About', 'services: api, db'), ('Checks', 'Run `df -h`.')]
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    front: dict[str, list[str]] = {}
    if head := _FRONT.match(text):
        front = _fields(head.group(1))
        text = text[head.end() :]
    title, sections = "", []
    above: list[tuple[int, str]] = []
    for level, heading, blocks in _sections(text):
        above = [(deeper, words) for deeper, words in above if deeper < level]
        if level == 1 and not title:
            title = heading  # it heads every chunk as the title, so it is not repeated
        elif level:
            above.append((level, heading))
        sections.append((" › ".join(words for _, words in above), blocks))
    told = [f"{field}: {', '.join(values)}" for field, values in front.items() if field.lower() not in _UNTOLD]
    chunks = [("About", piece) for piece in _packed(["\n".join(told)])]
    chunks += [(heading, piece) for heading, blocks in sections for piece in _packed(blocks)]
    named = next((v[0] for k, v in front.items() if k.lower() == "title" and v), "")
    return Page((named or title or re.sub(r"[_\-.\s]+", " ", name).strip())[:300], front, chunks)


def _fields(text: str) -> dict[str, list[str]]:
    """Read the plain part of YAML that front matter is written in: values and lists of them."""
    fields: dict[str, list[str]] = {}
    field = ""
    for line in text.split("\n"):
        if match := _FIELD.match(line):
            field, value = match.group(1), (match.group(2) or "").strip()
            listed = value[1:-1].split(",") if value[:1] == "[" and value[-1:] == "]" else [value]
            fields[field] = [bare for item in listed if (bare := _bare(item))]
        elif field and (match := _ITEM.match(line)) and (bare := _bare(match.group(1))):
            fields[field].append(bare)
    return {name: values for name, values in fields.items() if values}


def _bare(value: str) -> str:
    value = value.strip()
    return value[1:-1].strip() if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def _sections(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Yield level, heading and blocks of each section; level 0 for what stands before the first heading."""
    from markdown_it import MarkdownIt

    # Blocks only: what stands in a line is kept as it is, and link definitions too.
    tokens = MarkdownIt("commonmark").disable(["inline", "reference"]).parse(text)
    lines = text.split("\n")
    code = {token.map[0]: token.map[1] for token in tokens if token.type in {"fence", "code_block"} and token.map}
    level, heading, blocks = 0, "", list[str]()
    in_heading = False
    for token in tokens:
        if in_heading:
            if token.type == "inline":
                heading = re.sub(r"[*_`]{1,3}(\S.*?)[*_`]{1,3}", r"\1", token.content[:300]).strip()
            in_heading = token.type != "heading_close"
        elif token.level == 0 and token.map and token.type == "heading_open":
            if blocks or level:
                yield level, heading, blocks
            level, heading, blocks = int(token.tag[1]), "", []
            in_heading = True
        elif token.level == 0 and token.map and token.nesting >= 0:
            start, end = token.map
            blocks += _pieces(lines, start, end, code)
    if blocks or level:
        yield level, heading, blocks


def _pieces(lines: list[str], start: int, end: int, code: dict[int, int]) -> list[str]:
    """Cut a block that is too long at line ends outside its code, and a line that is too long anywhere.

    ``code`` has the first line of each code block and the one after its last.
    """
    block = "\n".join(lines[start:end]).rstrip()
    if len(block) <= CHUNK_LENGTH or code.get(start) == end:
        return [block]
    pieces, at = [], start
    while at < end:
        stop = code.get(at, at + 1)
        piece = "\n".join(lines[at:stop]).rstrip()
        step = max(len(piece), 1) if at in code else CHUNK_LENGTH
        pieces += [piece[i : i + step] for i in range(0, len(piece), step)]
        at = stop
    return pieces


def _packed(blocks: list[str]) -> Iterator[str]:
    """Join neighbouring blocks up to the length of a chunk."""
    packed = ""
    for block in blocks:
        if not block.strip():
            continue
        if packed and len(packed) + len("\n\n") + len(block) > CHUNK_LENGTH:
            yield packed
            packed = ""
        packed = f"{packed}\n\n{block}" if packed else block
    if packed:
        yield packed
