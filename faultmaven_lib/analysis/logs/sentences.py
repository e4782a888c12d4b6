"""Findings on logs, each with its sentence."""

from __future__ import annotations

import math
import re
from datetime import datetime

from faultmaven_lib.analysis.logs.digests import Digest, moment_of
from faultmaven_lib.analysis.logs.values import Shift
from faultmaven_lib.analysis.wording import amount, both_ends, clean, clock, number, quoted, span, times, unit_of
from faultmaven_lib.model import Direction, Finding, FindingKind

_SUBJECT = 300


def of_count(
    before: Digest,
    after: Digest,
    kind: FindingKind,
    service: str,
    template: str,
    onset: datetime | float | None,
    counts: tuple[int, int],
    *,
    score: float,
    p: float | None,
    example: str,
) -> Finding:
    """State that a template came, went, or changed its rate."""
    was, now = counts
    rates = was * 60 / before.length, now * 60 / after.length
    who = clean(service, 80) or "A service without a name"
    then = span(before.length, samples=before.counts_samples) + _where(before, after)
    here = span(after.length, samples=after.counts_samples)
    since = {
        FindingKind.NEW_TEMPLATE: f"first at {clock(onset)}",
        FindingKind.GONE_TEMPLATE: f"missing from {clock(onset)}",
        FindingKind.SURGE: f"more from {clock(onset)}",
        FindingKind.DIP: f"less from {clock(onset)}",
    }[kind]
    logged = f"logged {quoted(template)} {times(now)} in {here}"
    if not now:
        logged = f"did not log {quoted(template)} in {here}"
    sentence = f"{who} {logged}, {times(was)} in the {then}; {since}."
    up = kind in {FindingKind.NEW_TEMPLATE, FindingKind.SURGE}
    return Finding(
        kind=kind,
        service=service,
        subject=clean(template, _SUBJECT),
        direction="up" if up else "down",
        onset=onset,
        before=rates[0],
        after=rates[1],
        size=rates[1] - rates[0],
        unit="/min",
        score=round(float(score), 4),
        p_value=p,
        sentence=sentence,
        example=example,
    )


def of_rewording(
    before: Digest,
    after: Digest,
    service: str,
    templates: tuple[str, str],
    onset: datetime | float | None,
    counts: tuple[int, int],
    example: str,
) -> Finding:
    """State that a message is worded in another way, and comes as often as it did."""
    rates = counts[0] * 60 / before.length, counts[1] * 60 / after.length
    who = clean(service, 80) or "A service without a name"
    sentence = (
        f"{who} logged {quoted(templates[1])} {times(counts[1])} in "
        f"{span(after.length, samples=after.counts_samples)} in place of {quoted(templates[0])}, which it logged "
        f"{times(counts[0])} in the {span(before.length, samples=before.counts_samples)}{_where(before, after)}; "
        f"from {clock(onset)}."
    )
    return Finding(
        kind=FindingKind.REWORDED_TEMPLATE,
        service=service,
        subject=clean(templates[1], _SUBJECT),
        onset=onset,
        before=rates[0],
        after=rates[1],
        size=rates[1] - rates[0],
        unit="/min",
        score=1.0,  # worth a look when nothing else is there
        sentence=sentence,
        example=example,
    )


def of_value(before: Digest, after: Digest, service: str, template: str, shift: Shift, q_value: float) -> Finding:
    """State that a number in the lines moved, or that a value spread."""
    onset = moment_of(shift.at)
    who = clean(service, 80) or "a service without a name"
    field = clean(shift.field, 80)
    place = f" in {quoted(template)} of {who}" if template else f" in the log of {who}"
    then = span(before.length, samples=before.counts_samples) + _where(before, after)
    direction: Direction = "up" if shift.after > shift.before else "down"
    if shift.value is None:
        unit = _unit(field)
        factor = 1e-3 if unit == "ms" else 1.0
        unit = "s" if unit == "ms" else unit
        was, now = shift.before * factor, shift.after * factor
        subject = f"{field} of {template}" if template else field
        verb = "rose" if direction == "up" else "fell"
        sentence = (
            f"The {shift.statistic} of {field}{place} {verb} from {amount(was, unit)} in the {then} "
            f"to {amount(now, unit)}{_ratio(shift.ratio)}; from {clock(onset)}."
        )
    else:
        unit, was, now = "%", shift.before, shift.after
        subject = f"{field}={both_ends(shift.value, 80)}" + (f" of {template}" if template else "")
        sentence = (
            f"{field} was {both_ends(shift.value, 80)} in {shift.lines[1]:,} of {shift.totals[1]:,} lines "
            f"({number(now)} %){place}, in {shift.lines[0]:,} of {shift.totals[0]:,} ({number(was)} %) in the {then}; "
            f"from {clock(onset)}."
        )
    return Finding(
        kind=FindingKind.VALUE_SHIFT,
        service=service,
        subject=clean(subject, _SUBJECT),
        direction=direction,
        onset=onset,
        before=was,
        after=now,
        size=now - was,
        unit=unit,
        score=round(10 * math.log10(1 + shift.deviation), 4),
        p_value=q_value,
        sentence=sentence,
        example=shift.example,
    )


def _where(before: Digest, after: Digest) -> str:
    """Say ``before`` only where the baseline ends as the incident starts."""
    gap = after.bounds[0] - before.bounds[1]
    return " before" if abs(gap) <= 0.5 * max(before.length, 1e-9) else " of the baseline"


def _unit(field: str) -> str:
    """Return the unit of a field: of its name, or the one that follows the number in the line."""
    written = re.search(r" \(([^()]*)\)$", field)
    return unit_of(f"_{written[1]}" if written else field)


def _ratio(ratio: float) -> str:
    if not math.isfinite(ratio) or ratio <= 0:
        return ""
    return f" (×{number(ratio)})" if ratio >= 1 else f" (÷{number(1 / ratio)})"
