"""What speaks for and against a hypothesis, as sentences with their evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from faultmaven_lib.model import Evidence, Finding, Hypothesis

_MOST = 6
_PARENTS = 4


@dataclass(frozen=True)
class Argument:
    """One sentence and the evidence that carries it."""

    sentence: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Arguments:
    """Both sides of one hypothesis, the strongest findings first."""

    supporting: tuple[Argument, ...]
    opposing: tuple[Argument, ...]
    more_supporting: int = 0
    more_opposing: int = 0


def arguments(hypothesis: Hypothesis, evidence: Iterable[Evidence], findings: Iterable[Finding] = ()) -> Arguments:
    """Return both sides: the hypothesis' findings as sentences, evidence without a finding by what was asked.

    Examples
    --------
    >>> h = Hypothesis(
    ...     id="H1", service="db", mechanism="lock_contention", cause="…", supports=("E1",), findings=("F1",)
    ... )
    >>> odd = Finding(
    ...     id="F1", kind="level shift", subject="wait", sentence="db wait rose to 3 s.", evidence=("E1",)
    ... )
    >>> arguments(h, (), [odd]).supporting
    (Argument(sentence='db wait rose to 3 s.', evidence=('E1',)),)
    """
    entries = {entry.id: entry for entry in evidence}
    told = list(findings)
    own = [finding for finding in told if finding.id and finding.id in hypothesis.findings]
    own.sort(key=lambda finding: hypothesis.findings.index(finding.id))
    against = [f for f in own if _shared(f, hypothesis.contradicts) and not _shared(f, hypothesis.supports)]
    supporting = _side(hypothesis.supports, [f for f in own if f not in against], (), entries)
    others = sorted((f for f in told if f not in own), key=lambda f: -f.score)
    opposing = _side(hypothesis.contradicts, against, others, entries)
    return Arguments(
        tuple(supporting[:_MOST]),
        tuple(opposing[:_MOST]),
        max(0, len(supporting) - _MOST),
        max(0, len(opposing) - _MOST),
    )


def _shared(finding: Finding, ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(i for i in finding.evidence if i in ids)


def _side(
    ids: tuple[str, ...],
    findings: list[Finding],
    others: Iterable[Finding],
    entries: dict[str, Evidence],
) -> list[Argument]:
    """Return the findings as sentences, then every id they leave: by its first other finding, or by what was asked."""
    told = [Argument(f.sentence, _shared(f, ids) or f.evidence) for f in findings]
    named = {i for argument in told for i in argument.evidence}
    best: dict[str, str] = {}
    for finding in others:
        for i in finding.evidence:
            best.setdefault(i, finding.sentence)
    for i in ids:
        if i not in named:
            asked = _asked(entries[i]) if i in entries else "not in this ledger"
            told.append(Argument(best.get(i, asked), (i,)))
    return told


def _asked(entry: Evidence) -> str:
    # What was added by hand has no query; the note that came with it says what it is.
    if entry.kind == "manual" and entry.notes:
        return f"{entry.label}: {entry.notes[0]}"
    if {"outcome", "sentence"} <= set(entry.columns) and entry.rows:
        # The answer to a check: it says in words what was measured.
        answers = entry.frame
        return str(answers.sort_values("outcome", ascending=False, kind="stable")["sentence"].iloc[0])
    if entry.operation is not None and len(entry.parents) > _PARENTS:
        return f"{entry.operation.name} of {len(entry.parents)} results"
    return entry.label
