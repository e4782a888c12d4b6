"""Stored cases as entries of an index, and findings as a question to it."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from faultmaven_lib.exceptions import CaseNotFound, StorageError
from faultmaven_lib.knowledge.entries import Entry
from faultmaven_lib.knowledge.excerpts import matched_words
from faultmaven_lib.knowledge.index import Found, Index
from faultmaven_lib.model import Case, Finding, Mechanism, SimilarCase, Status

if TYPE_CHECKING:
    from faultmaven_lib.storage import Store

THRESHOLD = 0.07
"""Least score of a case that is shown; low, since two incidents of one kind differ in most of their words."""

_FINDINGS = 40
"""Of a case with more, the first: they stand out most."""
_LENGTH = 400
"""Characters of a subject or sentence that are looked at."""

_BLANK = re.compile(
    r"<[^<>]{0,40}>|(?<![A-Za-z0-9])(?:total|seconds|bytes|bucket|count|sum|ratio|percent|ms|p50|p9\d+)(?![A-Za-z0-9])"
)
"""A template's placeholder, or a metric's unit or statistic: says nothing of what the finding is about."""


def entry_of(case: Case) -> Entry:
    """Return what a case is found by: what was odd, what was thought of it, and what it was."""
    argued = [h for h in case.hypotheses if h.status is not Status.REFUTED and not h.only_proposed]
    odd = [(f"finding: {f.kind.value}", _told(f)) for f in case.findings[:_FINDINGS]]
    thought = [(f"hypothesis, {h.status.value}", f"{h.cause} {h.mechanism.phrase}"[:_LENGTH]) for h in argued]
    marks = {f"service={service}" for service in (*case.services, *(f.service for f in case.findings)) if service}
    known: list[tuple[str, str]] = []
    if cause := case.confirmed_cause:
        known = [("confirmed cause", f"{cause.service} {cause.mechanism.phrase}")]
        marks |= {f"service={cause.service}", f"mechanism={cause.mechanism.value}"}
    marks |= {f"mechanism={h.mechanism.value}" for h in argued}
    marks -= {"mechanism=unknown"}
    parts = (("title", case.title), ("impact", case.impact), *known, *thought, *odd)
    return Entry(case.id, case.title, tuple((h, t) for h, t in parts if t.strip()), tuple(sorted(marks)))


def _told(finding: Finding) -> str:
    return _BLANK.sub(" ", finding.subject[:_LENGTH])


def asked(findings: Sequence[Finding] | str) -> str:
    """Return the words that findings are looked up by."""
    if isinstance(findings, str):
        return findings[: _FINDINGS * _LENGTH]
    return "\n".join(dict.fromkeys(_told(f) for f in findings[:_FINDINGS]))


def marks_of(
    findings: Sequence[Finding] | str, services: Iterable[str], mechanisms: Iterable[Mechanism | str]
) -> tuple[str, ...]:
    """Return the services and mechanisms that a question names, as an entry has them."""
    named = set(services)
    if not isinstance(findings, str):
        named |= {f.service for f in findings[:_FINDINGS]}
    known = {Mechanism(m) for m in mechanisms} - {Mechanism.UNKNOWN}
    return (*(f"service={s}" for s in sorted(named - {""})), *(f"mechanism={m.value}" for m in sorted(known)))


def cause_of(case: Case) -> str:
    """Return the confirmed cause in words; empty if none was confirmed."""
    if case.confirmed_cause is None:
        return ""
    return f"{case.confirmed_cause.service}: {case.confirmed_cause.mechanism.phrase}"


class PastCases:
    """The index of a store's cases, in this process: made on the first question, and again when cases changed."""

    def __init__(self) -> None:
        self._index: tuple[dict[str, Any], Index] | None = None
        self._entries: dict[str, tuple[Any, Entry, str]] = {}
        self._lock = threading.RLock()

    def similar(
        self, store: Store, text: str, marks: Iterable[str], *, k: int, left_out: Collection[str]
    ) -> list[SimilarCase]:
        """Return the cases that resemble what is asked, best first.

        The score is that of the words, times the share of their weight that is in the case at all: a case has to
        have many of them, not one of them often.
        """
        with self._lock:
            hits = self._current(store).search(text, marks=marks, k=k + len(left_out))
            known = dict(self._entries)
        scores = {hit.key: hit.score * hit.share for hit in hits if hit.key not in left_out and _by_words(hit)}
        alike = sorted((h for h in hits if scores.get(h.key, 0.0) >= THRESHOLD), key=lambda h: -scores[h.key])
        return [
            SimilarCase(
                case_id=hit.key,
                title=known[hit.key][1].title,
                score=round(scores[hit.key], 4),
                why=f"in common: {', '.join(matched_words(list(hit.matched), text))}",
                cause=known[hit.key][2],
            )
            for hit in alike[:k]
        ]

    def close(self) -> None:
        """Remove the index."""
        with self._lock:
            if self._index is not None:
                self._index[1].close()
            self._index, self._entries = None, {}

    def _current(self, store: Store) -> Index:
        listed = store.cases(limit=None)
        versions: dict[str, Any] = {
            str(row["id"]): (row["version"], row["updated_at"]) for row in listed.to_dict("records")
        }
        held = self._index
        if held is not None and held[0] == versions and held[1].usable:
            return held[1]
        entries: dict[str, tuple[Any, Entry, str]] = {}
        for case_id, version in versions.items():
            known = self._entries.get(case_id)
            if known is not None and known[0] == version:
                entries[case_id] = known
            elif (case := _loaded(store, case_id)) is not None:
                entries[case_id] = (version, entry_of(case), cause_of(case))
        fresh = Index.of_words(entry for _, entry, _ in entries.values())
        self._entries, self._index = entries, (versions, fresh)
        if held is not None:
            held[1].close()
        return fresh


def _by_words(hit: Found) -> bool:
    """Whether it is more than the same service that a case was found by."""
    return any(not term.startswith("service=") for term in hit.matched)


def _loaded(store: Store, case_id: str) -> Case | None:
    try:
        return store.load(case_id, snapshots=False)
    except (CaseNotFound, StorageError):
        return None  # erased meanwhile, or written by a newer version: it resembles nothing
