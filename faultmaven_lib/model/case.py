"""Claim, Statement, Answer, Case: what is told and what is kept."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from faultmaven_lib.model.evidence import Evidence
from faultmaven_lib.model.feedback import Check, Step
from faultmaven_lib.model.findings import Finding, Hypothesis, Recommendation
from faultmaven_lib.model.incident import Alert, ServiceGraph
from faultmaven_lib.model.mechanism import Mechanism
from faultmaven_lib.model.narration import Narration
from faultmaven_lib.model.noun import Moment, Noun
from faultmaven_lib.model.window import Window


class Claim(Noun):
    """One sentence and the evidence it rests on. ``faultmaven_lib.claims`` says whether it is supported."""

    text: str
    evidence: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    """Findings it restates: needed where it speaks of direction or order."""
    hypotheses: tuple[str, ...] = ()
    """Hypotheses it restates: needed where it speaks of cause."""


class Statement(Noun):
    """A sentence by a named person; shown as such, never as a claim."""

    text: str
    author: str
    at: Moment


class SimilarCase(Noun):
    """A stored case that resembles this one, and why."""

    case_id: str
    title: str
    score: float
    why: str
    cause: str = ""


class Answer(Noun):
    """What ``ask`` returns: claims with evidence, causes, next steps, and what was missing."""

    question: str = ""
    headline: str
    """One sentence that answers."""
    window: Window | None = None
    baseline: Window | None = None
    claims: tuple[Claim, ...] = ()
    findings: tuple[Finding, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    checks: tuple[Check, ...] = ()
    """What tells the leading hypothesis from each alternative, and what the data at hand says to it."""
    recommendations: tuple[Recommendation, ...] = ()
    follow_ups: tuple[str, ...] = ()
    similar: tuple[SimilarCase, ...] = ()
    runbooks: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    progress: str = ""
    """How far the investigation is, what would move it on, and whether it is stuck; one sentence."""
    evidence: tuple[Evidence, ...] = ()
    narration: Narration | None = None
    """What a language model added, where one was asked for; never part of the claims."""


class ActionItem(Noun):
    """Something to do after an incident."""

    text: str
    owner: str = ""
    due: date | None = None
    done: bool = False


class ConfirmedCause(Noun):
    """The cause as people confirmed it."""

    service: str
    mechanism: Mechanism
    onset: Moment | None = None


class Times(Noun):
    """The clock of an incident, each moment if known."""

    started: Moment | None = None
    detected: Moment | None = None
    acknowledged: Moment | None = None
    mitigated: Moment | None = None
    resolved: Moment | None = None


Severity = Literal["sev1", "sev2", "sev3", "sev4"]
CaseStatus = Literal["open", "mitigated", "resolved", "closed"]


class Case(Noun):
    """An investigation as stored."""

    id: str
    title: str
    team: str
    severity: Severity = "sev3"
    status: CaseStatus = "open"
    impact: str = ""
    services: tuple[str, ...] = ()
    window: Window
    baseline: Window
    sources: dict[str, str] = Field(default_factory=dict)
    alert: Alert | None = None
    graph: ServiceGraph | None = None
    times: Times = Times()
    people: dict[str, str] = Field(default_factory=dict)
    """Role to name."""
    action_items: tuple[ActionItem, ...] = ()
    confirmed_cause: ConfirmedCause | None = None
    links: tuple[str, ...] = ()
    postmortem: str = ""
    """Prose that people added, Markdown."""
    retain_until: date | None = None
    evidence: tuple[Evidence, ...] = ()
    findings: tuple[Finding, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    checks: tuple[Check, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    steps: tuple[Step, ...] = ()
    """What was done, in order."""
    claims: tuple[Claim, ...] = ()
    statements: tuple[Statement, ...] = ()
    analyzed: bool = False
    """Whether the analysis has run: no hypotheses then means that nothing stood out."""
    version: int = 0
    """Counts saves; 0 is a case that was never saved."""
    created_at: Moment
    updated_at: Moment


class AuditEntry(Noun):
    """One change to a case: who, when, what."""

    case_id: str
    version: int
    at: Moment
    actor: str
    action: str
    detail: str = ""
