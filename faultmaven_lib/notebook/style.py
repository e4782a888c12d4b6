"""The style of notebooks and dashboards: the one style sheet, and what charts and widgets need besides."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from faultmaven_lib.render import stylesheet


@cache
def style_html() -> str:
    """Return both style sheets as one ``<style>`` element.

    Examples
    --------
    >>> style_html().startswith("<style>"), "http" in style_html()
    (True, False)
    """
    own = files("faultmaven_lib.notebook").joinpath("notebook.css").read_text(encoding="utf-8")
    return f"<style>\n{stylesheet()}\n{own}</style>"
