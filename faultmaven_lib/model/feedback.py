"""Feedback, Step, Milestone, Check: how an investigation went on, and what people made of what was proposed."""

from __future__ import annotations

from typing import Literal

from faultmaven_lib.model.noun import Moment, Noun

ItemKind = Literal["document", "case", "hypothesis", "recommendation"]
Verdict = Literal["accepted", "rejected", "confirmed"]
"""``confirmed``: a cause was confirmed that the item had led to."""


class Feedback(Noun):
    """What one person made of one thing that was proposed, and in what situation.

    Examples
    --------
    >>> one = Feedback(at="2026-11-20T10:00Z", user="ana", kind="document", item="runbooks/locks.md",
    ...                verdict="accepted", words=("lock", "wait"))
    >>> one.verdict, one.case_id
    ('accepted', '')
    """

    id: str = ""
    """Given by the store."""
    at: Moment
    user: str
    kind: ItemKind
    item: str
    """Path of a document, id of a case, mechanism of a hypothesis, mechanism and action of a recommendation."""
    verdict: Verdict
    words: tuple[str, ...] = ()
    """Terms of the question or of what was odd, redacted: by them a later situation is found to be similar."""
    case_id: str = ""


class Step(Noun):
    """Something that was done in an investigation: who, when, what."""

    at: Moment
    actor: str
    action: Literal["ask", "query", "add", "propose", "confirm", "refute", "accept", "reject", "state", "update"]
    items: tuple[str, ...] = ()
    """Ids of what it made or was about: evidence, hypotheses, recommendations, documents, cases."""
    detail: str = ""


class Milestone(Noun):
    """One of the places that every investigation passes, and whether it was reached."""

    name: Literal["symptom verified", "scope", "time line", "changes", "cause", "mitigation", "verified"]
    reached: bool
    at: Moment | None = None
    """When it was reached, if that is on record."""
    evidence: tuple[str, ...] = ()
    how: str
    """By what it was reached; where it was not, what would reach it."""


class Check(Noun):
    """A question whose answer tells two hypotheses apart, and the answer where the data at hand holds it.

    Examples
    --------
    >>> check = Check(question="Do sessions of db wait for locks?", hypotheses=("H1", "H2"),
    ...               expected=("yes speaks for H1", "no speaks for H2"))
    >>> check.outcome, check.speaks_for
    ('open', '')
    """

    id: str = ""
    question: str
    hypotheses: tuple[str, str]
    expected: tuple[str, str]
    """What a yes and what a no would say."""
    difference: float = 0.0
    """How much more likely a yes is under one of the two than under the other, 0 to 1: a rule of thumb."""
    source: str = ""
    """The connected source that can answer; empty where only a person can."""
    query: str = ""
    """In that source's own language."""
    command: str = ""
    """For a person to run; it only reads."""
    outcome: Literal["open", "yes", "no", "unclear"] = "open"
    answer: str = ""
    """What was measured, in one sentence."""
    speaks_for: str = ""
    """The hypothesis that the answer speaks for."""
    evidence: tuple[str, ...] = ()
