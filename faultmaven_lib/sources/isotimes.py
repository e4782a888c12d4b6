"""Times in ISO 8601, a whole column at once: digits by their place, without a text for each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

# Abbreviations that mean one offset wherever they are used; the ambiguous ones (CST, IST) are left out.
ABBREVIATIONS = {
    "UTC": "+00:00", "GMT": "+00:00", "UCT": "+00:00", "WET": "+00:00", "WEST": "+01:00", "CET": "+01:00",
    "CEST": "+02:00", "EET": "+02:00", "EEST": "+03:00", "MSK": "+03:00", "EST": "-05:00", "EDT": "-04:00",
    "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00", "JST": "+09:00",
}  # fmt: skip
MISSING = int(np.iinfo(np.int64).min)
"""How a time that could not be read is kept; it is what pandas calls NaT."""
FIRST_NS, LAST_NS = 0, 7_258_118_400_000_000_000
"""What a log can be from: 1970 to 2200."""
_SHORTEST, _LONGEST = 19, 35
_FEW = 8  # so few of one width are not worth the calls
_FORMS = 4  # of one width: with commas and points, in two zones
_CLOCK = "0000-00-00T00:00:00"
_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype="int64")
Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]


def read_iso(texts: pa.Array) -> tuple[Numbers, frozenset[str]]:
    """Return nanoseconds of what is surely a time such as ``2026-03-01T14:02:11.250Z``, and the zones met.

    Whatever is not, or not surely, one is ``MISSING``: that is left to ``parse_times``.

    Examples
    --------
    >>> values, zones = read_iso(pa.array(["2026-03-01 14:02:11.5+01:00"] * 8 + ["noon"], pa.large_string()))
    >>> int(values[0]), int(values[-1]) == MISSING, sorted(zones)
    (1772370131500000000, True, ['+01:00'])
    """
    values = np.full(len(texts), MISSING, dtype="int64")
    zones: set[str] = set()
    widths = pc.fill_null(pc.binary_length(texts), 0).to_numpy(zero_copy_only=False)
    for width in np.flatnonzero(np.bincount(np.minimum(widths, _LONGEST + 1), minlength=1) >= _FEW).tolist():
        if not _SHORTEST <= width <= _LONGEST:
            continue
        rows = np.flatnonzero(widths == width)
        same = texts if len(rows) == len(texts) else texts.take(pa.array(rows))
        start = int(np.frombuffer(same.buffers()[1], "int64", 1, same.offset * 8)[0])
        table = np.frombuffer(same.buffers()[2], "uint8", len(rows) * width, start).reshape(len(rows), width)
        for _ in range(_FORMS):
            found, zone = _of_form(table)
            good = found != MISSING
            if not good.any():
                break
            values[rows[good]] = found[good]
            zones.add(zone)
            if good.all():
                break
            rows, table = rows[~good], table[~good]
            if len(rows) < _FEW:
                break
    return values, frozenset(zones)


def zone_of(tail: str) -> str:
    """Name the zone that the end of an ISO time, after its digits, tells."""
    if tail[:1] not in ("+", "-"):
        return "+00:00" if tail in ("Z", "z") else "assumed UTC"
    digits = tail[1:].replace(":", "")
    return f"{tail[0]}{digits[:2]}:{digits[2:] or '00'}"


def _of_form(table: Bytes) -> tuple[Numbers, str]:
    """Read the rows that have the form of the first one: as many digits of a second, in the same zone."""
    head = bytes(table[0]).decode("latin-1")
    digits = 0
    if head[19:20] in (".", ","):
        digits = len(head[20:]) - len(head[20:].lstrip("0123456789"))
    end = 20 + digits if digits else 19
    tail = head[end:]
    if tail[:1] == " ":
        tail = ABBREVIATIONS.get(tail[1:], tail)
    offset = _offset(tail)
    if offset is None or digits > 9 or head[10] not in "T ":
        return np.full(len(table), MISSING, dtype="int64"), ""
    form = _CLOCK.replace("T", head[10]) + (head[19] + "0" * digits if digits else "")
    literal = np.array([i for i, c in enumerate(form) if c != "0"] + list(range(end, len(head))))
    good = (table[:, literal] == table[0, literal]).all(axis=1)
    good &= (table[0, [4, 7, 13, 16]] == np.frombuffer(b"--::", "uint8")).all()
    places = [i for i, c in enumerate(form) if c == "0"]
    figures = table[:, places] - np.uint8(48)  # wraps around for what is no digit
    good &= (figures <= 9).all(axis=1)
    f = figures.astype("int64")
    year = f[:, 0] * 1000 + f[:, 1] * 100 + f[:, 2] * 10 + f[:, 3]
    month, day, hour, minute, second = (f[:, i] * 10 + f[:, i + 1] for i in (4, 6, 8, 10, 12))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    longest = _DAYS[np.where(month <= 12, month, 0)] + (leap & (month == 2))
    good &= (day >= 1) & (day <= longest) & (hour <= 23) & (minute <= 59) & (second <= 59)
    good &= (year >= 1970) & (year <= 2199)
    # Days since 1970 in the proleptic Gregorian calendar, counted from March so that leap days come last.
    years = year - (month <= 2)
    months = (month + 9) % 12
    days = 365 * years + years // 4 - years // 100 + years // 400 + (153 * months + 2) // 5 + day - 719_469
    value = ((days * 24 + hour) * 60 + minute) * 60 + second - offset
    value = value * 1_000_000_000
    if digits:
        value += f[:, 14:] @ (10 ** np.arange(8, 8 - digits, -1))
    good &= (value >= FIRST_NS) & (value <= LAST_NS)
    return np.where(good, value, MISSING), zone_of(tail)


def _offset(tail: str) -> int | None:
    """Seconds east of UTC that the end of a time says, or None if it says something else."""
    if tail in ("", "Z"):
        return 0
    digits = tail[1:].replace(":", "", 1) if tail[3:4] == ":" else tail[1:]
    if tail[0] not in "+-" or len(digits) != 4 or not (digits.isascii() and digits.isdigit()):
        return None
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 14 or minutes > 59:
        return None
    return (hours * 60 + minutes) * (-60 if tail[0] == "-" else 60)
