"""Messages that a release words in another way: the new template is matched to the old one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from faultmaven_lib.analysis.logs.lines import Array

_WORD = re.compile(r"[A-Za-z]{2,}")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_FAILS = re.compile(
    r"fail|err|exception|fault|refus|reject|den[iy]|abort|cancel|timed|timeout|unable|cannot|could|not|never|lost|"
    r"miss|drop|invalid|illegal|expir|unavailable|unreachable|corrupt|kill|crash|panic|fatal|retr[yi]|skip|stale|slow|"
    r"exhaust|exceed|overload|deadlock|broken|disconnect|full|throttl|limit",
    re.IGNORECASE,
)
"""A message that comes to say one of these says something else than before, however alike the rest is."""
_ALIKE, _ALMOST_SAME = 0.5, 0.75
_LEAST_LINES = 5
_AMONG = 300


@dataclass(frozen=True)
class Candidate:
    """A template of a service and level, and its lines in the incident."""

    group: int
    service: str
    level: str
    template: str
    at: Array
    """Moments of its lines in the incident, ascending, and how many there were at each."""
    counts: Array
    usual: float
    """Its rate in the baseline, a second; 0 if it is new."""


def rewordings(candidates: Sequence[Candidate], end: float) -> list[tuple[int, int]]:
    """Return pairs of groups, old and new, where the new template is the old one in other words.

    Both are of one service and level and share most words, the old one thins out where the new one begins, and the
    new one speaks of no failure that the old one did not speak of. Where they are less alike, it also has to come
    about as often.

    Parameters
    ----------
    candidates
        Old and new templates.
    end
        End of the incident, in the unit of their moments.
    """
    old = sorted((c for c in candidates if c.usual), key=lambda c: (-c.usual, c.template))[:_AMONG]
    new = sorted((c for c in candidates if not c.usual), key=lambda c: (-c.counts.sum(), c.template))[:_AMONG]
    words = {c.group: _words(c.template) for c in (*old, *new)}
    found = []
    for late in new:
        for early in old:
            if (early.service, early.level) != (late.service, late.level):
                continue
            alike = _likeness(words[early.group], words[late.group])
            if alike >= _ALIKE and not _says_more_of_failure(early, late) and _takes_over(early, late, end, alike):
                found.append((-alike, early.template, late.template, early.group, late.group))
    pairs = []
    taken: set[int] = set()
    for *_, early_group, late_group in sorted(found):
        if early_group not in taken and late_group not in taken:
            taken |= {early_group, late_group}
            pairs.append((early_group, late_group))
    return pairs


def _words(template: str) -> Counter[str]:
    return Counter(w.lower() for w in _WORD.findall(_CAMEL.sub(" ", template)))


def _likeness(a: Counter[str], b: Counter[str]) -> float:
    """Return the share of words in common (Dice, "Measures of the amount of ecologic association", 1945)."""
    common = (a & b).total()
    return 2 * common / (a.total() + b.total()) if common >= 2 else 0.0


def speaks_of_failure(text: str) -> bool:
    """Whether a message says that something failed, is missing, or is too much.

    Examples
    --------
    >>> speaks_of_failure("payment of order 7 failed twice"), speaks_of_failure("checkpoint complete")
    (True, False)
    """
    return _FAILS.search(text) is not None


def _says_more_of_failure(early: Candidate, late: Candidate) -> bool:
    before, after = ({w.lower() for w in _FAILS.findall(c.template)} for c in (early, late))
    return bool(after - before)


def _takes_over(early: Candidate, late: Candidate, end: float, alike: float) -> bool:
    first = late.at[0]
    expected = early.usual * float(end - first)
    still = int(early.counts[early.at >= first].sum())
    if expected < _LEAST_LINES or still > expected / 2:
        return False
    return alike >= _ALMOST_SAME or expected / 2 <= still + int(late.counts.sum()) <= 2 * expected
