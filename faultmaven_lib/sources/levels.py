"""Levels as programs write them, to one scale: DEBUG, INFO, WARNING, ERROR, CRITICAL, or nothing."""

from __future__ import annotations

from typing import Any

_NAMES = {
    "DEBUG": ("trace", "debug", "debug1", "debug2", "debug3", "debug4", "debug5", "dbug", "dbg", "verbose", "fine",
              "finer", "finest", "d", "silly", "vrb"),
    "INFO": ("info", "information", "informational", "inf", "notice", "log", "i", "config", "success", "ok",
             "detail", "hint", "statement", "context", "query", "location"),
    "WARNING": ("warn", "warning", "wrn", "w"),
    "ERROR": ("error", "err", "eror", "e", "severe", "failure", "fail"),
    "CRITICAL": ("critical", "crit", "fatal", "ftl", "alert", "emerg", "emergency", "panic", "f", "dpanic"),
}  # fmt: skip
LEVELS = {name: level for level, names in _NAMES.items() for name in names}
"""Lower-case spellings to levels."""
WORDS = (
    r"TRACE|DEBUG|VERBOSE|INFO|INFORMATION|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|CRITICAL|CRIT|FATAL|ALERT|EMERG|PANIC"
)
"""The spellings that are searched for in text."""
_SYSLOG = ("CRITICAL", "CRITICAL", "CRITICAL", "ERROR", "WARNING", "INFO", "INFO", "DEBUG")
_PINO = {10: "DEBUG", 20: "DEBUG", 30: "INFO", 40: "WARNING", 50: "ERROR", 60: "CRITICAL"}


def level_of(value: Any) -> str:
    """Return the level that a spelling or a number means; empty if it means none.

    Numbers below 8 are syslog severities, those from 10 to 60 are read as pino and bunyan write them.

    Examples
    --------
    >>> level_of("warn"), level_of("FATAL"), level_of(3), level_of(50), level_of("banana")
    ('WARNING', 'CRITICAL', 'ERROR', 'ERROR', '')
    """
    if isinstance(value, str):
        text = value.strip().lower()
        if text in LEVELS:
            return LEVELS[text]
        if not text.isdecimal() or len(text) > 2:
            return ""
        value = int(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if value in range(8):
        return _SYSLOG[int(value)]
    return _PINO.get(int(value) // 10 * 10, "") if 10 <= value < 70 else ""
