"""What moved: findings of all kinds as a time line and a correlation need them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from faultmaven_lib.analysis.suspects import number_of, side_of, weight
from faultmaven_lib.findings import COLUMNS, to_findings
from faultmaven_lib.model import Direction, Finding, FindingKind

_TEXTS = ("service", "subject", "unit", "sentence", "example", "evidence", "operation")
_BY_CHANCE = 0.01
"""Chance of no line for so long at the usual rate, from which on a rate counts as changed."""
_BINS_OF_CALLS = 2.0
"""Calls are followed in bins of no less than so many seconds."""


@dataclass(frozen=True)
class Moved:
    """One finding with an onset."""

    service: str
    what: str
    kind: str
    side: str
    """``log``, ``metric`` or ``trace``."""
    direction: Direction
    time: datetime | float
    at: float
    """``time`` as a number, seconds for times."""
    before: float | None
    after: float | None
    size: float | None
    unit: str
    score: float
    weight: float
    """What it adds to the suspicion of its service."""
    quantile: float
    """Which quantile of lines or calls it is about."""
    sentence: str
    evidence: str
    resolution: float
    """How finely ``time`` is known, in its unit."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is called by."""
        return self.service, self.what, self.kind


def moved(*frames: pd.DataFrame | None) -> list[Moved]:
    """Return findings that have an onset; of the same thing the strongest.

    Onsets are numbers in data without times. Where both occur, those of the larger part are taken.
    """
    dated = [finding for frame in frames for finding in nouns(frame) if finding.onset is not None]
    timed = [f for f in dated if isinstance(f.onset, datetime)]
    chosen = timed if 2 * len(timed) >= len(dated) else [f for f in dated if not isinstance(f.onset, datetime)]
    best: dict[tuple[str, str, str], Moved] = {}
    for finding in sorted(chosen, key=lambda f: -f.score):
        one = _moved(finding)
        best.setdefault(one.key, one)
    return sorted(best.values(), key=lambda one: (one.at, -one.score))


def nouns(frame: pd.DataFrame | None) -> list[Finding]:
    """Return findings as nouns: also as an investigation shows them, or as somebody cut them down."""
    if frame is None or not len(frame):
        return []
    whole = frame.reindex(columns=list(COLUMNS))
    whole = whole[whole["kind"].notna()]
    filled = {name: whole[name].astype(object).where(whole[name].notna(), "").astype("str") for name in _TEXTS}
    return to_findings(whole.assign(direction=whole["direction"].fillna("none"), **filled))


def _moved(finding: Finding) -> Moved:
    onset = finding.onset if finding.onset is not None else math.nan
    return Moved(
        service=finding.service,
        what=finding.subject,
        kind=finding.kind.value,
        side=side_of(finding),
        direction=finding.direction,
        time=onset,
        at=number_of(onset),
        before=finding.before,
        after=finding.after,
        size=finding.size,
        unit=finding.unit,
        score=finding.score,
        weight=0.0 if finding.kind is FindingKind.REWORDED_TEMPLATE else weight(finding),
        quantile=0.95 if finding.sentence.startswith("The 95th percentile") else 0.5,
        sentence=finding.sentence,
        evidence=" ".join(finding.evidence),
        resolution=_resolution(finding),
    )


def _resolution(finding: Finding) -> float:
    """Return how finely an onset is known where nothing is known of the data: see ``timeline``."""
    if not isinstance(finding.onset, datetime) or finding.kind in (FindingKind.NEW_TEMPLATE, FindingKind.VALUE_SHIFT):
        return 1.0
    if finding.kind is FindingKind.EDGE_LATENCY:
        return _BINS_OF_CALLS
    falls = finding.kind in (FindingKind.DIP, FindingKind.GONE_TEMPLATE)
    rate = finding.before if falls else finding.after
    if side_of(finding) == "log" and rate:
        return max(1.0, -math.log(_BY_CHANCE) * 60 / rate)
    return 1.0
