"""Log files as a source: any number of them, any format, one time line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pandas as pd

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import SourceKind, Window
from faultmaven_lib.redaction import Redactor, redactor
from faultmaven_lib.settings import settings
from faultmaven_lib.sources.columns import CORE, block_frame, finished
from faultmaven_lib.sources.formats import Format, detect
from faultmaven_lib.sources.lines import read_lines
from faultmaven_lib.sources.opening import Pasted
from faultmaven_lib.sources.querying import Term, parse_query, quiet, select
from faultmaven_lib.sources.records import Assembler
from faultmaven_lib.sources.report import FileReport, ReadReport, count_of
from faultmaven_lib.sources.times import parse_times

_SAMPLE_LINES = 200
_SUFFIXES = re.compile(
    r"(?:\.(?:log|txt|json|jsonl|ndjson|out|err|gz|zst|zstd|bz2|xz|old|\d{1,3}))+$"
    r"|[-_.](?:access|error|stdout|stderr|\d{4}-?\d\d-?\d\d(?:[-T]?\d{2,6})?|\d{8,14})$",
    re.IGNORECASE,
)


def service_of(name: str) -> str:
    """Return the service that a log file's name tells.

    Examples
    --------
    >>> [service_of(n) for n in ("shop-access.log", "checkout.log.2.gz", "api-2026-03-01.jsonl", "access.log")]
    ['shop', 'checkout', 'api', 'access']
    """
    before = None
    stem = name
    while before != stem:
        before, stem = stem, _SUFFIXES.sub("", stem) or stem
    return stem


def names_of(paths: Sequence[Path | Pasted]) -> list[str]:
    """Return short names that tell files apart: the bare names, or from the common folder on."""
    bare = [p.name for p in paths]
    if len(set(bare)) == len(bare):
        return bare
    import os

    full = [p.absolute() for p in paths if isinstance(p, Path)]
    common = Path(os.path.commonpath([p.parent for p in full]))
    return [str(p.relative_to(common)) for p in full]


class LogSource:
    """Reads log files: plain or compressed, of known and unknown formats.

    ``connect`` makes it. Each query reads the files again, block by block, so that a window or a filter of a
    large file needs little memory. Rows are redacted before they are filtered.
    """

    kind: SourceKind = "logs"

    def __init__(self, paths: Sequence[Path | Pasted], url: str, name: str = "") -> None:
        self.paths, self.url, self.name = paths, url, name
        self.key_id = redactor().key_id
        self.notes: list[str] = []
        self.report = ReadReport()

    def query(self, text: str = "", window: Window | None = None) -> pd.DataFrame:
        """Return the records that match, inside the window, on one time line.

        Parameters
        ----------
        text
            ``field=value``, ``field~regex``, ``-term``, ``"phrase"``, joined by AND; empty for everything.
        window
            From its start (included) to its end (excluded).

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
        terms = parse_query(text)
        clean = redactor()
        report = ReadReport()
        rare: Counter[str] = Counter()
        unknown = {t.field: True for t in terms if t.field}
        blocks = []
        for frame in self._frames(report, window, rare):
            redacted = clean.redact_frame(frame, keep=("level", "source"))
            blocks.append(_matching(redacted, terms, clean, unknown) if terms else redacted)
        _must_be_readable(report)
        result = finished(blocks, rare)
        self._conclude(report, rare, clean, [f for f, missing in unknown.items() if missing])
        return result

    def span(self) -> Window | None:
        """Return the window from the first to just after the last record, or None if there is none."""
        first: pd.Timestamp | None = None
        last: pd.Timestamp | None = None
        for frame in self._frames(ReadReport(), None, Counter()):
            if len(frame):
                low, high = frame.index.min(), frame.index.max()
                first = low if first is None or low < first else first
                last = high if last is None or high > last else last
        if first is None or last is None:
            return None
        return Window(start=first, end=last + pd.Timedelta(microseconds=2))

    def _conclude(self, report: ReadReport, rare: Counter[str], clean: Redactor, unknown: list[str]) -> None:
        self.key_id = clean.key_id
        report.redacted = +clean.counts
        if rare:
            shown = ", ".join(name for name, _ in rare.most_common(5))
            report.remarks.append(f"{len(rare):,} rarer fields are not columns: {clean.redact(shown)[:200]}")
        if unknown:
            report.remarks.append(f"no line has a field {', '.join(unknown)}")
        if clean.note:
            report.remarks.append(clean.note)
        self.report = report
        self.notes = report.sentences()

    def _frames(self, report: ReadReport, window: Window | None, rare: Counter[str]) -> Iterator[pd.DataFrame]:
        for path, name in zip(self.paths, names_of(self.paths), strict=True):
            entry = FileReport(path=str(path), name=name)
            report.files.append(entry)
            yield from _file_frames(path, entry, window, rare)


def _must_be_readable(report: ReadReport) -> None:
    failed = [f for f in report.files if f.problem.startswith("could not be read")]
    if failed and len(failed) == len(report.files):
        more = f" (and {len(failed) - 1} more files)" if len(failed) > 1 else ""
        raise SourceError(f"{failed[0].path} {failed[0].problem}{more}: check the path and its permissions")


def _matching(frame: pd.DataFrame, terms: tuple[Term, ...], clean: Redactor, unknown: dict[str, bool]) -> pd.DataFrame:
    mask, missing = select(frame, terms, quiet(clean))
    for field in unknown:
        if field not in missing:
            unknown[field] = False
    return frame[mask]


def _file_frames(
    path: Path | Pasted, entry: FileReport, window: Window | None, rare: Counter[str]
) -> Iterator[pd.DataFrame]:
    bound = settings().line_max_bytes
    lines = read_lines(path, entry, bound)
    head: list[list[str]] = []
    for block in lines:
        head.append(block)
        if sum(map(len, head)) >= _SAMPLE_LINES:
            break
    if not head:
        return
    fmt = detect(list(islice(chain.from_iterable(head), _SAMPLE_LINES)))
    entry.format = fmt.name
    yield from _timed(path, entry, fmt, chain(head, lines), window, rare, bound)


def _timed(
    path: Path | Pasted,
    entry: FileReport,
    fmt: Format,
    lines: Iterator[list[str]],
    window: Window | None,
    rare: Counter[str],
    bound: int,
) -> Iterator[pd.DataFrame]:
    """Give every record a time: its own, else that of the record before it in the file."""
    modified = _modified(path)
    service = service_of(path.name)
    zones: set[str] = set()
    last: pd.Timestamp | None = None
    waiting: list[pd.DataFrame] = []  # records at the start of a file, before the first time
    for records in Assembler(fmt, entry, bound).blocks(lines):
        times = parse_times([r.get("time") for r in records], modified)
        zones |= times.zones
        if times.yearless and not any("year" in r for r in entry.remarks):
            entry.remarks.append(f"times without a year, taken from the file's date ({modified:%Y-%m-%d})")
        entry.timeless += int(np.count_nonzero(times.index.isna()))
        frame = block_frame(records, service, entry.name, rare)
        filled = pd.Series(times.index).ffill()
        if last is not None:
            filled = filled.fillna(last)
        elif filled.notna().any():
            filled = filled.bfill()
        else:
            waiting.append(frame)
            continue
        for early in waiting:
            yield _within(early.set_axis(pd.DatetimeIndex([filled.iloc[0]] * len(early), name="time")), window)
        waiting = []
        last = filled.iloc[-1]
        yield _within(frame.set_axis(pd.DatetimeIndex(filled, name="time")), window)
    for early in waiting:
        yield _within(early.set_axis(pd.DatetimeIndex([_stamp(modified)] * len(early), name="time")), window)
    if waiting:
        entry.remarks.append(f"no line has a time: all are put at the file's date, {modified:%Y-%m-%d %H:%M:%S} UTC")
    elif entry.timeless:
        entry.remarks.append(f"{count_of(entry.timeless, 'record')} without a time, placed after the line before")
    entry.zone = ", ".join(sorted(zones)) or "none"


def _within(frame: pd.DataFrame, window: Window | None) -> pd.DataFrame:
    frame.index = pd.DatetimeIndex(frame.index).as_unit("ns")
    if window is None:
        return frame
    inside = np.asarray((frame.index >= _stamp(window.start)) & (frame.index < _stamp(window.end)))
    return frame[inside]


def _stamp(moment: datetime) -> pd.Timestamp:
    return pd.Timestamp(moment).as_unit("ns")


def _modified(path: Path | Pasted) -> datetime:
    if isinstance(path, Pasted):
        return path.at
    try:
        return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    except (OSError, OverflowError, ValueError):
        return datetime.now(UTC)


__all__ = ["CORE", "LogSource", "names_of", "service_of"]
