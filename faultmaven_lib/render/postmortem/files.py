"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from faultmaven_lib.exceptions import ReportError


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the file, then put it in its place: a reader never sees half of it.

    Raises
    ------
    ReportError
        If the folder does not exist or cannot be written; what was there before is unchanged.
    """
    if not path.parent.is_dir():
        raise ReportError(f"cannot write {path}: the folder {path.parent} does not exist; make it first")
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ReportError(f"cannot write {path}: {error.strerror or error}") from error
