"""Log files as a source: any number of them, any format, one time line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pandas as pd

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import SourceKind, Window
from faultmaven_lib.redaction import Redactor, redactor
from faultmaven_lib.sources.clocks import Clock, disagreements, remarks_on
from faultmaven_lib.sources.columns import CORE, finished
from faultmaven_lib.sources.files import LogFile, modified, names_of, open_log, service_of
from faultmaven_lib.sources.formats import Format
from faultmaven_lib.sources.opening import Pasted
from faultmaven_lib.sources.querying import Term, parse_query
from faultmaven_lib.sources.reading import BlockReader
from faultmaven_lib.sources.report import FileReport, ReadReport
from faultmaven_lib.sources.streaming import Answer, Question, Timeline
from faultmaven_lib.sources.workers import Workers


class LogSource:
    """Reads log files: plain or compressed, of known and unknown formats.

    ``connect`` makes it. Each query reads the files again, block by block, so that a window or a filter of a
    large file needs little memory. Rows are redacted before they are filtered.
    """

    kind: SourceKind = "logs"

    def __init__(
        self,
        paths: Sequence[Path | Pasted],
        url: str,
        name: str = "",
        *,
        fmt: Format | None = None,
        vectorised: bool = True,
    ) -> None:
        self.paths, self.url, self.name = paths, url, name
        self.key_id = redactor().key_id
        self.notes: list[str] = []
        self.report = ReadReport()
        self.fmt, self.vectorised = fmt, vectorised

    def query(self, text: str = "", window: Window | None = None, *, workers: int = 0) -> pd.DataFrame:
        """Return the records that match, inside the window, on one time line.

        Parameters
        ----------
        text
            ``field=value``, ``field~regex``, ``-term``, ``"phrase"``, joined by AND; empty for everything.
        window
            From its start (included) to its end (excluded).
        workers
            Processes that parse, as in ``frames``.

        Returns
        -------
        DataFrame
            Index ``time`` (UTC); columns ``service, level, message, source, line`` and parsed fields.

        Raises
        ------
        QuerySyntaxError
            If the text is not in this language.
        SourceError
            If none of the files could be read.
        """
        reading = _Reading(self, parse_query(text), window, workers)
        with closing(reading.blocks()) as blocks:
            found = list(blocks)
        result = finished(found, reading.rare)
        self._conclude(reading)
        return result

    def frames(
        self, text: str = "", window: Window | None = None, *, workers: int = 0
    ) -> Generator[pd.DataFrame, None, None]:
        """Yield the records that match in frames of some thousand rows, so that files of any size fit in memory.

        Files follow one another, each in the order of its lines; a frame is as ``query`` returns it, but what a
        field is (a number, a text) is decided in each frame, and times are sorted within it only. ``notes`` and
        ``report`` are complete when the last frame was taken.

        Parameters
        ----------
        text, window
            As in ``query``.
        workers
            Processes that parse and redact while this one decompresses and the caller works; with 0 all is done
            here. They are spawned: a script needs ``if __name__ == "__main__":`` around its code.

        Examples
        --------
        >>> from faultmaven_lib.sources import from_text
        >>> source = from_text("2026-03-01T14:02:11Z ERROR payment: card gateway timed out")
        >>> sum(len(frame) for frame in source.frames("level=ERROR"))
        1
        """
        reading = _Reading(self, parse_query(text), window, workers)
        with closing(reading.blocks()) as blocks:
            for block in blocks:
                yield finished([block], reading.rare)
        self._conclude(reading)

    def span(self) -> Window | None:
        """Return the window from the first to just after the last record, or None if there is none."""
        first: pd.Timestamp | None = None
        last: pd.Timestamp | None = None
        reading = _Reading(self, (), None, 0, clean=Redactor.off())
        for frame in reading.blocks():
            if len(frame):
                low, high = frame.index.min(), frame.index.max()
                first = low if first is None or low < first else first
                last = high if last is None or high > last else last
        if first is None or last is None:
            return None
        return Window(start=first, end=last + pd.Timedelta(microseconds=2))

    def _conclude(self, reading: _Reading) -> None:
        clean, report = reading.clean, reading.report
        self.key_id = clean.key_id
        report.redacted = +reading.redacted
        if reading.rare:
            shown = ", ".join(name for name, _ in reading.rare.most_common(5))
            report.remarks.append(f"{len(reading.rare):,} rarer fields are not columns: {clean.redact(shown)[:200]}")
        unknown = [t.field for t in reading.question.terms if t.field and t.field not in reading.known]
        if unknown:
            report.remarks.append(f"no line has a field {', '.join(dict.fromkeys(unknown))}")
        if clean.note:
            report.remarks.append(clean.note)
        self.report = report
        self.notes = report.sentences()


class _Reading:
    """One pass over the files of a source, and what is learned on the way."""

    def __init__(
        self,
        source: LogSource,
        terms: tuple[Term, ...],
        window: Window | None,
        workers: int,
        clean: Redactor | None = None,
    ) -> None:
        self.source = source
        self.question = Question.of(terms, window)
        self.clean = clean or redactor()
        self.report = ReadReport()
        self.rare: Counter[str] = Counter()
        self.redacted: Counter[str] = Counter()
        self.known: set[str] = set()
        self.clocks: dict[str, Clock] = {}
        self._workers = workers

    def blocks(self) -> Generator[pd.DataFrame, None, None]:
        """Yield the frames of blocks, fields not yet typed; raise if no file could be read."""
        paths = self.source.paths
        with Workers(self._workers, self.question, self.clean) as workers:
            for path, name in zip(paths, names_of(paths), strict=True):
                entry = FileReport(path=str(path), name=name)
                self.report.files.append(entry)
                file = open_log(path, entry, self.source.fmt, vectorised=self.source.vectorised)
                if file is None:
                    continue
                timeline = Timeline(entry, file.context.modified, self.question)
                answers = workers.answers(file) if file.in_parts and workers.can_read(file) else self._answers(file)
                for answer in answers:
                    self.rare.update(answer.rare)
                    self.redacted.update(answer.redacted)
                    self.known |= answer.known
                    yield from timeline.place(answer)
                yield from timeline.finish()
                # A file that is being written has been written to while it was read.
                entry.remarks += remarks_on(timeline.clock, modified(path) if isinstance(path, Path) else None)
                self.clocks[name] = timeline.clock
        self._must_be_readable()
        self.report.remarks += disagreements(self.clocks)

    def _answers(self, file: LogFile) -> Iterator[Answer]:
        """Answer from one block after the other, here."""
        reader = BlockReader(file.context)
        for raw in file.blocks:
            yield from reader.answers(raw, self.question, self.clean, whole=file.in_parts)
        yield from reader.answers(None, self.question, self.clean, whole=True)

    def _must_be_readable(self) -> None:
        files = self.report.files
        failed = [f for f in files if f.problem.startswith("could not be read")]
        if failed and len(failed) == len(files):
            more = f" (and {len(failed) - 1} more files)" if len(failed) > 1 else ""
            raise SourceError(f"{failed[0].path} {failed[0].problem}{more}: check the path and its permissions")


__all__ = ["CORE", "LogSource", "names_of", "service_of"]
