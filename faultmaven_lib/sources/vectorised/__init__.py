"""Whole blocks of lines as columns: what the parsers of single lines give, many times faster.

A matcher takes lines and returns those that it surely reads as the parser of its format does; it may leave out any
line, which then goes to that parser.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa

from faultmaven_lib.sources.formats import FORMATS, TEXT, Format
from faultmaven_lib.sources.parts import Part
from faultmaven_lib.sources.vectorised.access import match_access
from faultmaven_lib.sources.vectorised.json_lines import match_json

__all__ = ["MATCHERS", "Matcher", "foreign"]

Matcher = Callable[[Sequence[str], pa.Array], list[Part]]
"""From lines, as texts and as an Arrow array of them, to parts whose ``lines`` are positions among them."""
MATCHERS: dict[str, Matcher] = {"json": match_json, "access": match_access}
"""By the name of the format."""
_UNMISTAKABLE = ("json", "access")


def foreign(fmt: Format) -> list[Matcher]:
    """Return matchers of lines that no other format reads, to be found amid lines of a format."""
    if fmt is not TEXT and fmt not in FORMATS:
        return []  # nobody knows what a format from elsewhere reads
    return [MATCHERS[name] for name in _UNMISTAKABLE if name != fmt.name]
