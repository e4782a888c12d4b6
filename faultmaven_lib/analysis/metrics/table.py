"""A frame of metrics as series that can be compared: gauges as they are, counters as rates, histograms as quantiles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.axis import in_order, seconds
from faultmaven_lib.analysis.metrics.columns import Key, is_counter, keys, matrix, rate, scraped_every
from faultmaven_lib.analysis.metrics.histograms import (
    QUANTILES,
    Histogram,
    histograms_of,
    quantiles,
    steps_of,
    usual_bounds,
)

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass
class Reading:
    """How the columns of a baseline are read, so that those of an incident are read alike."""

    counters: set[Key] = field(default_factory=set)
    scraped: dict[Key, int] = field(default_factory=dict)
    """Every how many samples those counters have a new value that are sampled more often than scraped."""
    steps: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """Over how many samples the observations of each histogram are gathered."""
    bounds: dict[tuple[str, str, str], tuple[float, ...]] = field(default_factory=dict)
    """The buckets that each histogram is read from."""


@dataclass
class Table:
    """Series, one a row."""

    index: pd.Index
    at: Array
    """The index as numbers."""
    keys: list[Key]
    values: Array
    columns: list[tuple[int, ...]]
    """For each column of the frame, the series that are made of it."""
    quantiles: set[Key]
    """The series that are made of histograms."""

    @property
    def step(self) -> float:
        """The usual time between two samples; 0 where it cannot be told."""
        steps = np.diff(self.at)
        return float(np.median(steps)) if len(steps) else 0.0


def read_table(frame: pd.DataFrame, reading: Reading, *, learn: bool = False) -> Table:
    """Return the series of a frame.

    Columns of one name are one series, of which the mean is taken.

    Parameters
    ----------
    frame
        Metrics, wide.
    reading
        What is a counter, and how histograms are gathered.
    learn
        Whether this is the frame that tells.
    """
    frame = in_order(frame)
    at = seconds(frame.index)
    named, values, owner = _merged(keys(frame), matrix(frame))
    histograms = histograms_of(named)
    buckets = {row for h in histograms for row in (*h.rows, h.total) if _is_bucket(named[row])}
    if learn:
        reading.counters.update(
            key for row, key in enumerate(named) if row not in buckets and is_counter(key[1], values[row])
        )
        for row, key in enumerate(named):
            every = scraped_every(values[row]) if key in reading.counters else 1
            if every > 1:
                reading.scraped[key] = every
        for histogram in histograms:
            every = scraped_every(values[histogram.total])
            if every > 1:
                reading.scraped[histogram.key("count")] = every
            reading.steps[_name(histogram)] = steps_of(histogram, values)
            reading.bounds[_name(histogram)] = usual_bounds(histogram, values)
    rows: list[Array] = []
    out: list[Key] = []
    made: dict[int, list[int]] = {}
    for row, key in enumerate(named):
        if row not in buckets:
            made[row] = [len(rows)]
            out.append(key)
            rows.append(rate(values[row], at, reading.scraped.get(key, 1)) if key in reading.counters else values[row])
    derived: set[Key] = set()
    known = set(out)
    for histogram in histograms:
        name = _name(histogram)
        found = quantiles(histogram, values, reading.steps.get(name, 1), reading.bounds.get(name))
        # What a recording rule computes already is not computed again.
        new = [(k, v) for k, v in zip(map(histogram.key, QUANTILES), found, strict=True) if k not in known]
        here = list(range(len(rows), len(rows) + len(new)))
        out += [k for k, _ in new]
        rows += [v for _, v in new]
        derived.update(k for k, _ in new)
        for row in {*histogram.rows, histogram.total} & buckets:
            made.setdefault(row, []).extend(here)
        count = histogram.key("count")
        if count not in known:
            reading.counters.add(count)
            out.append(count)
            rows.append(rate(values[histogram.total], at, reading.scraped.get(count, 1)))
    columns = [tuple(made.get(row, ())) for row in owner]
    table = np.array(rows).reshape(len(rows), len(frame))
    return Table(frame.index, at, out, table, columns, derived)


def _merged(named: list[Key], values: Array) -> tuple[list[Key], Array, list[int]]:
    first: dict[Key, int] = {}
    owner = [first.setdefault(key, len(first)) for key in named]
    if len(first) == len(named):
        return named, values, owner
    rows: list[list[int]] = [[] for _ in first]
    for row, place in enumerate(owner):
        rows[place].append(row)
    merged = np.full((len(first), values.shape[1]), np.nan)
    for place, members in enumerate(rows):
        own = values[members]
        known = np.isfinite(own)
        count = known.sum(axis=0)
        total = np.sort(np.where(known, own, 0.0), axis=0).sum(axis=0)  # in whichever order the columns come
        merged[place] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return list(first), merged, owner


def _is_bucket(key: Key) -> bool:
    return "_bucket" in key[1]


def _name(histogram: Histogram) -> tuple[str, str, str]:
    return histogram.service, histogram.name, histogram.labels
