"""What happened while reading: every line is a record, part of one, blank, or a counted skip."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

_NAMES_SHOWN = 5
_COUNTED = ("lines", "records", "continued", "blank", "skipped", "cut", "cut_bytes", "replaced", "timeless",
            "unrecognised")  # fmt: skip


@dataclass
class FileReport:
    """What was read of one file; ``lines == records + continued + blank + skipped``.

    For tables (metrics, changes) a line is a row, for traces it is a span.
    """

    path: str
    name: str
    format: str = ""
    """What the file was read as, for instance ``access`` or ``json``; empty if it was not read."""
    container: str = ""
    """What its lines were wrapped in: ``cri``, ``docker`` or ``journal``; empty for nothing."""
    zone: str = ""
    """Time zone of its times: an offset, ``assumed UTC``, several joined by a comma, or ``none``."""
    lines: int = 0
    records: int = 0
    continued: int = 0
    """Lines that belong to the record before: tracebacks, indented text."""
    blank: int = 0
    skipped: int = 0
    """Lines or rows that could not be used."""
    unit: str = "row"
    """What is counted as a line, where a line is none."""
    why_skipped: str = "without a readable time"
    cut: int = 0
    """Lines cut at the bound of the settings."""
    cut_bytes: int = 0
    replaced: int = 0
    """Bytes that were not text and are shown as the replacement character."""
    timeless: int = 0
    """Records without a time of their own."""
    unrecognised: int = 0
    """Records that fit no known format, read as text."""
    empty: bool = False
    problem: str = ""
    """Why the file was not, or not wholly, read."""
    remarks: list[str] = field(default_factory=list)
    """Further sentences about this file."""

    def add(self, other: FileReport) -> None:
        """Add what was counted in another part of the same file."""
        for name in _COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def sentences(self) -> list[str]:
        """Return what a reader of the data should know about the file."""
        found = []
        if self.problem:
            found.append(f"{self.name} {self.problem}")
        if self.empty:
            found.append(f"{self.name}: empty")
        if self.cut:
            found.append(
                f"{self.name}: {count_of(self.cut, 'line')} longer than the bound, cut by {self.cut_bytes:,} bytes"
            )
        if self.replaced:
            found.append(f"{self.name}: {count_of(self.replaced, 'byte')} that are not text were replaced")
        if self.skipped:
            found.append(f"{self.name}: {count_of(self.skipped, self.unit)} skipped, {self.why_skipped}")
        if self.format == "text" and self.records:
            found.append(f"{self.name}: format not recognised, read as text")
        elif self.unrecognised:
            found.append(
                f"{self.name}: {count_of(self.unrecognised, 'record')} not in the format of the rest "
                f"({self.format}), read as text"
            )
        if "assumed UTC" in self.zone:
            found.append(f"{self.name}: times without a zone, assumed UTC")
        offsets = [z for z in self.zone.split(", ") if z and z not in ("assumed UTC", "none", "epoch")]
        if len(offsets) > 1:
            found.append(f"{self.name}: times in {len(offsets)} zones ({', '.join(offsets)}), all shown as UTC")
        return found + [f"{self.name}: {remark}" for remark in self.remarks]


@dataclass
class ReadReport:
    """What was read by the last query, file by file, and what was done to it."""

    files: list[FileReport] = field(default_factory=list)
    redacted: Counter[str] = field(default_factory=Counter)
    """Replaced values by kind."""
    remarks: list[str] = field(default_factory=list)
    """Sentences about the whole."""

    @property
    def lines(self) -> int:
        """Lines read in all files."""
        return sum(f.lines for f in self.files)

    @property
    def records(self) -> int:
        """Records made of them."""
        return sum(f.records for f in self.files)

    def sentences(self) -> list[str]:
        """Return the notes: short sentences, the same one of many files said once."""
        by_rest: dict[str, list[str]] = {}
        for file in self.files:
            for sentence in file.sentences():
                by_rest.setdefault(sentence.removeprefix(file.name), []).append(file.name)
        notes = [_names(names) + rest for rest, names in by_rest.items()]
        total = self.redacted.total()
        if total:
            kinds = ", ".join(f"{n:,} {kind.replace('_', ' ')}" for kind, n in sorted(self.redacted.items()))
            notes.append(f"{count_of(total, 'value')} redacted: {kinds}")
        return notes + self.remarks


def _names(names: list[str]) -> str:
    if len(names) <= _NAMES_SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMES_SHOWN])} and {len(names) - _NAMES_SHOWN} more files"


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where that is due."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
