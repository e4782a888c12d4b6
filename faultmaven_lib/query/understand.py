"""Understand a question: its times, its services, and what it wants."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from faultmaven_lib.exceptions import WindowError
from faultmaven_lib.model import Window, duration, utc

Intent = Literal["why", "what changed", "when", "similar", "runbook", "verify", "summary"]

_INTENTS: tuple[tuple[Intent, str], ...] = (
    ("similar", r"\b(?:seen (?:this|it)|before\?|similar|past (?:incident|case)s?|resembles?|happened before)\b"),
    (
        "runbook",
        r"\b(?:runbooks?|how (?:do|can|should) (?:i|we) (?:fix|mend|resolve)|what (?:should|can) (?:i|we) do)\b",
    ),
    ("verify", r"\b(?:verify|still true|re-?run)\b"),
    ("when", r"\b(?:when|since when|what time|onset)\b"),
    (
        "what changed",
        r"\b(?:what(?:'s| is| has|) (?:changed|different|new|abnormal|odd)|deploy(?:ed|s|ment)?|changes?)\b",
    ),
    ("why", r"\b(?:why|cause|reason|root|what(?:'s| is) (?:wrong|broken|happening)|failing|down|slow|errors?)\b"),
)
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
_MOMENT = rf"(?:\d{{4}}-\d{{2}}-\d{{2}}(?:[T ]{_CLOCK})?|{_CLOCK})\s?(?:Z\b|UTC\b|[+-]\d{{2}}:?\d{{2}})?"
_BETWEEN = re.compile(rf"(?:between|from)\s+({_MOMENT})\s+(?:and|to|until|till|-|–)\s+({_MOMENT})", re.IGNORECASE)
_RANGE = re.compile(rf"\b({_MOMENT})\s?[–-]\s?({_MOMENT})")
_SINCE = re.compile(rf"\b(?:since|after|starting(?: at)?|from)\s+({_MOMENT})", re.IGNORECASE)
_UNTIL = re.compile(rf"\b(?:until|till|before|up to)\s+({_MOMENT})", re.IGNORECASE)
_AT = re.compile(rf"\b(?:at|around|about|near)\s+({_MOMENT})", re.IGNORECASE)
_LAST = re.compile(
    r"\b(?:last|past|previous)\s+(?:(\d+)\s*)?(seconds?|minutes?|mins?|hours?|days?|[smhd])\b", re.IGNORECASE
)
_AROUND = timedelta(minutes=5)
"""How far "at 14:02" reaches to either side."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was understood of a question."""

    text: str
    intent: Intent
    services: tuple[str, ...] = ()
    window: Window | None = None
    """The window that the question names, if it names one."""
    terms: tuple[str, ...] = ()
    """Quoted phrases to look for."""


def understand(text: str, *, services: Iterable[str] = (), window: Window | None = None) -> Request:
    """Read a question.

    Parameters
    ----------
    text
        The question, in English.
    services
        The services that are known; a name in the question that is not among them is not taken for one.
    window
        The window of the incident: it gives a time of day its date, and a "since" its end.

    Raises
    ------
    WindowError
        If the question names a span that ends before it starts.

    Examples
    --------
    >>> now = Window.parse("2026-03-01T14:00Z/30m")
    >>> request = understand("why is checkout failing since 14:02?", services=["cart", "checkout"], window=now)
    >>> request.intent, request.services, str(request.window)
    ('why', ('checkout',), '2026-03-01T14:02:00Z/2026-03-01T14:30:00Z')
    """
    intent: Intent = next((name for name, pattern in _INTENTS if re.search(pattern, text, re.IGNORECASE)), "summary")
    return Request(
        text=text,
        intent=intent,
        services=_services(text, services),
        window=_window(text, window),
        terms=tuple(re.findall(r'"([^"]{1,200})"', text)),
    )


def _services(text: str, known: Iterable[str]) -> tuple[str, ...]:
    found = []
    for service in sorted({s for s in known if s}, key=len, reverse=True):
        match = re.search(rf"(?<![\w-]){re.escape(service)}(?:'s)?(?![\w-])", text, re.IGNORECASE)
        if match:
            found.append((match.start(), service))
            text = text[: match.start()] + " " * (match.end() - match.start()) + text[match.end() :]
    return tuple(service for _, service in sorted(found))


def _window(text: str, window: Window | None) -> Window | None:
    for pattern in (_BETWEEN, _RANGE):
        if match := pattern.search(text):
            start, end = _moment(match.group(1), window), _moment(match.group(2), window)
            if start is not None and end is not None:
                if end <= start and "-" not in match.group(2)[:8]:
                    end += timedelta(days=1)  # from 23:50 to 00:10
                return Window(start=start, end=end)
    at = _found(_AT, text, window)
    if at is not None and not _SINCE.search(text):
        return Window(start=at - _AROUND, end=at + _AROUND)
    return None if window is None else _within(text, window)


def _within(text: str, window: Window) -> Window | None:
    """Read "the last 10 minutes", "since 14:02" and "until 14:10" off a window that is known."""
    if match := _LAST.search(text):
        span = duration(f"{match.group(1) or 1}{match.group(2)[0].lower()}")
        return Window(start=window.end - span, end=window.end)
    since, until = _found(_SINCE, text, window), _found(_UNTIL, text, window)
    if since is None and until is None:
        return None
    start, end = since or window.start, until or window.end
    if end <= start and since is not None and until is None:
        raise WindowError(
            f"the question asks for what came since {start:%H:%M:%S}, but the window ends at {end:%H:%M:%S}: "
            "name the date, or load a later window"
        )
    return Window(start=start, end=end)


def _found(pattern: re.Pattern[str], text: str, window: Window | None) -> datetime | None:
    match = pattern.search(text)
    return _moment(match.group(1), window) if match else None


def _moment(text: str, window: Window | None) -> datetime | None:
    """Read a moment; a time of day is that of the window's day, or of the day before if it would lie after its end."""
    text = text.strip().replace(" UTC", "Z").replace("UTC", "Z").replace(" Z", "Z")
    zoned = text if re.search(r"(?:Z|[+-]\d{2}:?\d{2})$", text[10:] if text[:4].isdigit() else text) else f"{text}Z"
    if re.match(r"\d{4}-", text):
        return utc(zoned if ":" in text else f"{text[:10]}T00:00Z")
    if window is None:
        return None
    clock = zoned if re.match(r"\d{2}:", zoned) else f"0{zoned}"
    try:
        moment = utc(f"{window.end:%Y-%m-%d}T{clock}")
    except WindowError:
        return None  # 25:61 is no time; the question may still be answered without it
    return moment - timedelta(days=1) if moment >= window.end and window.start.date() < window.end.date() else moment
