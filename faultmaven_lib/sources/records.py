"""Records out of lines: each parsed on its own, tracebacks and indented lines joined to what they belong to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from faultmaven_lib.sources.formats import FORMATS, TEXT, Format, Record
from faultmaven_lib.sources.report import FileReport

_BLOCK = 20_000
_MAX_LINES = 1000
_ALTERNATES = tuple(f for f in FORMATS if f.timed and f.name != "time") + tuple(
    f for f in FORMATS if f.name == "level first"
)
_TRACEBACK = "Traceback (most recent call last)"
_JOINS = (
    _TRACEBACK,
    "During handling of the above exception",
    "The above exception was the direct cause",
    "Caused by:",
    "Suppressed:",
    "... ",
    "}",
    ")",
    "]",
    "+ Exception Group Traceback",
)
_PEM = "-----BEGIN "
_PEM_BODY = re.compile(r"[A-Za-z0-9+/=:,. -]{1,120}$")


class Assembler:
    """Turns the lines of one file into records, in order; every line ends in a record or is counted.

    Parameters
    ----------
    fmt
        The format that was detected.
    report
        Where lines are counted.
    bound
        Longest record in characters; further continuation lines start a new one.
    """

    def __init__(self, fmt: Format, report: FileReport, bound: int) -> None:
        self.fmt, self.report, self.bound = fmt, report, bound
        self._current: Record | None = None
        self._more: list[str] = []
        self._size = 0
        self._traceback = False
        self._pem = False
        self._alternates = [f for f in _ALTERNATES if f is not fmt]

    def blocks(self, lines: Iterable[list[str]]) -> Iterator[list[Record]]:
        """Yield records in blocks of bounded size."""
        number = 0
        out: list[Record] = []
        for block in lines:
            for text in block:
                number += 1
                if not text or text.isspace():
                    self.report.blank += 1
                    continue
                record = None if self.fmt is TEXT else self.fmt.parse(text)
                if record is None:
                    if self._continues(text):
                        self._join(text)
                        continue
                    record = self._other(text)
                    if record is None:
                        continue
                self._finish(out)
                record["line"] = number
                self._start(record, text)
                if len(out) >= _BLOCK:
                    yield out
                    out = []
        self._finish(out)
        if out:
            yield out

    def _start(self, record: Record, text: str) -> None:
        self._current = record
        self._size = len(text)
        self._traceback = _TRACEBACK in text
        self._pem = _PEM in text

    def _continues(self, text: str) -> bool:
        """Whether a line that starts no record in this format certainly belongs to the one before."""
        if self._current is None or self._size + len(text) > self.bound or len(self._more) >= _MAX_LINES:
            return False
        if text[0] in " \t":
            return True
        if self._pem and _PEM_BODY.match(text):
            return True
        if self._traceback or text.startswith(_JOINS):
            return not text.startswith(_TRACEBACK) or self.fmt.multiline or self.fmt is TEXT
        return False

    def _other(self, text: str) -> Record | None:
        """Parse a line that is not in the format of the file; None if it was joined to the record before."""
        for position, fmt in enumerate(self._alternates):
            record = fmt.parse(text)
            if record is not None and (not fmt.timed or "time" in record):
                if position:  # the format that matched is likely to match again
                    self._alternates.insert(0, self._alternates.pop(position))
                return record
        fits = self._size + len(text) <= self.bound and len(self._more) < _MAX_LINES
        if self.fmt.multiline and self._current is not None and fits:
            self._join(text)
            return None
        if self.fmt is not TEXT:
            self.report.unrecognised += 1
        return TEXT.parse(text)

    def _join(self, text: str) -> None:
        self._more.append(text)
        self._size += len(text) + 1
        self.report.continued += 1
        if text.startswith(_TRACEBACK):
            self._traceback = True
        elif self._traceback and text[0] not in " \t":
            self._traceback = False  # the line that names the exception ends it
        if text.startswith(_PEM):
            self._pem = True
        elif text.startswith("-----END "):
            self._pem = False

    def _finish(self, out: list[Record]) -> None:
        if self._current is None:
            return
        if self._more:
            self._current["message"] = "\n".join([str(self._current.get("message", "")), *self._more])
            self._more = []
        self.report.records += 1
        out.append(self._current)
        self._current = None
