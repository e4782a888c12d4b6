"""What both windows held: from the ledger, read again only where that is not whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pandas as pd

from faultmaven_lib.evidence import ATTRS
from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import Evidence, Window
from faultmaven_lib.query import Workspace

Kind = Literal["logs", "metrics", "traces", "changes"]
_AROUND = timedelta(minutes=5)
"""By so much may what was read reach beyond a window: spans are, for the sake of wrong clocks."""
_CHANGES_BEFORE = timedelta(hours=24)


def recorded(desk: Workspace, kind: Kind) -> pd.DataFrame | None:
    """Return all that is known of one kind of data, baseline and incident in one frame; ``None`` if there is none.

    What was read already comes from the ledger, so that it is there when its source is not. What was not read yet, or
    kept in part only, is read, and recorded as evidence.
    """
    first, last = min(desk.baseline.start, desk.window.start), max(desk.baseline.end, desk.window.end)
    earlier = Window(start=first - _CHANGES_BEFORE, end=last)
    windows = [earlier] if kind == "changes" else [desk.baseline, desk.window]
    names = dict.fromkeys([*desk.of_kind(kind), *(e.source for e in desk.ledger if _is_of(e, kind))])
    frames = [frame for name in names for window in windows if len(frame := _read(desk, name, window))]
    if not frames:
        return None
    if kind == "changes":
        ids = [i for frame in frames for i in frame.attrs.get(ATTRS, {}).get("evidence", ())]
        changes = pd.concat(frames, ignore_index=True)
        changes.attrs[ATTRS] = {"evidence": list(dict.fromkeys(ids))}
        return changes
    whole = pd.concat(frames)
    if kind == "metrics":  # two sources side by side, two windows below each other
        return whole.groupby(level=0).first()
    whole = whole.sort_index(kind="stable")
    return whole[(whole.index >= pd.Timestamp(first)) & (whole.index < pd.Timestamp(last))]


def _read(desk: Workspace, name: str, window: Window) -> pd.DataFrame:
    entry = next((e for e in desk.ledger if e.source == name and not e.query and _covers(e.window, window)), None)
    if entry is not None and not entry.partial:
        return _citing(entry)
    try:
        return desk.fetch(name, "", entry.window if entry is not None else window)
    except SourceError:
        return _citing(entry) if entry is not None else pd.DataFrame()


def _citing(entry: Evidence) -> pd.DataFrame:
    frame = entry.frame
    frame.attrs[ATTRS] = {"evidence": [entry.id]}
    return frame


def _covers(read: Window | None, window: Window) -> bool:
    if read is None:
        return False
    return window.start - _AROUND <= read.start <= window.start and window.end <= read.end <= window.end + _AROUND


def _is_of(entry: Evidence, kind: Kind) -> bool:
    """Whether a query read this kind of data, told by its columns: its source may be gone."""
    if entry.kind != "query" or entry.query or not entry.rows:
        return False
    columns = set(entry.columns)
    if {"trace", "span"} <= columns:
        return kind == "traces"
    if {"level", "message"} <= columns:
        return kind == "logs"
    if {"kind", "version", "message"} <= columns:
        return kind == "changes"
    return kind == "metrics" and isinstance(entry.frame.columns, pd.MultiIndex)
