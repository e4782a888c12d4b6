"""Times as logs and tables write them, to UTC nanoseconds, a whole column at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import ascii_letters
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from faultmaven_lib.sources.isotimes import ABBREVIATIONS, FIRST_NS, LAST_NS, MISSING, read_iso, zone_of

ISO = (
    r"\d{4}-\d\d-\d\d[T ]{1,2}\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?"
    rf"(?: ?(?:Z|[+-]\d\d(?::?\d\d)?|{'|'.join(ABBREVIATIONS)})\b)?"
)
"""A time such as ``2026-03-01 14:02:11,123 +0100``; the zone may be missing."""
_EPOCH = re.compile(r"\d{9,10}(?:\.\d{1,9})?|\d{13}(?:\.\d{1,6})?|\d{16}|\d{19}")
_YEARLESS = re.compile(r"([A-Z][a-z]{2})\s+(\d{1,2}) (\d\d:\d\d:\d\d(?:\.\d{1,9})?)$")
_KLOG = re.compile(r"(\d\d)(\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,9})?)$")
_ACCESS = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d:\d\d:\d\d(?:\.\d{1,9})?)(?: ([+-]\d{4}))?$")
_CTIME = re.compile(r"(?:[A-Z][a-z]{2},? )?([A-Z][a-z]{2})\s+(\d{1,2}) (\d\d:\d\d:\d\d(?:\.\d{1,9})?) (\d{4})$")
_DAY_FIRST = re.compile(
    r"(?:[A-Z][a-z]{2},? )?(\d{1,2})[ -]([A-Z][a-z]{2})[a-z]*[ -](\d{4}),? (\d\d:\d\d:\d\d(?:\.\d{1,9})?)"
    r"(?: ?([+-]\d{4}|[A-Z]{3,4}))?$"
)
_SLASHES = re.compile(r"(\d{4})/(\d\d)/(\d\d)[ T](\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)$")
_FRACTION = (
    r"^(?:[A-Z][a-z]{2} +[0-9]{1,2}|[0-9]{4}|[0-9]{4}/[0-9]{2}/[0-9]{2}|[0-9]{2} [A-Z][a-z]{2} [0-9]{4}) "
    r"[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{1,9}$"
)
_MONTHS = {m: f"{n:02d}" for n, m in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_FIRST, _LAST = pd.Timestamp("1970-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC")


@dataclass(frozen=True)
class Times:
    """A column of times: UTC, ``NaT`` where none could be read."""

    index: pd.DatetimeIndex
    zones: frozenset[str]
    """Offsets met; ``assumed UTC`` for times without one, ``epoch`` for numbers."""
    yearless: bool = False
    """Some times had no year: it was taken from the reference."""


def parse_times(raw: Sequence[Any], reference: datetime) -> Times:
    """Read a column of times in whatever forms it has.

    Parameters
    ----------
    raw
        Strings, numbers (epoch seconds, milli-, micro- or nanoseconds, told apart by their size), or None.
    reference
        Where a year is missing (syslog): the latest year in which the time lies not after this moment.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> now = datetime(2026, 3, 1, tzinfo=UTC)
    >>> times = parse_times(["2026-02-01T10:00:00+01:00", 1769940000, "Dec 31 23:00:00", "soon"], now)
    >>> [str(t) for t in times.index]
    ['2026-02-01 09:00:00+00:00', '2026-02-01 10:00:00+00:00', '2025-12-31 23:00:00+00:00', 'NaT']
    >>> sorted(times.zones), times.yearless
    (['+01:00', 'assumed UTC', 'epoch'], True)
    """
    read = nanoseconds(list(raw), reference)
    index = pd.DatetimeIndex(read.values.view("datetime64[ns]")).tz_localize("UTC")
    return Times(index.rename("time"), read.zones, read.yearless)


@dataclass(frozen=True)
class Nanoseconds:
    """A column of times as numbers: UTC nanoseconds, ``MISSING`` where none could be read."""

    values: npt.NDArray[np.int64]
    zones: frozenset[str]
    yearless: bool


def nanoseconds(raw: pa.Array | Sequence[Any], reference: datetime) -> Nanoseconds:
    """Read a column of times, as ``parse_times`` does, into numbers.

    Texts in ISO 8601 of one width are read digit by digit as whole columns; of other forms each distinct one is
    read once, for access logs and syslog have many lines a second.
    """
    if isinstance(raw, pa.Array):
        return _of_texts(raw, reference)
    kinds = set(map(type, raw))
    if kinds <= {str, type(None)}:
        return _of_texts(pa.array(raw, pa.large_string()), reference)
    if kinds == {int} and max(map(abs, raw)) < 2**62:
        return Nanoseconds(_plausible(_of_integers(np.array(raw, dtype="int64"))), frozenset({"epoch"}), False)
    values = np.full(len(raw), MISSING, dtype="int64")
    texts: dict[int, str] = {}
    epochs = False
    for position, value in enumerate(raw):
        if isinstance(value, str):
            texts[position] = value
        elif isinstance(value, datetime):
            if value == value:
                texts[position] = value.isoformat()
        elif isinstance(value, int | float | np.number) and not isinstance(value, bool):
            # NumPy's own scalars are written like Python's by item().
            values[position] = _epoch(value.item() if isinstance(value, np.generic) else value)
            epochs = True
    zones, yearless = frozenset[str](), False
    if texts:
        read = _of_texts(pa.array(texts.values(), pa.large_string()), reference)
        values[list(texts)] = read.values
        zones, yearless = read.zones, read.yearless
    return Nanoseconds(_plausible(values), zones | {"epoch"} if epochs else zones, yearless)


def _of_texts(texts: pa.Array, reference: datetime) -> Nanoseconds:
    values, zones = read_iso(texts)
    rest = np.flatnonzero(values == MISSING)
    if not len(rest):
        return Nanoseconds(values, zones, False)
    left = texts.take(pa.array(rest))
    parted = pc.fill_null(pc.match_substring_regex(left, _FRACTION), False)
    fraction: npt.NDArray[np.int64] | int = 0
    if pc.any(parted).as_py():
        # Seconds repeat, their fractions do not.
        pieces = pc.split_pattern(pc.if_else(parted, left, "0.0"), ".")
        fraction = pc.utf8_rpad(pc.list_element(pieces, 1), 9, "0").cast(pa.int64()).to_numpy()
        left = pc.if_else(parted, pc.list_element(pieces, 0), left)
    coded = left.dictionary_encode()
    distinct = _of_distinct(coded.dictionary.to_pylist(), reference)
    codes = coded.indices.fill_null(len(distinct.values)).to_numpy()
    found = np.append(distinct.values, MISSING)[codes]
    values[rest] = np.where(found == MISSING, MISSING, found + fraction)
    return Nanoseconds(values, zones | distinct.zones, distinct.yearless)


def _of_integers(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Scale seconds, milli-, micro- and nanoseconds since 1970, told apart by their size."""
    unit = np.select([numbers < 10**11, numbers < 10**14, numbers < 10**17], [10**9, 10**6, 10**3], 1)
    fits = (numbers >= 0) & (numbers < 2**62 // unit)
    return np.where(fits, np.where(fits, numbers, 0) * unit, MISSING)


def _of_distinct(raw: Sequence[str], reference: datetime) -> Nanoseconds:
    values = np.full(len(raw), MISSING, dtype="int64")
    zones: set[str] = set()
    yearless = False
    forms: dict[str, list[int]] = {}
    for position, value in enumerate(raw):
        text = value.strip()
        if _EPOCH.fullmatch(text):
            values[position] = _epoch(text)
            zones.add("epoch")
        elif len(text) <= 40:
            iso, guessed = _iso(text, reference)
            yearless = yearless or guessed
            if iso is not None:
                forms.setdefault(iso, []).append(position)
    if forms:
        parsed = pd.to_datetime(pd.Series(list(forms), dtype="str"), format="ISO8601", utc=True, errors="coerce")
        parsed = parsed.where((parsed >= _FIRST) & (parsed <= _LAST)).dt.as_unit("ns")  # the year 1 fits no nanoseconds
        for (iso, positions), number in zip(forms.items(), parsed.astype("int64").tolist(), strict=True):
            values[positions] = number
            if number != MISSING:
                zones.add(zone_of(iso[16:].lstrip(":.0123456789 ")))
    return Nanoseconds(_plausible(values), frozenset(zones), yearless)


def _plausible(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.where((values < FIRST_NS) | (values > LAST_NS), MISSING, values)


def column_times(column: pd.Series[Any], reference: datetime) -> Times:
    """Read a table's column of times: one of datetimes as it is, any other as ``parse_times`` does."""
    if not pd.api.types.is_datetime64_any_dtype(column.dtype):
        return parse_times(column.tolist(), reference)
    index = pd.DatetimeIndex(column)
    zone = "assumed UTC" if index.tz is None else "+00:00"
    index = (index.tz_localize("UTC") if index.tz is None else index.tz_convert("UTC")).rename("time")
    index = pd.DatetimeIndex(index.where((index >= _FIRST) & (index <= _LAST))).as_unit("ns")
    return Times(index, frozenset({zone}))


def _epoch(number: float | int | str) -> int:
    """Nanoseconds of an epoch in seconds, milli-, micro- or nanoseconds; exact where the text is."""
    try:
        whole, _, fraction = (number if isinstance(number, str) else repr(number)).partition(".")
        if "e" in whole + fraction:
            whole, fraction = str(int(float(number))), ""
        size = len(whole.lstrip("-"))
        digits = 9 if size <= 11 else 6 if size <= 14 else 3 if size <= 17 else 0
        value = int(whole) * 10**digits + int((fraction + "0" * digits)[:digits] or 0)
    except (ValueError, OverflowError):
        return MISSING
    return value if 0 <= value < 2**62 else MISSING


def _iso(text: str, reference: datetime) -> tuple[str | None, bool]:  # noqa: PLR0911 (one a form)
    """Write a time in ISO 8601, and say whether its year was guessed; None for what is no time."""
    if text[:4].isdigit() and text[4:5] == "-":
        if text[10:12] == "  ":
            text = text[:10] + text[11:]
        text = text.replace(",", ".", 1)
        if text[-1:].isalpha() and text[-1] not in "Zz":
            stamp = text.rstrip(ascii_letters)
            text = stamp.rstrip() + ABBREVIATIONS.get(text[len(stamp) :], "")
        return text, False
    if match := _ACCESS.match(text):
        return f"{match[3]}-{_MONTHS.get(match[2], '00')}-{match[1]} {match[4]}{match[5] or ''}", False
    if match := _SLASHES.match(text):
        return f"{match[1]}-{match[2]}-{match[3]} {match[4].replace(',', '.')}", False
    if match := _YEARLESS.match(text):
        return _with_year(_MONTHS.get(match[1], "00"), match[2], match[3], reference), True
    if match := _KLOG.match(text):
        return _with_year(match[1], match[2], match[3], reference), True
    if match := _CTIME.match(text):
        return f"{match[4]}-{_MONTHS.get(match[1], '00')}-{int(match[2]):02d} {match[3]}", False
    if match := _DAY_FIRST.match(text):
        zone = match[5] or ""
        zone = zone if zone[:1] in "+-" else ABBREVIATIONS.get(zone, "")
        return f"{match[3]}-{_MONTHS.get(match[2], '00')}-{int(match[1]):02d} {match[4]}{zone}", False
    return None, False


def _with_year(month: str, day: str, clock: str, reference: datetime) -> str | None:
    # A day of grace, because the writer's zone is not known either.
    latest = reference + timedelta(days=1)
    for year in range(latest.year, latest.year - 9, -1):
        text = f"{year}-{month}-{int(day):02d}"
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            continue
        if found.date() <= latest.date():
            return f"{text} {clock}"
    return None
