"""Whole blocks of lines as columns: what the parsers of single lines give, many times faster.

A matcher takes lines and returns those that it surely reads as the parser of its format does; it may leave out any
line, which then goes to that parser.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import pyarrow as pa

from faultmaven_lib.sources.formats import FORMATS, TEXT, Format
from faultmaven_lib.sources.formats.patterns import Pattern
from faultmaven_lib.sources.parts import Part
from faultmaven_lib.sources.vectorised.access import match_access
from faultmaven_lib.sources.vectorised.json_lines import match_json
from faultmaven_lib.sources.vectorised.pairs import match_logfmt
from faultmaven_lib.sources.vectorised.programs import match_klog, match_pattern, match_postgres, match_python
from faultmaven_lib.sources.vectorised.system import match_syslog

__all__ = ["Matcher", "foreign", "own"]

Matcher = Callable[[Sequence[str], pa.Array], list[Part]]
"""From lines, as texts and as an Arrow array of them, to parts whose ``lines`` are positions among them."""
_MATCHERS: dict[str, Matcher] = {
    "json": match_json,
    "access": match_access,
    "time and level": match_python,
    "postgresql": match_postgres,
    "syslog": match_syslog,
    "klog": match_klog,
    "logfmt": match_logfmt,
}
_UNMISTAKABLE = ("json", "access")


def own(fmt: Format) -> Matcher | None:
    """Return the matcher of a format, if it has one."""
    if isinstance(fmt.parse, Pattern):
        return partial(match_pattern, fmt.parse)
    return _MATCHERS.get(fmt.name) if fmt in FORMATS else None


def foreign(fmt: Format) -> list[Matcher]:
    """Return matchers of lines that no other format reads, to be found amid lines of a format."""
    if fmt is not TEXT and fmt not in FORMATS:
        return []  # nobody knows what a format from elsewhere reads
    return [_MATCHERS[name] for name in _UNMISTAKABLE if name != fmt.name]
