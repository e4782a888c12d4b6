"""Formats: a file to the documents that are in it, secrets and personal data out of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from faultmaven_lib.knowledge.jupyter import read_notebook
from faultmaven_lib.knowledge.markdown import read_page
from faultmaven_lib.knowledge.pages import Page
from faultmaven_lib.knowledge.rules import read_rules
from faultmaven_lib.knowledge.webpage import read_webpage
from faultmaven_lib.redaction import Redactor

Clean = Callable[[str], str]
_FORMATS: dict[str, Callable[[str, str, Clean], list[Page]]] = {
    **dict.fromkeys((".md", ".markdown"), lambda text, name, clean: [read_page(clean(text), name)]),
    **dict.fromkeys((".html", ".htm"), lambda text, name, clean: [read_webpage(text, name, clean)]),
    **dict.fromkeys((".yaml", ".yml"), lambda text, _name, _clean: read_rules(text)),
    ".ipynb": lambda text, name, clean: [read_notebook(text, name, clean)],
}
_RUNBOOK = "runbook"


def known(path: PurePath) -> bool:
    """Whether files of this name are read: Markdown, HTML, rule files, notebooks.

    Examples
    --------
    >>> known(PurePath("disk.md")), known(PurePath("rules.yaml")), known(PurePath("disk.png"))
    (True, True, False)
    """
    return path.suffix.lower() in _FORMATS


def read(path: PurePath, text: str, redact: Redactor) -> list[Page]:
    """Return the documents of a file; none if there is nothing in it that belongs here.

    Parameters
    ----------
    path
        Its name says what it is; a file with another ending is taken for Markdown.
    text
        What is in it.
    redact
        Takes out secrets and personal data, before anything is cut in two.

    Raises
    ------
    ValueError
        If it cannot be read; the message says why.
    """
    pages = _FORMATS.get(path.suffix.lower(), _FORMATS[".md"])(text, path.stem, redact.redact)
    return [_redacted(page, redact) for page in pages]


def _redacted(page: Page, redact: Redactor) -> Page:
    """Return a page that is redacted in all of its parts; it does no harm to what is already."""
    return page._replace(
        title=redact.redact(page.title),
        front={redact.redact(name): [redact.redact(value) for value in values] for name, values in page.front.items()},
        chunks=[(redact.redact(heading), redact.redact(text)) for heading, text in page.chunks],
        kind=(page.kind or page.front.get("kind", [_RUNBOOK])[0])[:60],
        name=redact.redact(page.name),
    )
