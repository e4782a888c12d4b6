"""What the comparison of logs is judged by, and that it keeps its marks on the shipped recordings."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from tests.bench.bench_comparison import told_which, trials
from tests.bench.comparers import Told, faultmaven, place_of
from tests.bench.log_windows import Log, healthy, recordings
from tests.bench.planted import DIP, KINDS, NEW, NUMBER, REWORDED, SURGE, VALUE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def logs() -> list[Log]:
    return list(recordings())


def test_changes_of_a_hundred_lines_are_found(logs: list[Log]) -> None:
    found: dict[str, list[bool]] = defaultdict(list)
    for (kind, _, factor), planted in trials(logs, 2, 7, (100,), (NEW, SURGE, DIP, VALUE, REWORDED)):
        if not 0 < factor < 2:
            found[kind].append(place_of(faultmaven(planted.pair, planted.gone), planted) > 0)
    for kind, hits in found.items():
        assert np.mean(hits) >= 0.8, kind
    assert np.mean([hit for hits in found.values() for hit in hits]) >= 0.9


def test_healthy_windows_are_seldom_told_apart(logs: list[Log]) -> None:
    pairs = [pair for _, pair in healthy(logs)][::3]
    some = [bool(faultmaven(pair, pair.after.iloc[:0])) for pair in pairs]
    assert len(some) >= 100
    assert np.mean(some) <= 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_the_affected_lines_are_those_that_changed(logs: list[Log], kind: str) -> None:
    (_, planted), *_ = trials(logs[:3], 1, 3, (50,), (kind,))
    before, after = planted.pair.before, planted.pair.after
    if kind == DIP:
        assert len(planted.gone) == 50
        return
    assert len(set(planted.rows.tolist())) == 50
    if kind in {NEW, REWORDED}:
        assert not set(after["message"].iloc[planted.rows]) & set(before["message"])
    if kind in {VALUE, NUMBER}:
        assert len(planted.values) == 50


def test_what_is_told_of_other_lines_is_no_hit(logs: list[Log]) -> None:
    (_, planted), *_ = trials(logs[:3], 1, 3, (50,), (SURGE,))
    none = np.zeros(0, bool)
    right = np.zeros(len(planted.pair.after), bool)
    right[planted.rows] = True
    assert place_of([Told(True, ~right, none), Told(True, right, none)], planted) == 2
    assert place_of([Told(False, right, none), Told(True, ~right, none)], planted) == 0


def test_what_counts_alone_can_tell_grows_with_the_lines() -> None:
    powers = [told_which(SURGE, n, 2.0, 50) for n in (10, 20, 50, 100)]
    assert powers == sorted(powers)
    assert powers[0] < 0.1 < 0.95 < powers[-1]
