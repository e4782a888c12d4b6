"""A closed case as a recording: what was measured then, to be investigated again; what was concluded, apart."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from faultmaven_lib.backtest.frames import kind_of_frame, write_frame
from faultmaven_lib.exceptions import FaultMavenError, SourceError
from faultmaven_lib.fingerprint import fingerprint, normalised
from faultmaven_lib.model import Alert, Case, Evidence, Truth, Window
from faultmaven_lib.sources import connect

_BOTH = ("logs", "metrics", "traces")
"""Kinds of source that are compared with a baseline."""


class NotKept(FaultMavenError):
    """A case of which too little was stored to investigate it again."""


def keep(case: Case, folder: Path) -> Path:
    """Write a closed case with a confirmed cause as a recording that a backtest can run.

    Parameters
    ----------
    case
        As loaded from the store, with its stored results.
    folder
        Where recordings lie: this one goes to ``recordings/<id>/``, its truth to ``truth/<id>.json``. Logs, metrics,
        traces and changes are written as they were stored, redacted; nothing of what was concluded goes with them.

    Returns
    -------
    Path
        The folder of the recording.

    Raises
    ------
    NotKept
        If the case is not closed, its cause not confirmed, a stored result is not whole and its source does not
        give it any more, or a recording of that name is there already. Nothing is written then.
    """
    if case.status != "closed":
        raise NotKept(f"{case.id} is {case.status}: close it first, with inv.update(status='closed') and inv.save()")
    truth = truth_of(case)
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", case.id).strip("-") or "case"
    recording, answer = folder / "recordings" / name, folder / "truth" / f"{name}.json"
    if recording.exists() or answer.exists():
        raise NotKept(f"{recording if recording.exists() else answer} is there already: choose another folder")
    lay_out(case, recording, case.id)
    answer.parent.mkdir(parents=True, exist_ok=True)
    answer.write_text(truth.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return recording


def truth_of(case: Case) -> Truth:
    """Return the confirmed cause of a case as the truth about it.

    Raises
    ------
    NotKept
        If it is not confirmed.
    """
    cause = case.confirmed_cause
    if cause is None:
        raise NotKept(f"{case.id} has no confirmed cause: settle it first, with inv.confirm('H1') and inv.save()")
    return Truth(service=cause.service, mechanism=cause.mechanism, onset=cause.onset or case.times.started)


def lay_out(case: Case, recording: Path, label: object) -> Path:
    """Write what a case was worked from as a recording; return its folder.

    Parameters
    ----------
    case
        With its stored results.
    recording
        The folder to make.
    label
        What the recording is called: an id or a number, never the title that people gave the case.

    Raises
    ------
    NotKept
        If stored results are not whole and cannot be had again. No folder is left behind.
    """
    frames = dict(_frames(case))
    if not any(kind_of_frame(frame) in _BOTH for frame in frames.values()):
        raise NotKept(f"{case.id} keeps no logs or metrics of both windows: run inv.analyze() and inv.save() on it")
    recording.mkdir(parents=True)
    try:
        places = {}
        for number, (source, frame) in enumerate(frames.items(), 1):
            if len(frame):
                places[source] = write_frame(frame, recording, number)
        known = {
            "name": recording.name,
            "title": f"Incident {label}",
            "alert": "alert.json" if case.alert else None,
            "sources": places,
            "window": case.window.model_dump(mode="json"),
            "baseline": case.baseline.model_dump(mode="json"),
            "graph": {"edges": [list(edge) for edge in case.graph.edges] if case.graph else []},
        }
        if case.alert is not None:
            (recording / "alert.json").write_text(json.dumps(_posted(case.alert), indent=2) + "\n", encoding="utf-8")
        (recording / "incident.json").write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    except BaseException:
        shutil.rmtree(recording, ignore_errors=True)
        raise
    return recording


def _frames(case: Case) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield each source with all that the first pass read of it, baseline and incident together."""
    asked: dict[str, list[Evidence]] = {}
    for entry in case.evidence:
        if entry.kind == "query" and not entry.query:
            asked.setdefault(entry.source, []).append(entry)
    for source, entries in asked.items():
        kind = next((k for e in entries if (k := kind_of_frame(e.frame))), "")
        if kind in _BOTH:
            # The last one counts where a window was read twice.
            of = {str(e.window): e for e in entries}
            before, after = of.get(str(case.baseline)), of.get(str(case.window))
            if before is not None and after is not None:
                earlier, later = _whole(before), _whole(after)
                outside = _outside(earlier, case.window)
                yield source, pd.concat([outside, later]).sort_index(kind="stable")
        elif kind:
            yield source, _whole(max(entries, key=lambda e: e.rows))


def _outside(frame: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Leave out what lies in the window of the incident, so that overlapping windows count nothing twice."""
    index = pd.DatetimeIndex(frame.index)
    return frame[(index < pd.Timestamp(window.start)) | (index >= pd.Timestamp(window.end))]


def _whole(entry: Evidence) -> pd.DataFrame:
    """Return a stored result, or where only its head is stored, the result itself if its source still gives it."""
    if not entry.partial and (entry.snapshot or not entry.rows):
        return entry.frame
    stored = f"of {entry.id} ({entry.label}) only {len(entry.frame):,} of {entry.rows:,} rows are stored"
    try:
        fresh = connect(entry.url, name=entry.source).query(entry.query, entry.window)
    except SourceError as error:
        raise NotKept(f"{stored}, and its source is gone: {str(error).splitlines()[0]}") from None
    if fingerprint(normalised(fresh)) != entry.sha256:
        raise NotKept(f"{stored}, and its source gives other rows today: it cannot be investigated as it was")
    return fresh


def _posted(alert: Alert) -> dict[str, object]:
    """Return an alert as Alertmanager posts it."""
    body: dict[str, object] = {
        "status": alert.status,
        "labels": {**alert.labels, "alertname": alert.name},
        "annotations": alert.annotations,
        "startsAt": alert.starts_at.isoformat(),
        "generatorURL": alert.url,
    }
    if alert.ends_at is not None:
        body["endsAt"] = alert.ends_at.isoformat()
    return {"version": "4", "status": alert.status, "alerts": [body]}
