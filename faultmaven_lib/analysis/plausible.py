"""Which change could explain what a service shows, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from faultmaven_lib.analysis.correlate import describe, events
from faultmaven_lib.analysis.lowered import lowered
from faultmaven_lib.analysis.suspects import Suspect, number_of
from faultmaven_lib.analysis.wording import clean, span

NAMED = 0.75
"""From this plausibility on, the change itself is named as the cause."""
_WORD = re.compile(r"[A-Za-z][A-Za-z]{3,}")
_BORING = frozenset(
    "from with this that into have been were will when then than after before line lines file files test tests "
    "version update updated change changed changes bump release deploy deployment service services value values "
    "http https info error errors warn warning time times first never true false none null main index return self "
    "import class async await const function public private void string integer".split()
)
_TOPICS = {
    "memory": ("memory heap resident oom rss killed", "memory heap cache keep kept append retain buffer maxmemory"),
    "limits": (
        "limit limits limiting limited throttled exceeded rejected backlog pending",
        "limit limits rate burst quota throttle concurrency workers size",
    ),
    "locks": ("lock locks locked deadlock blocked blocking", "lock alter migration transaction update exclusive"),
    "disk": ("disk device filesystem space avail", "disk file picture pictures archive dump keep kept save write"),
}
"""Words of symptoms, and of changes that bring such symptoms about, by what both are about."""
_NEAR_SECONDS, _NEAR = 30.0, 0.1
"""A change is near the first symptom if so many seconds lie between them, or this share of the incident."""
_SHOWN = 4


@dataclass(frozen=True)
class Blame:
    """A change that touches a service, and how far it explains what the service shows."""

    event: dict[str, Any]
    plausibility: float
    """0 to 1."""
    sentence: str
    """Why it is named, or why it is not."""

    @property
    def named(self) -> bool:
        """Whether the change is named as the cause."""
        return self.plausibility >= NAMED

    @property
    def described(self) -> str:
        """The change in one line, to the commit."""
        commit = self.event["commit"][:12]
        text = describe(self.event)
        if commit and commit not in text:
            text += f" ({commit})"
        return f"{text}; {self.settings}" if self.settings else text

    @property
    def settings(self) -> str:
        """What it lowered, if it lowered something: a limit, perhaps."""
        told = [f"{clean(s.name, 60)} from {s.before} to {s.after}" for s in lowered(self.event["diff"])]
        return "lowers " + ", ".join(told[:_SHOWN]) if told else ""


def plausible_change(
    suspect: Suspect,
    changes: pd.DataFrame | None,
    *,
    length: float,
    step: float = 0.0,
    services: Iterable[str] = (),
) -> Blame | None:
    """Return the change that best explains a suspect; None where none touches it before its first symptom.

    A change has to touch the service and to precede the first symptom there. What makes it plausible is that what it
    changed (its message, the names of its files, the lines that it took away and added) speaks of what the symptoms
    speak of. That the first symptom of this very service came at once adds to it; that the change is close to the
    alert adds nothing: between a change and its effect there can be hours, and an innocent deploy is often closer.

    Parameters
    ----------
    suspect
        The service, with its findings.
    changes
        Change events, see ``timeline``.
    length
        Length of the incident, in seconds.
    step
        Seconds between two samples: no onset is known better than that.
    services
        All services: their names explain nothing.
    """
    if changes is None or not len(changes):
        return None
    onset = None if suspect.onset is None else number_of(suspect.onset)
    shown = " ".join(f"{f.subject} {f.example}" for f in suspect.findings if f.direction == "up")
    symptoms = _words(shown)
    names = _words(" ".join([suspect.service, *services]))
    best: Blame | None = None
    for event in events(changes):
        if event["service"] and event["service"] != suspect.service:
            continue
        ahead = None if onset is None else onset - _time(event)
        if ahead is not None and ahead < -max(1.0, 2 * step):
            continue
        shared = _files(event, shown) + _shared(symptoms - names, _told(event) - names)
        if not event["service"] and not shared:
            continue
        near = ahead is not None and ahead <= max(_NEAR_SECONDS, _NEAR * length)
        parts = [bool(event["service"]), near and bool(event["service"]), len(shared) > 0, len(shared) > 1]
        plausibility = 0.25 * sum(parts)
        if best is None or plausibility >= best.plausibility:
            best = Blame(event, plausibility, _sentence(event, ahead, shared, plausibility))
    return best


def _time(event: dict[str, Any]) -> float:
    return event["time"].timestamp() if isinstance(event["time"], pd.Timestamp) else float(event["time"])


def _told(event: dict[str, Any]) -> frozenset[str]:
    """The words of a change: not those of the lines around it."""
    names = (name.rpartition("/")[2] for name in event["files"].split())
    return _words(" ".join([event["message"], *names, *_changed_lines(event["diff"])]))


def _files(event: dict[str, Any], shown: str) -> list[str]:
    """Files that were changed and that the symptoms name, as the frames of a traceback do."""
    names = {name.rpartition("/")[2] for name in event["files"].split()[:200]}
    return sorted(name for name in names if "." in name and re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", shown))


def _changed_lines(diff: str) -> Iterator[str]:
    for line in diff[:20_000].splitlines():
        if line.startswith(("+", "-")) and not line.startswith(("+++", "---")):
            yield line[1:]


def _shared(symptoms: frozenset[str], told: frozenset[str]) -> list[str]:
    """What a change and the symptoms both speak of: the same words, or of one topic."""
    shared = sorted(symptoms & told)
    for topic, (shown, done) in _TOPICS.items():
        if symptoms & set(shown.split()) and told & set(done.split()) and topic not in shared:
            shared.append(topic)
    return shared


def _sentence(event: dict[str, Any], ahead: float | None, shared: list[str], plausibility: float) -> str:
    head = f"{event['kind']} of {clean(event['service'], 80)}" if event["service"] else event["kind"]
    commit = f"commit {clean(event['commit'][:12])}" if event["commit"] else ""
    author = f"by {clean(event['author'], 60)}" if event["author"] else ""
    files = f"in {clean(event['files'], 120)}" if event["files"] else ""
    known = " ".join(p for p in (clean(event["version"], 40), " ".join(filter(None, (commit, author, files)))) if p)
    change = f"{head} {known}".strip()
    when = (
        "" if ahead is None else f" {span(abs(ahead))} {'before' if ahead >= 0 else 'after'} its first symptom was seen"
    )
    said = f': "{clean(event["message"], 160)}"' if event["message"] else ""
    if plausibility >= NAMED:
        words = ", ".join(shared[:_SHOWN])
        return f"It follows the {change}{when}{said}; like the symptoms, it is about {words}."
    if shared:
        return f"No change explains this: the {change}{when}{said} shares no more with the symptoms than {shared[0]}."
    return f"No change explains this: nothing in the {change}{when}{said} speaks of what is seen."


def _words(text: str) -> frozenset[str]:
    found = {w.lower() for w in _WORD.findall(text[:20_000])}
    return frozenset(w[:-1] if len(w) > 4 and w.endswith("s") and w[:-1] in found else w for w in found) - _BORING
