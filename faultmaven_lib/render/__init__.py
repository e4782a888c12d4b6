"""Nouns as HTML, Markdown and text, everything escaped; one style for all of it.

Charts are in ``faultmaven_lib.render.svg``, which needs numpy and is therefore not imported here.
"""

from faultmaven_lib.render.chronology import Entry, timeline
from faultmaven_lib.render.escape import clip, one_line, visible
from faultmaven_lib.render.formats import count, in_words, moment, number, onset_text, window_text
from faultmaven_lib.render.fragments import (
    checks_html,
    claims_html,
    evidence_html,
    evidence_told,
    findings_html,
    hypotheses_html,
    recommendations_html,
    severity_html,
    similar_html,
    timeline_html,
    verification_html,
    verification_text,
)
from faultmaven_lib.render.markdown import answer_markdown
from faultmaven_lib.render.narration import narration_html
from faultmaven_lib.render.pages import answer_html, embed, page, stylesheet
from faultmaven_lib.render.prose import prose_html, prose_markdown
from faultmaven_lib.render.templating import chip, link_html, time_html
from faultmaven_lib.render.terminal import answer_text

__all__ = [
    "Entry",
    "answer_html",
    "answer_markdown",
    "answer_text",
    "checks_html",
    "chip",
    "claims_html",
    "clip",
    "count",
    "embed",
    "evidence_html",
    "evidence_told",
    "findings_html",
    "hypotheses_html",
    "in_words",
    "link_html",
    "moment",
    "narration_html",
    "number",
    "one_line",
    "onset_text",
    "page",
    "prose_html",
    "prose_markdown",
    "recommendations_html",
    "severity_html",
    "similar_html",
    "stylesheet",
    "time_html",
    "timeline",
    "timeline_html",
    "verification_html",
    "verification_text",
    "visible",
    "window_text",
]
