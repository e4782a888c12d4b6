"""One log file: what it is called, in which format it is, and its blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import numpy as np

from faultmaven_lib.settings import settings
from faultmaven_lib.sources.envelopes import kind_of_envelope, opened, unwrapped
from faultmaven_lib.sources.formats import TEXT, Format, detect
from faultmaven_lib.sources.lines import RawBlock, aligned, decoded, read_blocks
from faultmaven_lib.sources.opening import Pasted
from faultmaven_lib.sources.reading import FileContext
from faultmaven_lib.sources.report import FileReport

_SAMPLE_LINES = 200
_SAMPLE_BYTES = 1 << 16
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


@dataclass(frozen=True)
class LogFile:
    """A file of log lines, opened: its format is told."""

    context: FileContext
    blocks: Iterator[RawBlock]
    in_parts: bool
    """Whether blocks end between records, so that each can be read on its own."""


def open_log(
    path: Path | Pasted, entry: FileReport, fmt: Format | None = None, *, vectorised: bool = True
) -> LogFile | None:
    """Look at the first lines of a file and return it with its format; None if it has no lines.

    Parameters
    ----------
    path
        Where it is.
    entry
        Where is written down what was found.
    fmt
        The format, where it should not be told from the lines.
    vectorised
        Off, every line is parsed on its own.
    """
    bound = settings().line_max_bytes
    raw = read_blocks(path, entry, bound)
    first = next(raw, None)
    if first is None:
        return None
    sample = _sample(first, bound)
    envelope = kind_of_envelope(sample)
    if envelope:
        entry.container = envelope
        sample = unwrapped(envelope, sample, np.arange(len(sample)), bound)[0]
    fmt = fmt or detect(sample)
    entry.format = fmt.name
    context = FileContext(fmt, entry.name, service_of(path.name), modified(path), bound, envelope, vectorised)
    blocks = chain([first], raw)
    if fmt is TEXT:  # any line may belong to the one before
        return LogFile(context, blocks, in_parts=False)

    def starts(before: bytes, line: bytes) -> bool:
        if envelope and not opened(envelope, _text(before, bound))[1]:
            return False
        text, _ = opened(envelope, _text(line, bound))
        return bool(text) and fmt.parse(text) is not None

    return LogFile(context, aligned(blocks, starts), in_parts=True)


def _sample(block: RawBlock, bound: int) -> list[str]:
    data = block.data[: max(_SAMPLE_BYTES, 4 * bound)]
    return decoded(data, FileReport("", ""), bound)[:_SAMPLE_LINES]


def _text(line: bytes, bound: int) -> str:
    return decoded(line, FileReport("", ""), bound)[0]


def modified(path: Path | Pasted) -> datetime:
    """Return when a file was last written, to the second; of a gzip, when what is in it was."""
    if isinstance(path, Pasted):
        return path.at
    try:
        with path.open("rb") as file:
            head = file.read(8)
        # RFC 1952: a copy of the file has the date of the copy, the header that of the log. 0 is none.
        if head[:2] == b"\x1f\x8b" and (seconds := int.from_bytes(head[4:8], "little")):
            return datetime.fromtimestamp(seconds, UTC)
        return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    except (OSError, OverflowError, ValueError):
        return datetime.now(UTC)
