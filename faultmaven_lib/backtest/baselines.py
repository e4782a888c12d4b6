"""Three simple rankings to hold the method against: largest z-score, most frequent root, random."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.metrics.columns import is_counter, keys, rate, samples
from faultmaven_lib.backtest.measures import DEPTHS, Measure, Row, average

NAMES: Final = ("largest z-score", "most frequent root", "random ranking")


def by_z_score(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, float]:
    """Return the largest absolute z-score of each service's metrics in the incident against the baseline.

    This is N-sigma as root-cause benchmarks have it (L. Pham et al., "RCAEval: a benchmark for root cause
    analysis of microservice systems with telemetry data", WWW 2025): a series that was constant counts in its
    own unit. Counters are turned into rates first, without which any counter would win.

    Parameters
    ----------
    before, after
        Metrics, wide, columns (service, metric), index of times.

    Examples
    --------
    >>> at = pd.date_range("2026-03-01T14:00Z", periods=4, freq="s")
    >>> usual = pd.DataFrame({("web", "p99"): [1.0, 2, 1, 2], ("db", "waits"): [0.0, 0, 0, 0]}, index=at)
    >>> scores = by_z_score(usual, usual + [1, 9])
    >>> scores["web"], scores["db"]
    (3.0, 9.0)
    """
    scores: dict[str, float] = {}
    incident = dict(zip(keys(after), samples(after), strict=True))
    # The stubs know an Index here, not that metrics are indexed by time.
    at = [frame.index.as_unit("ns").asi8 / 1e9 for frame in (before, after)]  # type: ignore[attr-defined]
    for key, usual in zip(keys(before), samples(before), strict=True):
        now = incident.get(key)
        if now is None:
            continue
        if is_counter(key[1], usual):
            usual, now = rate(usual, at[0]), rate(now, at[1])  # noqa: PLW2901 (the same series, as a rate)
        usual, now = usual[np.isfinite(usual)], now[np.isfinite(now)]  # noqa: PLW2901
        if not len(usual) or not len(now):
            continue
        scale = float(usual.std()) or 1.0
        scores[key[0]] = max(scores.get(key[0], 0.0), float(np.abs(now - usual.mean()).max()) / scale)
    return scores


def chances(service: str | None, services: Iterable[str], weights: Mapping[str, float]) -> tuple[float, ...]:
    """Return the chance that a service is among the first 1, 2, … when services are ranked by weight.

    Services of equal weight come in random order: this is the exact expectation over all orders.

    Examples
    --------
    >>> chances("b", "abcd", {})
    (0.25, 0.5, 0.75, 1.0, 1.0)
    >>> chances("b", "abcd", {"a": 2, "b": 1, "c": 1})
    (0.0, 0.5, 1.0, 1.0, 1.0)
    """
    named = set(services)
    if service is None or service not in named:
        return tuple(0.0 for _ in DEPTHS)
    own = weights.get(service, 0.0)
    ahead = sum(weights.get(other, 0.0) > own for other in named)
    equal = sum(weights.get(other, 0.0) == own for other in named)
    return tuple(min(max((k - ahead) / equal, 0.0), 1.0) for k in DEPTHS)


def measured(rows: Sequence[Row]) -> dict[str, dict[str, Measure]]:
    """Return AC@1, AC@3 and Avg@5 of every baseline on the faults among the rows.

    The most frequent root of an incident is that of all the others in the set; the random ranking, and the order
    of roots that are equally frequent, is not drawn but given as its expectation.
    """
    faults = [row for row in rows if row.fault]
    kinds = [row.kind for row in faults]
    roots = Counter(row.service for row in faults)
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in NAMES}
    for row in faults:
        others = {str(service): count - (service == row.service) for service, count in roots.items()}
        found["largest z-score"].append(tuple(float(row.service in row.z_ranking[:k]) for k in DEPTHS))
        found["most frequent root"].append(chances(row.service, row.services, others))
        found["random ranking"].append(chances(row.service, row.services, {}))
    measures = {
        name: {
            "AC@1": Measure.share([chance[0] for chance in each], kinds),
            "AC@3": Measure.share([chance[2] for chance in each], kinds),
            "Avg@5": Measure.mean([average(chance) for chance in each], kinds),
        }
        for name, each in found.items()
    }
    # What is computed and not tried has no interval.
    without = {"hits": None, "wilson": None, "clustered": None}
    measures["random ranking"] = {k: m.model_copy(update=without) for k, m in measures["random ranking"].items()}
    return measures
