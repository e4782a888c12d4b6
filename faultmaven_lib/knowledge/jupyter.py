"""Notebooks to sections: prose and code; outputs are left out, they belong to the incident that they were made in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from faultmaven_lib.knowledge.markdown import sections
from faultmaven_lib.knowledge.pages import Page, Section, fenced, page_of


def read_notebook(text: str, name: str = "", clean: Callable[[str], str] = str) -> Page:
    r"""Take a Jupyter notebook apart.

    Parameters
    ----------
    text
        The file.
    name
        Title of a notebook without a heading of the first level.
    clean
        Applied to the text of each cell before it is cut.

    Raises
    ------
    ValueError
        If it is no notebook.

    Examples
    --------
    >>> cells = [{"cell_type": "markdown", "source": ["# Slow checkout"]}, {"cell_type": "code", "source": "1 + 1"}]
    >>> page = read_notebook(json.dumps({"nbformat": 4, "cells": cells}))
    >>> page.title, page.chunks
    ('Slow checkout', [('', '```python\n1 + 1\n```')])
    """
    try:
        notebook: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("not JSON, so no notebook") from None
    if not isinstance(notebook, dict):
        raise ValueError("no notebook")
    cells = notebook.get("cells")
    if cells is None and isinstance(sheets := notebook.get("worksheets"), list):  # the format before 2015
        cells = [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells") or ()]
    if not isinstance(cells, list):
        raise ValueError("no notebook: it has no cells")
    language = _language(notebook)
    told = [(cell.get("cell_type"), clean(_source(cell))) for cell in cells if isinstance(cell, dict)]
    page = page_of(_sections(told, language), {}, name)
    return page._replace(kind="notebook")


def _sections(cells: list[tuple[Any, str]], language: str) -> Iterator[Section]:
    level, heading, blocks = 0, "", list[str]()
    for kind, source in cells:
        if kind == "code":
            blocks += [fenced(source, language)] if source.strip() else []
        elif kind == "markdown":
            for section in sections(source):
                if section.level:
                    yield Section(level, heading, blocks)
                    level, heading, blocks = section.level, section.heading, list(section.blocks)
                else:
                    blocks += section.blocks
    yield Section(level, heading, blocks)


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    text = "".join(map(str, source)) if isinstance(source, list) else str(source)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _language(notebook: dict[str, Any]) -> str:
    metadata = notebook.get("metadata")
    info = metadata.get("language_info") if isinstance(metadata, dict) else None
    name = info.get("name") if isinstance(info, dict) else None
    return name if isinstance(name, str) and name.isalnum() else "python"
