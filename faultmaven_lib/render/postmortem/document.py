"""The postmortem: one self-contained page, or Markdown, of a case whose every claim is supported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from faultmaven_lib import claims, render
from faultmaven_lib.exceptions import ReportError
from faultmaven_lib.model import Case, SimilarCase, Verification
from faultmaven_lib.render.postmortem import story
from faultmaven_lib.render.postmortem.files import write_whole
from faultmaven_lib.render.postmortem.text import as_markdown
from faultmaven_lib.render.templating import chips
from faultmaven_lib.render.templating import render as fill

if TYPE_CHECKING:
    import pandas as pd

_PREFIX = "fm-"


@dataclass(frozen=True)
class Material:
    """All that goes into a postmortem."""

    case: Case
    verifications: tuple[Verification, ...] = ()
    frames: Mapping[str, pd.DataFrame] | None = None
    zone: str | tzinfo | None = None
    similar: tuple[SimilarCase, ...] = ()
    missing: tuple[str, ...] = ()


def postmortem(
    case: Case,
    path: str | Path,
    *,
    verifications: Iterable[Verification] = (),
    frames: Mapping[str, pd.DataFrame] | None = None,
    zone: str | tzinfo | None = None,
    similar: Iterable[SimilarCase] = (),
    missing: Iterable[str] = (),
) -> Path:
    """Write the postmortem of a case; nothing is written unless every claim is supported.

    Parameters
    ----------
    case
        The case; its evidence carries the stored results.
    path
        ``.html`` for one page that needs nothing else, ``.md`` for Markdown, ``.pdf`` where Playwright and
        Chromium are installed.
    verifications
        What running the evidence again has shown.
    frames
        Results by evidence id, to draw from in place of the stored ones.
    zone
        The reader's zone, shown beside UTC; default: the machine's.
    similar
        Cases that resemble this one.
    missing
        What is known to be missing, a sentence each.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UnsupportedClaim
        If a claim of the case is not carried by its evidence. No file is made or changed.
    ReportError
        If the suffix is another one, the file cannot be written, or a PDF cannot be made.
    """
    target = Path(path)
    make = _WRITERS.get(target.suffix.lower())
    if make is None:
        raise ReportError(f"cannot write {target}: the name has to end in {', '.join(_WRITERS)}")
    outcomes = tuple(verifications)
    claims.check(case.claims, case.evidence, case.findings, case.hypotheses, outcomes)
    content = make(Material(case, outcomes, frames, zone, tuple(similar), tuple(missing)))
    write_whole(target, content)
    return target


def as_html(material: Material) -> str:
    """Return the postmortem as a whole page."""
    from faultmaven_lib.render.postmortem.charts import looked_at, what_moved

    case, zone = material.case, material.zone
    shared: dict[str, Any] = {"evidence": case.evidence, "prefix": _PREFIX}
    entries = {entry.id: entry for entry in case.evidence}
    told = story.headline(case)
    moved = what_moved(case, material.frames, zone)
    body = fill(
        "postmortem.html",
        "faultmaven_lib.render.postmortem",
        case=case,
        zone=zone,
        severity=render.severity_html(case.severity),
        headline=told.text,
        headline_chips=chips(told.evidence, _PREFIX, entries),
        clock=story.clock(case),
        causes=render.hypotheses_html(case.hypotheses, findings=case.findings, zone=zone, **shared),
        timeline=render.timeline_html(render.timeline(case, material.frames), zone=zone, **shared),
        figures=[Markup(figure) for figure in moved.figures],  # noqa: S704 (svg escapes)
        left_out=moved.left_out,
        looked_at=looked_at(case, zone),
        findings=render.findings_html(story.ranked(case), zone=zone, **shared),
        claims=render.claims_html(case.claims, **shared),
        recommendations=render.recommendations_html(case.recommendations, **shared),
        prose=Markup(render.prose_html(case.postmortem)),  # noqa: S704 (prose_html escapes)
        similar=material.similar,
        similar_html=render.similar_html(material.similar),
        unknowns=story.unknowns(case, material.verifications, material.missing),
        verification=render.verification_html(material.verifications, **shared),
        evidence=render.evidence_html(case.evidence, prefix=_PREFIX, zone=zone),
        evidence_told=render.evidence_told(case.evidence),
    )
    return render.page(f"{case.id}: {case.title}" if case.id else case.title, body)


def _html(material: Material) -> bytes:
    return as_html(material).encode()


def _markdown(material: Material) -> bytes:
    return as_markdown(
        material.case,
        verifications=material.verifications,
        frames=material.frames,
        zone=material.zone,
        similar=material.similar,
        missing=material.missing,
    ).encode()


def _pdf(material: Material) -> bytes:
    from faultmaven_lib.render.postmortem.pdf import as_pdf

    return as_pdf(as_html(material))


_WRITERS: dict[str, Callable[[Material], bytes]] = {".html": _html, ".md": _markdown, ".pdf": _pdf}
