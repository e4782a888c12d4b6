"""ask: an answer at once, with nothing set up before."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import Answer, Source, Window
from faultmaven_lib.query import QueryHandler
from faultmaven_lib.sources import connect, from_text


def ask(
    question: str = "",
    *,
    text: str | None = None,
    file: str | Path | None = None,
    sources: Mapping[str, Any] | None = None,
    window: Window | str | None = None,
    baseline: Window | str | None = None,
) -> Answer:
    """Answer at once about a pasted log, a file or sources; a question is not needed.

    Parameters
    ----------
    question
        What to know; empty for a summary.
    text, file, sources
        The data: pasted lines, a path or glob, or name to whatever ``connect`` takes.
    window, baseline
        Where to look and what to compare with; default: the onset is looked for in the data.

    Raises
    ------
    SourceError
        If no data is given, or it cannot be read.

    Examples
    --------
    >>> lines = "2026-03-01T14:02:11Z ERROR payment: card gateway timed out"
    >>> ask(text=lines).findings[0].example
    'payment: card gateway timed out'
    """
    given: dict[str, Any] = dict(sources or {})
    if text is not None:
        given["text"] = from_text(text)
    if file is not None:
        given["logs"] = file
    if not given:
        raise SourceError("there is nothing to look at: give text=…, file=… or sources=…")
    handler = QueryHandler()
    opened = {name: connected(name, target) for name, target in given.items()}
    desk = handler.open(
        opened,
        Window.model_validate(window) if window is not None else None,
        Window.model_validate(baseline) if baseline is not None else None,
    )
    return handler.answer(question, desk)


def connected(name: str, target: Any) -> Source:
    """Return the source, connected if it is not yet."""
    return target if isinstance(target, Source) else connect(target, name=name)
