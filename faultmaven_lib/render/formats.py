"""Numbers, durations and moments as people read them."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from faultmaven_lib.exceptions import WindowError
from faultmaven_lib.model import Window, utc

MINUS = "−"
_SECONDS = {
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "ms": 1e-3,
    "milliseconds": 1e-3,
    "us": 1e-6,
    "µs": 1e-6,
    "microseconds": 1e-6,
    "ns": 1e-9,
    "nanoseconds": 1e-9,
    "min": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
    "hours": 3600.0,
}
_BYTES = ("b", "by", "byte", "bytes")
_TIMES = ("×", "x", "times")
_BARE = ("ratio", "1", "count")
_LONG = 100.0
"""Seconds from which a duration is told in words."""


def in_words(span: timedelta) -> str:
    """Return a duration in its two largest units.

    Examples
    --------
    >>> in_words(timedelta(seconds=252)), in_words(timedelta(hours=26)), in_words(timedelta(seconds=0.0123))
    ('4 min 12 s', '1 d 2 h', '12 ms')
    """
    seconds = span.total_seconds()
    sign, seconds = (MINUS if seconds < 0 else ""), abs(seconds)
    if seconds < 0.9995:
        return f"{sign}{round(seconds * 1000)} ms" if seconds >= 0.0005 else "0 s"
    if seconds < 9.95:
        return f"{sign}{_trimmed(f'{seconds:.1f}')} s"
    whole = round(seconds)
    for large, small, names in ((86400, 3600, ("d", "h")), (3600, 60, ("h", "min")), (60, 1, ("min", "s"))):
        if whole >= large:
            count, rest = divmod(round(whole / small) * small, large)
            return f"{sign}{count:,} {names[0]}" + (f" {rest // small} {names[1]}" if rest else "")
    return f"{sign}{whole} s"


def number(value: float | None, unit: str = "") -> str:
    """Return a number with three significant digits and its unit; whole numbers are given whole.

    Seconds and bytes are scaled to the unit that reads best; 100 s and more are told in words.

    Examples
    --------
    >>> number(3.2149, "s"), number(0.012, "s"), number(1_200_000, "B"), number(30, "×"), number(12345)
    ('3.21 s', '12.0 ms', '1.2 MB', '×30', '12,345')
    >>> number(None), number(-0.12345, "%"), number(252, "s"), number(41.66, "/s")
    ('–', '−0.123 %', '4 min 12 s', '41.7/s')
    """
    if value is None or math.isnan(value):
        return "–"
    known = unit.strip().lower()
    if math.isinf(value):
        return f"{MINUS if value < 0 else ''}∞ {unit}".strip()
    if known in _SECONDS:
        return _seconds(value * _SECONDS[known])
    if known in _BYTES:
        return _bytes(value)
    if known in _TIMES:
        return f"×{_three(value)}"
    name = "%" if known == "percent" else "" if known in _BARE else unit.strip()
    return _three(value) + (name if name.startswith("/") else f" {name}".rstrip())


def _seconds(value: float) -> str:
    rounded = float(f"{value:.3g}")
    size = abs(rounded)
    if size >= _LONG:
        return in_words(timedelta(seconds=min(max(value, -1e13), 1e13)))
    if size == 0:
        return "0 s"
    for factor, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if size >= factor:
            return f"{_three(rounded / factor, keep_zeros=True)} {name}"
    return f"{_three(rounded / 1e-9, keep_zeros=True)} ns"


def _bytes(value: float) -> str:
    rounded = float(f"{value:.3g}")
    for power, name in enumerate(("B", "kB", "MB", "GB", "TB")):
        if abs(rounded) < 1000 ** (power + 1):
            return f"{_three(rounded / 1000**power)} {name}"
    return f"{_three(rounded / 1000**5)} PB"


def _three(value: float, *, keep_zeros: bool = False) -> str:
    whole = float(value).is_integer() and abs(value) < 1e15
    if whole and not keep_zeros:
        return f"{int(value):,}".replace("-", MINUS)
    rounded = float(f"{value:.3g}")
    size = abs(rounded)
    if size == 0:
        return "0"
    if size >= 1e15 or size < 1e-4:
        return f"{rounded:.3g}".replace("-", MINUS)
    decimals = max(0, 2 - math.floor(math.log10(size)))
    text = f"{rounded:,.{decimals}f}"
    return (text if keep_zeros else _trimmed(text)).replace("-", MINUS)


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def zone_of(zone: str | tzinfo | None) -> tzinfo | None:
    """Return the reader's zone; None stands for the machine's own.

    Raises
    ------
    WindowError
        If there is no zone of that name.
    """
    if not isinstance(zone, str):
        return zone
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise WindowError(f"{zone!r} is not a time zone: write it as Europe/Berlin or UTC") from None


def utc_text(at: datetime) -> str:
    """Return a moment in UTC, to the second: ``2026-03-01 14:02:11 UTC``."""
    return utc(at).strftime("%Y-%m-%d %H:%M:%S UTC")


def local_text(at: datetime, zone: str | tzinfo | None = None) -> str:
    """Return the reader's clock at a moment, with the day if it is another one; empty if the reader's zone is UTC."""
    moment_utc = utc(at)
    local = moment_utc.astimezone(zone_of(zone))
    name = local.tzname() or ""
    if name == "UTC":
        return ""
    day = "" if local.date() == moment_utc.date() else f"{local:%Y-%m-%d} "
    return f"{day}{local:%H:%M} {name}"


def moment(at: datetime, zone: str | tzinfo | None = None) -> str:
    """Return a moment in UTC with the reader's zone beside it.

    Parameters
    ----------
    at
        A time with a zone.
    zone
        The reader's zone by name or as a ``tzinfo``; default: the machine's.

    Examples
    --------
    >>> moment(utc("2026-03-01T14:02:11Z"), "Europe/Berlin"), moment(utc("2026-03-01T14:02:11Z"), "UTC")
    ('2026-03-01 14:02:11 UTC (15:02 CET)', '2026-03-01 14:02:11 UTC')
    """
    local = local_text(at, zone)
    return f"{utc_text(at)} ({local})" if local else utc_text(at)


def onset_text(onset: datetime | float | None, zone: str | tzinfo | None = None) -> str:
    """Return an onset: a moment, or a number in the unit of a frame without times; empty if not known."""
    if onset is None:
        return ""
    return moment(onset, zone) if isinstance(onset, datetime) else f"at {number(float(onset))}"


def window_text(window: Window, zone: str | tzinfo | None = None) -> str:
    """Return a window with both clocks and its length.

    Examples
    --------
    >>> window_text(Window.parse("2026-03-01T14:00Z/10m"), "Europe/Berlin")
    '2026-03-01 14:00:00 to 14:10:00 UTC (15:00 to 15:10 CET), 10 min'
    """
    start, end = window.start, window.end
    same_day = start.date() == end.date()
    until = f"{end:%H:%M:%S}" if same_day else f"{end:%Y-%m-%d %H:%M:%S}"
    here, there = local_text(start, zone), local_text(end, zone)
    begin = here.rsplit(" ", 1)[0] if here and here.split()[-1] == there.split()[-1] else here
    local = f" ({begin} to {there})" if here and there else ""
    return f"{start:%Y-%m-%d %H:%M:%S} to {until} UTC{local}, {in_words(window.length)}"


def count(number_of: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> count(1, "row"), count(12345, "row"), count(2, "query", "queries")
    ('1 row', '12,345 rows', '2 queries')
    """
    return f"{number_of:,} {noun if number_of == 1 else plural or noun + 's'}"
