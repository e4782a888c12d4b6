"""Assemble an Answer: each sentence with its evidence, checked before it is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import pandas as pd

from faultmaven_lib.claims import ClaimChecker
from faultmaven_lib.model import (
    Answer,
    Check,
    Claim,
    Evidence,
    Finding,
    FindingKind,
    Hypothesis,
    Recommendation,
    SimilarCase,
    Window,
)
from faultmaven_lib.query.workspace import Workspace
from faultmaven_lib.render import answer_html, answer_text

_MOST_FINDINGS = 8
_MOST_IN_A_TURN = 2
_METRIC_KINDS = (
    FindingKind.LEVEL_SHIFT,
    FindingKind.SPIKE,
    FindingKind.TREND,
    FindingKind.VARIANCE_CHANGE,
    FindingKind.FLAT_LINE,
    FindingKind.MISSING,
)
_TRACE_KINDS = (FindingKind.EDGE_LATENCY, FindingKind.EDGE_ERRORS)
_APART = timedelta(seconds=10)
"""Onsets closer than this are not put in an order: samples and log lines are not dated finer than that."""


class ShownAnswer(Answer):
    """An answer that shows itself: as HTML in a notebook, as text in a terminal."""

    def _repr_html_(self) -> str:
        return answer_html(self)

    def __str__(self) -> str:
        return answer_text(self)


def cause_claims(hypotheses: Iterable[Hypothesis]) -> list[Claim]:
    """Return a claim for each hypothesis that is still held."""
    return [
        Claim(text=h.cause, evidence=h.supports, findings=(), hypotheses=(h.id,))
        for h in hypotheses
        if h.supports and h.status.value in ("open", "confirmed")
    ]


def finding_claims(findings: Sequence[Finding], most: int = _MOST_FINDINGS) -> list[Claim]:
    """Return the findings that say most as claims, not all of them about one service."""
    return [Claim(text=f.sentence, evidence=f.evidence, findings=(f.id,)) for f in mixed(findings)[:most] if f.evidence]


def mixed(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings by score, but of one service and kind of source only a few before the others have had a turn.

    Logs and metrics score on scales of their own, and what one service says in ten ways is one thing to know.
    """
    seen: dict[tuple[str, int], int] = {}
    order: list[tuple[int, float, Finding]] = []
    for finding in sorted(findings, key=lambda f: -f.score):
        key = (finding.service, (finding.kind in _METRIC_KINDS) + 2 * (finding.kind in _TRACE_KINDS))
        order.append((seen.get(key, 0) // _MOST_IN_A_TURN, -finding.score, finding))
        seen[key] = seen.get(key, 0) + 1
    return [finding for _, _, finding in sorted(order, key=lambda entry: entry[:2])]


def frequent_claims(summary: pd.DataFrame, entry: Evidence, most: int = 3) -> list[Claim]:
    """Return what is logged most often, as claims on a summary of templates."""
    frequent = summary[summary["count"] > 1].sort_values("count", ascending=False, kind="stable").head(most)
    return [
        Claim(
            text=f'{row["service"]} logged "{_cut(row["template"])}" {row["count"]:,} times.',
            evidence=(entry.id,),
        )
        for row in frequent.to_dict("records")
        if row["service"] and row["template"]
    ]


def _cut(text: str, length: int = 120) -> str:
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 1]}…"


def order_claim(findings: Sequence[Finding], services: Sequence[str]) -> Claim | None:
    """Return which of the services moved first, where their onsets are apart."""
    first: dict[str, tuple[datetime, Finding]] = {}
    dated = [(f.onset, f) for f in findings if isinstance(f.onset, datetime) and f.service in services]
    for onset, finding in sorted(dated, key=lambda pair: pair[0]):
        first.setdefault(finding.service, (onset, finding))
    if len(first) < 2:
        return None
    (began, one), (followed, two) = list(first.values())[:2]
    if followed - began < _APART:
        return None
    first_at, second_at = f"{began:%H:%M:%S}", f"{followed:%H:%M:%S}"
    text = f"{one.service} moved first, at {first_at}; {two.service} moved after {one.service}, at {second_at}."
    evidence = tuple(dict.fromkeys([*one.evidence, *two.evidence]))
    return Claim(text=text, evidence=evidence, findings=(one.id, two.id))


def nothing_claim(ranking: Evidence | None) -> Claim | None:
    """Return the claim that nothing stands out, if an analysis that found nothing carries it."""
    if ranking is None or ranking.rows or not ranking.rerunnable:
        return None
    return Claim(text="Nothing stands out.", evidence=(ranking.id,))


def checked(
    desk: Workspace, claims: Iterable[Claim], hypotheses: Sequence[Hypothesis]
) -> tuple[list[Claim], list[str]]:
    """Return the claims that hold, and a sentence on each that had to be dropped."""
    checker = ClaimChecker(desk.ledger, desk.findings, hypotheses)
    held: list[Claim] = []
    dropped: list[str] = []
    for claim in claims:
        problems = checker.problems(claim)
        if problems:
            dropped.append(f"a sentence was dropped because {problems[0]}")
        elif claim not in held:
            held.append(claim)
    return held, dropped


def assemble(
    desk: Workspace,
    question: str,
    headline: str,
    claims: Iterable[Claim],
    *,
    window: Window | None = None,
    baseline: Window | None = None,
    findings: Sequence[Finding] = (),
    hypotheses: Sequence[Hypothesis] = (),
    checks: Sequence[Check] = (),
    recommendations: Sequence[Recommendation] = (),
    follow_ups: Sequence[str] = (),
    similar: Sequence[SimilarCase] = (),
    runbooks: Sequence[str] = (),
) -> ShownAnswer:
    """Put an answer together; what its evidence does not carry is left out and said to be."""
    held, dropped = checked(desk, claims, hypotheses)
    cited = [i for c in held for i in c.evidence] + [i for h in hypotheses for i in (*h.supports, *h.contradicts)]
    cited += [i for f in findings for i in f.evidence] + [i for c in checks for i in c.evidence]
    return ShownAnswer(
        question=question,
        headline=headline,
        window=window,
        baseline=baseline,
        claims=tuple(held),
        findings=tuple(mixed(findings)),
        hypotheses=tuple(hypotheses),
        checks=tuple(checks),
        recommendations=tuple(recommendations),
        follow_ups=tuple(follow_ups),
        similar=tuple(similar),
        runbooks=tuple(runbooks),
        missing=tuple(dict.fromkeys([*desk.missing, *dropped])),
        evidence=tuple(entry for entry in desk.ledger if entry.id in desk.ledger.with_parents(cited)),
    )
