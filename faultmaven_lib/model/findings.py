"""Finding, Hypothesis, Recommendation: what analysis and troubleshooting say."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from faultmaven_lib.model.mechanism import Mechanism
from faultmaven_lib.model.noun import Noun, Onset

Direction = Literal["up", "down", "none"]


class FindingKind(StrEnum):
    """What kind of difference a finding states."""

    ERROR_TEMPLATE = "error template"
    """Errors in data that has no baseline to compare with."""
    NEW_TEMPLATE = "new template"
    GONE_TEMPLATE = "gone template"
    REWORDED_TEMPLATE = "reworded template"
    """The same message in other words, as often as before: a release changed its text."""
    SURGE = "surge"
    DIP = "dip"
    VALUE_SHIFT = "value shift"
    LEVEL_SHIFT = "level shift"
    SPIKE = "spike"
    TREND = "trend"
    VARIANCE_CHANGE = "variance change"
    FLAT_LINE = "flat line"
    MISSING = "missing"
    CHANGE_EVENT = "change event"
    EDGE_LATENCY = "edge latency"
    EDGE_ERRORS = "edge errors"


class Finding(Noun):
    """One difference between a baseline and an incident, in one sentence with its size.

    Frames whose index is not a time (epoch seconds, sample numbers) have their onset in that unit.

    Examples
    --------
    >>> odd = Finding(kind="level shift", service="api", subject="latency_p99_seconds", direction="up",
    ...               onset="2026-03-01T14:02:10Z", before=0.02, after=2.5, unit="s", evidence=("E3",),
    ...               sentence="latency_p99_seconds of api rose from 20 ms to 2.5 s.")
    >>> odd.kind.value, odd.onset.minute, odd.evidence
    ('level shift', 2, ('E3',))
    """

    id: str = ""
    """F1, F2, …: given when the investigation records it."""
    kind: FindingKind
    service: str = ""
    """Empty when the data does not say."""
    subject: str
    """The template, metric or change the finding is about."""
    direction: Direction = "none"
    onset: Onset = None
    until: Onset = None
    """When it was over; None where it went on, or where that is not known."""
    before: float | None = None
    after: float | None = None
    size: float | None = None
    """``after - before``, in ``unit``."""
    unit: str = ""
    score: float = 0.0
    """How much it stands out; comparable within one frame of findings."""
    p_value: float | None = None
    sentence: str
    example: str = ""
    """A line or value that shows it, redacted."""
    evidence: tuple[str, ...] = ()


class Status(StrEnum):
    """Where a hypothesis stands."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    RETIRED = "retired"


class Confidence(StrEnum):
    """How far the evidence carries a hypothesis: a word, since no percentage could be defended."""

    SPECULATIVE = "speculative"
    PROBABLE = "probable"
    STRONG = "strong"


class Hypothesis(Noun):
    """A possible cause: a service and a mechanism, with the evidence for and against."""

    id: str = ""
    service: str
    mechanism: Mechanism
    cause: str
    """One sentence."""
    onset: Onset = None
    supports: tuple[str, ...] = ()
    """Evidence for it."""
    contradicts: tuple[str, ...] = ()
    """Evidence against it."""
    findings: tuple[str, ...] = ()
    status: Status = Status.OPEN
    confidence: Confidence = Confidence.SPECULATIVE
    score: float = 0.0
    change: str | None = None
    """The change event that would explain it, if any."""
    alternative_to: str | None = None
    """The leading hypothesis that this one is put beside."""
    reasons: tuple[str, ...] = ()
    """Why it stands where it stands, a sentence each."""
    runbooks: tuple[str, ...] = ()
    """Paths of the runbooks that fit it, the best first."""
    similar: tuple[str, ...] = ()
    """Ids of stored cases that resemble this one and had its mechanism."""
    proposed_by: str = ""
    """The language model that proposed it, if one did."""

    @property
    def only_proposed(self) -> bool:
        """Whether a model proposed it and nobody has settled it: such a one never leads."""
        return bool(self.proposed_by) and self.status is Status.OPEN


class Recommendation(Noun):
    """A next step. Commands are shown, never run."""

    id: str = ""
    """R1, R2, …: given when the investigation keeps it."""
    action: str
    rationale: str
    command: str = ""
    """A suggested read-only check or change."""
    risk: str = ""
    verify: str = ""
    """How to see that it helped."""
    rollback: str = ""
    hypothesis: str | None = None
    evidence: tuple[str, ...] = Field(default=())
    changes: bool = False
    """Whether it changes something; else it only looks."""
    key: str = ""
    """Mechanism and action, the same in every case: what was learned of it is kept by this."""
