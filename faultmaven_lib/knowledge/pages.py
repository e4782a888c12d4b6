"""Pages: what a file says, in sections, and how sections become chunks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

CHUNK_LENGTH = 2_000
"""Characters; a chunk is longer only where one code block is."""
TITLE_LENGTH = 300
ABOUT = "About"
"""The heading of front matter."""
_UNTOLD = frozenset({"title", "weight", "date", "lastmod", "draft", "layout", "slug", "url", "id", "nav_order", "type"})
"""Front matter about the page and not about its matter."""


class Page(NamedTuple):
    """A document as it is kept."""

    title: str
    front: dict[str, list[str]]
    """Front matter: each field with its values."""
    chunks: list[tuple[str, str]]
    """Pairs of heading (with the headings above it) and text."""
    kind: str = ""
    """What it is; by default what the front matter says, else a runbook."""
    name: str = ""
    """Which of several in one file."""


class Section(NamedTuple):
    """A heading and what stands below it."""

    level: int
    """1 to 6; 0 for what stands before the first heading."""
    heading: str
    blocks: list[str]


def page_of(sections: Iterable[Section], front: dict[str, list[str]], name: str) -> Page:
    """Return the page that some sections make.

    Parameters
    ----------
    sections
        In order.
    front
        Front matter: its fields are a chunk of their own, under the heading ``About``.
    name
        Title of a page that gives none, in its front matter or as its first heading.
    """
    title, told = "", list[tuple[str, list[str]]]()
    above: list[tuple[int, str]] = []
    listed = list(sections)
    for (level, heading, blocks), following in zip(listed, [*listed[1:], None], strict=False):
        above = [(deeper, words) for deeper, words in above if deeper < level]
        if level == 1 and not title:
            title = heading  # it heads every chunk as the title, so it is not repeated
        elif level:
            above.append((level, heading))
        bare = not any(block.strip() for block in blocks) and (following is None or following.level <= level)
        # What nothing below it carries is its own text.
        told.append((" › ".join(words for _, words in above), [heading] if above and bare else blocks))
    about = [f"{field}: {', '.join(values)}" for field, values in front.items() if field.lower() not in _UNTOLD]
    chunks = [(ABOUT, piece) for piece in packed(["\n".join(about)])]
    chunks += [(heading, piece) for heading, blocks in told for piece in packed(blocks)]
    named = next((v[0] for k, v in front.items() if k.lower() == "title" and v), "")
    return Page((named or title or re.sub(r"[_\-.\s]+", " ", name).strip())[:TITLE_LENGTH], front, chunks)


def packed(blocks: Iterable[str]) -> Iterator[str]:
    """Join neighbouring blocks up to the length of a chunk."""
    joined = ""
    for block in blocks:
        if not block.strip():
            continue
        if joined and len(joined) + len("\n\n") + len(block) > CHUNK_LENGTH:
            yield joined
            joined = ""
        joined = f"{joined}\n\n{block}" if joined else block
    if joined:
        yield joined


def cut(block: str) -> list[str]:
    """Cut a block without code that is too long, at the ends of its lines where they are short enough."""
    if len(block) <= CHUNK_LENGTH:
        return [block]
    return [line[at : at + CHUNK_LENGTH] for line in block.split("\n") for at in range(0, len(line), CHUNK_LENGTH)]


def fenced(code: str, language: str = "") -> str:
    """Return code as a block that stays whole, whatever signs are in it.

    Examples
    --------
    >>> print(fenced("SELECT 1", "sql"))
    ```sql
    SELECT 1
    ```
    """
    runs = [len(run) for run in re.findall("`{3,}", code)]
    fence = "`" * max([3, *(run + 1 for run in runs)])
    return f"{fence}{language}\n{code.strip(chr(10))}\n{fence}"
