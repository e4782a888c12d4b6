"""Narration: what a language model added to an answer, what was dropped of it, and what the calls cost."""

from __future__ import annotations

from typing import Literal

from faultmaven_lib.model.findings import Hypothesis
from faultmaven_lib.model.noun import Moment, Noun

SentenceKind = Literal["observation", "cause", "order", "action", "question"]


class ModelSentence(Noun):
    """A sentence in the words of a model that the gate let through, with what it rests on."""

    text: str
    kind: SentenceKind
    evidence: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    """Findings that it restates, or puts in an order."""
    hypotheses: tuple[str, ...] = ()
    """The hypothesis that it restates."""
    command: str = ""
    """Of an action: a command that only reads. It is shown, never run."""


class ModelQuery(Noun):
    """A query that a model proposes, in the language of its source. It is shown, never run by itself."""

    source: str
    text: str
    evidence: tuple[str, ...] = ()


class Dropped(Noun):
    """Something a model said that did not pass the gate, and why."""

    what: Literal["sentence", "hypothesis", "query", "reply"]
    text: str
    reasons: tuple[str, ...]


class ModelCall(Noun):
    """One request to a model, as the audit log has it."""

    model: str
    host: str
    """Where it went, without path and credentials."""
    at: Moment
    seconds: float
    sent_bytes: int
    sent_sha256: str
    """Of the text that was sent."""
    outcome: str
    """``answered``, or what went wrong."""
    tokens_in: int | None = None
    """As the server counts; None if it does not say."""
    tokens_out: int | None = None
    cost: float | None = None
    """In the currency of the prices that were set; None if there are none, or no tokens were told."""


class Narration(Noun):
    """What a language model added to an answer. The answer itself is made without it.

    Examples
    --------
    >>> Narration(note="no language model is set").sentences
    ()
    """

    model: str = ""
    sentences: tuple[ModelSentence, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    """What it proposed and the board took: open, speculative, behind all others."""
    queries: tuple[ModelQuery, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    calls: tuple[ModelCall, ...] = ()
    note: str = ""
    """Why there is nothing, or less than there could be."""

    @property
    def cost(self) -> float | None:
        """Of all calls together, as far as it is known."""
        known = [call.cost for call in self.calls if call.cost is not None]
        return sum(known) if known else None
