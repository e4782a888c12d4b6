"""Spans as arrays: parents as row numbers, times as numbers, what is missing filled in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

Array = np.ndarray[Any, np.dtype[Any]]
_LONGEST = 3600.0
"""Durations are cut at an hour: a span that is open for longer is a session, not a call."""
_DEPTH = 20
"""Doublings with which the way to an ancestor is followed: a million spans deep."""


@dataclass(frozen=True)
class Spans:
    """What the analysis needs of a frame of spans, one element a span."""

    service: Array
    name: Array
    kind: Array
    start: Array
    """Nanoseconds since 1970; zeros where the frame has no times."""
    duration: Array
    """Seconds; ``nan`` where it is not known."""
    error: Array
    parent: Array
    """Row of the parent, -1 where it is not there."""
    linked: Array
    """Row of the span that a message came from, -1 where there is none."""
    texts: dict[str, Array]
    """Attributes by name, as far as the frame has them."""

    def __len__(self) -> int:
        return len(self.service)

    def text(self, name: str) -> Array:
        """Return an attribute, empty where it is not there."""
        found = self.texts.get(name)
        return np.full(len(self), "", dtype=object) if found is None else found

    def entries(self) -> tuple[Array, Array]:
        """Return where each service is entered, and for every span the row of the entry that it belongs to."""
        rows = np.arange(len(self))
        has = self.parent >= 0
        inside = has & (self.service[self.parent] == self.service)
        entered = ~inside
        jump = np.where(inside, self.parent, rows)
        for _ in range(_DEPTH):
            further = jump[jump]
            if (further == jump).all():
                break
            jump = further
        return entered, np.where(entered[jump], jump, rows)  # spans that are their own ancestors lead nowhere


_WANTED = (
    "peer.service",
    "server.address",
    "server.port",
    "db.system",
    "messaging.system",
    "messaging.destination",
    "status_message",
    "error.type",
)


def read_spans(frame: pd.DataFrame) -> Spans:
    """Read a frame of spans; only ``trace, span, parent`` and ``service`` have to be there."""
    frame = in_time(frame)
    n = len(frame)

    def texts(name: str) -> Array:
        if name not in frame.columns:
            return np.full(n, "", dtype=object)
        values = frame[name].to_numpy(dtype=object, na_value="")
        return values if all(type(v) is str for v in values) else np.array([_text(v) for v in values], dtype=object)

    service = texts("service")
    duration = np.full(n, np.nan)
    if "duration" in frame.columns:
        known = pd.to_numeric(frame["duration"], errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
        duration = np.where(known >= 0, np.minimum(known, _LONGEST), np.nan)
    codes = pd.to_numeric(pd.Series(texts("http.response.status_code")), errors="coerce").to_numpy(dtype="float64")
    index = frame.index
    start = index.as_unit("ns").asi8 if isinstance(index, pd.DatetimeIndex) else np.zeros(n, dtype="int64")
    parent, linked = _relations(texts("trace"), texts("span"), texts("parent"), texts("link"), service)
    return Spans(
        service=service,
        name=texts("name"),
        kind=texts("kind"),
        start=start,
        duration=duration,
        error=(texts("status") == "error") | (codes >= 500),
        parent=parent,
        linked=linked,
        texts={name: texts(name) for name in _WANTED if name in frame.columns},
    )


def in_time(frame: pd.DataFrame) -> pd.DataFrame:
    """Return spans in order of their start, which is their index then, where they have one."""
    if not isinstance(frame.index, pd.DatetimeIndex) and "start" in frame.columns:
        start = pd.to_datetime(frame["start"], utc=True, errors="coerce")
        frame = frame[start.notna().to_numpy()].set_axis(pd.DatetimeIndex(start.dropna()))
    if isinstance(frame.index, pd.DatetimeIndex):
        index = frame.index.tz_localize("UTC") if frame.index.tz is None else frame.index.tz_convert("UTC")
        frame = frame.set_axis(index)
        if not index.is_monotonic_increasing:
            frame = frame.sort_index(kind="stable")
    return frame


def _text(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else format(value, ".15g")
    return "" if value is None else str(value)


def _relations(trace: Array, span: Array, parent: Array, link: Array, service: Array) -> tuple[Array, Array]:
    own = pd.Index(trace + "/" + span)
    wanted = pd.Index(trace + "/" + parent)
    rows = pd.Series(np.arange(len(own)), index=own)
    first = rows[~own.duplicated()]
    found = _at(first, wanted)
    if own.has_duplicates:  # the two sides of a call may share one id: prefer the parent in the same service
        last = _at(rows[~own.duplicated(keep="last")], wanted)
        own_side = pd.Index(own + "/" + service)
        near = _at(pd.Series(np.arange(len(own)), index=own_side)[~own_side.duplicated()], wanted + "/" + service)
        this = np.arange(len(own))
        found = np.where((near >= 0) & (near != this), near, np.where(found != this, found, last))
        found = np.where(found == this, -1, found)
    found = np.where(parent == "", -1, found)
    linked = np.full(len(own), -1)
    if (link != "").any():
        spans = pd.Index(span)
        linked = _at(pd.Series(np.arange(len(own)), index=spans)[~spans.duplicated()], pd.Index(link))
        linked = np.where(link == "", -1, linked)
    return found, linked


def _at(rows: pd.Series[int], wanted: pd.Index) -> Array:
    return np.asarray(rows.reindex(wanted).fillna(-1).to_numpy(dtype="int64"))
