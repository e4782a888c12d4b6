"""How odd each sample of a series is: with what came before it alone, or with all of the series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.metrics.columns import is_named_counter, rate
from faultmaven_lib.analysis.metrics.levels import NOVEL, Levels
from faultmaven_lib.analysis.metrics.table import Reading, Table, read_table

Array = np.ndarray[Any, np.dtype[Any]]
_FIRST = 5
"""Samples that are needed before one can be odd."""
_FLOOR = 0.02
"""Smallest deviation that counts as one, relative to the centre: a series that hardly moves is not jumpy."""
_CLIP = 30.0
"""Deviations beyond which an offline score grows no more: of two outliers both are."""


def causal_scores(values: Array) -> Array:
    """Score each sample by those before it.

    It is the distance from their median, in median absolute deviations (Hampel, "The influence curve and its role in
    robust estimation", J. Am. Stat. Assoc. 69, 1974), averaged with that of the sample before: what lasts is odder
    than what comes alone. The first samples and missing ones score 0.

    Parameters
    ----------
    values
        One series in order of time; missing samples are NaN.

    Examples
    --------
    >>> causal_scores(np.array([1.0, 1.1, 0.9] * 4 + [9.0])).round(1).tolist()[-3:]
    [0.3, 0.7, 27.3]
    """
    known = pd.Series(values, dtype="float64")
    centre = known.expanding(_FIRST).median().shift(1)
    distance = (known - centre).abs()
    past = distance.expanding(_FIRST)
    # Where there is no median yet, nor is there a spread.
    spread = (1.4826 * past.median().shift(1)).clip(lower=_FLOOR * centre.abs())
    return _scored(distance, spread, past.mean().shift(1)).rolling(2, min_periods=1).mean().to_numpy()


def offline_scores(values: Array) -> Array:
    """Score each sample by the whole series, later samples too.

    It is the distance from the median in median absolute deviations, bounded, and averaged with those of its
    neighbours. Missing samples score 0.

    Examples
    --------
    >>> scores = offline_scores(np.array([1.0, 1.1, 0.9, 1.0, 9.0, 8.0, 1.1, 0.9]))
    >>> int(scores.argmax()) in (4, 5)
    True
    """
    known = pd.Series(values, dtype="float64")
    centre = known.median()
    distance = (known - centre).abs()
    same = pd.Series(1.0, known.index)
    spread = max(1.4826 * distance.median(), _FLOOR * abs(centre)) * same
    scores = _scored(distance, spread, distance.mean() * same).clip(upper=_CLIP)
    return scores.rolling(3, center=True, min_periods=1).mean().to_numpy()


def _scored(distance: pd.Series[float], spread: pd.Series[float], mean: pd.Series[float]) -> pd.Series[float]:
    # Of a series that mostly has one value, how far it goes when it leaves it.
    scores = distance / spread.where(spread > 0, 1.25 * mean)
    never = (distance > 0) & (mean == 0)
    return scores.mask(never, _CLIP).fillna(0.0)


def causal(frame: pd.DataFrame) -> pd.DataFrame:
    """Score every point of a frame by those before it."""
    table = read_table(frame, Reading())
    scores = [
        _of_counter(values, table.at) if is_named_counter(metric) else causal_scores(values)
        for (_, metric), values in zip(table.keys, table.values, strict=True)
    ]
    return _spread_out(frame.columns, table, scores)


def offline(frame: pd.DataFrame) -> pd.DataFrame:
    """Score every point of a frame by the whole of its series."""
    table = read_table(frame, Reading(), learn=True)
    return _spread_out(frame.columns, table, [offline_scores(values) for values in table.values])


def distances(columns: pd.Index, table: Table, levels: Levels, places: Sequence[int | None]) -> pd.DataFrame:
    """Score every point by its distance from its baseline; missing where there is none.

    Parameters
    ----------
    columns
        Of the frame.
    table
        Its series.
    levels, places
        The baselines, and which of them is that of each series.
    """
    scores = np.full(table.values.shape, np.nan)
    known = [row for row, place in enumerate(places) if place is not None]
    own = levels[[place for place in places if place is not None]]
    values = table.values[known]
    distance = np.abs(values - own.centre[:, None])
    still = (own.scale <= 0)[:, None]
    # A baseline of nothing but zeros: whatever is not zero is as far off as can be said.
    novel = np.where(distance > 0, NOVEL, distance)
    scores[known] = np.where(still, novel, distance / np.where(still, 1.0, own.scale[:, None]))
    return _spread_out(columns, table, list(scores))


def _spread_out(columns: pd.Index, table: Table, scores: Sequence[Array]) -> pd.DataFrame:
    """Bring the scores of series back to the columns that the series were made of."""
    out = np.full((len(table.index), len(columns)), np.nan)
    for i, rows in enumerate(table.columns):
        if len(rows) == 1:
            out[:, i] = scores[rows[0]]
        elif rows:
            out[:, i] = np.fmax.reduce([scores[row] for row in rows])
    return pd.DataFrame(out, index=table.index, columns=columns)


def _of_counter(values: Array, at: Array) -> Array:
    """Score a counter by its rate; from the first fall on that no restart explains, it is a gauge."""
    known = np.flatnonzero(np.isfinite(values))
    x = values[known]
    odd = np.flatnonzero((np.diff(x) < 0) & (x[1:] > 0.5 * x[:-1]))
    first = int(known[odd[0] + 1]) if len(odd) else len(values)
    scores = causal_scores(rate(values, at)).copy()
    if first < len(values):
        scores[first:] = causal_scores(values)[first:]
    return scores
