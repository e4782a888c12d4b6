"""Candidates: what the index found, with what of it is shown; every one with its score, before any is cut off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from faultmaven_lib.knowledge.entries import GROUP
from faultmaven_lib.knowledge.excerpts import excerpt, matched_words
from faultmaven_lib.knowledge.index import Found
from faultmaven_lib.knowledge.rules import ALERT, RUNBOOK
from faultmaven_lib.knowledge.words import terms

if TYPE_CHECKING:
    from faultmaven_lib.storage import Store
    from faultmaven_lib.storage.documents import Chunk

_TITLE = 0.1
"""What it counts in the order, beside the score, that the whole question is in the title."""
_LOOKED_AT = 4_000
"""Characters of a part in which its words are counted."""


@dataclass(frozen=True)
class Candidate:
    """A document that may be the answer."""

    title: str
    path: str
    kind: str
    heading: str
    text: str
    """The part that fits best."""
    score: float
    """0 to 1."""
    words: float
    """Its score by words alone."""
    meaning: float | None
    """The cosine of its vector and the question's; None where only words were compared."""
    matched: dict[str, float]
    """The question's terms that it has, weightiest first, and what each weighs."""
    alert: str = ""
    """The alert that was found and links to it."""
    titled: float = 0.0
    """Which part of the weight of the question's words is in the title."""

    def excerpt(self) -> str:
        """Return some lines where it matched."""
        return excerpt(self.text, self.matched)

    def why(self, question: str) -> str:
        """Return what led to it."""
        reasons = [", ".join(matched_words(list(self.matched), question))]
        reasons += [f"alike in meaning ({self.meaning:.2f})"] if self.meaning and self.meaning > 0 else []
        reasons += [f"the alert {self.alert} links to it"] if self.alert else []
        reasons += [f"under {self.heading}"] if self.heading else []
        return "; ".join(reason for reason in reasons if reason)


def candidates(store: Store, found: Iterable[Found]) -> list[Candidate]:
    """Return documents that were found, best first; in the place of an alert stands the runbook that it links to."""
    listed = list(found)
    chunks = _chunks(store, [one.key for one in listed])
    shown = {one.key: _candidate(one, chunks[one.key]) for one in listed if one.key in chunks}
    alerts = [key for key, one in shown.items() if one.kind == ALERT]
    if alerts:
        _follow(store, shown, alerts)
    return sorted(shown.values(), key=lambda one: (-one.score - _TITLE * one.titled, one.path))


def _chunks(store: Store, ids: list[str]) -> dict[str, list[Chunk]]:
    chunks: dict[str, list[Chunk]] = {}
    for chunk in store.chunks(ids) if ids else ():
        chunks.setdefault(chunk.document_id, []).append(chunk)
    return chunks


def _candidate(found: Found, chunks: list[Chunk]) -> Candidate:
    group = chunks[found.group * GROUP : (found.group + 1) * GROUP] or chunks

    def weight(chunk: Chunk) -> float:
        there = set(terms(f"{chunk.heading}\n{chunk.text[:_LOOKED_AT]}"))
        return sum(w for term, w in found.matched.items() if term in there)

    best = max(group, key=weight)  # the first of those that are as good
    in_title = sum(w for term, w in found.matched.items() if term in set(terms(best.title)))
    covered = sum(found.matched.values())
    return Candidate(
        title=best.title,
        path=best.uri,
        kind=best.kind,
        heading=best.heading,
        text=best.text,
        score=found.score,
        words=found.words,
        meaning=found.meaning,
        matched=found.matched,
        titled=found.share * in_title / covered if covered else 0.0,
    )


def _follow(store: Store, shown: dict[str, Candidate], alerts: list[str]) -> None:
    """Put the runbooks in the place of the alerts that link to them."""
    metadata = store.metadata_of(alerts)
    links = {key: link for key in alerts if (link := _link(metadata.get(key, {})))}
    if not links:
        return
    targets = _targets(store, links.values())
    chunks = _chunks(store, [target for target in targets.values() if target not in shown])
    for key, link in links.items():
        target = targets.get(link)
        if target is None:
            continue
        alert = shown.pop(key)
        runbook = shown.get(target)
        if runbook is None:
            first = chunks[target][0]
            runbook = replace(
                alert, title=first.title, path=first.uri, kind=first.kind, heading=first.heading, text=first.text
            )
        if alert.score >= runbook.score:
            runbook = replace(runbook, score=alert.score, alert=alert.title)
        shown[target] = runbook


def _link(metadata: dict[str, object]) -> str:
    front = metadata.get("front")
    given = front.get(RUNBOOK) if isinstance(front, dict) else None
    return str(given[0]) if isinstance(given, list) and given else ""


def _targets(store: Store, links: Iterable[str]) -> dict[str, str]:
    """Return the ids of the documents that links lead to: same file name, and most of the folders above it."""
    wanted = {link: steps for link in links if (steps := _steps(urlsplit(link).path))}
    names = {steps[-1] for steps in wanted.values()}
    there: dict[str, list[tuple[list[str], str]]] = {}
    for state in store.states():
        if "#" not in state.uri and (steps := _steps(state.uri)) and steps[-1] in names:
            there.setdefault(steps[-1], []).append((steps, state.document_id))
    found = {}
    for link, steps in wanted.items():
        if fitting := there.get(steps[-1]):
            found[link] = max(fitting, key=lambda place: (_shared(place[0], steps), place[1]))[1]
    return found


def _steps(path: str) -> list[str]:
    steps = [step for step in PurePosixPath(path.replace("\\", "/")).parts if step not in {"/", ""}]
    if not steps:
        return []
    if PurePosixPath(steps[-1]).stem.lower() in {"index", "_index", "readme"} and len(steps) > 1:
        steps.pop()
    steps[-1] = PurePosixPath(steps[-1]).stem
    return [step.lower() for step in steps]


def _shared(one: list[str], other: list[str]) -> int:
    """Return how many steps are the same, from the last one on."""
    n = 0
    for a, b in zip(reversed(one), reversed(other), strict=False):
        if a != b:
            break
        n += 1
    return n
