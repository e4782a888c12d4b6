"""A sentence about an order: one of a few shapes, filled with two dated findings whose onsets lie apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from faultmaven_lib.claims.facts import fold
from faultmaven_lib.model import Finding
from faultmaven_lib.troubleshooting.llm.figures import is_moment

APART = timedelta(seconds=10)
"""Onsets closer than this are not put in an order: samples and log lines are not dated finer than that."""
_CLOCK = r"(?:\d{4}-\d{2}-\d{2}[ t])?\d{2}:\d{2}(?::\d{2})?(?: ?z| utc)?"
_MOVED = r"(?:moved|changed|shifted)"


def _names(finding: Finding) -> str:
    service, subject = re.escape(fold(finding.service)), re.escape(fold(finding.subject))
    both = rf"{subject} of (?:the service )?{service}|{service}'s {subject}|{service} {subject}"
    return rf"(?:{both}|{service})"


def shape(first: Finding, second: Finding) -> re.Pattern[str]:
    """Return what a whole sentence that puts two findings in their order looks like, folded, without its full stop."""
    a, b = _names(first), _names(second)
    before = (
        rf"(?P<a1>{a}) {_MOVED}(?:,? at (?P<ta1>{_CLOCK}),?)? before (?P<b1>{b})(?: {_MOVED}| did)?"
        rf"(?:,? at (?P<tb1>{_CLOCK}))?"
    )
    after = (
        rf"(?P<b2>{b}) {_MOVED}(?:,? at (?P<tb2>{_CLOCK}),?)? after (?P<a2>{a})(?: {_MOVED}| did)?"
        rf"(?:,? at (?P<ta2>{_CLOCK}))?"
    )
    earliest = (
        rf"(?P<a3>{a}) (?P<first>{_MOVED} first)(?:,? at (?P<ta3>{_CLOCK}))?"
        rf"(?:,? (?:and )?then (?P<b3>{b})(?: {_MOVED}| did)?(?:,? at (?P<tb3>{_CLOCK}))?)?"
    )
    forms = (before, after, earliest)
    return re.compile(rf"(?:{'|'.join(forms)})(?: \((?:[EHF][1-9]\d*(?:, )?)+\))?", re.IGNORECASE | re.ASCII)


def problems(text: str, first: Finding, second: Finding, findings: Iterable[Finding]) -> list[str]:
    """Return why a sentence does not say the order of two findings.

    Parameters
    ----------
    text
        The sentence.
    first, second
        The findings that it says came in this order.
    findings
        All that are held: what moved first, moved before each of them.
    """
    match = shape(first, second).fullmatch(" ".join(text.split()).removesuffix("."))
    if match is None:
        return [f"speaks of an order in words that cannot be held against {first.id} and {second.id}"]
    told = match.groupdict()
    # A named group a form: of those only one has matched.
    a, b, at_a, at_b = (next((told[f"{n}{i}"] for i in "123" if told[f"{n}{i}"]), "") for n in ("a", "b", "ta", "tb"))
    held = list(findings)
    found = [*_onset(a, first, held), *(_onset(b, second, held) if b else [])]
    found += _times(at_a, first) + _times(at_b, second)
    if fold(a) == fold(b):
        found.append(f"puts {a} in an order with itself")
    if found or not isinstance(first.onset, datetime) or not isinstance(second.onset, datetime):
        return found or [f"puts {first.id} and {second.id} in an order, which are not both dated"]
    if second.onset - first.onset < APART:
        late = second.onset < first.onset
        why = "is not the order of their onsets" if late else "cannot be said: their onsets lie too close together"
        return [f"says that {first.id} came before {second.id}, which {why}"]
    if told["first"]:
        return _first(first, held)
    return []


def _onset(name: str, finding: Finding, findings: Sequence[Finding]) -> list[str]:
    """Where only a service is named, all of it is meant, and what moved there first."""
    if fold(name) != fold(finding.service):
        return []
    for other in findings:
        if other.service == finding.service and _earlier(other.onset, finding.onset):
            return [f"speaks of {finding.service} as a whole, which moved earlier than {finding.id}: see {other.id}"]
    return []


def _earlier(one: object, other: object) -> bool:
    return isinstance(one, datetime) and isinstance(other, datetime) and one < other


def _times(text: str, finding: Finding) -> list[str]:
    if text and not is_moment(text.upper(), finding.onset):
        return [f"gives the time {text}, which is not the onset of {finding.id}"]
    return []


def _first(finding: Finding, findings: Sequence[Finding]) -> list[str]:
    assert isinstance(finding.onset, datetime)  # noqa: S101 (the caller has compared it)
    for other in findings:
        if other.service != finding.service and _earlier(other.onset, finding.onset + APART):
            return [f"says that {finding.service} moved first, where {other.id} of {other.service} is not later"]
    return []
