"""All values of the lines of two windows, compared: fields by service and template, and what stands in templates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np

from faultmaven_lib.analysis.logs.digests import Digest
from faultmaven_lib.analysis.logs.groups import Groups, Side
from faultmaven_lib.analysis.logs.numbers import Numbers, is_code, number_shifts
from faultmaven_lib.analysis.logs.places import parsed, place_shifts
from faultmaven_lib.analysis.logs.values import LEAST_LINES, Shift, Values, share_shifts

_TEMPLATES = 200
"""Templates whose values are compared, those of most lines."""


class ValueShift(NamedTuple):
    """A shift with the lines it is of."""

    service: str
    template: str
    """Empty where it is of all lines of the service."""
    shift: Shift
    nearest: int
    """The baseline it is held against."""
    q: float = 1.0

    def adjusted(self, q: float) -> Self:
        """Return the same with its p-value adjusted for the number of comparisons."""
        return self._replace(q=q)


def value_shifts(calm: list[Side], incident: Side, groups: Groups, min_ratio: float) -> Iterator[ValueShift]:
    """Compare fields by service, numbers also by template, and what stands in templates without a number beside it."""
    after = incident.digest
    for service in sorted(after.services):
        if not all(service in side.digest.services for side in calm):
            continue
        numbers, even = zip(*(side.numbers(service) for side in (*calm, incident)), strict=True)
        sampled = [of.of(rows) for of, rows in zip(numbers, even, strict=True)]
        shifts = []
        # What is a number in all lines of a service is one in those of a template, however few values it has there.
        codes = {field for was in sampled[:-1] for field, values in was.fields.items() if is_code(values)}
        for side, was in zip(calm, sampled, strict=False):
            found = list(number_shifts(was, sampled[-1], min_ratio, codes))
            for field, pair in _shared_values(side.digest, after, service, codes):
                found += share_shifts(field, *pair, min_ratio)
            shifts.append(found)
        yield from _least_shifted(shifts, service, "")
        for group in _several(numbers):
            *were, now = (of.of(of.kinds == group) for of in numbers)
            found_in = [list(number_shifts(was, now, min_ratio, codes)) for was in were]
            yield from _least_shifted(found_in, service, groups.text(group))
    chosen = _most_common(calm, incident, len(groups.keys))
    templates = [groups.keys[group][1] for group in chosen]
    told = [parsed(groups.miner, templates, [s.messages(g) for g in chosen]) for s in (*calm, incident)]
    for group, *lines in zip(chosen, *told, strict=True):
        shifts = [list(place_shifts(was, lines[-1], min_ratio)) for was in lines[:-1]]
        yield from _least_shifted(shifts, groups.keys[group][0], groups.text(group))


def narrowest(values: Iterable[ValueShift]) -> Iterator[ValueShift]:
    """Yield each shift once: that of a service where all of it moved, and else those of its templates."""
    by_field: dict[tuple[str, str], list[ValueShift]] = {}
    for value in values:
        if value.shift.value is None:
            by_field.setdefault((value.service, value.shift.field), []).append(value)
        else:
            yield value
    for same in by_field.values():
        whole = [value for value in same if not value.template]
        parts = [value for value in same if value.template]
        stronger = whole and all(whole[0].shift.deviation >= part.shift.deviation for part in parts)
        yield from whole if stronger or not parts else parts


def _several(numbers: Sequence[Numbers]) -> list[int]:
    """Return the groups of a service with enough numbers, most frequent first; none where it has only one."""
    counts = [dict(zip(*np.unique(side.kinds, return_counts=True), strict=True)) for side in numbers]
    if len(set().union(*counts)) < 2:
        return []
    best = sorted(counts[-1], key=lambda group: (-counts[-1][group], group))[:_TEMPLATES]
    return [int(group) for group in best if all(c.get(group, 0) >= LEAST_LINES for c in counts[:-1])]


def _least_shifted(shifts: list[list[Shift]], service: str, template: str) -> Iterator[ValueShift]:
    """Yield of every value the shift against the baseline that it differs least from."""
    by_value: dict[tuple[str, str | None], list[tuple[Shift, int]]] = {}
    for nearest, found in enumerate(shifts):
        for shift in found:
            by_value.setdefault((shift.field, shift.value), []).append((shift, nearest))
    for against in by_value.values():
        if len(against) == len(shifts) and len({shift.after > shift.before for shift, _ in against}) == 1:
            yield ValueShift(service, template, *max(against, key=lambda pair: pair[0].p))


def _shared_values(
    before: Digest, after: Digest, service: str, codes: Collection[str]
) -> Iterator[tuple[str, tuple[Values, Values]]]:
    """Yield the fields of a service that hold categories, with their values in both windows."""
    for (owner, field), known in before.fields.items():
        now = after.fields.get((owner, field))
        if owner != service or not known or not now:
            continue
        if field not in before.worded | after.worded and field not in codes:
            continue
        yield field, (_values(before, known), _values(after, now))


def _values(digest: Digest, numbers: dict[str, int]) -> Values:
    events = digest.values.events()
    return Values(
        {value: events.of(number) for value, number in numbers.items()},
        {value: digest.value_examples[number][1] for value, number in numbers.items()},
    )


def _most_common(calm: list[Side], incident: Side, groups: int) -> list[int]:
    """Return the groups with most lines to look into on every side."""
    common = np.min([side.kept(groups) for side in (*calm, incident)], axis=0)
    best = np.argsort(-common, kind="stable")[:_TEMPLATES]
    return [group for group in best.tolist() if common[group] >= LEAST_LINES]
