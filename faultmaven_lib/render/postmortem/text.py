"""The postmortem as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING

from faultmaven_lib.model import Case, SimilarCase, Verification
from faultmaven_lib.render import evidence_told, markdown, moment, prose_markdown, timeline, window_text
from faultmaven_lib.render.escape import markdown as md
from faultmaven_lib.render.postmortem import story

if TYPE_CHECKING:
    import pandas as pd


def as_markdown(
    case: Case,
    *,
    verifications: Iterable[Verification] = (),
    frames: Mapping[str, pd.DataFrame] | None = None,
    zone: str | tzinfo | None = None,
    similar: Iterable[SimilarCase] = (),
    missing: Iterable[str] = (),
) -> str:
    """Return the postmortem of a case as Markdown, in the order of the page."""
    outcomes, alike = tuple(verifications), tuple(similar)
    told = story.headline(case)
    parts = [
        f"# {md(case.title)}",
        (f"{md(case.id)} · " if case.id else "")
        + f"{case.severity.upper()} · {case.status} · team {md(case.team)}"
        + (f" · {md(', '.join(case.services))}" if case.services else ""),
        f"**{md(told.text)}**{markdown.cites(told.evidence)}",
        "## Impact",
        md(case.impact) or "Not recorded.",
        "## Key times",
        markdown.table(("", "Time", ""), [[t.name, _at(t, zone), t.since] for t in story.clock(case)]),
        "## Causes",
        *_causes(case, zone),
        "## Time line",
        markdown.timeline(timeline(case, frames), zone=zone),
        "## What moved",
        markdown.findings(story.ranked(case), zone=zone),
        "## Claims",
        markdown.claims(case.claims) or "No claims are made.",
        "## Next steps",
        markdown.recommendations(case.recommendations) or "None are recommended.",
        *_by_people(case, zone),
        *(["## Seen before", markdown.similar(alike)] if alike else []),
        "## What is not known",
        markdown.bullets(story.unknowns(case, outcomes, missing)) or "Nothing that is usually recorded is missing.",
        "## Verification",
        markdown.verification(outcomes),
        "## Evidence",
        md(evidence_told(case.evidence)),
        f"Incident {md(window_text(case.window, zone))}; baseline {md(window_text(case.baseline, zone))}.",
        markdown.evidence(case.evidence, zone=zone),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _at(tick: story.Tick, zone: str | tzinfo | None) -> str:
    return md(moment(tick.at, zone)) if tick.at is not None else "not recorded"


def _causes(case: Case, zone: str | tzinfo | None) -> Iterator[str]:
    if case.confirmed_cause is not None:
        cause = case.confirmed_cause
        since = f", from {moment(cause.onset, zone)}" if cause.onset else ""
        yield f"Confirmed: {md(f'{cause.mechanism.phrase} in {cause.service}{since}')}."
    if case.hypotheses or case.analyzed:
        yield markdown.hypotheses(case.hypotheses, case.evidence, case.findings, zone=zone)
    else:
        yield "The analysis has not run yet."


def _by_people(case: Case, zone: str | tzinfo | None) -> Iterator[str]:
    if case.action_items:
        yield "## Action items"
        rows = [
            ["done" if a.done else "open", md(a.text), md(a.owner) or "nobody", str(a.due or "no date")]
            for a in case.action_items
        ]
        yield markdown.table(("", "What", "Owner", "Due"), rows)
    if case.people:
        yield "## People"
        yield "\n".join(f"- {md(role)}: {md(name)}" for role, name in case.people.items())
    if case.statements:
        yield "## Statements"
        for one in case.statements:
            yield f"> {md(one.text)}\n>\n> {md(one.author)}, {md(moment(one.at, zone))}"
    if case.postmortem.strip():
        yield "## Account"
        yield prose_markdown(case.postmortem)
    if case.links:
        yield "## Links"
        yield markdown.bullets(case.links)
