"""Numbers of a sentence against numbers of a record: in its unit, or one that converts to it."""

from __future__ import annotations

from datetime import datetime
from math import floor, log10

from faultmaven_lib.claims.facts import Facts, significant_digits

_SIZES = {
    "ns": ("s", 1e-9),
    "µs": ("s", 1e-6),
    "us": ("s", 1e-6),
    "ms": ("s", 1e-3),
    "s": ("s", 1.0),
    "min": ("s", 60.0),
    "h": ("s", 3600.0),
    "B": ("B", 1.0),
    "kB": ("B", 1e3),
    "MB": ("B", 1e6),
    "GB": ("B", 1e9),
    "TB": ("B", 1e12),
    "KiB": ("B", 2.0**10),
    "MiB": ("B", 2.0**20),
    "GiB": ("B", 2.0**30),
    "TiB": ("B", 2.0**40),
    "%": ("%", 1.0),
    "/s": ("/s", 1.0),
    "/min": ("/s", 1 / 60),
    "": ("", 1.0),
}
_WRITTEN = {
    "percent": "%",
    "per second": "/s",
    "per minute": "/min",
    "millisecond": "ms",
    "second": "s",
    "minute": "min",
    "hour": "h",
}
_FURTHEST = 0.05
"""However few digits a number is written with, it may be off by this share at most."""


def size_of(unit: str) -> tuple[str, float] | None:
    """Return what a unit measures and how large it is; None if it is not known.

    Examples
    --------
    >>> size_of("ms"), size_of("MB/s"), size_of("furlong")
    (('s', 0.001), ('B/s', 1000000.0), None)
    """
    name = _WRITTEN.get(unit.removesuffix("s") if len(unit) > 3 else unit, unit)
    name = _WRITTEN.get(unit, name)
    if name.endswith("B/s"):
        base = _SIZES.get(name.removesuffix("/s"))
        return None if base is None else ("B/s", base[1])
    return _SIZES.get(name)


def is_value(digits: str, unit: str, value: float | None, held: str) -> bool:
    """Whether a number as it is written is a value, to the digits in which it is written.

    Parameters
    ----------
    digits, unit
        As in the sentence.
    value, held
        The recorded value and its unit.

    Examples
    --------
    >>> is_value("2.52", "s", 2524.45, "ms"), is_value("2.52", "ms", 2524.45, "ms"), is_value("3", "s", 2.52, "s")
    (True, False, False)
    """
    said, known = size_of(unit), size_of(held)
    if value is None or said is None or known is None or said[0] != known[0]:
        return False
    wanted, there = abs(float(digits.replace(",", ""))) * said[1], abs(value) * known[1]
    if wanted == 0 or there == 0:
        return wanted == there
    # The last digit of a whole number that ends in zeros is not known: 12,300 stands for 12,345.6 too.
    whole = digits.replace(",", "")
    known_digits = significant_digits(digits) if "." in whole else max(len(whole.rstrip("0")), min(3, len(whole)))
    step = 10.0 ** (floor(log10(wanted / said[1])) - known_digits + 1) * said[1]
    return abs(wanted - there) <= min(0.5000001 * step, _FURTHEST * there)


def is_moment(text: str, at: datetime | float | None) -> bool:
    """Whether a time as it is written is a moment, to its precision."""
    if not isinstance(at, datetime):
        return False
    facts = Facts()
    facts.add_time(at)
    facts.add_numbers()
    return facts.has_moment(text)
