"""A case in one sentence, its clock, and what is not known about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from faultmaven_lib.model import Case, Confidence, Evidence, Finding, Hypothesis, Outcome, Status, Verification
from faultmaven_lib.render import count, in_words
from faultmaven_lib.render.chronology import CLOCK

_STANDING = (Status.OPEN, Status.CONFIRMED, Status.INCONCLUSIVE)
_STANDS = {
    Confidence.STRONG: "Strongly supported",
    Confidence.PROBABLE: "Probable",
    Confidence.SPECULATIVE: "Speculative",
}
_CHANGES = {"time", "kind", "message"}


@dataclass(frozen=True)
class Headline:
    """One sentence and the evidence behind it."""

    text: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tick:
    """One moment of the incident's clock."""

    name: str
    at: datetime | None
    since: str
    """How long after what, in words; empty if it cannot be said."""


def headline(case: Case) -> Headline:
    """Return what the case comes to: the confirmed cause, the leading one, or that there is none."""
    if case.confirmed_cause is not None:
        cause = case.confirmed_cause
        behind = [h for h in case.hypotheses if (h.service, h.mechanism) == (cause.service, cause.mechanism)]
        return Headline(
            f"The cause is confirmed: {cause.mechanism.phrase} in {cause.service}.",
            tuple(i for h in behind for i in h.supports),
        )
    argued = [h for h in case.hypotheses if not h.only_proposed]
    standing = [h for h in argued if h.status in _STANDING]
    if standing:
        first = _leading(standing)
        if first.status is Status.CONFIRMED:
            return Headline(f"The cause is confirmed: {_sentence(first.cause)}", first.supports)
        # The cause as troubleshooting words it says how far the evidence carries it; by hand it may not.
        said = first.confidence.value in first.cause.lower()
        text = first.cause if said else f"{_STANDS[first.confidence]}: {first.cause}"
        return Headline(f"{_sentence(text)} Not confirmed yet.", first.supports)
    if argued:
        return Headline("No cause stands: every hypothesis was refuted or given up.")
    if case.analyzed:
        return Headline("Nothing stands out between the baseline and the incident; no cause is put forward.")
    return Headline("The analysis has not run yet, so no cause is put forward.")


def _sentence(text: str) -> str:
    return text if text.rstrip().endswith((".", "!", "?")) else f"{text.rstrip()}."


def ranked(case: Case) -> list[Finding]:
    """Return the findings, those that a hypothesis rests on first, then the ones that stand out most."""
    named = [i for h in case.hypotheses for i in h.findings]
    order = {i: place for place, i in reversed(list(enumerate(named)))}
    return sorted(case.findings, key=lambda f: (order.get(f.id, len(named)), -f.score))


def _leading(standing: list[Hypothesis]) -> Hypothesis:
    return next((h for h in standing if h.status is Status.CONFIRMED), standing[0])


def clock(case: Case) -> list[Tick]:
    """Return the five moments of the incident, known or not, and how long each took.

    Acknowledging counts from detection, all else from the start.
    """
    ticks = []
    for name in CLOCK:
        at = getattr(case.times, name)
        origin = "detected" if name == "acknowledged" else "started"
        begun = getattr(case.times, origin)
        told = "" if at is None or begun is None or name == origin else _since(at - begun, origin)
        ticks.append(Tick(name, at, told))
    return ticks


def _since(span: timedelta, origin: str) -> str:
    what = {"started": "the start", "detected": "detection"}[origin]
    if span < timedelta(0):
        return f"{in_words(-span)} before {what}"
    return f"{in_words(span)} after {what}"


def unknowns(case: Case, verifications: Iterable[Verification] = (), missing: Iterable[str] = ()) -> list[str]:
    """Return what the reader has to know is not known, a sentence each."""
    return list(
        dict.fromkeys([*missing, *_about_data(case), *_about_evidence(case, list(verifications)), *_about_people(case)])
    )


def _about_data(case: Case) -> Iterator[str]:
    if not case.analyzed:
        yield "The analysis has not run: that no finding is listed says nothing about the incident."
    kinds = {kind for entry in case.evidence for kind in (_kind(entry),) if kind}
    without = {
        "logs": "No logs were read.",
        "metrics": "No metrics were read.",
        "changes": "No change events were read: a deploy or a change of configuration would not show.",
    }
    yield from (told for kind, told in without.items() if kind not in kinds)


def _kind(entry: Evidence) -> str:
    columns = set(entry.columns)
    if entry.kind == "derived":
        return ""
    if {"level", "message"} <= columns:
        return "logs"
    if columns >= _CHANGES:
        return "changes"
    # A column of two levels is written with a separator between them.
    return "metrics" if any("\x1f" in column for column in columns) else ""


def _about_evidence(case: Case, verifications: list[Verification]) -> Iterator[str]:
    partial = [e.id for e in case.evidence if e.partial]
    if partial:
        yield f"Of {_listed(partial)} only the first rows are stored; the whole result needs its source."
    manual = [e.id for e in case.evidence if not e.rerunnable]
    if manual:
        yield f"{_listed(manual)} cannot be run again: nobody can check it against a source."
    for outcome, told in (
        (Outcome.CHANGED, "gave another result when it was run again"),
        (Outcome.SOURCE_GONE, "could not be run again: the source is gone"),
    ):
        ids = [v.evidence for v in verifications if v.outcome is outcome]
        if ids:
            yield f"{_listed(ids)} {told}."
    damaged = [v.evidence for v in verifications if not v.intact]
    if damaged:
        yield f"The stored result of {_listed(damaged)} does not match its fingerprint."
    unchecked = len(case.evidence) - len({v.evidence for v in verifications})
    if unchecked > 0 and verifications:
        were = "was" if unchecked == 1 else "were"
        yield f"{count(unchecked, 'result')} {were} not run again."


def _about_people(case: Case) -> Iterator[str]:
    missing = [name for name in CLOCK if getattr(case.times, name) is None]
    if missing:
        yield f"It is not recorded when the incident was {_listed(missing, 'or')}."
    if case.hypotheses and case.confirmed_cause is None:
        yield "Nobody has confirmed a cause."
    if not case.impact.strip():
        yield "The impact is not recorded."


def _listed(names: list[str], last: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
