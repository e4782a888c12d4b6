"""Workspace: what is on the desk while an incident is worked. Whatever is read here is recorded as evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pandas as pd

from faultmaven_lib.evidence import ATTRS, Ledger, cited
from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.findings import operation_of, to_findings
from faultmaven_lib.model import (
    Alert,
    Check,
    Claim,
    Evidence,
    Finding,
    Operation,
    Recommendation,
    ServiceGraph,
    Source,
    Step,
    Window,
)
from faultmaven_lib.query.operations import graph_of
from faultmaven_lib.redaction import redactor
from faultmaven_lib.settings import settings
from faultmaven_lib.troubleshooting import Board

_DETAIL = 500
_MOST_SERVICES = 12
"""Findings of the services that stand out most are entered one evidence a service, the rest together."""


@dataclass
class Workspace:
    """The sources and windows of one incident, its ledger, and what has been concluded so far."""

    sources: dict[str, Source]
    window: Window
    baseline: Window
    graph: ServiceGraph | None = None
    """Who calls whom, where it was given; see ``known_graph``."""
    alert: Alert | None = None
    cell: str | None = None
    """The notebook cell at work, if any."""
    ledger: Ledger = field(default_factory=Ledger)
    findings: list[Finding] = field(default_factory=list)
    hypotheses: Board = field(default_factory=Board)
    checks: list[Check] = field(default_factory=list)
    """What tells the leading hypothesis from its alternatives."""
    recommendations: list[Recommendation] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    """What was done, in order."""
    claims: list[Claim] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """What could not be read or was not given, a sentence each."""
    case_id: str | None = None
    analyzed: bool = False

    def of_kind(self, kind: str) -> list[str]:
        """Return the names of the sources of one kind."""
        return [name for name, source in self.sources.items() if source.kind == kind]

    def source(self, name: str) -> Source:
        """Return a source by name.

        Raises
        ------
        SourceError
            If there is none of that name.
        """
        try:
            return self.sources[name]
        except KeyError:
            known = ", ".join(self.sources) or "none"
            raise SourceError(f"there is no source {name!r}; connected: {known}") from None

    def known_graph(self) -> ServiceGraph | None:
        """Return who calls whom: as it was given, else as the traces show that were compared last."""
        if self.graph is not None:
            return self.graph
        derived = [e for e in self.ledger if e.operation is not None and e.operation.name == "traces.graph"]
        return graph_of(derived[-1].frame) if derived else None

    def fetch(self, name: str, text: str = "", window: Window | None = None) -> pd.DataFrame:
        """Run a query and record it; the frame's ``attrs`` cite the evidence."""
        source = self.source(name)
        frame = source.query(text, window)
        self.ledger.record(
            frame,
            source=name,
            query=redactor().redact(text),  # what was asked for may itself be a secret; tokens select the same rows
            url=source.url,
            window=window,
            key_id=source.key_id,
            notes=source.notes,
            cell=self.cell,
        )
        return frame

    def keep(self, findings: pd.DataFrame) -> list[Finding]:
        """Record a frame of findings, one evidence a service, and number the findings.

        Findings that are already held are not entered twice.
        """
        kept: list[Finding] = []
        parents = list(cited(findings))
        for operation in operation_of(findings):
            rows = findings[findings["operation"] == operation.model_dump_json()] if len(findings) else findings
            for part in _by_service(rows):
                entry = self.derive(part, parents or _parents(part), operation)
                kept += self._numbered(part, entry)
        findings.attrs[ATTRS] = {"evidence": list(dict.fromkeys(e for f in kept for e in f.evidence[:1]))}
        return kept

    def derive(self, frame: pd.DataFrame, parents: Iterable[str], operation: Operation) -> Evidence:
        """Record what an operation made of recorded evidence."""
        known = [parent for parent in parents if parent in self.ledger]
        if not known:
            return self.ledger.keep(frame, note=f"{operation.name} of frames that were not recorded", cell=self.cell)
        return self.ledger.derive(frame, known, operation)

    def _numbered(self, frame: pd.DataFrame, entry: Evidence) -> list[Finding]:
        numbered = []
        for finding in to_findings(frame):
            # The derived entry names its parents: to cite it is to cite them.
            evidence = (entry.id,)
            held = next((f for f in self.findings if _same(f, finding) and f.evidence == evidence), None)
            if held is None:
                number = 1 + max((int(f.id[1:]) for f in self.findings), default=0)
                held = finding.model_copy(update={"id": f"F{number}", "evidence": evidence})
                self.findings.append(held)
            numbered.append(held)
        return numbered

    def note(self, action: str, items: Iterable[str] = (), detail: str = "") -> None:
        """Note what was done."""
        self.steps.append(
            Step.model_validate(
                {"at": datetime.now(UTC), "actor": settings().user, "action": action, "items": tuple(items),
                 "detail": redactor().redact(detail[:_DETAIL])}
            )
        )  # fmt: skip

    def verdicts(self) -> dict[str, str]:
        """Return what was accepted and rejected here: by id or path the latest of ``accept`` and ``reject``."""
        return {item: s.action for s in self.steps if s.action in ("accept", "reject") for item in s.items}

    def numbered(self, recommendations: Iterable[Recommendation]) -> list[Recommendation]:
        """Keep recommendations and give them ids; one that is held already keeps its own."""
        numbered = []
        for one in recommendations:
            place = next((i for i, held in enumerate(self.recommendations) if _same_advice(held, one)), None)
            if place is None:
                number = 1 + max((int(held.id[1:]) for held in self.recommendations if held.id), default=0)
                fresh = one.model_copy(update={"id": f"R{number}"})
                self.recommendations.append(fresh)
            else:
                fresh = one.model_copy(update={"id": self.recommendations[place].id})
                self.recommendations[place] = fresh
            numbered.append(fresh)
        return numbered

    def services(self) -> tuple[str, ...]:
        """Return the names of all services that graph, alert, evidence and findings know."""
        graph = self.known_graph()
        names = set(graph.services if graph else ()) | {f.service for f in self.findings}
        if self.alert is not None:
            names.add(self.alert.service)
        for entry in self.ledger:
            if entry.kind != "query":
                continue
            frame = entry.frame
            if isinstance(frame.columns, pd.MultiIndex):
                names |= {str(column[0]) for column in frame.columns}
            elif "service" in frame.columns:
                names |= set(frame["service"].dropna().astype(str).unique())
        return tuple(sorted(n for n in names if n))


def _by_service(findings: pd.DataFrame) -> list[pd.DataFrame]:
    if findings.empty:
        return [findings]
    strongest = findings.groupby("service", sort=False)["score"].max().sort_values(ascending=False, kind="stable")
    own = list(strongest.index[:_MOST_SERVICES])
    parts = [findings[findings["service"] == service] for service in own]
    rest = findings[~findings["service"].isin(own)]
    return [*parts, rest] if len(rest) else parts


def _parents(findings: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(e for text in findings["evidence"].astype(str) for e in text.split()))


def _same_advice(one: Recommendation, other: Recommendation) -> bool:
    return bool(one.id) and (one.action, one.hypothesis) == (other.action, other.hypothesis)


def _same(one: Finding, other: Finding) -> bool:
    return one.model_dump(exclude={"id", "evidence"}) == other.model_dump(exclude={"id", "evidence"})
