"""Calls between services, followed on a grid."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.axis import seconds
from faultmaven_lib.analysis.moved import Moved
from faultmaven_lib.analysis.signals.grid import Array, Grid
from faultmaven_lib.analysis.traces.calls import read_calls
from faultmaven_lib.analysis.traces.sentences import CLOCK, Edge

_PARTS = {" latency": "wait", " delay before it is taken up": "wait", " own time": "alone", " errors": "error"}
"""How the name of a finding on an edge ends, and which column of the calls it is about."""
_NEEDED = ("trace", "span", "parent", "service")
_CALLS_A_BIN, _SHORTEST_BIN, _MANY = 10.0, 2.0, 200
"""About as ``TraceAnalyzer`` has them, which looks at each call of an edge that has few in both windows."""


class CallSeries:
    """A frame of spans, asked by what moved."""

    def __init__(self, spans: pd.DataFrame | None, services: Collection[str] = ()) -> None:
        self._spans, self._services = spans, services

    def of(self, one: Moved, grid: Grid) -> Array | None:
        """Return seconds of waiting, percent of failures, or how far a clock is off; ``None`` if it is no call."""
        if one.what == CLOCK:
            return self._clock(one.service, grid)
        rows = self._rows_of(one)
        if not len(rows):
            return None
        part = _PARTS[_end(one)]
        values = self._calls[part].to_numpy(dtype="float64")[rows]
        at = self._at[rows]
        if part == "error":
            return 100 * grid.mean(at, values)
        there = np.isfinite(values)
        return grid.quantile(at[there], values[there], one.quantile)

    def step_of(self, one: Moved) -> float | None:
        """Return in what bins of time the waiting of these calls is followed; ``None`` if it is no such thing."""
        at = self._at[self._rows_of(one)]
        if one.kind != "edge latency" or len(at) < 2:
            return None
        calls = _CALLS_A_BIN if len(at) >= _MANY else 1.0
        return max(_SHORTEST_BIN, calls * float(at[-1] - at[0]) / len(at))

    @cached_property
    def _calls(self) -> pd.DataFrame:
        spans = self._spans
        if spans is None or not set(_NEEDED) <= set(spans.columns):
            spans = pd.DataFrame(columns=list(_NEEDED), index=pd.DatetimeIndex([], tz="UTC"))
        calls = read_calls(spans, self._services)
        return calls[calls["callee"] != ""]

    @cached_property
    def _at(self) -> Array:
        return seconds(self._calls.index)

    @cached_property
    def _rows(self) -> dict[str, Array]:
        """The rows of every edge, and of every operation of it, by how a finding calls them."""
        rows: dict[str, Array] = {}
        triples: dict[Any, Any] = self._calls.groupby(["caller", "callee", "operation"], sort=True).indices
        for key, places in triples.items():
            caller, callee, operation = map(str, key)
            for edge in {Edge(caller, callee, operation), Edge(caller, callee, "")}:
                known = rows.get(edge.subject, np.empty(0, dtype="int64"))
                rows[edge.subject] = np.union1d(known, places)
        return rows

    def _rows_of(self, one: Moved) -> Array:
        end = _end(one)
        rows = self._rows.get(one.what.removesuffix(end)) if end and one.side == "trace" else None
        return np.empty(0, dtype="int64") if rows is None else rows

    def _clock(self, service: str, grid: Grid) -> Array | None:
        calls = self._calls
        offset = calls["offset"].to_numpy(dtype="float64")
        sign = np.where(calls["callee"] == service, 1.0, np.where(calls["caller"] == service, -1.0, np.nan))
        values = sign * offset
        there = np.isfinite(values)
        return grid.quantile(self._at[there], values[there], 0.5) if there.any() else None


def _end(one: Moved) -> str:
    return next((end for end in _PARTS if one.what.endswith(end)), "")
