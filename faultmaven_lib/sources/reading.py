"""One block of a log file: from bytes to a frame, each line by the fastest way that reads it right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from faultmaven_lib.redaction import Redactor
from faultmaven_lib.sources.envelopes import Kind, Outer, unwrapped, with_outer
from faultmaven_lib.sources.formats import Format
from faultmaven_lib.sources.lines import RawBlock, decoded
from faultmaven_lib.sources.parts import Block, Lines, Part, joined, part_of_records
from faultmaven_lib.sources.raised import with_raised
from faultmaven_lib.sources.records import TRACEBACK, Assembler
from faultmaven_lib.sources.report import FileReport
from faultmaven_lib.sources.streaming import Answer, Question, answered
from faultmaven_lib.sources.vectorised import foreign, own
from faultmaven_lib.sources.vectorised.texts import found

_FEW = 64  # lines of a block; for fewer the parsers of single lines are faster
_SINGLE, _OWN, _FOREIGN = 0, 1, 2


@dataclass(frozen=True)
class FileContext:
    """What has to be known of a file to read any block of it."""

    fmt: Format
    source: str
    """What the file is called."""
    service: str
    modified: datetime
    bound: int
    """Longest line and record."""
    envelope: Kind = ""
    """What its lines are wrapped in."""
    vectorised: bool = True
    """Off, every line is parsed on its own: the same frames, slowly."""


class BlockReader:
    """Reads the blocks of one file, in order; where blocks end between records each can be read on its own."""

    def __init__(self, context: FileContext) -> None:
        self.context = context
        self.report = FileReport("", context.source)
        self._assembler = Assembler(context.fmt, self.report, context.bound)
        self._outer: list[Outer] = []

    def read(self, raw: RawBlock, *, whole: bool) -> Block | None:
        """Return the records of a block, or None if it has none; ``whole`` says that it ends between records."""
        context = self.context
        texts = decoded(raw.data, self.report, context.bound)
        numbers: Lines = np.arange(raw.first, raw.first + len(texts), dtype="int64")
        if context.envelope:
            size = len(texts)
            texts, outer = unwrapped(context.envelope, texts, numbers, context.bound)
            numbers = outer.numbers
            # A record may have begun in the block before.
            self._outer = [outer] if whole else [*self._outer[-1:], outer]
            self.report.continued += size - len(texts)
        kept = [i for i, text in enumerate(texts) if text and not text.isspace()]
        if len(kept) < len(texts):
            self.report.blank += len(texts) - len(kept)
            numbers = numbers[kept]
            texts = [texts[i] for i in kept]
        return self._frame(self._parts(texts, numbers, whole))

    def finish(self) -> Block | None:
        """Return the record that was still open at the end of the file."""
        self._assembler.close()
        records = self._assembler.taken()
        return self._frame([part_of_records(records)] if records else [])

    def _frame(self, parts: list[Part]) -> Block | None:
        context = self.context
        if not parts:
            return None
        parts = [with_outer(p, self._outer) for p in parts] if self._outer else parts
        parts = [with_raised(p) for p in parts]
        return joined(parts, context.service, context.source, context.modified)

    def answers(self, raw: RawBlock | None, question: Question, clean: Redactor, *, whole: bool) -> Iterator[Answer]:
        """Read a block, or what is left at the end of the file, and yield what it holds of what is asked."""
        block = self.finish() if raw is None else self.read(raw, whole=whole)
        report, self.report = self.report, FileReport("", self.context.source)
        self._assembler.report = self.report
        yield answered(block, question, clean, report)

    def _parts(self, texts: Sequence[str], numbers: Lines, whole: bool) -> list[Part]:
        ways = np.zeros(len(texts), dtype="int8")
        matched: list[Part] = []
        if self.context.vectorised and len(texts) >= _FEW:
            matched = _matched(self.context.fmt, texts, ways)
            self._leave_neighbours(texts, ways, whole)
        self._assemble(texts, numbers, ways, whole)
        parts = []
        for part in matched:
            keep = ways[part.lines] > 0
            left = part if keep.all() else part.where(keep)
            if len(left.lines):
                left.lines = numbers[left.lines]
                self.report.records += len(left.lines)
                parts.append(left)
        records = self._assembler.taken()
        return [*parts, part_of_records(records)] if records else parts

    @staticmethod
    def _leave_neighbours(texts: Sequence[str], ways: npt.NDArray[np.int8], whole: bool) -> None:
        """Leave lines to the assembler that a line behind them may continue."""
        single = ways == _SINGLE
        continued = np.append(single[1:], not whole)
        if (ways == _FOREIGN).any():
            # What stands behind a traceback names its exception, unless it starts a record in the format of the file.
            before = np.flatnonzero(np.append(ways[1:] == _FOREIGN, False) & ~single)
            if len(before):
                lines = pa.array([texts[i] for i in before.tolist()], pa.large_string())
                continued[before] |= found(pc.match_substring(lines, TRACEBACK))
        ways[continued] = _SINGLE

    def _assemble(self, texts: Sequence[str], numbers: Lines, ways: npt.NDArray[np.int8], whole: bool) -> None:
        """Parse the lines that are left, one by one; others between them are where a record ends."""
        assembler = self._assembler
        single = np.flatnonzero(ways == _SINGLE).tolist()
        taken = -1  # the last line that the assembler was given
        for line in [*single, len(texts)]:
            if line > taken + 1:
                while taken + 1 < line and assembler.expects_more and ways[taken + 1] == _FOREIGN:
                    taken += 1
                    ways[taken] = _SINGLE
                    assembler.feed(int(numbers[taken]), texts[taken])
                if line > taken + 1:
                    assembler.close()
            if line < len(texts):
                assembler.feed(int(numbers[line]), texts[line])
                taken = line
        if whole:
            assembler.close()


def _matched(fmt: Format, texts: Sequence[str], ways: npt.NDArray[np.int8]) -> list[Part]:
    """Return what the matchers read, and mark its lines."""
    parts: list[Part] = []
    matcher = own(fmt)
    matchers = [] if matcher is None else [(matcher, _OWN)]
    matchers += [(matcher, _FOREIGN) for matcher in foreign(fmt)]
    lines = pa.array(texts, pa.large_string())
    rest: npt.NDArray[np.int64] | None = None
    for matcher, way in matchers:
        if rest is None:
            made = matcher(texts, lines)
        else:
            if len(rest) < _FEW:
                break
            made = matcher([texts[i] for i in rest.tolist()], lines.take(pa.array(rest)))
            for part in made:
                part.lines = rest[part.lines]
        if way == _FOREIGN:
            made = [p for part in made if (p := _with_time(part)) is not None]
        for part in made:
            ways[part.lines] = way
        parts += made
        rest = np.flatnonzero(ways == _SINGLE)
    return parts


def _with_time(part: Part) -> Part | None:
    """Return the records that have a time: without one, a line amid those of another format is not of this one."""
    times = part.columns.get("time")
    if times is None:
        return None
    if isinstance(times, pa.Array):
        has = times.is_valid().to_numpy(zero_copy_only=False) if times.null_count else None
    else:
        has = np.array([t is not None for t in times])
    return part if has is None or has.all() else part.where(has)
