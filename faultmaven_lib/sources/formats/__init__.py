"""The formats of log lines, and how one is recognised."""

from __future__ import annotations

from collections.abc import Sequence

from faultmaven_lib.sources.formats.golang import GO
from faultmaven_lib.sources.formats.plug_ins import plug_ins
from faultmaven_lib.sources.formats.postgres import POSTGRES, POSTGRES_CSV
from faultmaven_lib.sources.formats.programs import LEVEL_FIRST, PYTHON, TIMED
from faultmaven_lib.sources.formats.redis import REDIS
from faultmaven_lib.sources.formats.shape import Format, Record
from faultmaven_lib.sources.formats.structured import JSON, LOGFMT
from faultmaven_lib.sources.formats.system import APT, DPKG, KLOG, SYSLOG, SYSLOG_5424
from faultmaven_lib.sources.formats.text import TEXT
from faultmaven_lib.sources.formats.web import ACCESS, APACHE_ERROR, NGINX_ERROR

FORMATS: tuple[Format, ...] = (
    JSON, ACCESS, NGINX_ERROR, APACHE_ERROR, POSTGRES_CSV, POSTGRES, SYSLOG_5424, SYSLOG, KLOG, REDIS, DPKG, APT,
    PYTHON, GO, LOGFMT, LEVEL_FIRST, TIMED,
)  # fmt: skip
"""All formats of this package; of two that recognise equally many lines the earlier one is taken."""
_SHARE = 0.2

__all__ = ["FORMATS", "TEXT", "Format", "Record", "detect", "plug_ins"]


def detect(lines: Sequence[str]) -> Format:
    """Return the format that recognises most of some lines; ``TEXT`` if none recognises a fifth of them.

    Formats that others have installed come first: of two that recognise equally many lines theirs is taken.

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
    formats = (*plug_ins(), *FORMATS)
    counts = [sum(fmt.parse(line) is not None for line in starts) for fmt in formats]
    most = max(counts)
    best = formats[counts.index(most)]
    least = 1 if best.multiline else _SHARE * len(starts)
    return best if most >= max(least, 1) else TEXT
