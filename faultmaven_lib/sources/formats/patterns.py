"""Formats given as a pattern: ``<time> <level> [<service>] <message>``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.sources.formats.shape import Format, Record
from faultmaven_lib.sources.formats.text import TIMES

_FIELD = re.compile(r"<([A-Za-z_][\w.-]{0,63})>")
_MAX_PATTERN = 500
_MAX_FIELDS = 40
_RESERVED = {"line": "line_", "source": "source_"}
_EPOCH = r"\d{9,19}(?:\.\d{1,9})?"
_HINT = "write it as in <time> <level> [<service>] <message>"


def is_pattern(text: str) -> bool:
    """Whether a text is meant as a pattern and not as the name of a format.

    Examples
    --------
    >>> is_pattern("<time> <message>"), is_pattern("nginx")
    (True, False)
    """
    return "<" in text or ">" in text


@dataclass(frozen=True)
class Pattern:
    """A parser made of a pattern.

    ``<name>`` is a field, all else stands for itself, a blank for one or more blanks and tabs. A field ends where the
    text behind it in the pattern begins; the last one takes the rest of the line. ``<time>`` takes a time in any form
    that is read elsewhere, blanks in it included; ``<_>`` is passed over.

    Examples
    --------
    >>> Pattern("<time> <level> [<service>] <message>")("2026-03-01 14:02:11 WARN [cart] slow: 3 s")
    {'time': '2026-03-01 14:02:11', 'level': 'WARN', 'service': 'cart', 'message': 'slow: 3 s'}
    """

    text: str

    def __post_init__(self) -> None:
        _checked(self.text)

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The pattern as a regular expression, its fields as groups ``f0, f1, …``; it takes linear time."""
        return re.compile(self.expression, re.DOTALL)

    @cached_property
    def names(self) -> list[str]:
        """The fields, in the order of the groups; ``_`` for what is passed over."""
        return [_RESERVED.get(name, name) for name in _FIELD.findall(self.text)]

    @cached_property
    def expression(self) -> str:
        """The same for RE2."""
        out = ["^"]
        parts = _FIELD.split(self.text)
        for number, (literal, name) in enumerate(zip(parts[::2], [*parts[1::2], ""], strict=True)):
            out.append("[ \t]+".join(re.escape(piece) for piece in re.split(r"[ \t]+", literal)))
            if name:
                behind = parts[2 * number + 2]
                out.append(f"(?P<f{number}>{_value(name, behind, last=number == len(parts) // 2 - 1)})")
        return "".join(out) + "$"

    def __call__(self, line: str) -> Record | None:
        """Return the record that a line is, or None if it does not fit."""
        match = self.regex.match(line)
        if match is None:
            return None
        record = {n: v for n, v in zip(self.names, match.groups(), strict=True) if n != "_"}
        record.setdefault("message", line)
        return record


def pattern_format(text: str) -> Format:
    """Return the format that a pattern describes."""
    pattern = Pattern(text)
    return Format(text, pattern, multiline=True, timed="time" in pattern.names)


def _value(name: str, behind: str, *, last: bool) -> str:
    if name == "time":
        # In brackets or before a blank, for times have blanks themselves.
        return rf"(?:{TIMES}|{_EPOCH})"
    if not behind:
        return ".*" if last else r"\S+"
    return r"[^ \t]+" if behind[0] in " \t" else f"[^{re.escape(behind[0])}]*"


def _checked(text: str) -> None:
    fields = _FIELD.findall(text)
    if not fields or "<" in _FIELD.sub("", text):
        at = _FIELD.sub(lambda m: "." * len(m[0]), text).find("<")
        where = f" at position {at}" if at >= 0 else ""
        raise SourceError(f"the log format {text!r} has {'a wrong' if fields else 'no'} field{where}: {_HINT}")
    if len(text) > _MAX_PATTERN or len(fields) > _MAX_FIELDS:
        raise SourceError(
            f"the log format {text[:40]!r}… is longer than {_MAX_PATTERN} characters or {_MAX_FIELDS} fields"
        )
    twice = next((f for f in fields if f != "_" and fields.count(f) > 1), None)
    if twice:
        raise SourceError(
            f"the log format {text!r} has the field <{twice}> twice: name each once, or <_> to pass over it"
        )
    if match := re.search(r"><", text):
        raise SourceError(
            f"the log format {text!r} has two fields without anything between them at position {match.start() + 1}: "
            "it cannot be told where one ends"
        )
