"""Bytes out of files: plain, gzip, zstd, bzip2, xz; as far as a damaged one goes."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from faultmaven_lib.sources.report import FileReport

_READ = 1 << 18
_PIECE = 4096  # small, so that a compressed bomb cannot expand far in one step


class _Decompressor(Protocol):
    unused_data: bytes

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _zstd() -> Any:
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj()


_KINDS: tuple[tuple[bytes, str, Any], ...] = (
    (b"\x1f\x8b", "gzip", lambda: zlib.decompressobj(wbits=31)),
    (b"\x28\xb5\x2f\xfd", "zstd", _zstd),
    (b"BZh", "bzip2", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", "xz", lzma.LZMADecompressor),
)
_BOMS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True)
class Pasted:
    """Text that lies in memory only, read like a file."""

    name: str
    data: bytes
    at: datetime
    """When it was handed in: what the date of a file is to a file."""

    def open(self, mode: str = "rb") -> io.BytesIO:  # noqa: ARG002 (as files have it)
        """Return the text as an open file."""
        return io.BytesIO(self.data)


def pieces(path: Path | Pasted, report: FileReport) -> Iterator[bytes]:
    """Yield the content of a file, decompressed; UTF-16 is turned into UTF-8.

    What cannot be read is said in ``report.problem``; what came before it has been yielded.
    """
    stream = _inflated(path, report)
    first = next(stream, b"")
    encoding = next((name for bom, name in _BOMS if first.startswith(bom)), None)
    if encoding is None:
        yield first.removeprefix(b"\xef\xbb\xbf")
        yield from stream
        return
    import codecs

    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    yield decoder.decode(first[2:]).encode("utf-8", "replace")
    for piece in stream:
        yield decoder.decode(piece).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _inflated(path: Path | Pasted, report: FileReport) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            first = file.read(_READ)
            if not first:
                report.empty = True
                return
            kind = next((k for k in _KINDS if first.startswith(k[0])), None)
            if kind is None:
                while first:
                    yield first
                    first = file.read(_READ)
            else:
                yield from _decompressed(file, first, kind, report)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        report.problem = f"could not be read: {reason.lower()}"


def _decompressed(file: Any, data: bytes, kind: tuple[bytes, str, Any], report: FileReport) -> Iterator[bytes]:
    _, name, make = kind
    decompressor: _Decompressor = make()
    total = 0
    while data:
        for start in range(0, len(data), _PIECE):
            piece = data[start : start + _PIECE]
            try:
                while piece:
                    if decompressor.eof:  # several compressed streams may follow each other in one file
                        piece = piece.lstrip(b"\0") if name in ("gzip", "xz") else piece
                        if not piece:
                            break
                        decompressor = make()
                    out = decompressor.decompress(piece)
                    piece = decompressor.unused_data if decompressor.eof else b""
                    total += len(out)
                    if out:
                        yield out
            except Exception as error:
                if not isinstance(error, zlib.error | OSError | EOFError | lzma.LZMAError) and (
                    type(error).__module__.split(".")[0] != "zstandard"
                ):
                    raise
                report.problem = f"is damaged {name}: read as far as it goes, {total:,} bytes"
                return
        data = file.read(_READ)
    if not decompressor.eof:
        report.problem = f"is truncated {name}: read as far as it goes, {total:,} bytes"
