"""Findings on metrics, each with its sentence."""

from __future__ import annotations

import math
import re
from datetime import datetime

from faultmaven_lib.analysis.metrics.columns import Key
from faultmaven_lib.analysis.metrics.series import Move
from faultmaven_lib.analysis.wording import amount, clean, clock, number, unit_of
from faultmaven_lib.model import Direction, Finding, FindingKind


def of_move(
    key: Key,
    move: Move,
    onset: datetime | float | None,
    ended: datetime | float | None,
    p: float,
    score: float,
    *,
    is_rate: bool,
) -> Finding:
    """State how a series changed.

    Parameters
    ----------
    key
        Service and metric.
    move
        The change.
    onset, ended
        First sample that shows it, and the first behind it, if there is one.
    p
        Corrected for the number of series.
    score
        How much it stands out.
    is_rate
        Whether the series is a counter that was turned into a rate.
    """
    service, metric = key
    unit = "/s" if is_rate else unit_of(re.sub(r"\{.*\}", "", metric))
    name = clean(metric, 120) + (f" of {clean(service, 80)}" if service else "")
    before, after = (None if math.isnan(v) else v for v in (move.before, move.after))
    direction: Direction = "none"
    if before is not None and after is not None and move.kind is not FindingKind.FLAT_LINE:
        direction = "up" if after > before else "down"
    return Finding(
        kind=move.kind,
        service=service,
        subject=clean(metric, 300),
        direction=direction,
        onset=onset,
        until=ended,
        before=before,
        after=after,
        size=None if before is None or after is None else after - before,
        unit=unit,
        score=round(score, 4),
        p_value=p,
        sentence=_sentence(name, move, unit, onset, ended),
    )


def _sentence(name: str, move: Move, unit: str, onset: datetime | float | None, ended: datetime | float | None) -> str:
    since, was = clock(onset), amount(move.before, unit)
    if move.kind is FindingKind.VARIANCE_CHANGE:
        return _of_spread(name, move, unit, since, ended)
    if move.season:
        was += f" (usual at that time of the {move.season})"
    if move.kind is FindingKind.MISSING:
        back = f", and is back at {clock(ended)}" if ended is not None else " and did not come back"
        return f"{name} is missing from {since}{back}; it was {was} before."
    now = amount(move.after, unit)
    if move.kind is FindingKind.FLAT_LINE:
        return f"{name} is frozen at {now} from {since}; it varied around {was} before."
    verb = "rose" if move.after > move.before else "fell"
    if move.kind is FindingKind.TREND:
        grows = "grows" if move.after > move.before else "falls"
        return f"{name} {grows} steadily from {since} on: from {was} to {now}{_factor(move)} at the end of the window."
    if move.kind in {FindingKind.SPIKE, FindingKind.DIP}:
        return f"{name} {verb} from {was} to {now}{_factor(move)} at {since}, until {clock(ended)}."
    end = f", until {clock(ended)}" if ended is not None else " and stayed there"
    return f"{name} {verb} from {was} to {now}{_factor(move)} at {since}{end}."


def _of_spread(name: str, move: Move, unit: str, since: str, ended: datetime | float | None) -> str:
    more = "more" if move.after > move.before else "less"
    end = f" until {clock(ended)}" if ended is not None else " on"
    swing, was = amount(move.after, unit), amount(move.before, unit)
    return (
        f"{name} varies {more} from {since}{end}: its standard deviation is {swing} instead of {was}{_factor(move)}, "
        f"around {amount(move.around, unit)}."
    )


def _factor(move: Move) -> str:
    if move.before <= 0 or move.after <= 0:
        return ""
    ratio = move.after / move.before
    return f" (×{number(ratio)})" if ratio >= 1 else f" (÷{number(1 / ratio)})"
