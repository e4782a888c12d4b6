"""Numbers, spans and moments as they stand in the sentence of a finding."""

from __future__ import annotations

import math
import re
from datetime import datetime

_UNITS = (
    (re.compile(r"(_seconds|_secs|_time|_sec|_s)$"), "s"),
    (re.compile(r"(_milliseconds|_millis|_ms)$"), "ms"),
    (re.compile(r"(_bytes_per_second|_bytes_rate)$"), "B/s"),
    (re.compile(r"_bytes$"), "B"),
    (re.compile(r"(_per_second|_rps|_qps|_rate)$"), "/s"),
    (re.compile(r"(_per_minute|_rpm)$"), "/min"),
    (re.compile(r"_percent$"), "%"),
)
_STATISTIC = re.compile(r"([_ ](p\d+(_\d+)?|avg|mean|max|min|sum|median|quantile\d*))+$", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def unit_of(metric: str) -> str:
    """Guess the unit of a metric or log field from the suffix of its name, as Prometheus' naming has it.

    Examples
    --------
    >>> unit_of("http_request_seconds_p99"), unit_of("heap_bytes"), unit_of("threads")
    ('s', 'B', '')
    """
    name = _STATISTIC.sub("", metric.strip()).lower()
    found = next((unit for pattern, unit in reversed(_UNITS) if pattern.search(name)), "")
    # Labels may follow the unit: http_client_duration_seconds_p99_cart.
    inside = re.search(r"_(seconds|bytes)_", name) if not found else None
    return {"seconds": "s", "bytes": "B"}[inside[1]] if inside else found


def number(value: float) -> str:
    """Write a number with three significant digits and no exponent a reader has to decode.

    Examples
    --------
    >>> number(12345.6), number(0.01234), number(2.0), number(3e-9)
    ('12,300', '0.0123', '2', '3e-09')
    """
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < 1000:
        return str(int(value))
    if abs(value) >= 1e15 or 0 < abs(value) < 1e-6:
        return f"{value:.3g}"
    digits = 2 - math.floor(math.log10(abs(value)))
    rounded = round(value, digits)
    text = f"{rounded:,.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(value: float, unit: str = "") -> str:
    """Write a number with its unit, small seconds as ms and large bytes as MB.

    Examples
    --------
    >>> amount(0.0123, "s"), amount(3.2e9, "B"), amount(4.2, "/s"), amount(30, "%")
    ('12.3 ms', '3.2 GB', '4.2/s', '30 %')
    """
    if unit == "ms" and abs(value) >= 1000:
        return f"{number(value / 1000)} s"
    if unit == "s" and 0 < abs(value) < 1:
        return f"{number(value * 1000)} ms" if abs(value) >= 1e-3 else f"{number(value * 1e6)} µs"
    if unit in {"B", "B/s"}:
        for size, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
            if abs(value) >= size:
                return f"{number(value / size)} {name}{unit[1:]}"
    if unit.startswith("/"):
        return f"{number(value)}{unit}"
    return f"{number(value)} {unit}".strip()


def span(length: float, *, samples: bool = False) -> str:
    """Write a length of time as people say it; a count of samples where the index has no time.

    Examples
    --------
    >>> span(150), span(0.25), span(7260), span(300, samples=True)
    ('2 min 30 s', '250 ms', '2 h 1 min', '300 samples')
    """
    if samples:
        return f"{number(round(length))} samples"
    if length < 1:
        return amount(length, "s") if length > 0 else "0 s"
    whole = round(length)
    days, rest = divmod(whole, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, secs = divmod(rest, 60)
    parts = [f"{n} {u}" for n, u in ((days, "d"), (hours, "h"), (minutes, "min"), (secs, "s")) if n]
    return " ".join(parts[:2])


def clock(at: datetime | float | None) -> str:
    """Write a moment: UTC to the second, a bare number where the index has no time.

    Examples
    --------
    >>> from datetime import UTC
    >>> clock(datetime(2026, 3, 1, 14, 2, 10, tzinfo=UTC)), clock(120.0), clock(None)
    ('2026-03-01 14:02:10 UTC', '120', 'an unknown time')
    """
    if at is None:
        return "an unknown time"
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if isinstance(at, datetime) else f"{at:.10g}"


def times(count: int) -> str:
    """Write how often something happened.

    Examples
    --------
    >>> times(0), times(1), times(12345)
    ('never', 'once', '12,345 times')
    """
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count:,} times")


def quoted(text: str, bound: int = 150) -> str:
    r"""Quote text from data in a sentence: one line, no control characters, bounded.

    Examples
    --------
    >>> quoted("a\tb" + "c" * 99, 10)
    '"a bcccccc…"'
    """
    plain = clean(text)
    return f'"{plain if len(plain) <= bound else plain[: bound - 1] + "…"}"'


def clean(text: str, bound: int | None = None) -> str:
    """Return text from data on one line, without control or direction characters, cut at a bound."""
    plain = _CONTROL.sub(" ", text[: 4 * bound] if bound else text).strip()
    return plain if bound is None or len(plain) <= bound else plain[: bound - 1] + "…"


def both_ends(text: str, bound: int) -> str:
    """Return a text as ``clean`` does; of one that is too long its start and its end, which tells versions apart.

    Examples
    --------
    >>> both_ends("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", 40)
    'Mozilla/5.0 (X11; L…00101 Firefox/128.0'
    """
    plain = clean(text if len(text) <= 8 * bound else text[: 4 * bound] + text[-4 * bound :])
    if len(plain) <= bound:
        return plain
    half = (bound - 1) // 2
    return f"{plain[:half]}…{plain[-half:]}"
