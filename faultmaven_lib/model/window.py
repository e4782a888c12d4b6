"""Window: a stretch of time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Self

from pydantic import model_validator

from faultmaven_lib.exceptions import WindowError
from faultmaven_lib.model.noun import Moment, Noun, utc

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d|w)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def duration(text: str) -> timedelta:
    """Read a duration such as ``90s``, ``15m``, ``1h30m`` or ``7d``.

    Raises
    ------
    WindowError
        If the text is not made of numbers with a unit out of ms, s, m, min, h, d, w.

    Examples
    --------
    >>> duration("1h30m")
    datetime.timedelta(seconds=5400)
    """
    parts = _DURATION.findall(text)
    if not parts or _DURATION.sub("", text).strip():
        raise WindowError(f"{text!r} is not a duration: write it as 90s, 15m, 1h30m or 7d")
    return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in parts))


class Window(Noun):
    """A stretch of time from ``start`` (included) to ``end`` (excluded), in UTC.

    Examples
    --------
    >>> w = Window.parse("2026-03-01T14:00Z/10m")
    >>> str(w)
    '2026-03-01T14:00:00Z/2026-03-01T14:10:00Z'
    >>> str(w.before())
    '2026-03-01T13:50:00Z/2026-03-01T14:00:00Z'
    """

    start: Moment
    end: Moment

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return dict(zip(("start", "end"), _ends(value), strict=True)) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.start:
            raise WindowError(f"a window must end after it starts: {self}")
        return self

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read ``start/end`` or ``start/duration``, as in ``2026-03-01T14:00Z/10m``."""
        start, end = _ends(text)
        return cls(start=start, end=end)

    @classmethod
    def around(cls, moment: datetime | str, before: timedelta, after: timedelta) -> Window:
        """The window from ``before`` ahead of a moment to ``after`` behind it."""
        at = utc(moment)
        return cls(start=at - before, end=at + after)

    @property
    def length(self) -> timedelta:
        """From start to end."""
        return self.end - self.start

    def before(self) -> Window:
        """The equal span that ends where this one starts: the default baseline of an incident."""
        return Window(start=self.start - self.length, end=self.start)

    def contains(self, moment: datetime) -> bool:
        """Whether a moment lies in the window."""
        return self.start <= moment < self.end

    def __str__(self) -> str:
        return f"{_iso(self.start)}/{_iso(self.end)}"


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _ends(text: str) -> tuple[datetime, datetime]:
    start, slash, end = text.partition("/")
    if not slash:
        raise WindowError(f"{text!r} is not a window: write start/end, as in 2026-03-01T14:00Z/2026-03-01T14:10Z")
    begin = utc(start)
    if _DURATION.match(end.strip()) and not re.match(r"\d{4}-", end.strip()):
        return begin, begin + duration(end)
    return begin, utc(end)
