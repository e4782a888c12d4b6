"""Lessons: what feedback in similar situations says of an item, and how far it moves it in a list.

A situation is the set of its terms. Two are alike by the cosine of these sets, a term weighing the more the fewer of
the remembered situations have it. What a person said in a like situation counts by that likeness and by its age (half
as much after every half-life), and of one person at most as one voice for and one against, however often it is said.
From the voices for and against comes a weight between -1 and 1, drawn towards 0 while they are few, as a Beta prior on
the share of acceptances would. A result moves by at most ``SHARE`` of the best score of its list.

``SHARE``, ``LEAST`` and ``FULL`` were chosen on half of the alerts of ``tests/bench/bench_learning.py``.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from faultmaven_lib.model import Feedback

SHARE = 0.3
"""Of the best score in a list: so far can what was learned move a result at most."""
LEAST, FULL = 0.6, 0.75
"""Situations less alike than the one have nothing to do with each other; from the other on they count as the same."""
PRIOR = 0.5
"""Voices that say nothing, against which the others are weighed."""
FIRST = 5
"""What one person alone rejects stays among the first so many if it was there."""


class Seen(NamedTuple):
    """Feedback on an item in a situation like this one."""

    given: Feedback
    voice: float
    """How much it counts, 0 to 1."""


@dataclass(frozen=True)
class Lesson:
    """What was learned of one item, for one situation."""

    weight: float
    """From -1 to 1."""
    accepted: int
    """In so many situations."""
    rejected: int
    confirmed: int
    against: int
    """So many persons rejected it."""
    last: datetime

    def __str__(self) -> str:
        counts = {"accepted": self.accepted, "confirmed": self.confirmed, "rejected": self.rejected}
        told = [f"{what} in {n}" for what, n in counts.items() if n]
        total = self.accepted + self.rejected + self.confirmed
        return f"{', '.join(told)} similar incident{'s' if total > 1 else ''}, last {self.last:%Y-%m-%d}"


class Ranked(NamedTuple):
    """A result as it is ranked."""

    key: str
    score: float


def lessons(
    feedback: Iterable[Feedback], kind: str, words: Iterable[str], *, now: datetime, half_life: float
) -> dict[str, Lesson]:
    """Return what was learned of the items of a kind, for a situation.

    Parameters
    ----------
    feedback
        All that is remembered.
    kind
        ``document``, ``case``, ``hypothesis`` or ``recommendation``.
    words
        The terms of the situation.
    now, half_life
        What is older by ``half_life`` days counts half.

    Returns
    -------
    dict
        Item to lesson; items of which nothing was said in a like situation are not in it.

    Examples
    --------
    >>> from datetime import UTC
    >>> at = datetime(2026, 11, 20, tzinfo=UTC)
    >>> once = Feedback(at=at, user="ana", kind="document", item="locks.md", verdict="accepted", words=("lock", "wait"))
    >>> learned = lessons([once], "document", ["lock", "wait", "postgres"], now=at, half_life=180)["locks.md"]
    >>> round(learned.weight, 2), str(learned)
    (0.67, 'accepted in 1 similar incident, last 2026-11-20')
    """
    remembered = list(feedback)
    here = frozenset(words)
    rarity = _rarity({frozenset(one.words) for one in remembered})
    latest: dict[tuple[str, str, frozenset[str], bool], Feedback] = {}
    for one in sorted(remembered, key=lambda f: f.at):
        if one.kind == kind:
            # Who thinks again in the same situation has one opinion, not two.
            latest[(one.item, one.user, frozenset(one.words), one.verdict == "confirmed")] = one
    by_item: dict[str, list[Seen]] = defaultdict(list)
    for (item, _, there, _), one in latest.items():
        share = min(1.0, max(0.0, likeness(here, there, rarity) - LEAST) / (FULL - LEAST))
        age = max(0.0, (now - one.at).total_seconds() / 86_400)
        if share > 0:
            by_item[item].append(Seen(one, share * 0.5 ** (age / half_life)))
    return {item: _lesson(seen) for item, seen in by_item.items()}


def likeness(one: frozenset[str], other: frozenset[str], rarity: Mapping[str, float] | None = None) -> float:
    """Return how alike two situations are, 0 to 1: the cosine of their sets of terms.

    Examples
    --------
    >>> likeness(frozenset("ab"), frozenset("ab")), likeness(frozenset("ab"), frozenset("cd"))
    (1.0, 0.0)
    """
    known = rarity or {}
    unknown = max(known.values(), default=1.0)

    def mass(terms: Iterable[str]) -> float:
        return math.fsum(known.get(term, unknown) ** 2 for term in terms)

    whole = math.sqrt(mass(one) * mass(other))
    return min(1.0, mass(one & other) / whole) if whole else 0.0


def _rarity(situations: Iterable[frozenset[str]]) -> dict[str, float]:
    held = list(situations)
    counts = Counter(term for terms in held for term in terms)
    return {term: math.log1p(len(held) / n) for term, n in counts.items()}


def _lesson(seen: Sequence[Seen]) -> Lesson:
    voices: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for given, voice in seen:
        voices[given.verdict != "rejected"][given.user] += voice  # type: ignore[assignment]
    favour, against = (math.fsum(min(1.0, v) for v in voices[side].values()) for side in (True, False))
    where: dict[str, set[object]] = defaultdict(set)
    for given, _ in seen:
        where[given.verdict].add(given.case_id or frozenset(given.words))
    return Lesson(
        weight=(favour - against) / (favour + against + PRIOR),
        accepted=len(where["accepted"]),
        rejected=len(where["rejected"]),
        confirmed=len(where["confirmed"]),
        against=len(voices[False]),
        last=max(given.at for given, _ in seen),
    )


def reranked(results: Sequence[Ranked], learned: Mapping[str, Lesson]) -> list[Ranked]:
    """Return results in the order that what was learned gives them, with the scores that do.

    What one person alone rejected stays among the first five if it was there.

    Examples
    --------
    >>> at = datetime(2026, 11, 20)
    >>> good = Lesson(weight=0.67, accepted=1, rejected=0, confirmed=0, against=0, last=at)
    >>> [key for key, _ in reranked([Ranked("a", 0.6), Ranked("b", 0.5)], {"b": good})]
    ['b', 'a']
    """
    best = max((score for _, score in results), default=0.0)
    moved = [
        Ranked(key, min(1.0, max(0.0, score + SHARE * best * learned[key].weight)) if key in learned else score)
        for key, score in results
    ]
    order = sorted(range(len(results)), key=lambda i: (-moved[i].score, i))
    top, rest = order[:FIRST], order[FIRST:]
    for place in range(min(FIRST, len(results))):
        lesson = learned.get(results[place].key)
        if place in rest and lesson is not None and lesson.against < 2:
            # The last of the first five that was not there before makes room.
            other = next((i for i in reversed(top) if i >= FIRST), None)
            if other is not None:
                top.remove(other)
                top.append(place)
                rest = sorted([*(i for i in rest if i != place), other], key=lambda i: (-moved[i].score, i))
    return [moved[i] for i in (*top, *rest)]
