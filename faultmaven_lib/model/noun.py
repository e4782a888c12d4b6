"""What all nouns share: frozen, strict about fields, times in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from faultmaven_lib.exceptions import WindowError


def utc(value: Any) -> datetime:
    """Read a moment and return it in UTC.

    Parameters
    ----------
    value
        An ISO 8601 string, a ``datetime`` or a ``pandas.Timestamp``; with a time zone.

    Raises
    ------
    WindowError
        If it is not a time, or has no time zone.

    Examples
    --------
    >>> utc("2026-03-01T14:02+01:00")
    datetime.datetime(2026, 3, 1, 13, 2, tzinfo=datetime.timezone.utc)
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise WindowError(f"{value!r} is not a time: write it as 2026-03-01T14:02:00Z") from None
    if not isinstance(value, datetime) or value != value:  # NaT is a datetime that differs from itself
        raise WindowError(f"{value!r} is not a time: write it as 2026-03-01T14:02:00Z")
    if value.tzinfo is None:
        raise WindowError(f"{value.isoformat()} has no time zone: add Z for UTC, or an offset such as +02:00")
    floor = getattr(value, "floor", None)  # a pandas Timestamp counts nanoseconds, a datetime microseconds
    plain: datetime = value if floor is None else floor("us").to_pydatetime()
    return plain.astimezone(UTC)


Moment = Annotated[datetime, BeforeValidator(utc)]
"""A timezone-aware moment, kept in UTC."""


def onset(value: Any) -> datetime | float | None:
    """Read an onset: a moment, or a number where the data counts epoch seconds or samples.

    Examples
    --------
    >>> onset(17), onset(None)
    (17.0, None)
    """
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return None if value != value else float(value)
    return utc(value)


Onset = Annotated[datetime | float | None, BeforeValidator(onset)]
"""A moment in UTC, or a number in the unit of the data's index."""


class Noun(BaseModel):
    """A frozen record: made once, never changed, compared by value."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)
