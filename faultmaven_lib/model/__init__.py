"""The nouns: what flows between the rooms of the house. They import nothing of ours but errors."""

from faultmaven_lib.model.case import (
    ActionItem,
    Answer,
    AuditEntry,
    Case,
    CaseStatus,
    Claim,
    ConfirmedCause,
    Severity,
    SimilarCase,
    Statement,
    Times,
)
from faultmaven_lib.model.evidence import Evidence, Operation, Outcome, Verification
from faultmaven_lib.model.feedback import Check, Feedback, ItemKind, Milestone, Step, Verdict
from faultmaven_lib.model.findings import (
    Confidence,
    Direction,
    Finding,
    FindingKind,
    Hypothesis,
    Recommendation,
    Status,
)
from faultmaven_lib.model.incident import Alert, ChangeEvent, Incident, ServiceGraph, Span, Truth
from faultmaven_lib.model.mechanism import Mechanism
from faultmaven_lib.model.narration import Dropped, ModelCall, ModelQuery, ModelSentence, Narration, SentenceKind
from faultmaven_lib.model.noun import Moment, Noun, Onset, utc
from faultmaven_lib.model.source import Source, SourceKind
from faultmaven_lib.model.window import Window, duration

__all__ = [
    "ActionItem",
    "Alert",
    "Answer",
    "AuditEntry",
    "Case",
    "CaseStatus",
    "ChangeEvent",
    "Check",
    "Claim",
    "Confidence",
    "ConfirmedCause",
    "Direction",
    "Dropped",
    "Evidence",
    "Feedback",
    "Finding",
    "FindingKind",
    "Hypothesis",
    "Incident",
    "ItemKind",
    "Mechanism",
    "Milestone",
    "ModelCall",
    "ModelQuery",
    "ModelSentence",
    "Moment",
    "Narration",
    "Noun",
    "Onset",
    "Operation",
    "Outcome",
    "Recommendation",
    "SentenceKind",
    "ServiceGraph",
    "Severity",
    "SimilarCase",
    "Source",
    "SourceKind",
    "Span",
    "Statement",
    "Status",
    "Step",
    "Times",
    "Truth",
    "Verdict",
    "Verification",
    "Window",
    "duration",
    "utc",
]
