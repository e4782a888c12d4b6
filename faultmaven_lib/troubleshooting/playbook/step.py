"""One step of the playbook. ``{service}`` stands for the name of the service."""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """What to do, why, at what risk, how to see that it helped, and the way back."""

    action: str
    rationale: str
    command: str
    risk: str
    verify: str
    rollback: str
    changes: bool


def check(action: str, rationale: str, command: str, verify: str) -> Step:
    """Return a step that only looks; ``verify`` says what is seen where the mechanism is at work."""
    return Step(action, rationale, command, "none: it only reads", verify, "nothing to undo", changes=False)


def change(action: str, rationale: str, command: str, *, risk: str, verify: str, rollback: str) -> Step:
    """Return a step that changes something; without a command where every system has its own way."""
    return Step(action, rationale, command, risk, verify, rollback, changes=True)
