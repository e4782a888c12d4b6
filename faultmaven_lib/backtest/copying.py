"""Neutral copies of recordings: what the investigation sees has a number for a name, and no truth within reach."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import Incident

_PATTERN = "*?["


def neutral_copy(recording: Path, into: Path, number: int) -> Path:
    """Copy a recording to ``into/recordings/<number>`` and return that folder.

    Only what ``incident.json`` names as a source or as the alert is copied. Its name and title become neutral ones,
    and whatever else it holds, such as how it was recorded, is left behind.

    Raises
    ------
    SourceError
        If ``incident.json`` cannot be read, or names a file outside the recording.
    """
    known = _read(recording / "incident.json")
    target = into / "recordings" / f"{number:04d}"
    target.mkdir(parents=True)
    for place in filter(None, [*known["sources"].values(), known.get("alert")]):
        for path in _files(recording, str(place)):
            copy = target / path.relative_to(recording)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)  # with its date: times without a year are read by it
    kept = {name: value for name, value in known.items() if name in Incident.model_fields}
    kept |= {"name": target.name, "title": f"Incident {number}", "alert": known.get("alert")}
    (target / "incident.json").write_text(json.dumps(kept), encoding="utf-8")
    return target


def _read(path: Path) -> dict[str, Any]:
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is not JSON: {error}") from None
    if not isinstance(known, dict) or not isinstance(known.get("sources"), dict):
        raise SourceError(f"{path} names no sources: it is not the description of a recording")
    return known


def _files(recording: Path, place: str) -> list[Path]:
    if Path(place).is_absolute() or ".." in Path(place).parts:
        raise SourceError(f"{recording / 'incident.json'} names {place!r}, which lies outside the recording")
    # A file that is not there is left to whoever reads the copy, who says so.
    found = recording.glob(place) if any(sign in place for sign in _PATTERN) else [recording / place]
    return [path for path in found if path.is_file()]
