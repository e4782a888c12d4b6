"""Formats by what a user calls them."""

from __future__ import annotations

from difflib import get_close_matches

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.sources.formats import FORMATS, TEXT, Format
from faultmaven_lib.sources.formats.patterns import is_pattern, pattern_format
from faultmaven_lib.sources.formats.plug_ins import plug_in, points

_ALIASES = {
    "nginx": "access", "apache": "access", "nginx access": "access", "apache access": "access", "jsonl": "json",
    "rfc3164": "syslog", "rfc5424": "syslog 5424", "journal": "syslog", "postgres": "postgresql",
    "postgres csv": "postgresql csv", "kubernetes": "klog", "dnsmasq": "syslog", "python": "time and level",
    "java": "time and level", "log4j": "time and level", "logback": "time and level", "plain": "text",
}  # fmt: skip


def format_named(text: str) -> Format:
    """Return a format by its name, or the one that a pattern describes.

    Parameters
    ----------
    text
        A name (``nginx``, ``json``, ``syslog``, that of an installed plug-in), or a pattern such as
        ``<time> <level> [<service>] <message>``.

    Raises
    ------
    SourceError
        If there is no such format, or the pattern is wrong.

    Examples
    --------
    >>> format_named("nginx").name, format_named("<time> <message>").parse("2026-03-01T14:02:11Z slow")["message"]
    ('access', 'slow')
    """
    if is_pattern(text):
        return pattern_format(text)
    name = " ".join(text.strip().lower().replace("-", " ").replace("_", " ").split())
    for point in points():
        if text.strip() == point.name or name == point.name.lower():
            return plug_in(point)
    known = {fmt.name: fmt for fmt in (*FORMATS, TEXT)}
    fmt = known.get(_ALIASES.get(name, name))
    if fmt is None:
        names = format_names()
        near = get_close_matches(name, names, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise SourceError(
            f"there is no log format {text!r}{meant} Known are {', '.join(names)}; a pattern is written as in "
            "<time> <level> [<service>] <message>"
        )
    return fmt


def format_names() -> tuple[str, ...]:
    """Return the names that ``format_named`` knows, those of installed plug-ins among them.

    Examples
    --------
    >>> {"json", "nginx", "syslog"} <= set(format_names())
    True
    """
    own = {fmt.name for fmt in (*FORMATS, TEXT)} | set(_ALIASES)
    return tuple(sorted(own | {point.name for point in points()}))
