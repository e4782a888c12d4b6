"""Records out of lines: each parsed on its own, tracebacks and indented lines joined to what they belong to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from faultmaven_lib.sources.formats import FORMATS, TEXT, Format, Record, plug_ins
from faultmaven_lib.sources.report import FileReport

_MAX_LINES = 1000
TRACEBACK = "Traceback (most recent call last)"
PEM = "-----BEGIN "
_JOINS = (
    TRACEBACK,
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
_PEM_BODY = re.compile(r"[A-Za-z0-9+/=:,. -]{1,120}$")
_GO = ("panic: ", "fatal error: ", "goroutine ")
_GO_BODY = re.compile(
    r"goroutine \d+ |panic: |\[signal |\[recovered\]|created by |exit status \d|rax |rip |main\.|\.{3}additional frames"
    r"|[\w./*()\[\]{}%-]{1,300}\([^()]{0,300}\)$"
)


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
        self.records: list[Record] = []
        """What is complete."""
        self._current: Record | None = None
        self._more: list[str] = []
        self._size = 0
        self._traceback = False
        self._go = False
        self._pem = False
        others = [f for f in FORMATS if f.timed and f.name != "time"]
        others += [f for f in FORMATS if f.name == "level first"] + list(plug_ins())
        self._alternates = [f for f in others if f is not fmt]

    @property
    def expects_more(self) -> bool:
        """Whether the next line belongs to this record unless it starts one in the format of the file."""
        return self._current is not None and (self._traceback or self._go)

    def feed(self, number: int, text: str) -> None:
        """Take the next line, which is not blank."""
        record = None if self.fmt is TEXT else self.fmt.parse(text)
        if record is None:
            if self._continues(text):
                self._join(text)
                return
            record = self._other(text)
            if record is None:
                return
        self.close()
        record["line"] = number
        self._current = record
        self._size = len(text)
        self._traceback = TRACEBACK in text
        self._pem = PEM in text
        self._go = text.startswith(_GO) or "panic: " in text

    def close(self) -> None:
        """Complete the record that is open: the next line starts one."""
        if self._current is None:
            return
        if self._more:
            self._current["message"] = "\n".join([str(self._current.get("message", "")), *self._more])
            self._more = []
        self.report.records += 1
        self.records.append(self._current)
        self._current = None

    def taken(self) -> Sequence[Record]:
        """Return the complete records, and forget them."""
        records, self.records = self.records, []
        return records

    def _fits(self, text: str) -> bool:
        return self._current is not None and self._size + len(text) <= self.bound and len(self._more) < _MAX_LINES

    def _continues(self, text: str) -> bool:
        """Whether a line that starts no record in this format certainly belongs to the one before."""
        if not self._fits(text):
            return False
        if text[0] in " \t":
            return True
        if self._pem and _PEM_BODY.match(text):
            return True
        if self._go and (text.startswith(_GO) or _GO_BODY.match(text)):
            return True
        if self._traceback or text.startswith(_JOINS):
            return not text.startswith(TRACEBACK) or self.fmt.multiline or self.fmt is TEXT
        return False

    def _other(self, text: str) -> Record | None:
        """Parse a line that is not in the format of the file; None if it was joined to the record before."""
        for fmt in self._alternates:
            record = fmt.parse(text)
            if record is not None and (not fmt.timed or "time" in record):
                return record
        if self.fmt.multiline and self._fits(text):
            self._join(text)
            return None
        if self.fmt is not TEXT:
            self.report.unrecognised += 1
        return TEXT.parse(text)

    def _join(self, text: str) -> None:
        self._more.append(text)
        self._size += len(text) + 1
        self.report.continued += 1
        if text.startswith(TRACEBACK):
            self._traceback = True
        elif self._traceback and text[0] not in " \t":
            self._traceback = False  # the line that names the exception ends it
        if text.startswith(_GO[:2]):
            self._go = True
        if text.startswith(PEM):
            self._pem = True
        elif text.startswith("-----END "):
            self._pem = False
