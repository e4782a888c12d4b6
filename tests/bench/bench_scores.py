"""How well the score of each sample tells anomalies apart, on labelled production series.

Reads ``$FAULTMAVEN_BENCH_DATA/metrics/cloud_monitoring/data`` and prints the mean average precision over the series
that have any label, for scores that know the past alone and for scores that see the whole series.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faultmaven_lib.analysis import MetricAnalyzer

Score = Callable[[pd.DataFrame], np.ndarray]


def series_with_labels(folder: Path) -> Iterator[tuple[str, pd.DataFrame, np.ndarray]]:
    """Yield the name of each series, its samples and their labels."""
    for path in sorted(folder.glob("*/*.csv")):
        table = pd.read_csv(path)
        labels = table["Label"].fillna(0).to_numpy("int64")
        at = pd.to_datetime(table["TimeStamp"], utc=True, format="mixed")
        series = pd.to_numeric(table["Value"], errors="coerce").to_numpy("float64")
        order = np.argsort(at.to_numpy(), kind="stable")
        frame = pd.DataFrame({("service", "signal"): series[order]}, index=pd.DatetimeIndex(at)[order])
        yield path.stem, frame, labels[order]


def _global_mad(frame: pd.DataFrame) -> np.ndarray:
    x = frame.iloc[:, 0]
    distance = (x - x.median()).abs()
    return (distance / (distance.median() or distance.std() or 1.0)).to_numpy()


def _rolling_mad(frame: pd.DataFrame) -> np.ndarray:
    x = frame.iloc[:, 0]
    distance = (x - x.rolling(48, min_periods=5).median().shift(1)).abs()
    spread = distance.rolling(500, min_periods=5).median().shift(1)
    return (distance / np.maximum(spread, 0.02 * x.abs().median() + 1e-9)).to_numpy()


def _random(frame: pd.DataFrame) -> np.ndarray:
    return np.random.default_rng(len(frame)).random(len(frame))


def main() -> int:
    """Print the table, or why there is none."""
    home = os.environ.get("FAULTMAVEN_BENCH_DATA")
    if not home:
        print("SKIPPED: FAULTMAVEN_BENCH_DATA is not set; it names the folder with the public data")
        return 0
    known = series_with_labels(Path(home) / "metrics" / "cloud_monitoring" / "data")
    cases = [(frame, labels) for _, frame, labels in known if labels.any()]
    print(f"{len(cases)} series with {sum(int(y.sum()) for _, y in cases):,} labelled samples: mean average precision")
    scores: dict[str, Score] = {
        "FaultMaven, knows the past": lambda x: MetricAnalyzer().score_samples(x).to_numpy()[:, 0],
        "rolling MAD, knows the past": _rolling_mad,
        "FaultMaven, sees all": lambda x: MetricAnalyzer().score_samples_offline(x).to_numpy()[:, 0],
        "global MAD, sees all": _global_mad,
        "random": _random,
    }
    chance = np.random.default_rng(1)
    for name, score in scores.items():
        each = np.array([average_precision_score(y, np.nan_to_num(score(x))) for x, y in cases])
        drawn = each[chance.integers(0, len(each), (2000, len(each)))].mean(axis=1)
        low, high = np.percentile(drawn, [2.5, 97.5])
        print(f"{name:30}{each.mean():7.3f}   {low:.3f} to {high:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
