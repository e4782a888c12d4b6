"""A folder of Markdown: which files are read, and why the others are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from faultmaven_lib.exceptions import SourceError

FILE_BYTES = 1_000_000
"""A larger file is no runbook."""
FILES = 50_000


class File(NamedTuple):
    """A file of the folder: its content, or why it was not read."""

    path: Path
    content: bytes = b""
    problem: str = ""


def read_folder(folder: Path, pattern: str) -> Iterator[File]:
    """Yield the files of a folder that fit a pattern, in order.

    Hidden files and folders (``.git``) are passed over. A file that is too large, cannot be read, or is a
    link to a place outside the folder comes with the problem and without content.

    Raises
    ------
    SourceError
        If it is no folder, the pattern cannot be used, or more than 50,000 files fit it.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder: give the one that the Markdown files are in")
    try:
        if ".." in Path(pattern).parts:
            raise ValueError("it leads out of the folder")
        paths = sorted(path for path in folder.glob(pattern) if _seen(path, folder))
    except (ValueError, NotImplementedError, IndexError) as error:
        raise SourceError(f"{pattern!r} is not a pattern for files below {folder} ({error}): try **/*.md") from None
    if len(paths) > FILES:
        raise SourceError(f"{len(paths):,} files below {folder} fit {pattern!r}, at most {FILES:,} are taken")
    for path in paths:
        yield _read(path, folder)


def _seen(path: Path, folder: Path) -> bool:
    return not any(part.startswith(".") for part in path.relative_to(folder).parts) and path.is_file()


def _read(path: Path, folder: Path) -> File:
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            return File(path, problem="a link to a place outside the folder")
        with path.open("rb") as file:
            content = file.read(FILE_BYTES + 1)
    except OSError as error:
        return File(path, problem=f"cannot be read: {error.strerror or error}")
    if len(content) > FILE_BYTES:
        return File(path, problem=f"larger than {FILE_BYTES:,} bytes")
    return File(path, content)
