"""Metrics, followed on a grid."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.axis import in_order, seconds
from faultmaven_lib.analysis.metrics.columns import is_counter, keys, rate, samples
from faultmaven_lib.analysis.moved import Moved
from faultmaven_lib.analysis.signals.grid import Array, Grid, held, sampling_step


class MetricSeries:
    """A wide frame of metrics, asked by what moved."""

    def __init__(self, frame: pd.DataFrame | None) -> None:
        self._frame = in_order(frame) if frame is not None and len(frame) else pd.DataFrame()
        self._at = seconds(self._frame.index) if len(self._frame) else np.empty(0)
        self._places: dict[tuple[str, str], int] = {}
        for place, key in enumerate(keys(self._frame)):
            self._places.setdefault(key, place)

    def of(self, one: Moved, grid: Grid) -> Array | None:
        """Return the mean in each bin, ``None`` if it is no metric."""
        known = self._known(one)
        if known is None:
            return None
        at, values = known
        return held(grid.mean(at, values), sampling_step(at), grid.step)

    def step_of(self, one: Moved) -> float | None:
        """Return the usual time between two samples."""
        known = self._known(one)
        return None if known is None else sampling_step(known[0])

    def step(self, things: Iterable[Moved]) -> float | None:
        """Return the usual step of the metrics among what moved."""
        steps = [step for one in things if (step := self.step_of(one)) is not None]
        return float(np.median(steps)) if steps else None

    def _known(self, one: Moved) -> tuple[Array, Array] | None:
        """Return moments and values of the samples that are there, a counter's as its rate."""
        place = self._places.get((one.service, one.what))
        if place is None or one.side != "metric":
            return None
        (values,) = samples(self._frame.iloc[:, [place]])
        if is_counter(one.what, values):
            values = rate(values, self._at)
        there = np.isfinite(values)
        return self._at[there], values[there]
