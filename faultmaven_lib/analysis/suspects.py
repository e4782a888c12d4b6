"""What each service shows: its findings, their weight, and when the first of them started."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from faultmaven_lib.analysis.traces.sentences import CLOCK
from faultmaven_lib.model import Finding, FindingKind

_LOG_KINDS = frozenset(
    {
        FindingKind.NEW_TEMPLATE,
        FindingKind.ERROR_TEMPLATE,
        FindingKind.GONE_TEMPLATE,
        FindingKind.SURGE,
        FindingKind.VALUE_SHIFT,
    }
)
_TRACE_KINDS = frozenset({FindingKind.EDGE_LATENCY, FindingKind.EDGE_ERRORS})
_WEIGHTS = {
    # What stops or thins out mostly does so because something else does not send it work any more.
    FindingKind.GONE_TEMPLATE: 0.6,
    FindingKind.DIP: 0.6,
    FindingKind.MISSING: 0.7,
    FindingKind.FLAT_LINE: 0.7,
    FindingKind.SPIKE: 0.8,
}
_FALL = 0.8
_STRONG = 0.6
"""Share of a service's largest weight above which a finding dates the service's onset."""


@dataclass
class Suspect:
    """One service and what stands out there."""

    service: str
    findings: list[Finding] = field(default_factory=list)
    named_by: list[Finding] = field(default_factory=list)
    """Findings in the logs of others that name this service."""
    seen: list[Finding] = field(default_factory=list)
    """Findings on what is but the view that its callers have of it (``explaining.views``)."""

    @property
    def strength(self) -> float:
        """How much stands out: the best of all sides it is seen from, less of the others, a little for being named."""
        best = dict.fromkeys(("metric", "log", "trace", "seen"), 0.0)
        for side, finding in [*((side_of(f), f) for f in self.findings), *(("seen", f) for f in self.seen)]:
            best[side] = max(best[side], weight(finding))
        first, second, third, _ = sorted(best.values(), reverse=True)
        named = max((weight(f) for f in self.named_by), default=0.0)
        return first + 0.4 * second + 0.2 * third + 0.3 * named

    @property
    def best(self) -> Finding:
        """The finding that weighs most."""
        return max(self.findings or self.named_by, key=lambda f: (weight(f), f.subject))

    @property
    def onset(self) -> datetime | float | None:
        """The first moment of its strong findings."""
        strong = [f for f in self.findings if weight(f) >= _STRONG * weight(self.best)]
        known = [f.onset for f in strong if f.onset is not None]
        if len({isinstance(k, datetime) for k in known}) > 1:
            known = [k for k in known if isinstance(k, datetime)]
        return min(known, key=number_of) if known else None


def number_of(onset: datetime | float) -> float:
    """Return an onset as a number, seconds for times."""
    return onset.timestamp() if isinstance(onset, datetime) else float(onset)


def is_log(finding: Finding) -> bool:
    """Whether a finding is about log lines; a dip in logs counts lines a minute."""
    return finding.kind in _LOG_KINDS or (
        finding.kind is FindingKind.DIP and finding.unit == "/min" and bool(finding.example)
    )


def side_of(finding: Finding) -> str:
    """Return what a finding is about: ``log``, ``metric`` or ``trace``; that a clock is wrong, traces tell."""
    return (
        "trace" if finding.kind in _TRACE_KINDS or finding.subject == CLOCK else "log" if is_log(finding) else "metric"
    )


def weight(finding: Finding) -> float:
    """How much a finding adds to the suspicion of its service."""
    falls = _FALL if finding.direction == "down" and finding.kind not in _WEIGHTS else 1.0
    return finding.score * _WEIGHTS.get(finding.kind, 1.0) * falls


def suspects(findings: Iterable[Finding], services: Iterable[str]) -> dict[str, Suspect]:
    """Gather findings by service, and let log findings point to the other services that they name."""
    found: dict[str, Suspect] = {}
    usable = [f for f in findings if f.service and f.kind is not FindingKind.CHANGE_EVENT]
    for finding in usable:
        found.setdefault(finding.service, Suspect(finding.service)).findings.append(finding)
    names = {s for s in services if len(s) > 2} | set(found)
    if not names:
        return found
    # A name inside a path, a host or a longer word is not a mention.
    pattern = re.compile(
        r"(?<![\w/.-])(" + "|".join(map(re.escape, sorted(names, key=len, reverse=True))) + r")(?![\w/-])"
    )
    for finding in usable:
        if not is_log(finding) or finding.direction != "up" or finding.kind is FindingKind.VALUE_SHIFT:
            continue
        for name in {m.group(1) for m in pattern.finditer(finding.subject)} - {finding.service}:
            found.setdefault(name, Suspect(name)).named_by.append(finding)
    return found
