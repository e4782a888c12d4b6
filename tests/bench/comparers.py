"""What compares two windows of a log, and whether what it tells first is the change that was planted.

Beside this project: a chi-square test of the counts of its templates, corrected by Bonferroni, and templates of Drain3
ranked by the logarithm of the ratio of their counts, as it is often done by hand.
"""

from __future__ import annotations

import importlib.util
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from faultmaven_lib import LogAnalyzer
from faultmaven_lib.analysis import TemplateMiner
from faultmaven_lib.analysis.logs.lines import read
from faultmaven_lib.analysis.wording import both_ends, clean
from tests.bench.log_windows import Pair
from tests.bench.planted import DIP, NUMBER, SURGE, Planted

FIRST = 5
_PLACE = re.compile(r"value (\d+)(?: \([^()]*\))?(?:=(.*?))? of (.*)", re.DOTALL)
_SUBJECT = 300


@dataclass(frozen=True)
class Told:
    """One finding, as the lines that it is about."""

    up: bool
    after: np.ndarray
    """Which lines of the second window are of its template."""
    gone: np.ndarray
    """Which of the lines that were removed would be."""
    values: np.ndarray | None = None
    """Where it is about a value: what every line of the second window has there."""
    value: str | None = None
    """The value that is told to have come; None where a number is told to have moved."""


Compare = Callable[[Pair, pd.DataFrame], list[Told]]
"""Return findings, most striking first; the frame holds lines that were removed, to say which would be meant."""


def place_of(told: Sequence[Told], change: Planted) -> int:
    """Return which finding is the planted change, 1 for the first; 0 if none is."""
    return next((i for i, one in enumerate(told, 1) if _is_hit(one, change)), 0)


def _is_hit(told: Told, change: Planted) -> bool:
    """Whether a finding is the planted change.

    It goes the same way and is of the template that most affected lines have. What is new, reworded, or has a new value
    is also most of what the finding is about; of a number, the field or place is the one that was changed.
    """
    if change.kind == DIP:
        return not told.up and told.values is None and told.gone.mean() >= 0.5
    affected = np.zeros(len(change.pair.after), bool)
    affected[change.rows] = True
    about = told.after
    if told.value is not None and told.values is not None:
        about = told.after & np.array([both_ends(value, 80) == told.value for value in told.values.tolist()])
    covers = bool((about & affected).sum() >= 0.5 * affected.sum())
    mostly = bool((about & affected).sum() >= 0.5 * about.sum() > 0)
    if not told.up:
        return False
    if change.kind == SURGE:
        return covers and told.values is None
    if change.kind != NUMBER:
        return covers and mostly and (told.values is None or told.value is not None)
    if told.values is None:
        return False
    same = [_same(str(a), b) for a, b in zip(told.values[change.rows], change.values, strict=True)]
    return sum(same) >= 0.5 * len(same) and (covers if told.value is None else mostly)


def _same(a: str, b: str) -> bool:
    try:
        return math.isclose(float(a), float(b), rel_tol=1e-6)
    except ValueError:
        return a != "" and (a in b or b in a)  # one with its unit, the other without


def faultmaven(pair: Pair, gone: pd.DataFrame) -> list[Told]:
    """Compare with this project."""
    analyzer = LogAnalyzer().fit(pair.before, baseline_window=pair.windows[0])
    odd = analyzer.compare(pair.after, incident_window=pair.windows[1])
    return [_told(analyzer.miner_, finding, pair.after, gone) for _, finding in odd.head(FIRST).iterrows()]


def _told(miner: TemplateMiner, finding: pd.Series, after: pd.DataFrame, gone: pd.DataFrame) -> Told:
    subject, up = str(finding["subject"]), finding["direction"] != "down"
    here, there = (x["service"].fillna("").to_numpy(dtype=object) == finding["service"] for x in (after, gone))
    if finding["kind"] != "value shift":
        return Told(up, here & _of(miner, after, subject), there & _of(miner, gone, subject))
    found = _PLACE.fullmatch(subject)
    if found is not None:
        here &= _of(miner, after, found[3])
        values = np.full(len(after), "", dtype=object)
        rows = np.flatnonzero(here)
        parsed = miner.parameters(read(after).messages.iloc[rows])
        values[rows] = [p[int(found[1]) - 1] for p in parsed]
        return Told(up, here, there, values, found[2])
    name, _, template = subject.partition(" of ")
    if template:
        here &= _of(miner, after, template)
    column, _, value = name.partition("=")
    values = np.array(["" if v is None or v != v else _text(v) for v in after[column].tolist()], dtype=object)
    return Told(up, here, there, values, value or None)


def _text(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def _of(miner: TemplateMiner, frame: pd.DataFrame, template: str) -> np.ndarray:
    if frame.empty:
        return np.zeros(0, bool)
    ids = miner.transform(read(frame).messages)
    known = miner.templates_["template"]
    fits = {i: clean(known.get(i, ""), _SUBJECT).startswith(template.removesuffix("…")) for i in set(ids.tolist())}
    return np.array([fits[i] for i in ids.tolist()])


def chi_square(pair: Pair, gone: pd.DataFrame) -> list[Told]:
    """Test the count of every template of this project's miner; tell those with p < .01 after Bonferroni."""
    sizes = len(pair.before), len(pair.after)
    frames = [pair.before, pair.after, gone]
    ids = TemplateMiner().fit_transform(pd.concat([f["message"] for f in frames]))
    services = pd.concat([f["service"] for f in frames]).to_numpy(dtype=object)
    labels = np.array([f"{s} {i}" for s, i in zip(services, ids, strict=True)])
    lengths = [w.length.total_seconds() for w in pair.windows]

    def score(was: int, now: int, groups: int) -> float:
        expected = [(was + now) * length / sum(lengths) for length in lengths]
        statistic, p = stats.chisquare([was, now], expected)
        return float(statistic) if p < 0.01 / groups else 0.0

    return _ranked(labels, sizes, score)


def drain_ratio(pair: Pair, gone: pd.DataFrame) -> list[Told]:
    """Rank templates of Drain3 by the ratio of their counts; tell those that differ twofold and by five lines."""
    from tests.bench.bench_templates import drain3

    sizes = len(pair.before), len(pair.after)
    _, ids = drain3(pd.concat([f["message"] for f in (pair.before, pair.after, gone)]).tolist())

    def score(was: int, now: int, groups: int) -> float:
        ratio = abs(math.log2((now + 0.5) / (was + 0.5)))
        return ratio if ratio >= 1 and abs(now - was) >= 5 else 0.0

    return _ranked(np.array(ids), sizes, score)


def _ranked(labels: np.ndarray, sizes: tuple[int, int], score: Callable[[int, int, int], float]) -> list[Told]:
    names, number = np.unique(labels, return_inverse=True)
    parts = np.split(number, [sizes[0], sum(sizes)])
    was, now = (np.bincount(part, minlength=len(names)) for part in parts[:2])
    scores = np.array([score(int(a), int(b), len(names)) if a + b else 0.0 for a, b in zip(was, now, strict=True)])
    best = [i for i in np.argsort(-scores, kind="stable")[:FIRST].tolist() if scores[i] > 0]
    return [Told(bool(now[i] > was[i]), parts[1] == i, parts[2] == i) for i in best]


def comparers() -> dict[str, Compare]:
    """Return what is compared; say what is not installed."""
    found: dict[str, Compare] = {"FaultMaven": faultmaven, "chi-square, Bonferroni": chi_square}
    if importlib.util.find_spec("drain3"):
        found["Drain3, ratio of counts"] = drain_ratio
    else:
        print("MISSING: Drain3 is not installed; its rows are left out")
    return found
