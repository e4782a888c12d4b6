"""Log formats that other packages bring: entry points of the group ``faultmaven.log_formats``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.sources.formats.shape import Format, Record

GROUP = "faultmaven.log_formats"
"""Each entry point is a ``Format``, or a function from a line to a record or None; its name is that of the format."""
_TEXTS = ("message", "level", "service")


def plug_ins() -> tuple[Format, ...]:
    """Return the formats that can be loaded, by name; a broken one is left out, and says why when it is asked for."""
    return tuple(fmt for point in points() if (fmt := _loaded(point)[0]) is not None)


def points() -> list[EntryPoint]:
    """Return what is installed, by name."""
    try:
        return sorted(entry_points(group=GROUP), key=lambda point: point.name)
    except Exception:  # noqa: BLE001 (broken metadata of any installed package must not break files)
        return []


def plug_in(point: EntryPoint) -> Format:
    """Return the format of an entry point.

    Raises
    ------
    SourceError
        If it cannot be loaded, or is no format.
    """
    fmt, problem = _loaded(point)
    if fmt is None:
        raise SourceError(f"the log format {point.name} ({point.value}) {problem}")
    return fmt


@cache
def _loaded(point: EntryPoint) -> tuple[Format | None, str]:
    try:
        found: Any = point.load()
    except Exception as error:  # noqa: BLE001 (whatever a foreign module raises as it is imported)
        return None, f"cannot be loaded: {error}"
    if isinstance(found, Format):
        return Format(point.name, _Guarded(found), found.multiline, found.timed), ""
    if callable(found):
        return Format(point.name, _Guarded(Format(point.name, found)), multiline=True), ""
    return None, f"is a {type(found).__name__}: it has to be a Format or a function from a line to a record"


@dataclass(frozen=True)
class _Guarded:
    """A foreign parser: whatever it does with a line, reading goes on."""

    fmt: Format

    def __call__(self, line: str) -> Record | None:
        try:
            found = self.fmt.parse(line)
            if not found:
                return None
            record = {str(name): value for name, value in found.items() if value is not None}
        except Exception:  # noqa: BLE001 (the line is read as another format then)
            return None
        for name in ("line", "source"):
            if name in record:
                record[name + "_"] = record.pop(name)
        record.setdefault("message", line)
        for name, value in record.items():
            plain = isinstance(value, str | int | float) and not isinstance(value, bool)
            if (not plain and name != "time") or (name in _TEXTS and not isinstance(value, str | int)):
                record[name] = str(value)
        record["message"] = str(record["message"])
        return record
