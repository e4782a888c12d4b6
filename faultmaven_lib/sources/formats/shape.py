"""What a log format is: a name and a function from a line to a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]
"""``time, level, message, service`` where known, ``line``, and parsed fields."""


@dataclass(frozen=True)
class Format:
    """One way in which programs write log lines."""

    name: str
    parse: Callable[[str], Record | None]
    """From a line to a record, or None if the line is not in this format."""
    multiline: bool = False
    """Lines that do not start a record belong to the one before."""
    timed: bool = True
    """Records have a time; the others are weak and match only where they were detected."""
