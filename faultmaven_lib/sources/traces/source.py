"""Trace files as a source: spans of any number of files, on one time line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import SourceKind, Window
from faultmaven_lib.redaction import Redactor, redactor
from faultmaven_lib.sources.logs import names_of
from faultmaven_lib.sources.opening import pieces
from faultmaven_lib.sources.querying import parse_query, quiet, select
from faultmaven_lib.sources.report import FileReport, ReadReport, count_of
from faultmaven_lib.sources.tables import read_csv, read_parquet
from faultmaven_lib.sources.traces import others, otlp
from faultmaven_lib.sources.traces.frame import block_frame, finished, redacted, spans_of_table
from faultmaven_lib.sources.traces.spans import Reading
from faultmaven_lib.sources.traces.walking import Walker

_BLOCK = 20_000
_NEVER = Window(start=datetime(1970, 1, 1, tzinfo=UTC), end=datetime(1970, 1, 2, tzinfo=UTC))
_INTO = otlp.INTO | others.JAEGER_INTO | {()}


class _Format(Protocol):
    name: str

    def take(self, path: tuple[str, ...], value: Any) -> bool: ...

    def finish(self) -> None: ...


class TraceSource:
    """Reads spans: OTLP JSON, Jaeger JSON, Zipkin JSON, and tables of spans (CSV, Parquet); ``connect`` makes it.

    Each query reads the files again, span by span, so that a window of a large file needs little memory.
    """

    kind: SourceKind = "traces"

    def __init__(self, paths: list[Path], url: str, name: str = "") -> None:
        self.paths, self.url, self.name = paths, url, name
        self.key_id = redactor().key_id
        self.notes: list[str] = []
        self.report = ReadReport()

    def query(self, text: str = "", window: Window | None = None) -> pd.DataFrame:
        """Return the spans that match and start inside the window, on one time line.

        Parameters
        ----------
        text
            ``field=value``, ``field~regex``, ``-term``, ``"phrase"``, joined by AND: ``service=checkout
            status=error``; empty for everything.
        window
            From its start (included) to its end (excluded).

        Returns
        -------
        DataFrame
            Index ``time`` (UTC): when the span starts. Columns ``trace, span, parent`` (ids in hexadecimal,
            ``parent`` empty at a root), ``service, name, start`` (as the index), ``duration`` (seconds, missing
            where a span does not say when it ended), ``status`` (ok, error, unset), ``kind`` (internal, server,
            client, producer, consumer), and of the attributes those that say whom a span calls and how it ended,
            where any span has them: ``http.response.status_code``, ``db.system``, ``server.address``,
            ``status_message`` and their like.

        Raises
        ------
        QuerySyntaxError
            If the text is not in this language.
        SourceError
            If none of the files could be read.
        """
        terms = parse_query(text)
        clean = redactor()
        report = ReadReport()
        rest: set[str] = set()
        unknown = {t.field for t in terms if t.field}
        blocks = []
        for block in self._blocks(report, window, rest):
            frame = redacted(block, clean)
            if terms:
                mask, missing = select(frame, terms, quiet(clean))
                unknown &= set(missing)
                frame = frame[mask]
            blocks.append(frame)
        _must_be_readable(report)
        found = finished(blocks, report)
        self._conclude(report, clean, rest, sorted(unknown) if report.records else [])
        return found

    def span(self) -> Window | None:
        """Return the window from the first to just after the last start of a span, or None if there is none."""
        starts: list[int] = []
        for path in self.paths:
            entry = FileReport(path=str(path), name=path.name)
            if _is_table(path):
                for block in _table(path, entry, None):
                    starts += [block.index[0].value, block.index[-1].value]
                continue
            reading = Reading(entry, _NEVER)
            for _ in _read(path, entry, reading, set()):
                pass
            starts += [edge for edge in (reading.first, reading.last) if edge is not None]
        if not starts:
            return None
        first, last = (pd.Timestamp(edge, tz="UTC") for edge in (min(starts), max(starts)))
        return Window(start=first, end=last + pd.Timedelta(microseconds=2))

    def _conclude(self, report: ReadReport, clean: Redactor, rest: set[str], unknown: list[str]) -> None:
        self.key_id = clean.key_id
        report.redacted = +clean.counts
        if rest:
            shown = clean.redact(", ".join(sorted(rest)[:5]))[:200]
            report.remarks.append(f"{count_of(len(rest), 'further attribute')} not among the columns: {shown}")
        if unknown:
            report.remarks.append(f"no span has a field {', '.join(unknown)}")
        if clean.note:
            report.remarks.append(clean.note)
        self.report, self.notes = report, report.sentences()

    def _blocks(self, report: ReadReport, window: Window | None, rest: set[str]) -> Iterator[pd.DataFrame]:
        for path, name in zip(self.paths, names_of(self.paths), strict=True):
            entry = FileReport(path=str(path), name=name)
            report.files.append(entry)
            if _is_table(path):
                yield from _table(path, entry, window)
            else:
                yield from _read(path, entry, Reading(entry, window), rest)


def _is_table(path: Path) -> bool:
    return not {".csv", ".tsv", ".parquet"}.isdisjoint(s.lower() for s in path.suffixes)


def _table(path: Path, entry: FileReport, window: Window | None) -> Iterator[pd.DataFrame]:
    entry.format = "parquet" if path.suffix.lower() == ".parquet" else "csv"
    modified = datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else datetime.now(UTC)
    table = read_parquet(path) if entry.format == "parquet" else read_csv(path, entry)
    frame = spans_of_table(table, entry, modified)
    if window is not None:
        start = frame.index
        frame = frame[(start >= pd.Timestamp(window.start)) & (start < pd.Timestamp(window.end))]
    if len(frame):
        yield frame.sort_index(kind="stable")


def _read(path: Path, entry: FileReport, reading: Reading, rest: set[str]) -> Iterator[pd.DataFrame]:
    formats: tuple[_Format, ...] = (otlp.Otlp(reading), others.Jaeger(reading), others.Zipkin(reading))
    walker = Walker(pieces(path, entry), _INTO)
    strange = 0
    for place, value in walker:
        taken = next((f for f in formats if f.take(place, value)), None)
        if taken is None:
            strange += place != ()
        elif place and not entry.format:
            entry.format = taken.name
        if len(reading.spans) >= _BLOCK:
            yield _block(reading)
    for one in formats:
        one.finish()  # a file may end before it says whose spans they are
    if reading.spans:
        yield _block(reading)
    rest |= reading.others
    reading.conclude()
    _judge(entry, walker, strange)


def _block(reading: Reading) -> pd.DataFrame:
    frame = block_frame(reading.spans)
    reading.spans.clear()
    return frame


def _judge(entry: FileReport, walker: Walker, strange: int) -> None:
    """Say what of a file was no JSON, or not of spans."""
    if entry.problem:
        return
    if not walker.documents:
        entry.empty = True
    elif walker.broken and not entry.lines:
        entry.problem = "could not be read: it is not JSON of OpenTelemetry, Jaeger or Zipkin"
    elif strange and not entry.format:
        entry.problem = "holds no spans: it is not JSON of OpenTelemetry, Jaeger or Zipkin"
    elif walker.cut:
        entry.problem = f"ends in the middle of a document: read as far as it goes, {count_of(entry.records, 'span')}"
    if walker.broken and entry.lines:
        entry.remarks.append(f"{count_of(walker.broken, 'place')} that are not JSON, left out up to the next line")


def _must_be_readable(report: ReadReport) -> None:
    failed = [f for f in report.files if f.problem.startswith(("could not be read", "holds no spans"))]
    if failed and len(failed) == len(report.files):
        more = f" (and {len(failed) - 1} more files)" if len(failed) > 1 else ""
        raise SourceError(f"{failed[0].path} {failed[0].problem}{more}: check the path and what wrote the file")
