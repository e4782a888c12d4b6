"""When did it start? The moment at which most of the data changes, where no alert says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from faultmaven_lib.analysis.axis import in_order, moment, seconds
from faultmaven_lib.analysis.logs.lines import level_weight, read
from faultmaven_lib.analysis.logs.miner import TemplateMiner
from faultmaven_lib.analysis.metrics.columns import is_counter, keys, rate, samples
from faultmaven_lib.analysis.statistics import dispersion_of, effective_size
from faultmaven_lib.analysis.wording import amount, clean, clock, number, quoted, unit_of

_BINS = 120
_LEAD = 0.1
"""Share of the span that has to lie before an onset: without anything before it, nothing changed."""
_MIN_SCORE = 12.0
"""Log likelihood ratio that a stretch has to reach. Under no change the best of about 7,000 stretches stays
below ln 7,000 = 8.9 most of the time; with many series to choose from, the logarithm of their number is added."""
_TEMPLATES = 500


@dataclass(frozen=True)
class Onset:
    """When something started.

    Attributes
    ----------
    time
        UTC, or a number in the unit of an index that has no time.
    score
        Log likelihood ratio of a change, summed over what changed together.
    reason
        One sentence: what changed most.
    """

    time: datetime | float
    score: float
    reason: str


@dataclass(frozen=True)
class _Change:
    label: Any
    at: float
    score: float
    reason: str
    service: str


def find_onset(
    logs: pd.DataFrame | None = None,
    metrics: pd.DataFrame | None = None,
    *,
    target: tuple[str, str] | str | None = None,
) -> Onset | None:
    """Find the strongest change in logs and metrics, if anything stands out.

    Every template's rate and every series is searched for the stretch that differs most from the rest (a scan
    statistic: Kulldorff, "A spatial scan statistic", Commun. Stat. 26, 1997). Changes that start together count
    together; the first of the strongest group is the onset.

    Parameters
    ----------
    logs, metrics
        What there is, over the whole span. Either may be ``None``.
    target
        Service, or service and metric, of the alert: what changes there counts double.

    Returns
    -------
    Onset or None
        ``None`` where nothing stands out, or where there is too little data.

    Examples
    --------
    >>> at = pd.date_range("2026-03-01T14:00Z", periods=300, freq="s")
    >>> logs = pd.DataFrame({"service": "api", "level": "INFO", "message": "served"}, index=at)
    >>> logs.loc["2026-03-01T14:03Z":, ["level", "message"]] = ["ERROR", "connection refused"]
    >>> print(find_onset(logs).time)
    2026-03-01 14:03:00+00:00
    >>> find_onset(logs[:"2026-03-01T14:02:30Z"]) is None
    True
    """
    changes: list[_Change] = []
    searched = 0
    for found in (_log_changes(logs), _metric_changes(metrics)):
        for change in found:
            searched += 1
            if change is not None:
                changes.append(change)
    service = target[0] if isinstance(target, tuple) else target
    needed = _MIN_SCORE + np.log(max(searched, 1))
    strong = [c for c in changes if c.score >= needed]
    if not strong:
        return None
    spans = [in_order(x).index for x in (logs, metrics) if x is not None and len(x)]
    edges = [seconds(index)[[0, -1]] for index in spans]
    near = 2 * (max(e[1] for e in edges) - min(e[0] for e in edges)) / _BINS
    weights = {id(c): min(c.score, 200.0) * (2.0 if service and c.service == service else 1.0) for c in strong}

    def together(first: _Change) -> list[_Change]:
        return [c for c in strong if 0 <= c.at - first.at <= near]

    best = max(strong, key=lambda c: (sum(weights[id(x)] for x in together(c)), -c.at))
    group = together(best)
    loudest = max(group, key=lambda c: weights[id(c)])
    return Onset(moment(best.label), float(sum(weights[id(c)] for c in group)), loudest.reason)


def _log_changes(logs: pd.DataFrame | None) -> Iterator[_Change | None]:
    if logs is None or len(logs) < 20:
        return
    lines = read(logs)
    index = in_order(logs).index
    at = seconds(index)
    if len(at) < 20 or at[-1] <= at[0]:
        return
    miner = TemplateMiner()
    ids = miner.fit_transform(lines.messages)
    texts = miner.templates_["template"]
    common = set(texts.index[:_TEMPLATES])
    weights = np.array([level_weight(level) for level in lines.levels])
    groups: dict[tuple[str, str], list[int]] = {}
    for row, (service, template) in enumerate(zip(lines.services, ids, strict=True)):
        if template in common or weights[row] > 1.5:
            groups.setdefault((service, str(template)), []).append(row)
    bins = min(_BINS, max(10, len(at) // 5))
    column = np.clip(((at - at[0]) / (at[-1] - at[0]) * bins).astype("int64"), 0, bins - 1)
    names = sorted(groups)
    counts = np.array([np.bincount(column[groups[n]], minlength=bins) for n in names], dtype="float64")
    for name, row_counts, spread in zip(names, counts, _own_dispersion(counts), strict=True):
        start, stop, score, ratio = _scan_counts(row_counts / spread)
        if score <= 0 or ratio < 2:
            yield None
            continue
        rows = [r for r in groups[name] if column[r] >= start]
        weight = level_weight(str(lines.levels.iat[rows[0]]))
        service, template = name
        first = index[rows[0]]
        inside = int(row_counts[start:stop].sum())
        reason = (
            f"{clean(service, 80) or 'The log'} logged {quoted(str(texts[template]))} {inside:,} times from "
            f"{clock(moment(first))} on, {number(ratio)} times as often as in the rest."
        )
        yield _Change(first, float(at[rows[0]]), score * weight, reason, service)


def _own_dispersion(counts: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Burstiness from differences of neighbouring bins, which a lasting change of level hardly touches."""
    if counts.shape[1] < 4:
        return np.ones(len(counts))
    steps = np.diff(counts, axis=1)
    own = np.square(steps).mean(axis=1) / 2 / np.maximum(counts.mean(axis=1), 1e-9)
    common = float(np.median(dispersion_of(counts))) if len(counts) >= 10 else 1.0
    return np.asarray(np.maximum(own, min(common, 5.0)).clip(1.0))


def _stretches(bins: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    starts, stops = np.triu_indices(bins + 1, k=2)
    usable = (starts >= max(2, round(_LEAD * bins))) & (stops - starts >= 2)
    return starts[usable], stops[usable]


def _scan_counts(counts: np.ndarray[Any, Any]) -> tuple[int, int, float, float]:
    """Find the stretch of bins whose higher rate is likeliest: start, stop, log likelihood ratio, ratio."""
    bins = len(counts)
    starts, stops = _stretches(bins)
    if not len(starts):
        return 0, 0, 0.0, 0.0
    sums = np.r_[0.0, np.cumsum(counts)]
    total, inside, length = sums[-1], sums[stops] - sums[starts], stops - starts
    outside = total - inside
    expected = total * length / bins
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(inside > 0, inside * np.log(inside / expected), 0.0)
        rest = np.where(outside > 0, outside * np.log(outside / np.maximum(total - expected, 1e-12)), 0.0)
    gain = np.where(inside > expected, gain + rest, 0.0)
    best = int(np.argmax(gain))
    left = (outside[best] + 0.5) / max(bins - length[best], 1)
    return int(starts[best]), int(stops[best]), float(gain[best]), float(inside[best] / length[best] / left)


def _metric_changes(metrics: pd.DataFrame | None) -> Iterator[_Change | None]:
    if metrics is None or len(metrics) < 12:
        return
    frame = in_order(metrics)
    at = seconds(frame.index)
    for (service, metric), values in zip(keys(frame), samples(frame), strict=True):
        series = rate(values, at) if is_counter(metric, values) else values
        known = np.flatnonzero(np.isfinite(series))
        if len(known) < 12:
            continue
        found = _scan_levels(series[known])
        if found is None:
            yield None
            continue
        start, score, before, after = found
        row = int(known[start])
        unit = unit_of(metric)
        verb = "rose" if after > before else "fell"
        of = f" of {clean(service, 80)}" if service else ""
        reason = (
            f"{clean(metric, 120)}{of} {verb} from {amount(before, unit)} to {amount(after, unit)} at "
            f"{clock(moment(frame.index[row]))}."
        )
        yield _Change(frame.index[row], float(at[row]), score, reason, service)


def _scan_levels(x: np.ndarray[Any, Any]) -> tuple[int, float, float, float] | None:
    """Find the stretch whose level differs most: start, log likelihood ratio, level before and in it."""
    width = max(1, -(-len(x) // _BINS))
    low, high = np.percentile(x, [1, 99])
    clipped = np.clip(x, low, high)
    edges = np.arange(0, len(x), width)
    binned = np.add.reduceat(clipped, edges) / np.diff(np.r_[edges, len(x)])
    starts, stops = _stretches(len(binned))
    if not len(starts):
        return None
    n = len(binned)
    sums, length = np.r_[0.0, np.cumsum(binned)], stops - starts
    inside = (sums[stops] - sums[starts]) / length
    outside = (sums[-1] - inside * length) / np.maximum(n - length, 1)
    steps = np.diff(binned)
    # The noise from neighbours, so that the change itself does not count as noise; with a floor as elsewhere.
    noise = max(float(np.sqrt(np.square(np.clip(steps, *np.percentile(steps, [5, 95]))).mean() / 2)), 1e-12)
    noise = max(noise, 0.02 * abs(float(np.median(binned))))
    gap = np.abs(inside - outside)
    gain = np.where(length < n, gap**2 / noise**2 / 2 / (1 / length + 1 / np.maximum(n - length, 1)), 0.0)
    best = int(np.argmax(gain))
    start, stop = int(starts[best]), int(stops[best])
    rest = np.r_[binned[:start], binned[stop:]]
    residual = np.r_[binned[start:stop] - inside[best], rest - outside[best]]
    worth = effective_size(residual) / n
    spread = max(float(residual.std()), noise)
    before, after = float(outside[best]), float(inside[best])
    if gap[best] < 4 * spread or gap[best] < 0.2 * abs(before):
        return None
    score = float(gap[best] ** 2 / spread**2 / 2 / (1 / length[best] + 1 / (n - length[best])) * worth)
    first, last = int(edges[start]), int(edges[stop]) if stop < len(edges) else len(x)
    while first < last - 1 and abs(x[first] - before) < abs(x[first] - after):
        first += 1
    return first, score, before, after
