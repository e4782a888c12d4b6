"""Stored cases as entries of an index, and findings as a question to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from faultmaven_lib.knowledge.index import Entry
from faultmaven_lib.model import Case, Finding, Mechanism, Status

_FINDINGS = 40
"""Of a case with more, the first: they stand out most."""
_LENGTH = 400
"""Characters of a subject or sentence that are looked at."""

_BLANK = re.compile(
    r"<[^<>]{0,40}>|(?<![A-Za-z0-9])(?:total|seconds|bytes|bucket|count|sum|ratio|percent|ms|p50|p9\d+)(?![A-Za-z0-9])"
)
"""A template's placeholder, or a metric's unit or statistic: says nothing of what the finding is about."""


def entry_of(case: Case) -> Entry:
    """Return what a case is found by: what was odd, what was thought of it, and what it was."""
    argued = [h for h in case.hypotheses if h.status is not Status.REFUTED and not h.only_proposed]
    odd = [(f"finding: {f.kind.value}", _told(f)) for f in case.findings[:_FINDINGS]]
    thought = [(f"hypothesis, {h.status.value}", f"{h.cause} {h.mechanism.phrase}"[:_LENGTH]) for h in argued]
    marks = {f"service={service}" for service in (*case.services, *(f.service for f in case.findings)) if service}
    known: list[tuple[str, str]] = []
    if cause := case.confirmed_cause:
        known = [("confirmed cause", f"{cause.service} {cause.mechanism.phrase}")]
        marks |= {f"service={cause.service}", f"mechanism={cause.mechanism.value}"}
    marks |= {f"mechanism={h.mechanism.value}" for h in argued}
    marks -= {"mechanism=unknown"}
    parts = (("title", case.title), ("impact", case.impact), *known, *thought, *odd)
    return Entry(case.id, case.title, tuple((h, t) for h, t in parts if t.strip()), tuple(sorted(marks)))


def _told(finding: Finding) -> str:
    return _BLANK.sub(" ", finding.subject[:_LENGTH])


def asked(findings: Sequence[Finding] | str) -> str:
    """Return the words that findings are looked up by."""
    if isinstance(findings, str):
        return findings[: _FINDINGS * _LENGTH]
    return "\n".join(dict.fromkeys(_told(f) for f in findings[:_FINDINGS]))


def marks_of(
    findings: Sequence[Finding] | str, services: Iterable[str], mechanisms: Iterable[Mechanism | str]
) -> tuple[str, ...]:
    """Return the services and mechanisms that a question names, as an entry has them."""
    named = set(services)
    if not isinstance(findings, str):
        named |= {f.service for f in findings[:_FINDINGS]}
    known = {Mechanism(m) for m in mechanisms} - {Mechanism.UNKNOWN}
    return (*(f"service={s}" for s in sorted(named - {""})), *(f"mechanism={m.value}" for m in sorted(known)))


def cause_of(case: Case) -> str:
    """Return the confirmed cause in words; empty if none was confirmed."""
    if case.confirmed_cause is None:
        return ""
    return f"{case.confirmed_cause.service}: {case.confirmed_cause.mechanism.phrase}"
