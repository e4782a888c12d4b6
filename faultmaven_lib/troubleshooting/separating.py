"""Which question tells two hypotheses apart best: the one whose answers they foretell most differently."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from faultmaven_lib.model import Check, Hypothesis, Mechanism
from faultmaven_lib.troubleshooting.holdings import Holdings
from faultmaven_lib.troubleshooting.mechanisms import EXPLAINS
from faultmaven_lib.troubleshooting.playbook import PLAYBOOK
from faultmaven_lib.troubleshooting.probes import PROBES, Probe

_BY_HAND = 0.5
"""What a question is worth that only a person can answer, against one that the data at hand answers."""
_APART = 0.3
"""Least difference of two likelihoods that tells anything."""
_LINKED = 0.5
"""How likely a sign is where another service has the trouble that is known to bring it about."""


class Asked(NamedTuple):
    """A probe, put to a service."""

    mechanism: Mechanism
    service: str

    @property
    def probe(self) -> Probe:
        """What is asked."""
        return PROBES[self.mechanism]


def likelihood(asked: Asked, hypothesis: Hypothesis) -> float:
    """Return how likely a yes is if a hypothesis is true.

    Examples
    --------
    >>> leak = Hypothesis(service="api", mechanism=Mechanism.MEMORY_LEAK, cause="…")
    >>> busy = Hypothesis(service="api", mechanism=Mechanism.CPU_SATURATION, cause="…")
    >>> growing = Asked(Mechanism.MEMORY_LEAK, "api")
    >>> likelihood(growing, leak), likelihood(growing, busy)
    (0.9, 0.1)
    """
    probe = asked.probe
    here = hypothesis.service == asked.service or probe.of_anyone
    if hypothesis.mechanism is asked.mechanism and here:
        return probe.likely
    if here:
        return probe.also.get(hypothesis.mechanism, probe.other)
    linked = asked.mechanism in EXPLAINS.get(hypothesis.mechanism, ())
    return max(probe.other, _LINKED) if linked else probe.other


def separating(leader: Hypothesis, other: Hypothesis, held: Holdings) -> tuple[Check, Asked | None]:
    """Return the check that tells two hypotheses apart best, and what is asked; None where only a person can answer.

    Parameters
    ----------
    leader, other
        The two hypotheses.
    held
        What is connected: a question that it answers goes before one that takes a person.
    """
    best: tuple[tuple[float, bool], float, Asked] | None = None
    for one in (leader, other):
        if one.mechanism in PROBES:
            asked = Asked(one.mechanism, one.service)
            apart, readable = abs(likelihood(asked, leader) - likelihood(asked, other)), _readable(asked, held)
            worth = (round(apart if readable else apart * _BY_HAND, 6), readable)
            if apart >= _APART and (best is None or worth > best[0]):
                best = (worth, apart, asked)
    if best is None:
        return _by_hand(leader, other), None
    _, apart, asked = best
    first = likelihood(asked, leader) > likelihood(asked, other)
    yes, no = (leader, other) if first else (other, leader)
    reading = next((r for r in asked.probe.readings if held.source_of(r, asked.service)), None)
    check = Check(
        question=asked.probe.question.replace("{service}", asked.service),
        hypotheses=(leader.id, other.id),
        expected=(f"a yes speaks for {_named(yes)}", f"a no speaks for {_named(no)}"),
        difference=round(apart, 2),
        source=held.source_of(reading, asked.service) if reading else "",
        query=held.query(reading, asked.service) if reading else "",
        command=_command(asked.mechanism, asked.service),
    )
    return check, asked if reading else None


def _readable(asked: Asked, held: Holdings) -> bool:
    return any(held.source_of(reading, asked.service) for reading in asked.probe.readings)


def _by_hand(leader: Hypothesis, other: Hypothesis) -> Check:
    """Two that no probe tells apart: the leader's own check, by a person."""
    step = PLAYBOOK[leader.mechanism][0]
    seen = step.verify.replace("{service}", leader.service)
    return Check(
        question=step.action.replace("{service}", leader.service),
        hypotheses=(leader.id, other.id),
        expected=(f'"{seen}" speaks for {_named(leader)}', f"anything else for {_named(other)}"),
        command=_command(leader.mechanism, leader.service),
    )


def _command(mechanism: Mechanism, service: str) -> str:
    return PLAYBOOK[mechanism][0].command.replace("{service}", shlex.quote(service))


def _named(hypothesis: Hypothesis) -> str:
    return f"{hypothesis.id} ({hypothesis.mechanism.phrase} in {hypothesis.service})"
