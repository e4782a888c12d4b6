"""Settings that a change lowers: limits, as they are written in configuration and code."""

from __future__ import annotations

import re
from typing import NamedTuple

_SETTING = re.compile(
    r"(?<![\w.-])([A-Za-z_][\w.-]{1,60})[\"']?(?:\s*[:=]\s*|\s+)[\"']?(\d{1,15}(?:\.\d{1,9})?)\s?([a-zA-Z]{0,4})(?![\w.])"
)
_UNITS = {"": 1.0, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0} | {
    f"{prefix}{unit}": 1024.0**power
    for power, prefix in enumerate(("", "k", "m", "g", "t"))
    for unit in ("b", "ib", "i")
    if prefix or unit == "b"
}
_BOUND = 20_000


class Lowered(NamedTuple):
    """A setting, and what it was set to before and after a change, as written."""

    name: str
    before: str
    after: str


def lowered(diff: str) -> list[Lowered]:
    r"""Return the settings whose number a diff makes smaller.

    Examples
    --------
    >>> lowered("-maxmemory 16mb\n+maxmemory 1132kb\n-pool_size = 5\n+pool_size = 20")
    [Lowered(name='maxmemory', before='16mb', after='1132kb')]
    """
    before: dict[str, tuple[float, str]] = {}
    after: dict[str, tuple[float, str]] = {}
    for line in diff[:_BOUND].splitlines():
        side = before if line.startswith("-") else after if line.startswith("+") else None
        if side is None or line.startswith(("---", "+++")):
            continue
        for name, number, unit in _SETTING.findall(line[1:]):
            size = _UNITS.get(unit.lower(), 1.0)
            side.setdefault(name, (float(number) * size, f"{number}{unit}"))
    return [
        Lowered(name, written, after[name][1])
        for name, (size, written) in before.items()
        if name in after and after[name][0] < size
    ]
