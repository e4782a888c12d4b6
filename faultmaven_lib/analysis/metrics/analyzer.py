"""MetricAnalyzer: which series left their baseline."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from faultmaven_lib.analysis.axis import counts_samples, moment, start
from faultmaven_lib.analysis.metrics.beginnings import Beginning, beginnings, went_on
from faultmaven_lib.analysis.metrics.columns import Key
from faultmaven_lib.analysis.metrics.families import by_family
from faultmaven_lib.analysis.metrics.levels import MIN_SAMPLES, Levels, levels_of
from faultmaven_lib.analysis.metrics.rows import longest_run
from faultmaven_lib.analysis.metrics.scores import causal, distances, offline
from faultmaven_lib.analysis.metrics.screening import may_be_flat, may_have_moved
from faultmaven_lib.analysis.metrics.seasons import Season, seasons_of
from faultmaven_lib.analysis.metrics.sentences import of_move
from faultmaven_lib.analysis.metrics.series import Actual, Move, moves
from faultmaven_lib.analysis.metrics.table import Reading, Table, read_table
from faultmaven_lib.evidence import cited
from faultmaven_lib.findings import findings_frame
from faultmaven_lib.model import FindingKind, Operation, Window

VERSION = 3


@dataclass(frozen=True)
class _Found:
    """A series that moved."""

    key: Key
    move: Move
    onset: datetime | float | None
    ended: datetime | float | None

    @property
    def score(self) -> float:
        return 10 * math.log10(1 + self.move.deviation)


class MetricAnalyzer(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Compare the series of an incident with those of a baseline.

    A series stands out where a contiguous stretch of the incident lies further from the baseline's median than
    the baseline itself ever strayed: the stretch with the largest score (Page, "Continuous inspection schemes",
    Biometrika 41, 1954) dates the change to the sample, also where it ends again. Of a series one finding is told:
    level shift, spike, dip, trend (``metrics.drift``), variance change (``metrics.spread``), flat line or missing.
    Counters are rates, histograms quantiles (``metrics.histograms``), and a baseline of days knows what is usual at
    each time of the day or week (``metrics.seasons``). Sizes are in robust deviations with a floor to the scale;
    p-values take waves, walks and tails (``metrics.significance``) and the number of series (``metrics.families``)
    into account.

    Parameters
    ----------
    alpha
        False discovery rate over all services and their series; where nothing changed, how often a frame has any
        finding.
    min_deviation
        Smallest effect in robust deviations.
    min_change
        Smallest effect relative to the baseline's median.
    max_findings
        Bound on what is returned.

    Examples
    --------
    >>> at = pd.date_range("2026-03-01T14:00Z", periods=60, freq="5s", name="time")
    >>> wave = np.sin(np.arange(60)) / 10 + 1
    >>> healthy = pd.DataFrame({("api", "latency_seconds"): wave, ("api", "threads"): 8.0}, index=at)
    >>> slow = healthy.set_index(at + pd.Timedelta("5min"))
    >>> slow.iloc[20:, 0] += 3
    >>> odd = MetricAnalyzer().fit(healthy).compare(slow)
    >>> print(odd["sentence"][0])
    latency_seconds of api rose from 1.01 s to 4.01 s (×3.98) at 2026-03-01 14:06:40 UTC and stayed there.
    """

    def __init__(
        self,
        *,
        alpha: float = 0.05,
        min_deviation: float = 5.0,
        min_change: float = 0.2,
        max_findings: int = 500,
    ) -> None:
        self.alpha = alpha
        self.min_deviation = min_deviation
        self.min_change = min_change
        self.max_findings = max_findings

    def fit(
        self,
        baseline: pd.DataFrame | Iterable[pd.DataFrame],
        y: Any = None,  # noqa: ARG002
        *,
        baseline_window: Window | None = None,
    ) -> Self:
        """Learn what every series looks like when all is well.

        Parameters
        ----------
        baseline
            Metrics as for ``compare``; or many frames in turn, each with some of the series over the whole window.
        y
            Not used; scikit-learn's convention.
        baseline_window
            The window that was asked for, kept with the findings.

        Raises
        ------
        ValueError
            If a series comes in two of many frames.
        """
        self._reading = Reading()
        self.rows_ = 0
        self._places: dict[Key, int] = {}
        self._seasons: dict[Key, Season] = {}
        self._begun: dict[Key, Beginning] = {}
        self._cited: tuple[str, ...] = ()
        parts = []
        for frame in _each(baseline):
            table = read_table(frame, self._reading, learn=True)
            seasons = {} if counts_samples(table.index) else seasons_of(table.values, table.at)
            raw = longest_run(np.diff(table.values, axis=1) == 0) + 1
            for row, (season, adjusted) in seasons.items():
                self._seasons[table.keys[row]] = season
                table.values[row] = adjusted
            levels = levels_of(table.values)
            levels.longest_run[list(seasons)] = raw[list(seasons)]
            enough = np.flatnonzero(levels.count >= MIN_SAMPLES)
            begun = beginnings(table.values[enough], levels[enough], self.min_deviation)
            for i, row in enumerate(enough.tolist()):
                _once(table.keys[row], self._places)
                if i in begun:
                    self._begun[table.keys[row]] = begun[i]
                self._places[table.keys[row]] = len(self._places)
            parts.append(levels[enough])
            self.rows_ = max(self.rows_, len(table.index))
            self.step_ = table.step
            self._cited = tuple(dict.fromkeys((*self._cited, *cited(frame))))
        self.levels_ = Levels.joined(parts)
        self._window = baseline_window
        return self

    def compare(
        self, incident: pd.DataFrame | Iterable[pd.DataFrame], *, incident_window: Window | None = None
    ) -> pd.DataFrame:
        """Return the series that changed, most striking first.

        Parameters
        ----------
        incident
            Metrics, wide, columns (service, metric[, statistic]), index UTC time, epoch seconds or sample
            numbers. Columns that the baseline does not have cannot be compared and are left out. Many frames in
            turn, each with some of the series over the whole window, are compared as one: memory holds one of
            them, and the number of series that p-values are corrected for is that of all.
        incident_window
            The window that was asked for; dates what is missing altogether.

        Returns
        -------
        DataFrame
            A frame of findings (``faultmaven_lib.findings``): ``before`` and ``after`` are medians in ``unit``, of
            a trend its ends, of a change of variance the spreads; one finding a series. ``score`` is
            10 log10(1 + d) for d robust deviations. Empty, with ``attrs["reason"]``, where nothing stands out or
            nothing could be compared.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before ``fit``.
        ValueError
            If a series comes in two of many frames.
        """
        self._check()
        given = {"baseline_window": self._window, "incident_window": incident_window}
        parameters = self.get_params() | {k: str(w) for k, w in given.items() if w}
        operation = Operation(name="metrics.compare", parameters=parameters, version=VERSION)
        found: list[_Found] = []
        seen: dict[Key, int] = {}
        parents = list(self._cited)
        index: pd.Index = pd.RangeIndex(0)
        for frame in _each(incident):
            table = read_table(frame, self._reading)
            parents += cited(frame)
            if not len(table.index):
                continue
            index = table.index
            found += self._moved(table, seen, incident_window)
        absent = [key for key in self._places if key not in seen] if len(index) else []
        found += self._gone(absent, index, incident_window)
        # Every series is a comparison, also those that were quiet.
        sizes = Counter(service for service, _ in (*seen, *absent))
        q = by_family([f.move.p for f in found], [f.key[0] for f in found], sizes)
        sure = [(f, float(v)) for f, v in zip(found, q, strict=True) if v < self.alpha]
        sure.sort(key=lambda pair: (-round(pair[0].score, 9), *pair[0].key))
        findings = [
            of_move(f.key, f.move, f.onset, f.ended, v, f.score, is_rate=f.key in self._reading.counters)
            for f, v in sure[: self.max_findings]
        ]
        result = findings_frame(findings, operation, dict.fromkeys(parents))
        if not findings:
            result.attrs["reason"] = self._reason(len(index), sizes.total())
        return result

    def score_samples(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a score for every point: its distance from the baseline's median, in robust deviations.

        It is causal: no score depends on a later sample. Same index and columns as ``frame``, in order of time;
        missing points and series that the baseline does not know are missing. Without a baseline, each sample is
        held against those before it (``metrics.scores.causal_scores``), and what cannot be told scores 0. Buckets
        of a histogram have the largest score of its quantiles.
        """
        if not hasattr(self, "levels_"):
            return causal(frame)
        table = read_table(frame, self._reading)
        self._adjust(table.keys, table.values, table.at)
        return distances(frame.columns, table, self.levels_, [self._places.get(key) for key in table.keys])

    def score_samples_offline(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a score for every point that sees the whole of its series, later samples too; no baseline is needed.

        Same index and columns as ``frame``, in order of time; see ``metrics.scores.offline_scores``.
        """
        return offline(frame)

    def _check(self) -> None:
        if not hasattr(self, "levels_"):
            raise NotFittedError("this MetricAnalyzer has no baseline yet: call fit(baseline) first")

    def _moved(self, table: Table, seen: dict[Key, int], window: Window | None) -> list[_Found]:
        rows, places = [], []
        for row, key in enumerate(table.keys):
            place = self._places.get(key)
            if place is not None:
                _once(key, seen)
                seen[key] = place
                rows.append(row)
                places.append(place)
        stretch = self.step_ / table.step if 0 < 1.5 * table.step < self.step_ else 1.0
        levels, values = self.levels_[places], table.values[rows]
        actual = self._adjust([table.keys[row] for row in rows], values, table.at)
        suspicious = may_have_moved(levels, values, self.min_deviation, stretch)
        begun = {i: self._begun[table.keys[row]] for i, row in enumerate(rows) if table.keys[row] in self._begun}
        suspicious[list(begun)] = True
        for i, own in actual.items():  # an adjusted series is not frozen when the series is
            suspicious[i] |= may_be_flat(levels[[i]], own.values[None, :])[0]
        found = []
        for i in np.flatnonzero(suspicious).tolist():
            key = table.keys[rows[i]]
            move = moves(
                levels[i], values[i], self.min_deviation, self.min_change, stretch=stretch, actual=actual.get(i)
            )
            if move is None and i in begun:
                move = went_on(begun[i], values[i], self.min_deviation, self.min_change)
            # Where nothing was observed there is no quantile: that nothing was, the count tells.
            if move is None or (move.kind is FindingKind.MISSING and key in table.quantiles):
                continue
            found.append(_dated(key, move, table.index, window))
        return found

    def _adjust(self, keys: Sequence[Key], values: np.ndarray[Any, Any], at: np.ndarray[Any, Any]) -> dict[int, Actual]:
        """Take the season out of those series that have one, in place; return what they were."""
        actual = {}
        for i, key in enumerate(keys) if self._seasons else ():
            season = self._seasons.get(key)
            if season is not None:
                actual[i] = Actual(values[i].copy(), season.expected(at), season.period)
                values[i] = season.adjusted(values[i], at)
        return actual

    def _gone(self, keys: list[Key], index: pd.Index, window: Window | None) -> list[_Found]:
        found = []
        for key in keys:
            nothing = np.full(len(index), np.nan)
            move = moves(self.levels_[self._places[key]], nothing, self.min_deviation, self.min_change)
            if move is not None:
                found.append(_dated(key, move, index, window))
        return found

    def _reason(self, rows: int, compared: int) -> str:
        if not len(self.levels_):
            return f"the baseline has no series with enough samples to compare with ({self.rows_} rows)"
        if not rows:
            return "the incident has no samples"
        return f"none of {compared:,} series differs by more than chance and size allow"


def _each(metrics: pd.DataFrame | Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    if isinstance(metrics, pd.DataFrame):
        yield metrics
        return
    for frame in metrics if isinstance(metrics, Iterable) else (metrics,):
        if not isinstance(frame, pd.DataFrame):
            raise TypeError(f"metrics are a wide DataFrame, or many of them in turn; this is a {type(frame).__name__}")
        yield frame


def _once(key: Key, seen: dict[Key, int]) -> None:
    if key in seen:
        name = " of ".join(part for part in reversed(key) if part)
        raise ValueError(
            f"{name} came in two frames: each frame holds some of the series, over the whole of the window"
        )


def _dated(key: Key, move: Move, index: pd.Index, window: Window | None) -> _Found:
    onset = moment(index[move.start]) if move.start < len(index) else start(index, window)
    ends = move.stop < len(index) and move.kind is not FindingKind.FLAT_LINE
    return _Found(key, move, onset, moment(index[move.stop]) if ends else None)
