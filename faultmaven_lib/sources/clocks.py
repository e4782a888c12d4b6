"""Clocks that disagree: times that step back in a file, that lie in its future, or beside those of other files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from faultmaven_lib.sources.isotimes import MISSING

Times = npt.NDArray[np.int64]
_SECOND = 1_000_000_000
_TOLERANCE = 2 * _SECOND
"""Lines of several threads, and requests logged when they end, are out of order by that much on any day."""
_SUSTAINED = 20  # records that have to follow a step back
_STEPS_SHOWN = 3
_ENOUGH = 100  # records of a file whose start and end say something
_OFFSET = 5 * _SECOND
_IDS = frozenset({"trace_id", "traceid", "trace.id", "dd.trace_id", "otel.trace_id", "request_id", "requestid",
                  "req_id", "reqid", "x_request_id", "correlation_id", "correlationid", "request.id"})  # fmt: skip
_IDS_KEPT = 2000
_COMMON = 30  # ids that two files have to share


def ids_of(frame: pd.DataFrame, times: Times) -> dict[str, int]:
    """Return when ids of requests were first seen in a block, of many those that end in one digit."""
    name = next((str(n) for n in frame.columns if str(n).lower() in _IDS), None)
    if name is None or pd.api.types.is_numeric_dtype(frame[name].dtype):
        return {}
    ids = pa.array(frame[name], pa.large_string(), from_pandas=True)
    ids = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    good = pc.and_(pc.greater_equal(pc.binary_length(ids), 8), pa.array(times != MISSING))
    if len(ids) > _IDS_KEPT:
        good = pc.and_(good, pc.ends_with(ids, "0"))
    rows = np.flatnonzero(pc.fill_null(good, False).to_numpy(zero_copy_only=False))[:_IDS_KEPT]
    found: dict[str, int] = {}
    for text, time in zip(ids.take(pa.array(rows)).to_pylist(), times[rows].tolist(), strict=True):
        found.setdefault(text, time)
    return found


@dataclass(frozen=True)
class Step:
    """From one record to the next a clock went back by ``size``, and the records behind go on from there."""

    at: int
    size: int


@dataclass
class Clock:
    """What the times of one file, in the order of its lines, tell of the clock that made them.

    A clock that was set back is told from lines that came late: late ones are followed by a jump to where the times
    had been, those of a clock that was set back get there as fast as time goes.
    """

    records: int = 0
    first: int = 0
    last: int = 0
    steps: list[Step] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    _latest: int = MISSING
    _behind: list[int] = field(default_factory=list)  # start, records so far, last, latest before

    def see(self, times: Times, ids: Mapping[str, int]) -> None:
        """Take the times of the next block."""
        for text, time in ids.items():
            if text in self.ids or len(self.ids) < _IDS_KEPT:
                self.ids.setdefault(text, time)
        times = times[times != MISSING]
        if not len(times):
            return
        if not self.records:
            self.first = self._latest = int(times[0])
        self.records += len(times)
        self.last = int(times[-1])
        latest = np.maximum.accumulate(np.append(self._latest, times))
        behind = times < latest[:-1] - _TOLERANCE
        self._latest = int(latest[-1])
        if not behind.any():
            self._recover(int(times[0]))
            return
        edges = np.flatnonzero(np.diff(behind, prepend=False, append=False))
        for start, end in edges.reshape(-1, 2).tolist():
            if start or not self._behind:
                self._recover(int(times[0]) if start else None)
                self._behind = [int(times[start]), 0, 0, int(latest[start])]
            self._behind[1] += end - start
            self._behind[2] = int(times[end - 1])
            if end < len(times):
                self._recover(int(times[end]))

    def finish(self) -> list[Step]:
        """Return the steps back that were seen."""
        self._recover(None)
        return self.steps

    def _recover(self, after: int | None) -> None:
        if not self._behind:
            return
        start, records, last, latest = self._behind
        self._behind = []
        size = latest - start
        if records >= _SUSTAINED and (after is None or after - last < size / 2) and last - start > 0:
            self.steps.append(Step(latest, size))


def remarks_on(clock: Clock, modified: datetime | None) -> list[str]:
    """Return sentences on the clock of one file; ``modified`` is when it was last written, if that is known."""
    steps = clock.finish()
    found = []
    for step in steps[:_STEPS_SHOWN]:
        at = pd.Timestamp(step.at, tz="UTC")
        found.append(
            f"times step back by {_span(step.size)} at {at:%Y-%m-%d %H:%M:%S} UTC and go on from there: its clock was "
            "set back, or two logs were joined; not corrected"
        )
    if len(steps) > _STEPS_SHOWN:
        found.append(f"times step back {len(steps) - _STEPS_SHOWN:,} times more")
    if modified is not None and clock.records:
        written = pd.Timestamp(modified).as_unit("ns").value + _SECOND  # dates of files are kept to the second
        if clock.first < written < clock.last - _TOLERANCE:
            found.append(
                f"its last record is {_span(clock.last - written)} later than the file was written: its clock is "
                "ahead, or its times are of another zone; not corrected"
            )
    return found


def disagreements(clocks: Mapping[str, Clock]) -> list[str]:
    """Return sentences on files whose clocks differ by a constant.

    It is told from the ids of requests that two files share; and from a file that starts and ends later, or earlier,
    than all others by the same time, where those agree among themselves.
    """
    found = []
    told: set[str] = set()
    for (one, first), (other, second) in combinations(clocks.items(), 2):
        offset = _by_ids(first, second)
        if offset:
            ahead, behind = (one, other) if offset > 0 else (other, one)
            common = len(first.ids.keys() & second.ids.keys())
            told |= {one, other}
            found.append(
                f"{ahead}: its clock is {_span(abs(offset))} ahead of that of {behind}, as {common:,} requests show "
                "that are in both; not corrected"
            )
    long = {name: clock for name, clock in clocks.items() if clock.records >= _ENOUGH}
    for name, clock in long.items():
        others = [c for n, c in long.items() if n != name]
        offset = _by_ends(clock, others) if name not in told and len(others) >= 2 else 0
        if offset:
            side = "later" if offset > 0 else "earlier"
            found.append(
                f"{name}: starts and ends {_span(abs(offset))} {side} than the other files: its clock may be "
                f"{'ahead' if offset > 0 else 'behind'}; not corrected"
            )
    return found


def _by_ids(one: Clock, other: Clock) -> int:
    common = sorted(one.ids.keys() & other.ids.keys(), key=one.ids.__getitem__)
    if len(common) < _COMMON:
        return 0
    offsets = np.array([one.ids[i] - other.ids[i] for i in common])
    middle = float(np.median(offsets))
    room = max(_SECOND / 2, 0.1 * abs(middle))
    # Slow requests make some differences long; a clock makes all so, and as much at the start as at the end.
    halves = np.array_split(offsets, 2)
    steady = all(np.mean(np.abs(half - middle) <= room) >= 0.9 for half in halves)
    return int(middle) if steady and abs(middle) >= _TOLERANCE else 0


def _by_ends(clock: Clock, others: Sequence[Clock]) -> int:
    starts, ends = (np.array([getattr(c, name) for c in others]) for name in ("first", "last"))
    at_start, at_end = clock.first - float(np.median(starts)), clock.last - float(np.median(ends))
    spread = max(float(np.ptp(starts)), float(np.ptp(ends)), float(_SECOND))
    offset = (at_start + at_end) / 2
    steady = abs(at_start - at_end) <= max(_TOLERANCE, 0.1 * abs(offset))
    return int(offset) if steady and abs(offset) >= max(_OFFSET, 4 * spread) else 0


def _span(nanoseconds: float) -> str:
    """Write a length of time as people say it."""
    total = round(nanoseconds / _SECOND)
    parts = [(total // 86_400, "d"), (total // 3600 % 24, "h"), (total // 60 % 60, "min"), (total % 60, "s")]
    named = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(named[:2]) or "0 s"
