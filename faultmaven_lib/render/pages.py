"""The style sheet, whole pages, and answers as HTML."""

from __future__ import annotations

import hashlib
from datetime import tzinfo
from functools import cache
from importlib.resources import files
from typing import Literal

from markupsafe import Markup

from faultmaven_lib.model import Answer
from faultmaven_lib.render import fragments
from faultmaven_lib.render.narration import narration_html
from faultmaven_lib.render.templating import render

Theme = Literal["auto", "light", "dark"]


@cache
def stylesheet() -> str:
    """Return the style sheet; all of it is scoped under ``.fm`` and ``.fm-page``.

    Examples
    --------
    >>> "--fm-accent" in stylesheet(), "http" in stylesheet()
    (True, False)
    """
    return files("faultmaven_lib.render").joinpath("faultmaven.css").read_text(encoding="utf-8")


def page(title: str, body: str, *, theme: Theme = "auto") -> str:
    """Return a whole document that asks nobody for anything: no script, no font, no image from elsewhere.

    Parameters
    ----------
    title
        Text; escaped here.
    body
        Fragments made by this package; not escaped.
    theme
        ``auto`` follows the reader's system.

    Examples
    --------
    >>> html = page("INC-7 <db>", "<p>…</p>")
    >>> "<title>INC-7 &lt;db&gt;</title>" in html, "<script" in html
    (True, False)
    """
    scheme = "light dark" if theme == "auto" else theme
    return str(
        render(
            "page.html",
            title=title,
            body=Markup(body),  # noqa: S704 (the caller's fragments are escaped)
            theme=theme,
            scheme=scheme,
            style=Markup(stylesheet()),  # noqa: S704 (package data)
        )
    )


def embed(fragment: str) -> str:
    """Return a fragment with the style sheet, as one output of a notebook needs it.

    Examples
    --------
    >>> embed("<p>…</p>").startswith("<style>")
    True
    """
    return f"<style>{stylesheet()}</style>\n{fragment}"


def answer_html(answer: Answer, *, zone: str | tzinfo | None = None) -> str:
    """Return an answer: the sentence, claims, causes, next steps, what is not known, evidence.

    Chips lead to the answer's own evidence below, so that several answers can stand on one page.

    Parameters
    ----------
    answer
        What ``ask`` returned.
    zone
        The reader's zone; default: the machine's.

    Examples
    --------
    >>> "&lt;script&gt;" in answer_html(Answer(headline="<script>"))
    True
    """
    digest = hashlib.sha256(answer.model_dump_json().encode("utf-8", "surrogatepass"))
    prefix = f"fm-{digest.hexdigest()[:8]}-"
    evidence = answer.evidence
    return str(
        render(
            "answer.html",
            a=answer,
            zone=zone,
            claims=fragments.claims_html(answer.claims, evidence, prefix=prefix),
            hypotheses=fragments.hypotheses_html(
                answer.hypotheses, evidence, answer.findings, prefix=prefix, zone=zone
            ),
            findings=fragments.findings_html(answer.findings, evidence, limit=10, prefix=prefix, zone=zone),
            checks=fragments.checks_html(answer.checks, evidence, prefix=prefix),
            recommendations=fragments.recommendations_html(answer.recommendations, evidence, prefix=prefix),
            narration=narration_html(answer.narration, evidence, prefix=prefix),
            similar=fragments.similar_html(answer.similar),
            evidence=fragments.evidence_html(evidence, open_results=False, prefix=prefix, zone=zone),
        )
    )
