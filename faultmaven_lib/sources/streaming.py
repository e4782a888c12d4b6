"""From blocks to frames on a time line: what is asked, what one block answers, and how answers follow each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from faultmaven_lib.model import Window
from faultmaven_lib.redaction import Redactor
from faultmaven_lib.sources.clocks import Clock, ids_of
from faultmaven_lib.sources.columns import empty_logs
from faultmaven_lib.sources.isotimes import MISSING
from faultmaven_lib.sources.parts import Block
from faultmaven_lib.sources.querying import Term, quiet, select
from faultmaven_lib.sources.report import FileReport, count_of

Times = npt.NDArray[np.int64]
_LAST = int(np.iinfo(np.int64).max)


@dataclass(frozen=True)
class Question:
    """What is asked of every block."""

    terms: tuple[Term, ...] = ()
    low: int = 0
    """First nanosecond that is wanted."""
    high: int = _LAST
    """First one that is no longer wanted."""

    @classmethod
    def of(cls, terms: tuple[Term, ...], window: Window | None) -> Question:
        """Return the question for a window, its start included and its end not."""
        if window is None:
            return cls(terms)
        return cls(terms, stamp(window.start), stamp(window.end))

    def wants(self, times: Times) -> npt.NDArray[np.bool_]:
        """Return which times lie in the window."""
        return np.asarray((times >= self.low) & (times < self.high))


@dataclass(frozen=True)
class Answer:
    """What a block holds of it, redacted."""

    frame: pd.DataFrame
    times: Times
    """Of its rows; ``MISSING`` for those at the start that wait for the time of the block before."""
    own: Times
    """The times of all records of the block, asked for or not, ``MISSING`` where there is none."""
    last: int
    """The last of them."""
    report: FileReport
    zones: frozenset[str] = frozenset()
    yearless: bool = False
    rare: Counter[str] = field(default_factory=Counter)
    redacted: Counter[str] = field(default_factory=Counter)
    known: frozenset[str] = frozenset()
    """Fields of the question that rows of the block have."""
    ids: dict[str, int] = field(default_factory=dict)
    """When requests were first seen: what clocks are compared by."""


def answered(block: Block | None, question: Question, clean: Redactor, report: FileReport) -> Answer:
    """Answer the question from one block: its rows in the window, redacted, then held against the terms."""
    if block is None:
        nothing = np.empty(0, "int64")
        return Answer(empty_logs(), nothing, nothing, MISSING, report)
    own = block.times
    report.timeless += int((own == MISSING).sum())
    filled = pd.Series(own.view("datetime64[ns]")).ffill().to_numpy().view("int64")
    keep = question.wants(filled) | (filled == MISSING)
    frame, times = (block.frame, filled) if keep.all() else (block.frame[keep], filled[keep])
    ids = ids_of(block.frame, own)
    clean.counts = Counter()
    frame = clean.redact_frame(frame, keep=("level", "source"))
    redacted = +clean.counts
    known: frozenset[str] = frozenset()
    if question.terms:
        mask, unknown = select(frame, question.terms, quiet(clean))
        known = frozenset(t.field for t in question.terms if t.field) - set(unknown)
        frame, times = frame[mask], times[mask]
    last = int(filled[-1])
    return Answer(frame, times, own, last, report, block.zones, block.yearless, block.rare, redacted, known, ids)


class Timeline:
    """Puts the answers of one file, in order, on its time line; records without a time take that of the one before.

    Parameters
    ----------
    entry
        The report of the file.
    modified
        When the file was last written: where records go if none has a time.
    question
        Whose window is to be kept.
    """

    def __init__(self, entry: FileReport, modified: datetime, question: Question) -> None:
        self.entry, self.modified, self.question = entry, modified, question
        self._last: int | None = None
        self._waiting: list[Answer] = []  # records at the start of a file, before the first time
        self._zones: set[str] = set()
        self.clock = Clock()

    def place(self, answer: Answer) -> Iterator[pd.DataFrame]:
        """Yield the frames that have their place now."""
        self.entry.add(answer.report)
        self._zones |= answer.zones
        self.clock.see(answer.own, answer.ids)
        if answer.yearless and not any("year" in r for r in self.entry.remarks):
            self.entry.remarks.append(f"times without a year, taken from the file's date ({self.modified:%Y-%m-%d})")
        if self._last is None:
            if answer.last == MISSING:
                if len(answer.own):
                    self._waiting.append(answer)
                return
            # Before the first time that one counts.
            first = int(answer.own[answer.own != MISSING][0])
            for early in self._waiting:
                yield self._placed(early, first)
            self._waiting = []
            yield self._placed(answer, first)
        else:
            yield self._placed(answer, self._last)
        self._last = self._last if answer.last == MISSING else answer.last

    def finish(self) -> Iterator[pd.DataFrame]:
        """Yield what never found a time, and write down what was seen of times."""
        for early in self._waiting:
            yield self._placed(early, stamp(self.modified))
        if self._waiting:
            self.entry.remarks.append(
                f"no line has a time: all are put at the file's date, {self.modified:%Y-%m-%d %H:%M:%S} UTC"
            )
        elif self.entry.timeless:
            self.entry.remarks.append(
                f"{count_of(self.entry.timeless, 'record')} without a time, placed after the line before"
            )
        self.entry.zone = ", ".join(sorted(self._zones)) or "none"

    def _placed(self, answer: Answer, default: int) -> pd.DataFrame:
        times = answer.times
        frame = answer.frame
        if (times == MISSING).any():
            times = np.where(times == MISSING, default, times)
            keep = self.question.wants(times)
            frame, times = frame[keep], times[keep]
        return frame.set_axis(pd.DatetimeIndex(times.view("datetime64[ns]"), tz="UTC", name="time"))


def stamp(moment: datetime) -> int:
    """Return a moment as UTC nanoseconds."""
    return pd.Timestamp(moment).as_unit("ns").value
