"""Find and read recordings: the shipped ones by name, others by folder.

A recording is a folder with ``incident.json``, ``alert.json`` if an alert fired, and the sources that
``incident.json`` names: ``logs/<service>.log.gz`` (nginx has two, ``nginx-access`` and ``nginx-error``),
``metrics.parquet``, ``traces.otlp.json.gz`` and ``changes.json``. What really happened lies apart, in
``truth/<name>.json`` beside the folder ``recordings``, so that nothing that reads a recording can come across it.
"""

from __future__ import annotations

import glob
import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import Incident, ServiceGraph, Truth, Window


def list_incidents() -> list[str]:
    """Return the names of the recordings that come with the package, sorted.

    Examples
    --------
    >>> "healthy" in list_incidents()
    True
    """
    return sorted(path.parent.name for path in _recordings().glob("*/incident.json"))


def load_incident(name: str | os.PathLike[str]) -> Incident:
    """Return a recorded incident as it presents itself when the pager rings.

    Parameters
    ----------
    name
        A name out of ``list_incidents()``, or the folder of a recording made elsewhere.

    Returns
    -------
    Incident
        Its ``sources`` are absolute paths and globs, as ``connect`` takes them; ``alert`` is None if none fired.

    Raises
    ------
    SourceError
        If there is no such recording, or the folder does not hold one.

    Examples
    --------
    >>> incident = load_incident("checkout-stall")
    >>> incident.alert.service, sorted(incident.sources)
    ('checkout', ['changes', 'logs', 'metrics', 'traces'])
    >>> incident.baseline.end == incident.window.start
    True
    """
    from faultmaven_lib.sources.alerts import read_alert

    folder = _folder(name)
    known = _read(folder / "incident.json")
    try:
        return Incident(
            name=known["name"],
            title=known["title"],
            alert=read_alert(folder / known["alert"]) if known["alert"] else None,
            sources={source: _absolute(folder, place) for source, place in known["sources"].items()},
            window=Window(**known["window"]),
            baseline=Window(**known["baseline"]),
            graph=ServiceGraph(**known["graph"]),
        )
    except KeyError as error:
        raise SourceError(f"{folder / 'incident.json'} has no {error}: record it again") from None


def load_truth(name: str | os.PathLike[str]) -> Truth:
    """Return what really happened in a recorded incident, to judge an analysis by.

    Parameters
    ----------
    name
        As for ``load_incident``. For a folder, ``../../truth/<name>.json`` is read, where the recorder puts it.

    Raises
    ------
    SourceError
        If there is no such recording, or its truth is not there.

    Examples
    --------
    >>> truth = load_truth("checkout-stall")
    >>> truth.service, truth.mechanism.phrase
    ('postgres', 'lock contention')
    >>> load_truth("healthy").service is None
    True
    """
    folder = _folder(name)
    return Truth(**_read(folder.parent.parent / "truth" / f"{folder.name}.json"))


def _recordings() -> Path:
    return Path(str(files("faultmaven_lib.datasets"))) / "recordings"


def _folder(name: str | os.PathLike[str]) -> Path:
    known = list_incidents()
    if name in known:  # a name goes before a folder of the same name; give that one as ./name
        return _recordings() / name
    folder = Path(name).expanduser().absolute()
    if (folder / "incident.json").is_file():
        return folder
    if folder.is_dir():
        raise SourceError(f"{folder} is not a recording: it has no incident.json")
    raise SourceError(f"there is no recorded incident {os.fspath(name)!r}: choose one of {', '.join(known)}")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise SourceError(f"{path} is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise SourceError(f"{path} holds a {type(content).__name__} where an object is expected")
    return content


def _absolute(folder: Path, place: str) -> str:
    if any(sign in place for sign in "*?["):
        return f"{glob.escape(str(folder))}{os.sep}{place}"  # the folder's own name is not a pattern
    return str(folder / place)
