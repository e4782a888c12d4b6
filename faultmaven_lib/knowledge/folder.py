"""A folder or a Git checkout: which files are read, of which commit, and why the others are not."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.knowledge.formats import known

FILE_BYTES = 1_000_000
"""A larger file is no runbook; of a notebook it is mostly pictures, so that one may have ten times as much."""
_NOTEBOOK = 10
FILES = 50_000
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_PASSED = frozenset({"node_modules", "__pycache__", "site-packages"})
"""Folders of what others wrote."""


class File(NamedTuple):
    """A file of the folder: its content, or why it was not read."""

    path: Path
    content: bytes = b""
    problem: str = ""


def read_folder(folder: Path, pattern: str | None) -> Iterator[File]:
    """Yield the files of a folder that fit a pattern, or all that are of a known kind, in order.

    Hidden files and folders (``.git``) are passed over. A file that is too large, cannot be read, or is a
    link to a place outside the folder comes with the problem and without content.

    Raises
    ------
    SourceError
        If it is no folder, the pattern cannot be used, or more than 50,000 files fit it.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder} is not a folder: give the one that the runbooks are in")
    paths = sorted(_of_known_kind(folder) if pattern is None else _fitting(folder, pattern))
    if len(paths) > FILES:
        which = "are of a known kind" if pattern is None else f"fit {pattern!r}"
        raise SourceError(f"{len(paths):,} files below {folder} {which}, at most {FILES:,} are taken: give a pattern")
    inside = folder.resolve()
    for path in paths:
        yield _read(path, inside)


def commit_of(folder: Path) -> str:
    """Return the commit that a folder inside a Git checkout is at; empty where it is in none.

    It is read from the files that Git keeps; Git itself is not needed.
    """
    for place in (folder, *folder.parents):
        git = place / ".git"
        try:
            if git.is_file():  # a worktree or a submodule: the file says where
                git = place / git.read_text(errors="replace").removeprefix("gitdir:").strip()
            elif not git.is_dir():
                continue
            head = (git / "HEAD").read_text(errors="replace").strip()
            found = _resolved(git, head.removeprefix("ref:").strip()) if head.startswith("ref:") else head
        except OSError:
            return ""
        return found if _COMMIT.fullmatch(found) else ""
    return ""


def _resolved(git: Path, ref: str) -> str:
    if ".." in Path(ref).parts or Path(ref).is_absolute():
        return ""
    shared = git / "commondir"
    homes = [git, git / shared.read_text(errors="replace").strip()] if shared.is_file() else [git]
    for home in homes:
        if (home / ref).is_file():
            return (home / ref).read_text(errors="replace").strip()
        if (packed := home / "packed-refs").is_file():
            for line in packed.read_text(errors="replace").splitlines():
                commit, _, name = line.partition(" ")
                if name == ref:
                    return commit
    return ""


def _of_known_kind(folder: Path) -> Iterator[Path]:
    for home, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _PASSED]
        for name in names:
            path = Path(home, name)
            if not name.startswith(".") and known(path) and path.is_file():
                yield path


def _fitting(folder: Path, pattern: str) -> Iterator[Path]:
    try:
        if ".." in Path(pattern).parts:
            raise ValueError("it leads out of the folder")
        yield from (path for path in folder.glob(pattern) if _seen(path, folder))
    except (ValueError, NotImplementedError, IndexError) as error:
        raise SourceError(f"{pattern!r} is not a pattern for files below {folder} ({error}): try **/*.md") from None


def _seen(path: Path, folder: Path) -> bool:
    return not any(part.startswith(".") for part in path.relative_to(folder).parts) and path.is_file()


def _read(path: Path, inside: Path) -> File:
    most = FILE_BYTES * (_NOTEBOOK if path.suffix.lower() == ".ipynb" else 1)
    try:
        if not path.resolve().is_relative_to(inside):
            return File(path, problem="a link to a place outside the folder")
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        return File(path, problem=f"cannot be read: {error.strerror or error}")
    if len(content) > most:
        return File(path, problem=f"larger than {most:,} bytes")
    return File(path, content)
