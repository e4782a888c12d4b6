"""References: the runbooks that fit a hypothesis and the past cases that had its mechanism."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from faultmaven_lib.model import Finding, Hypothesis, Mechanism, SimilarCase

if TYPE_CHECKING:
    from faultmaven_lib.knowledge import KnowledgeBase

_FOUND = 30
_RANK = 10
"""Evens out ranks where two lists are fused (Cormack and others: *Reciprocal Rank Fusion*, 2009, who take 60 for
lists of a thousand)."""
_FINDINGS, _LENGTH = 6, 240
_CASE = "case"


class Reference(NamedTuple):
    """A document that fits, and why."""

    path: str
    title: str
    why: str


def sought(hypothesis: Hypothesis, findings: Iterable[Finding]) -> str:
    r"""Return the text by which runbooks for a hypothesis are looked for: its mechanism and what shows it.

    Examples
    --------
    >>> odd = Finding(id="F1", kind="new template", service="db", subject="still waiting for ShareLock", sentence="…")
    >>> held = Hypothesis(service="db", mechanism="lock_contention", cause="…", findings=("F1",))
    >>> sought(held, [odd])
    'lock contention\nstill waiting for ShareLock'
    """
    own = [f for f in findings if f.id and f.id in hypothesis.findings]
    own.sort(key=lambda f: -f.score)
    shown = [text[:_LENGTH] for f in own[:_FINDINGS] for text in (f.subject, f.example) if text]
    known = [] if hypothesis.mechanism is Mechanism.UNKNOWN else [hypothesis.mechanism.phrase]
    return "\n".join(dict.fromkeys([*known, *shown]))


def runbooks(
    knowledge: KnowledgeBase,
    hypothesis: Hypothesis,
    findings: Sequence[Finding],
    *,
    verdicts: Mapping[str, str] | None = None,
    k: int = 3,
) -> list[Reference]:
    """Return the runbooks that fit a hypothesis, the best first.

    Those that are written for its mechanism (``mechanisms`` in their front matter) and those that its words find are
    two lists, fused by rank. What was accepted in this investigation comes first, what was rejected last.
    """
    text = sought(hypothesis, findings)
    stored = knowledge.store.documents()
    stored = stored[stored["kind"] != _CASE]  # past cases are told of apart
    titles = dict(zip(stored["uri"], stored["title"], strict=True))
    if not titles or not text:
        return []
    wide = knowledge.search(text, k=_FOUND, abstain=False)
    place = {str(path): rank for rank, path in enumerate(wide["path"])}
    whys = dict(zip(wide["path"].astype(str), wide["why"].astype(str), strict=True))
    mechanism = hypothesis.mechanism.value
    named = {str(row["uri"]): _mechanisms(row["metadata"]) for row in stored.to_dict("records")}
    written = [path for path, mechanisms in named.items() if mechanism in mechanisms]
    # A runbook names first what it is about, then what it touches.
    written.sort(key=lambda path: (named[path][0] != mechanism, place.get(path, _FOUND), path))
    found = [path for path in knowledge.search(text, k=_FOUND)["path"].astype(str) if path in titles]
    score = _fused([written, found])
    judged = verdicts or {}
    # What was accepted or rejected by hand stays in view, wherever it ranks.
    chosen = sorted(
        {*score, *(path for path, verdict in judged.items() if verdict == "accept" and path in titles)},
        key=lambda path: (_side(judged.get(path)), -score.get(path, 0.0), path),
    )
    return [
        Reference(path, titles[path], _why(path, written, whys, judged.get(path), hypothesis.mechanism.phrase))
        for path in chosen[:k]
    ]


def _side(verdict: str | None) -> int:
    return {"accept": -1, "reject": 1}.get(verdict or "", 0)


def _fused(lists: Iterable[Sequence[str]]) -> dict[str, float]:
    score: dict[str, float] = {}
    for ranked in lists:
        for rank, path in enumerate(ranked):
            score[path] = score.get(path, 0.0) + 1.0 / (_RANK + rank)
    return score


def _mechanisms(metadata: Mapping[str, object]) -> Sequence[str]:
    front = metadata.get("front")
    named = front.get("mechanisms") if isinstance(front, dict) else None
    return [str(name) for name in named] if isinstance(named, list | tuple) else []


def _why(path: str, written: Collection[str], whys: Mapping[str, str], verdict: str | None, phrase: str) -> str:
    told = {"accept": "accepted here", "reject": "rejected here"}.get(verdict or "")
    named = f"written for {phrase}" if path in written else ""
    return "; ".join(part for part in (told, named, whys.get(path)) if part)


def alike(hypothesis: Hypothesis, similar: Iterable[SimilarCase]) -> tuple[str, ...]:
    """Return the ids of the similar cases that had the mechanism of a hypothesis."""
    return tuple(c.case_id for c in similar if c.cause.endswith(f": {hypothesis.mechanism.phrase}"))
