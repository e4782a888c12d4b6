"""The formats of log lines, and how one is recognised."""

from __future__ import annotations

from collections.abc import Sequence

from faultmaven_lib.sources.formats.programs import LEVEL_FIRST, POSTGRES, PYTHON, TIMED
from faultmaven_lib.sources.formats.shape import Format, Record
from faultmaven_lib.sources.formats.structured import JSON, LOGFMT
from faultmaven_lib.sources.formats.system import APT, DPKG, KLOG, SYSLOG, SYSLOG_5424
from faultmaven_lib.sources.formats.text import TEXT
from faultmaven_lib.sources.formats.web import ACCESS, APACHE_ERROR, NGINX_ERROR

FORMATS: tuple[Format, ...] = (
    JSON, ACCESS, NGINX_ERROR, APACHE_ERROR, POSTGRES, SYSLOG_5424, SYSLOG, KLOG, DPKG, APT, PYTHON, LOGFMT,
    LEVEL_FIRST, TIMED,
)  # fmt: skip
"""All formats; of two that recognise equally many lines the earlier one is taken."""
_SHARE = 0.2

__all__ = ["FORMATS", "TEXT", "Format", "Record", "built_in", "detect", "plug_ins"]


def built_in() -> tuple[Format, ...]:
    return FORMATS


def plug_ins() -> tuple[Format, ...]:
    return ()


def detect(lines: Sequence[str]) -> Format:
    """Return the format that recognises most of some lines; ``TEXT`` if none recognises a fifth of them.

    Examples
    --------
    >>> detect(['{"msg": "started", "level": "info"}']).name
    'json'
    >>> detect(["something", "else"]).name
    'text'
    """
    # Indented lines continue a record, whatever the format.
    starts = [line for line in lines if line.strip() and not line[0].isspace()]
    if not starts:
        return TEXT
    counts = {fmt.name: sum(fmt.parse(line) is not None for line in starts) for fmt in FORMATS}
    best = max(FORMATS, key=lambda fmt: counts[fmt.name])
    least = 1 if best.multiline else _SHARE * len(starts)
    return best if counts[best.name] >= max(least, 1) else TEXT
