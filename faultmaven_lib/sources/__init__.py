"""Where data is read: ``connect`` makes a source from a path or a URL; everything is redacted on read."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faultmaven_lib.sources.alerts import read_alert
    from faultmaven_lib.sources.connecting import connect, from_text, schemes
    from faultmaven_lib.sources.report import FileReport, ReadReport

__all__ = ["FileReport", "ReadReport", "connect", "from_text", "read_alert", "schemes"]

_HOMES = {
    "FileReport": "report",
    "ReadReport": "report",
    "connect": "connecting",
    "from_text": "connecting",
    "read_alert": "alerts",
    "schemes": "connecting",
}


def __getattr__(name: str) -> Any:
    # The command line names this package before it knows whether pandas is needed.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
