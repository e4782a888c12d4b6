"""Other ways to tell whether and when a series left its baseline; each takes both windows and returns the sample."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray
Method = Callable[[Array, Array], "int | None"]
_LENGTH = 10
"""Samples of a subsequence."""


def n_sigma(before: Array, after: Array) -> int | None:
    """Return the first sample beyond three standard deviations."""
    return _first(np.abs(after - np.nanmean(before)) > 3 * np.nanstd(before))


def robust(before: Array, after: Array) -> int | None:
    """Return the first sample beyond three interquartile ranges of the median, the scale of BARO."""
    low, middle, high = np.nanpercentile(before, [25, 50, 75])
    return _first(np.abs(after - middle) > 3 * (high - low))


def _first(beyond: Array) -> int | None:
    return int(np.argmax(beyond)) if beyond.any() else None


def _scaled(before: Array, after: Array) -> Array:
    # These methods know no gaps: what is missing is as it was before.
    values = np.r_[before, after]
    known = np.isfinite(values)
    values = values[np.maximum.accumulate(np.where(known, np.arange(len(values)), 0))]
    spread = 1.4826 * np.median(np.abs(values[: len(before)] - np.median(values[: len(before)])))
    return (values - np.median(values[: len(before)])) / (spread or 1.0)


def installed() -> dict[str, Method]:
    """Return the methods that can be run here."""
    methods: dict[str, Method] = {"3 sigma": n_sigma, "3 interquartile ranges": robust}
    try:
        import ruptures
    except ImportError:
        print("ruptures is not installed: pip install --group peers")
    else:

        def pelt(before: Array, after: Array) -> int | None:
            return _change(ruptures.KernelCPD(kernel="linear", min_size=3), before, after)

        def binseg(before: Array, after: Array) -> int | None:
            return _change(ruptures.Binseg(model="l2", min_size=3, jump=5), before, after)

        methods |= {"ruptures, PELT in C": pelt, "ruptures, Binseg": binseg}
    try:
        import stumpy
    except ImportError:
        print("stumpy is not installed: pip install --group peers")
    else:

        def discord(before: Array, after: Array) -> int | None:
            values = _scaled(before, after)
            was, now = values[: len(before)], values[len(before) :]
            usual = stumpy.aamp(was, m=_LENGTH)[:, 0].astype("float64")
            apart = stumpy.aamp(now, m=_LENGTH, T_B=was, ignore_trivial=False)[:, 0].astype("float64")
            odd = _first(apart > usual.max())
            return None if odd is None else odd + _LENGTH - 1

        methods["stumpy, discord"] = discord
    return methods


def _change(search: object, before: Array, after: Array) -> int | None:
    values = _scaled(before, after)
    # The penalty of the Bayesian information criterion for a mean and a place, in units of the noise.
    ends = search.fit_predict(values, pen=2 * 3 * np.log(len(values)))
    inside = [end - len(before) for end in ends[:-1] if end >= len(before)]
    return int(inside[0]) if inside else None
