"""Series whose truth is known: healthy ones of many kinds, and changes of known kind, size and onset put into them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

Array = np.ndarray
Made = Callable[[np.random.Generator, int, int], Array]
STEP = 15.0
START = pd.Timestamp("2026-03-02T00:00Z")


def _levels(rng: np.random.Generator, count: int) -> Array:
    return 10 ** rng.uniform(-2, 6, (count, 1))


def white(rng: np.random.Generator, count: int, samples: int) -> Array:
    """Normal noise of a tenth of the level."""
    return _levels(rng, count) * (1 + 0.1 * rng.standard_normal((count, samples)))


def autoregressive(rng: np.random.Generator, count: int, samples: int) -> Array:
    """Waves: each sample keeps 0.8 of the one before."""
    return _levels(rng, count) * (1 + 0.1 * _ar1(rng, count, samples, 0.8))


def walk(rng: np.random.Generator, count: int, samples: int) -> Array:
    """A random walk between two bounds, which it crosses in some minutes to some hours."""
    step = 10 ** rng.uniform(-2, -1, (count, 1))
    way = rng.uniform(0, 1, (count, 1)) + np.cumsum(step * rng.standard_normal((count, samples)), axis=1)
    folded = np.abs((way + 1) % 2 - 1)  # reflected at 0 and 1
    return _levels(rng, count) * (0.5 + folded)


def counter(rng: np.random.Generator, count: int, samples: int) -> Array:
    """Requests since the start of the process, which now and then starts again."""
    steps = rng.poisson(10 ** rng.uniform(0, 3, (count, 1)), (count, samples)).astype("float64")
    total = np.cumsum(steps, axis=1)
    restarted = rng.random((count, samples)) < 1 / 2000
    lost = np.maximum.accumulate(np.where(restarted, total - steps, 0.0), axis=1)
    return total - lost


def heavy(rng: np.random.Generator, count: int, samples: int) -> Array:
    """Latencies: lognormal, or Student's t with 2.5 degrees of freedom above a floor."""
    lognormal = np.exp(rng.uniform(0.5, 1.2, (count, 1)) * rng.standard_normal((count, samples)))
    student = 5 + np.abs(rng.standard_t(2.5, (count, samples)))
    return _levels(rng, count) * np.where(np.arange(count)[:, None] % 2 == 0, lognormal, student)


def bursts(rng: np.random.Generator, count: int, samples: int) -> Array:
    """Latencies that stay high for some samples: lognormal, the logarithm an AR(1) process of 0.6."""
    return _levels(rng, count) * np.exp(rng.uniform(0.3, 1.0, (count, 1)) * _ar1(rng, count, samples, 0.6))


def sparse(rng: np.random.Generator, count: int, samples: int) -> Array:
    """Errors: mostly none, now and then one or two."""
    return rng.poisson(10 ** rng.uniform(-2.5, 0, (count, 1)), (count, samples)).astype("float64")


def whole(rng: np.random.Generator, count: int, samples: int) -> Array:
    """Small whole numbers, such as threads in use."""
    return rng.poisson(10 ** rng.uniform(0.3, 1.5, (count, 1)), (count, samples)).astype("float64")


def jobs(rng: np.random.Generator, count: int, samples: int) -> Array:
    """Noise and a job that takes one to three minutes every ten to twenty."""
    every, length = rng.integers(40, 80, (count, 1)), rng.integers(4, 12, (count, 1))
    busy = (np.arange(samples) + rng.integers(0, 80, (count, 1))) % every < length
    return _levels(rng, count) * (1 + 0.1 * rng.standard_normal((count, samples)) + 4.0 * busy)


def gappy(rng: np.random.Generator, count: int, samples: int) -> Array:
    """Noise of which a twentieth is missing, and some minutes in a row now and then."""
    values = white(rng, count, samples)
    values[rng.random((count, samples)) < 0.05] = np.nan
    for row in range(0, count, 2):
        for first in rng.integers(0, samples, max(samples // 240, 1)):
            values[row, first : first + rng.integers(2, 10)] = np.nan
    return values


def constant(rng: np.random.Generator, count: int, samples: int) -> Array:
    """Limits and versions: one number for ever."""
    return np.repeat(_levels(rng, count).round(2), samples, axis=1)


HEALTHY: dict[str, Made] = {
    "white noise": white,
    "AR(1), 0.8": autoregressive,
    "bounded walk": walk,
    "counters": counter,
    "heavy tails": heavy,
    "bursts": bursts,
    "sparse counts": sparse,
    "whole numbers": whole,
    "regular jobs": jobs,
    "gaps": gappy,
    "constant": constant,
}


def diurnal(rng: np.random.Generator, count: int, samples: int, step: float) -> Array:
    """A daily wave of half the level with a tenth of noise, and less at the weekend in every second series."""
    at = np.arange(samples) * step
    wave = 0.5 * np.sin(2 * np.pi * (at / 86400 + rng.random((count, 1))))
    weekend = ((at // 86400) % 7 >= 5) & (np.arange(count)[:, None] % 2 == 0)
    noise = 0.1 * _ar1(rng, count, samples, 0.5)
    return _levels(rng, count) * (1 + wave * np.where(weekend, 0.6, 1.0) + noise)


def mixed(rng: np.random.Generator, count: int, samples: int) -> tuple[Array, list[str]]:
    """Return healthy series of all kinds in turn, and the kind of each."""
    kinds = [list(HEALTHY)[i % len(HEALTHY)] for i in range(count)]
    values = np.empty((count, samples))
    for kind, make in HEALTHY.items():
        rows = [i for i, k in enumerate(kinds) if k == kind]
        if rows:
            values[rows] = make(rng, len(rows), samples)
    return values, kinds


def frames(values: Array, kinds: list[str], before: int, step: float = STEP) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return baseline and incident as metric frames; services of twenty series each."""
    names = [(f"s{i // 20}", f"m{i}_total" if kind == "counters" else f"m{i}") for i, kind in enumerate(kinds)]
    index = START + pd.to_timedelta(np.arange(values.shape[1]) * step, unit="s")
    frame = pd.DataFrame(values.T, index=index, columns=pd.MultiIndex.from_tuples(names, names=["service", "metric"]))
    return frame.iloc[:before], frame.iloc[before:]


@dataclass(frozen=True)
class Change:
    """What was put into a series: its kind and the first and last sample of the incident that show it."""

    kind: str
    start: int
    stop: int


CHANGES = ("level shift", "spike", "dip", "trend", "variance change", "flat line", "missing")


def changed(rng: np.random.Generator, values: Array, before: int, kind: str, size: float) -> list[Change]:
    """Put one change into each row behind ``before``, in place; ``size`` in standard deviations of the noise."""
    scale = np.nanstd(values[:, :before], axis=1)
    count, samples = values.shape[0], values.shape[1] - before
    made = []
    for row in range(count):
        inside = values[row, before:]
        start = int(rng.integers(samples // 5, samples // 2))
        stop = samples
        if kind in ("spike", "dip"):
            stop = start + int(rng.integers(3, 12))
            inside[start:stop] += (1 if kind == "spike" else -1) * size * scale[row]
        elif kind == "level shift":
            inside[start:] += rng.choice([-1, 1]) * size * scale[row]
        elif kind == "trend":
            inside[start:] += size * scale[row] * np.arange(1, samples - start + 1) / (samples - start)
        elif kind == "variance change":
            centre = np.nanmedian(values[row, :before])
            inside[start:] = centre + size * (inside[start:] - centre)
        elif kind == "flat line":
            inside[start:] = inside[start]
        elif kind == "missing":
            inside[start:] = np.nan
        made.append(Change(kind, start, stop))
    return made


def _ar1(rng: np.random.Generator, count: int, samples: int, keep: float) -> Array:
    shocks = rng.standard_normal((count, samples)) * np.sqrt(1 - keep**2)
    shocks[:, 0] /= np.sqrt(1 - keep**2)
    for i in range(1, samples):
        shocks[:, i] += keep * shocks[:, i - 1]
    return shocks
