"""Nouns as Markdown: for a chat, a ticket, a repository. No mark-up of others comes through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo

from faultmaven_lib.model import (
    Answer,
    Check,
    Claim,
    Evidence,
    Finding,
    Hypothesis,
    Recommendation,
    SimilarCase,
    Verification,
)
from faultmaven_lib.render.arguments import arguments
from faultmaven_lib.render.checks import check_answer, check_expected
from faultmaven_lib.render.chronology import Entry
from faultmaven_lib.render.escape import clip, code
from faultmaven_lib.render.escape import markdown as md
from faultmaven_lib.render.formats import count, moment, number, onset_text, window_text
from faultmaven_lib.render.fragments import verification_text
from faultmaven_lib.render.narration import narration_markdown

Zone = str | tzinfo | None


def answer_markdown(answer: Answer, *, zone: Zone = None) -> str:
    r"""Return an answer as Markdown, the sentence first.

    Parameters
    ----------
    answer
        What ``ask`` returned.
    zone
        The reader's zone; default: the machine's.

    Examples
    --------
    >>> print(answer_markdown(Answer(headline="<b> is *slow*.", follow_ups=("Since when?",))))
    **\<b\> is \*slow\*.**
    <BLANKLINE>
    ### To ask next
    <BLANKLINE>
    - Since when?
    """
    return "\n\n".join(_answer(answer, zone))


def _answer(answer: Answer, zone: Zone) -> Iterator[str]:
    yield f"**{md(answer.headline)}**"
    if answer.window is not None:
        against = f" compared with {window_text(answer.baseline, zone)}" if answer.baseline else ""
        yield f"Looked at {md(window_text(answer.window, zone))}{md(against)}"
    if answer.progress:
        yield md(answer.progress)
    if answer.claims:
        yield claims(answer.claims)
    if answer.hypotheses:
        yield "### Likely causes"
        yield hypotheses(answer.hypotheses, answer.evidence, answer.findings, zone=zone)
    if answer.findings:
        yield "### What differs"
        yield findings(answer.findings, limit=10, zone=zone)
    if answer.checks:
        yield "### What tells them apart"
        yield checks(answer.checks)
    if answer.recommendations:
        yield "### Next steps"
        yield recommendations(answer.recommendations)
    for title, texts in (
        ("Runbooks", answer.runbooks),
        ("Seen before", [_similar(s) for s in answer.similar]),
        ("What is not known", answer.missing),
        ("To ask next", answer.follow_ups),
    ):
        if texts:
            yield f"### {title}"
            yield bullets(texts)
    if answer.narration is not None:
        yield from narration_markdown(answer.narration)
    if answer.evidence:
        yield "### Evidence"
        yield evidence(answer.evidence, zone=zone)


def bullets(texts: Iterable[str]) -> str:
    """Return texts as a list."""
    return "\n".join(f"- {md(clip(text, 2000))}" for text in texts)


def cites(ids: Iterable[str]) -> str:
    """Return evidence ids as they follow a sentence."""
    told = ", ".join(md(i) for i in ids)
    return f" \\[{told}\\]" if told else ""


def table(header: Iterable[str], rows: Iterable[Iterable[str]], right: Iterable[int] = ()) -> str:
    """Return a table; the cells are Markdown already."""
    names, aligned = list(header), set(right)
    rule = "|" + "|".join(" ---: " if i in aligned else " --- " for i in range(len(names))) + "|"
    return "\n".join([f"| {' | '.join(names)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)])


def claims(told: Iterable[Claim]) -> str:
    """Return claims as a list, each ending in its evidence."""
    return "\n".join(f"- {md(claim.text)}{cites(claim.evidence)}" for claim in told)


def hypotheses(
    ranked: Iterable[Hypothesis],
    ledger: Iterable[Evidence],
    told: Iterable[Finding] = (),
    *,
    zone: Zone = None,
) -> str:
    """Return hypotheses, each with what speaks for and against it."""
    entries, sentences = list(ledger), list(told)
    parts = []
    for h in ranked:
        standing = (
            f"{h.confidence.value}, {h.status.value}: {h.mechanism.phrase} in {h.service or 'an unknown service'}"
        )
        if h.onset is not None:
            standing += f", from {onset_text(h.onset, zone)}"
        if h.alternative_to:
            standing += f"; the alternative to {h.alternative_to}"
        lines = [f"**{md(h.id)} {md(h.cause)}**", "", md(standing), ""]
        sides = arguments(h, entries, sentences)
        for name, items, more in (
            ("for", sides.supporting, sides.more_supporting),
            ("against", sides.opposing, sides.more_opposing),
        ):
            lines += [f"- {name}: {md(item.sentence)}{cites(item.evidence)}" for item in items]
            lines += [f"- {name}: and {more} more"] if more else []
        lines += [] if sides.opposing else ["- against: nothing on record"]
        parts.append("\n".join(lines))
    if not parts:
        return "**Nothing stands out.** No cause is put forward."
    return "\n\n".join(parts)


def findings(told: Iterable[Finding], *, limit: int = 25, zone: Zone = None) -> str:
    """Return the first findings as a table."""
    rows = [
        [
            md(onset_text(f.onset, zone) or "not dated"),
            md(f.service),
            md(f.kind.value),
            md(f.sentence),
            md(number(f.before, f.unit)),
            md(number(f.after, f.unit)),
            cites(f.evidence).strip(),
        ]
        for f in told
    ]
    if not rows:
        return "**Nothing stands out** between the baseline and the incident."
    header = ("Onset", "Service", "Kind", "Finding", "Before", "After", "Evidence")
    rest = f"\n\nAnd {count(len(rows) - limit, 'more finding')} that stand out less." if len(rows) > limit else ""
    return table(header, rows[:limit], right=(4, 5)) + rest


def recommendations(steps: Iterable[Recommendation]) -> str:
    """Return next steps as a numbered list; commands are code."""
    parts = []
    for place, step in enumerate(steps, 1):
        lines = [f"{place}. **{md(step.action)}**{cites(step.evidence)} {md(step.rationale)}".rstrip()]
        lines += [f"   - {code(line)}" for line in step.command.splitlines() if line.strip()]
        for name, text in (("Risk", step.risk), ("It helped if", step.verify), ("Way back", step.rollback)):
            lines += [f"   - {name}: {md(text)}"] if text else []
        parts.append("\n".join(lines))
    return "\n".join(parts)


def checks(asked: Iterable[Check]) -> str:
    """Return what tells hypotheses apart as a list, with the answers."""
    parts = []
    for check in asked:
        lines = [f"- **{md(check.question)}** {md(check_expected(check))}"]
        if check.outcome != "open":
            lines.append(f"   - {md(check_answer(check))}{cites(check.evidence)}")
        elif check.query or check.command:
            lines.append(f"   - {code(f'{check.source}: {check.query}' if check.query else check.command)}")
        parts.append("\n".join(lines))
    return "\n".join(parts)


def _similar(case: SimilarCase) -> str:
    return f"{case.case_id} {case.title}{f': {case.cause}' if case.cause else ''} ({case.why})"


def similar(cases: Iterable[SimilarCase]) -> str:
    """Return similar cases as a list."""
    return bullets(_similar(case) for case in cases)


def timeline(entries: Iterable[Entry], *, zone: Zone = None) -> str:
    """Return a time line as a table."""
    rows = [
        [
            md(moment(e.at, zone)),
            md(e.name),
            md(e.service),
            (md(e.text) if e.kind != "clock" else "") + cites(e.evidence),
        ]
        for e in entries
    ]
    return table(("Time", "What", "Service", ""), rows) if rows else "Nothing on record has a time."


def verification(outcomes: Iterable[Verification]) -> str:
    """Return what running the evidence again has shown."""
    told = list(outcomes)
    if not told:
        return "No evidence has been run again."
    rows = [
        [
            md(v.evidence),
            v.outcome.value,
            md(v.difference),
            f"{v.added:,}",
            f"{v.removed:,}",
            "intact" if v.intact else "does not match its fingerprint",
        ]
        for v in told
    ]
    header = ("Evidence", "Outcome", "Difference", "Rows came", "Rows went", "Stored result")
    return f"{verification_text(told)}\n\n{table(header, rows, right=(3, 4))}"


def evidence(entries: Iterable[Evidence], *, zone: Zone = None) -> str:
    """Return the evidence as a table: what was asked, of what, when, and what came back."""
    rows = [
        [
            md(e.id),
            code(clip(e.label, 1000), in_table=True),
            md(e.url),
            md(window_text(e.window, zone)) if e.window else "",
            f"{e.rows:,}{' (head stored)' if e.partial else ''}",
            moment(e.taken_at, zone),
            code(e.sha256[:12] or "none"),
            "yes" if e.rerunnable else "no",
            md("; ".join(e.notes)),
        ]
        for e in entries
    ]
    header = ("", "Query", "Source", "Window", "Rows", "Taken at", "SHA-256", "Can be run again", "Notes")
    return table(header, rows, right=(4,)) if rows else "No evidence has been recorded."
