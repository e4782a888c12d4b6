"""What is known of an incident, as the gate looks it up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from faultmaven_lib.claims import ClaimChecker
from faultmaven_lib.claims.facts import Facts, fold
from faultmaven_lib.evidence import Ledger
from faultmaven_lib.findings import is_findings
from faultmaven_lib.model import Claim, Evidence, Finding, Hypothesis, Source
from faultmaven_lib.troubleshooting.llm import rows
from faultmaven_lib.troubleshooting.llm import vocabulary as say


@dataclass
class Scope:
    """The ledger, findings and hypotheses of one incident, its services and sources."""

    ledger: Ledger
    findings: Iterable[Finding]
    hypotheses: Iterable[Hypothesis]
    services: Iterable[str] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.finding = {f.id: f for f in self.findings}
        self.hypothesis = {h.id: h for h in self.hypotheses}
        named = {*self.services, *(f.service for f in self.finding.values())}
        self.named_services = frozenset(n for n in map(fold, named) if can_name(n))
        self._names: dict[str, frozenset[str]] = {}
        self._standing: dict[tuple[str, ...], list[str]] = {}

    @cached_property
    def checker(self) -> ClaimChecker:
        """The check that the claims of a report go through."""
        return ClaimChecker(self.ledger, self.finding.values(), self.hypothesis.values())

    def cited(self, ids: Iterable[str]) -> list[Evidence]:
        """Return the evidence of some ids, those that exist."""
        return [self.ledger[i] for i in ids if i in self.ledger]

    def names(self, entries: Iterable[Evidence]) -> frozenset[str]:
        """Return what may stand as a name in a sentence that cites some evidence, folded."""
        found: set[str] = set()
        for entry in entries:
            if entry.id not in self._names:
                self._names[entry.id] = frozenset(n for n in map(fold, _names(entry)) if can_name(n))
            found |= self._names[entry.id]
        return frozenset(found)

    def columns(self, entries: Iterable[Evidence]) -> frozenset[str]:
        """Return the columns, levels and kinds of change of some evidence, folded: names where a row is told."""
        frames = [f for f in (e.frame for e in entries) if not is_findings(f) and f.columns.nlevels == 1]
        found = {str(c) for f in frames for c in f.columns}
        found |= {str(v) for f in frames for c in ("kind", "level") if c in f.columns for v in f[c].unique()}
        return frozenset(k for k in map(fold, found) if re.fullmatch(r"[a-z_]{1,30}", k) and not say.is_judged(k))

    def facts(self, entries: Iterable[Evidence]) -> Facts:
        """Return all words and numbers of some evidence."""
        facts = Facts()
        for entry in entries:
            facts.add_evidence(entry)
        return facts

    def not_standing(self, ids: Iterable[str]) -> list[str]:
        """Return why evidence cannot carry anything: it does not exist, cannot be run again, or has changed."""
        given = tuple(ids)
        if given not in self._standing:
            self._standing[given] = self.checker.reasons(Claim(text="The evidence.", evidence=given))
        return list(self._standing[given])


def can_name(name: str) -> bool:
    """Whether a text out of the data can stand as a name: one word with a letter, that is read as nothing else."""
    plain = re.fullmatch(r"\S{1,80}", name) and re.search(r"[^\W\d_]|^\d+(?:\.\d+){2,}$", name)
    return bool(plain) and not say.is_word(name) and not re.fullmatch(r"[efh]\d+", name)


def services_of(entry: Evidence) -> frozenset[str]:
    """Return the services that a result tells of."""
    frame = entry.frame
    if getattr(frame.columns, "nlevels", 1) > 1:
        return frozenset(str(column[0]) for column in frame.columns)
    if "service" in frame.columns:
        return frozenset(frame["service"].dropna().astype(str).unique())
    return frozenset()


def _names(entry: Evidence) -> set[str]:
    frame = entry.frame
    if is_findings(frame):
        return {str(v) for c in ("service", "subject") for v in frame[c].unique()}
    return rows.names_of(entry)
