"""Run evidence again and show the difference."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from faultmaven_lib.evidence import ATTRS, Ledger, compare, is_intact
from faultmaven_lib.exceptions import FaultMavenError
from faultmaven_lib.fingerprint import canonical_rows, normalised
from faultmaven_lib.model import Evidence, Outcome, Source, Verification
from faultmaven_lib.query import rerun


class Verifier:
    """Runs every entry of a ledger again, parents before what was derived from them.

    Parameters
    ----------
    ledger
        The evidence.
    source
        Returns the source of an entry, connected; raises ``FaultMavenError`` where it is gone.
    """

    def __init__(self, ledger: Ledger, source: Callable[[Evidence], Source]) -> None:
        self._ledger = ledger
        self._source = source
        self._fresh: dict[str, pd.DataFrame] = {}
        self._done: dict[str, Verification] = {}

    def verify(self, evidence_id: str) -> Verification:
        """Run one entry again, and whatever it was derived from."""
        if evidence_id not in self._done:
            entry = self._ledger[evidence_id]
            run = {"query": self._query, "derived": self._derived, "manual": self._manual}[entry.kind]
            self._done[evidence_id] = run(entry)
        return self._done[evidence_id]

    def _query(self, entry: Evidence) -> Verification:
        try:
            source = self._source(entry)
            fresh = source.query(entry.query, entry.window)
        except FaultMavenError as error:
            return self._gone(entry, str(error))
        self._fresh[entry.id] = _citing(fresh, entry.id)
        return compare(entry, fresh, source.key_id)

    def _gone(self, entry: Evidence, why: str) -> Verification:
        intact = is_intact(entry)
        if intact and not entry.partial:
            self._fresh[entry.id] = _citing(entry.frame, entry.id)
        stored = "the stored result is intact" if intact else "the stored result is not the one that was recorded"
        words = f"{why.splitlines()[0]}; {stored}"
        return Verification(evidence=entry.id, outcome=Outcome.SOURCE_GONE, difference=words, intact=intact)

    def _manual(self, entry: Evidence) -> Verification:
        words = "it was added by hand, without a query or an operation"
        return Verification(
            evidence=entry.id, outcome=Outcome.NOT_RERUNNABLE, difference=words, intact=is_intact(entry)
        )

    def _derived(self, entry: Evidence) -> Verification:
        parents = [self.verify(parent) for parent in entry.parents]
        lost = [p.evidence for p in parents if p.evidence not in self._fresh]
        if entry.operation is None or lost:
            words = f"{', '.join(lost)} could not be run again, and only part of it is stored"
            return Verification(
                evidence=entry.id, outcome=Outcome.NOT_RERUNNABLE, difference=words, intact=is_intact(entry)
            )
        try:
            whole = rerun(entry.operation, [self._fresh[p.evidence] for p in parents])
        except FaultMavenError as error:
            return Verification(
                evidence=entry.id, outcome=Outcome.NOT_RERUNNABLE, difference=str(error), intact=is_intact(entry)
            )
        chosen = _selection(entry, whole)
        self._fresh[entry.id] = _citing(chosen, entry.id)
        result = compare(entry, chosen, entry.key_id)
        if result.outcome is not Outcome.SAME and any(p.outcome is Outcome.OTHER_KEY for p in parents):
            return result.model_copy(update={"outcome": Outcome.OTHER_KEY})
        if result.outcome is Outcome.SAME and any(p.outcome is Outcome.SOURCE_GONE for p in parents):
            return result.model_copy(update={"difference": "computed again from stored results"})
        return result


def _selection(entry: Evidence, whole: pd.DataFrame) -> pd.DataFrame:
    """Return what corresponds to the recorded selection: its rows if all come out again, else those of its services."""
    recorded = entry.frame
    rows = entry.operation.rows if entry.operation else None
    if rows is None or len(recorded) >= rows:
        return whole
    if set(canonical_rows(recorded)) <= set(canonical_rows(normalised(whole))):
        return recorded
    if "service" not in whole.columns:
        return whole
    return whole[whole["service"].isin(set(recorded["service"]))]


def _citing(frame: pd.DataFrame, evidence_id: str) -> pd.DataFrame:
    frame.attrs[ATTRS] = {"evidence": [evidence_id]}
    return frame
