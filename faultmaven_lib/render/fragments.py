"""Nouns as fragments of HTML, each complete in itself: what notebooks, dashboards and reports put together."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import tzinfo

from markupsafe import Markup

from faultmaven_lib.model import (
    Check,
    Claim,
    Evidence,
    Finding,
    Hypothesis,
    Outcome,
    Recommendation,
    Severity,
    SimilarCase,
    Verification,
)
from faultmaven_lib.render.arguments import Arguments, arguments
from faultmaven_lib.render.checks import check_answer, check_expected
from faultmaven_lib.render.chronology import Entry
from faultmaven_lib.render.formats import count
from faultmaven_lib.render.tables import Preview, counts_in_words, preview
from faultmaven_lib.render.templating import PREFIX, render

_FINDINGS = 25
_ROWS = 5
_SIGNS = {
    Outcome.SAME: ("✓", "same"),
    Outcome.CHANGED: ("≠", "changed"),
    Outcome.SOURCE_GONE: ("∅", "gone"),
    Outcome.OTHER_KEY: ("~", "key"),
    Outcome.NOT_RERUNNABLE: ("–", "none"),
}


@dataclass(frozen=True)
class _HypothesisView:
    hypothesis: Hypothesis
    arguments: Arguments


@dataclass(frozen=True)
class _EvidenceView:
    entry: Evidence
    preview: Preview
    parameters: str
    counts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _VerificationView:
    verification: Verification
    sign: str
    css: str


def _by_id(evidence: Iterable[Evidence]) -> dict[str, Evidence]:
    return {entry.id: entry for entry in evidence}


def hypotheses_html(
    hypotheses: Iterable[Hypothesis],
    evidence: Iterable[Evidence],
    findings: Iterable[Finding] = (),
    *,
    prefix: str = PREFIX,
    zone: str | tzinfo | None = None,
) -> str:
    """Return hypotheses as given, each with what speaks for and against it; none says that nothing stands out.

    Parameters
    ----------
    hypotheses
        The leading one first.
    evidence
        The ledger, or the entries that are cited.
    findings
        The findings that the hypotheses name: their sentences are the arguments.
    prefix
        That of the appendix the chips lead to: see ``evidence_html``.
    zone
        The reader's zone; default: the machine's.

    Examples
    --------
    >>> "Nothing stands out" in hypotheses_html((), ())
    True
    """
    entries, told = _by_id(evidence), tuple(findings)
    views = [_HypothesisView(h, arguments(h, entries.values(), told)) for h in hypotheses]
    return render("hypotheses.html", views=views, entries=entries, prefix=prefix, zone=zone)


def findings_html(
    findings: Iterable[Finding],
    evidence: Iterable[Evidence] = (),
    *,
    limit: int = _FINDINGS,
    prefix: str = PREFIX,
    zone: str | tzinfo | None = None,
) -> str:
    """Return the first findings as a table, in the order given.

    Examples
    --------
    >>> "Nothing stands out" in findings_html(())
    True
    """
    told = list(findings)
    return render(
        "findings.html",
        findings=told[:limit],
        more=max(0, len(told) - limit),
        entries=_by_id(evidence),
        prefix=prefix,
        zone=zone,
    )


def evidence_html(
    evidence: Iterable[Evidence],
    *,
    rows: int = _ROWS,
    open_results: bool = True,
    prefix: str = PREFIX,
    zone: str | tzinfo | None = None,
) -> str:
    """Return the evidence appendix: query, source, window, fingerprint, notes and first rows of every entry.

    Parameters
    ----------
    evidence
        The ledger, or some of its entries.
    rows
        How many rows of each result are shown.
    open_results
        Whether the rows are unfolded.
    prefix
        What the ids of the entries start with; chips made with the same prefix lead there. Two answers on
        one page need two prefixes.
    zone
        The reader's zone; default: the machine's.

    Examples
    --------
    >>> "No evidence has been recorded" in evidence_html(())
    True
    """
    entries = _by_id(evidence)
    views = [_EvidenceView(e, preview(e, rows), _parameters(e), _counts(e)) for e in entries.values()]
    return render("evidence.html", views=views, entries=entries, open_results=open_results, prefix=prefix, zone=zone)


def _parameters(entry: Evidence) -> str:
    if entry.operation is None or not entry.operation.parameters:
        return ""
    return ", ".join(
        f"{name}={json.dumps(value, default=str, ensure_ascii=False)}"
        for name, value in entry.operation.parameters.items()
    )


def _counts(entry: Evidence) -> tuple[tuple[str, str], ...]:
    kept = ((name, entry.summary.get(name)) for name in ("service", "level"))
    return tuple((name, counts_in_words(counts)) for name, counts in kept if isinstance(counts, dict))


def verification_html(
    verifications: Iterable[Verification],
    evidence: Iterable[Evidence] = (),
    *,
    prefix: str = PREFIX,
) -> str:
    """Return what running the evidence again has shown, as a table.

    Examples
    --------
    >>> "has been run again" in verification_html(())
    True
    """
    views = [_VerificationView(v, *_SIGNS[v.outcome]) for v in verifications]
    told = verification_text(view.verification for view in views)
    return render("verification.html", views=views, told=told, entries=_by_id(evidence), prefix=prefix)


def verification_text(verifications: Iterable[Verification]) -> str:
    """Return the outcomes in one sentence.

    Examples
    --------
    >>> verification_text([Verification(evidence="E1", outcome="same")])
    '1 result was run again: 1 same.'
    """
    outcomes = [v.outcome for v in verifications]
    told = ", ".join(f"{outcomes.count(o)} {o.value}" for o in Outcome if o in outcomes)
    were = "was" if len(outcomes) == 1 else "were"
    return f"{count(len(outcomes), 'result')} {were} run again: {told}." if outcomes else ""


def timeline_html(
    entries: Iterable[Entry],
    evidence: Iterable[Evidence] = (),
    *,
    prefix: str = PREFIX,
    zone: str | tzinfo | None = None,
) -> str:
    """Return a time line; ``faultmaven_lib.render.timeline`` makes the entries of a case.

    Examples
    --------
    >>> "Nothing on record has a time" in timeline_html(())
    True
    """
    return render("timeline.html", entries=list(entries), evidence=_by_id(evidence), prefix=prefix, zone=zone)


def claims_html(claims: Iterable[Claim], evidence: Iterable[Evidence] = (), *, prefix: str = PREFIX) -> str:
    """Return claims as a list, each ending in its evidence."""
    return render("claims.html", claims=list(claims), entries=_by_id(evidence), prefix=prefix)


def recommendations_html(
    recommendations: Iterable[Recommendation], evidence: Iterable[Evidence] = (), *, prefix: str = PREFIX
) -> str:
    """Return next steps as items of a list; commands are shown as text."""
    return render(
        "recommendations.html",
        recommendations=list(recommendations),
        entries=_by_id(evidence),
        prefix=prefix,
    )


def checks_html(checks: Iterable[Check], evidence: Iterable[Evidence] = (), *, prefix: str = PREFIX) -> str:
    """Return what tells hypotheses apart, with the answers that the data at hand gave.

    Examples
    --------
    >>> asked = Check(question="Is <db> full?", hypotheses=("H1", "H2"), expected=("yes: H1", "no: H2"))
    >>> "Is &lt;db&gt; full?" in checks_html([asked])
    True
    """
    return render(
        "checks.html",
        checks=list(checks),
        expected=check_expected,
        answer=check_answer,
        entries=_by_id(evidence),
        prefix=prefix,
    )


def similar_html(similar: Iterable[SimilarCase]) -> str:
    """Return similar cases as a list."""
    return render("similar.html", similar=list(similar))


def severity_html(severity: Severity) -> str:
    """Return a severity told by letters, by the number of filled bars and by its border, before any colour.

    Examples
    --------
    >>> severity_html("sev2").count('fill-opacity="1"'), "SEV2" in severity_html("sev2")
    (3, True)
    """
    step = int(severity[-1])
    bars = Markup("").join(
        Markup('<rect x="{}" y="{}" width="4" height="{}" fill="currentColor" fill-opacity="{}"/>').format(
            5 * i, 9 - 3 * i, 3 + 3 * i, 1 if i < 5 - step else 0.25
        )
        for i in range(4)
    )
    return Markup(
        '<span class="fm-sev fm-{}"><svg viewBox="0 0 20 12" aria-hidden="true">{}</svg>'
        '<span aria-label="severity {} of 4, 1 is the worst">{}</span></span>'
    ).format(severity, bars, step, severity.upper())


def evidence_told(evidence: Iterable[Evidence]) -> str:
    """Return in one sentence how much evidence there is and how much of it can be run again.

    Examples
    --------
    >>> evidence_told(())
    'No evidence.'
    """
    entries = list(evidence)
    if not entries:
        return "No evidence."
    again = sum(entry.rerunnable for entry in entries)
    return f"{count(len(entries), 'result')}, {'all' if again == len(entries) else again} can be run again."
