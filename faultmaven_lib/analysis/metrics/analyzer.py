"""MetricAnalyzer: which series left their baseline."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from faultmaven_lib.analysis.axis import in_order, moment, seconds, start
from faultmaven_lib.analysis.metrics.columns import Key, is_counter, keys, rate, samples
from faultmaven_lib.analysis.metrics.scores import causal_scores, offline_scores
from faultmaven_lib.analysis.metrics.sentences import of_move
from faultmaven_lib.analysis.metrics.series import NOVEL, Level, Move, level_of, moves
from faultmaven_lib.analysis.statistics import adjusted
from faultmaven_lib.evidence import cited
from faultmaven_lib.findings import findings_frame
from faultmaven_lib.model import Finding, FindingKind, Operation, Window

VERSION = 1


class MetricAnalyzer(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Compare the series of an incident with those of a baseline.

    A series stands out where a contiguous stretch of the incident lies further from the baseline's median than
    the baseline itself ever strayed: the stretch with the largest score dates the change to the sample, also
    where it ends again. Sizes are in robust deviations with a floor to the scale; p-values take
    autocorrelation and the number of series into account.

    Parameters
    ----------
    alpha
        False discovery rate over all series.
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
        alpha: float = 0.01,
        min_deviation: float = 5.0,
        min_change: float = 0.2,
        max_findings: int = 500,
    ) -> None:
        self.alpha = alpha
        self.min_deviation = min_deviation
        self.min_change = min_change
        self.max_findings = max_findings

    def fit(self, baseline: pd.DataFrame, y: Any = None, *, baseline_window: Window | None = None) -> Self:  # noqa: ARG002
        """Learn what every series looks like when all is well; a wide frame, columns (service, metric)."""
        frame = in_order(baseline)
        at = seconds(frame.index)
        self.levels_: dict[Key, Level] = {}
        self.counters_: set[Key] = set()
        for key, values in zip(keys(frame), samples(frame), strict=True):
            counter = is_counter(key[1], values)
            if counter:
                self.counters_.add(key)
            level = level_of(rate(values, at) if counter else values)
            if level is not None:
                self.levels_[key] = level
        self.rows_ = len(frame)
        self._cited = baseline
        self._window = baseline_window
        return self

    def compare(self, incident: pd.DataFrame, *, incident_window: Window | None = None) -> pd.DataFrame:
        """Return the series that changed, most striking first.

        Parameters
        ----------
        incident
            Metrics, wide, columns (service, metric[, statistic]), index UTC time, epoch seconds or sample
            numbers. Columns that the baseline does not have cannot be compared and are left out.
        incident_window
            The window that was asked for; dates what is missing altogether.

        Returns
        -------
        DataFrame
            A frame of findings (``faultmaven_lib.findings``): ``before`` and ``after`` are medians in ``unit``.
            Empty, with ``attrs["reason"]``, where nothing stands out or nothing could be compared.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before ``fit``.
        """
        self._check()
        given = {"baseline_window": self._window, "incident_window": incident_window}
        parameters = self.get_params() | {k: str(w) for k, w in given.items() if w}
        operation = Operation(name="metrics.compare", parameters=parameters, version=VERSION)
        frame = in_order(incident)
        compared = self._compared(frame)
        found = [(key, move) for key, move in compared if move is not None]
        # Every series is a comparison, also those that were quiet.
        p = [move.p for _, move in found] + [1.0] * (len(compared) - len(found))
        q = adjusted(np.array(p))
        findings = []
        first = start(frame.index, incident_window)
        for (key, move), q_value in zip(found, q, strict=False):
            if q_value < self.alpha:
                onset = moment(frame.index[move.start]) if move.start < len(frame) else first
                findings.append(self._finding(key, move, onset, float(q_value), frame))
        findings.sort(key=lambda f: (-f.score, f.service, f.subject))
        result = findings_frame(findings[: self.max_findings], operation, cited(self._cited, incident))
        if not findings:
            result.attrs["reason"] = self._reason(frame, compared)
        return result

    def score_samples(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a score for every point: its distance from the baseline's median, in robust deviations.

        It is causal: no score depends on a later sample. Same index and columns as ``frame``, in order of time;
        missing points and series that the baseline does not know are missing. Without a baseline, each sample is
        held against those before it (``metrics.scores.causal_scores``), and what cannot be told scores 0.
        """
        if not hasattr(self, "levels_"):
            return _scored(frame, causal_scores)
        frame = in_order(frame)
        scores = np.full(frame.shape, np.nan)
        for i, (key, values) in enumerate(self._series(frame)):
            level = self.levels_.get(key)
            if level is None:
                continue
            distance = np.abs(values - level.centre)
            if level.scale > 0:
                scores[:, i] = distance / level.scale
            else:  # a baseline of nothing but zeros: whatever is not zero is as far off as can be said
                scores[:, i] = np.where(np.isnan(values), np.nan, np.where(distance > 0, NOVEL, 0.0))
        return pd.DataFrame(scores, index=frame.index, columns=frame.columns)

    def score_samples_offline(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a score for every point that sees the whole of its series, later samples too; no baseline is needed.

        Same index and columns as ``frame``, in order of time; see ``metrics.scores.offline_scores``.
        """
        return _scored(frame, offline_scores)

    def _check(self) -> None:
        if not hasattr(self, "levels_"):
            raise NotFittedError("this MetricAnalyzer has no baseline yet: call fit(baseline) first")

    def _series(self, frame: pd.DataFrame) -> list[tuple[Key, np.ndarray[Any, Any]]]:
        at = seconds(frame.index)
        return [
            (key, rate(values, at) if key in self.counters_ else values)
            for key, values in zip(keys(frame), samples(frame), strict=True)
        ]

    def _compared(self, frame: pd.DataFrame) -> list[tuple[Key, Move | None]]:
        series = dict(self._series(frame))
        compared = []
        for key, level in self.levels_.items():
            if key not in series:
                if not len(frame):
                    continue
                values = np.full(len(frame), np.nan)
            else:
                values = series[key]
            compared.append((key, moves(level, values, self.min_deviation, self.min_change)))
        return compared

    def _reason(self, frame: pd.DataFrame, compared: list[tuple[Key, Move | None]]) -> str:
        if not self.levels_:
            return f"the baseline has no series with enough samples to compare with ({self.rows_} rows)"
        if not len(frame):
            return "the incident has no samples"
        return f"none of {len(compared):,} series differs by more than chance and size allow"

    def _finding(self, key: Key, move: Move, onset: Any, q_value: float, frame: pd.DataFrame) -> Finding:
        is_rate = key in self.counters_
        ended = None
        if move.stop < len(frame) and move.kind is not FindingKind.FLAT_LINE:
            ended = moment(frame.index[move.stop])
        return of_move(key, move, onset, ended, q_value, 10 * math.log10(1 + move.deviation), is_rate=is_rate)


def _scored(frame: pd.DataFrame, score: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> pd.DataFrame:
    frame = in_order(frame)
    at = seconds(frame.index)
    series = [
        rate(values, at) if is_counter(metric, values) else values
        for (_, metric), values in zip(keys(frame), samples(frame), strict=True)
    ]
    scores = np.column_stack([score(values) for values in series]) if series else np.zeros(frame.shape)
    return pd.DataFrame(scores, index=frame.index, columns=frame.columns)
