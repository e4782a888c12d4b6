"""Kinds of change of one series: the one that says it best, once, dated and sized; and none where nothing changed."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from faultmaven_lib.analysis import MetricAnalyzer
from faultmaven_lib.claims import check
from faultmaven_lib.evidence import Ledger
from faultmaven_lib.findings import operation_of, to_findings
from faultmaven_lib.model import Claim
from tests.bench.simulated_series import HEALTHY, changed, frames, mixed

T0 = pd.Timestamp("2026-03-01T12:00Z")


def windows(before: np.ndarray, after: np.ndarray, metric: str = "queue_bytes") -> tuple[pd.DataFrame, pd.DataFrame]:
    values = np.r_[before, after]
    at = pd.date_range(T0, periods=len(values), freq="15s", name="time")
    frame = pd.DataFrame({("shop", metric): values}, index=at)
    return frame.iloc[: len(before)], frame.iloc[len(before) :]


def only(before: np.ndarray, after: np.ndarray, metric: str = "queue_bytes") -> dict:
    was, now = windows(before, after, metric)
    odd = MetricAnalyzer().fit(was).compare(now)
    assert len(odd) == 1
    return odd.iloc[0].to_dict()


def noise(seed: int, samples: int, level: float = 1e6, share: float = 0.05) -> np.ndarray:
    return level * (1 + share * np.random.default_rng(seed).standard_normal(samples))


def test_a_slow_leak_is_a_trend_from_where_it_starts() -> None:
    after = noise(1, 240)
    after[80:] += 2e6 * np.arange(1, 161) / 160
    found = only(noise(0, 240), after)
    assert (found["kind"], found["direction"], found["unit"]) == ("trend", "up", "B")
    assert abs(found["onset"] - (T0 + pd.Timedelta(15 * (240 + 80), "s"))) <= pd.Timedelta(15 * 10, "s")
    assert found["after"] == pytest.approx(3e6, rel=0.05)
    assert re.search(r"grows steadily from .* UTC on: from (1|9)[\d.]+ .B to (2\.9|3)\d* MB", found["sentence"])


def test_a_leak_too_slow_for_any_stretch_to_stand_out() -> None:
    after = noise(1, 240) + 0.35e6 * np.arange(1, 241) / 240
    found = only(noise(0, 240), after)
    assert (found["kind"], found["direction"]) == ("trend", "up")


def test_what_was_growing_before_as_it_does_now_has_not_changed() -> None:
    growing = 1e6 + 1e4 * np.arange(480) + noise(3, 480, 1e5)
    was, now = windows(growing[:240], growing[240:])
    assert MetricAnalyzer().fit(was).compare(now).empty


def test_a_step_is_no_trend_and_a_jump_dates_what_grows_from_it() -> None:
    after = noise(1, 240)
    after[100:] += 2e6
    assert only(noise(0, 240), after)["kind"] == "level shift"
    after[100:] += 2e6 * np.arange(140) / 140
    found = only(noise(0, 240), after)
    assert found["onset"] == T0 + pd.Timedelta(15 * 340, "s")


@pytest.mark.parametrize(("factor", "direction"), [(5.0, "up"), (0.15, "down")])
def test_another_spread_around_the_same_level(factor: float, direction: str) -> None:
    after = noise(1, 240, 1e6, 0.1)
    after[100:] = 1e6 + factor * (after[100:] - 1e6)
    found = only(noise(0, 240, 1e6, 0.1), after)
    assert (found["kind"], found["direction"]) == ("variance change", direction)
    assert found["before"] == pytest.approx(1e5, rel=0.2)
    assert found["after"] == pytest.approx(1e5 * factor, rel=0.3)
    assert abs(found["onset"] - (T0 + pd.Timedelta(15 * 340, "s"))) <= pd.Timedelta(15 * 8, "s")
    assert re.search(r"standard deviation is .* instead of .*, around (1|9)", found["sentence"])


def test_a_process_that_wanders_is_neither_a_trend_nor_a_change_of_spread() -> None:
    rng = np.random.default_rng(8)
    before, after = frames(HEALTHY["bounded walk"](rng, 400, 480), ["bounded walk"] * 400, 240)
    assert len(MetricAnalyzer().fit(before).compare(after)) <= 1


def test_frames_without_a_change_seldom_have_a_finding() -> None:
    loud = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        before, after = frames(*mixed(rng, 60, 480), 240)
        loud += len(MetricAnalyzer().fit(before).compare(after)) > 0
    assert loud <= 4


@pytest.mark.parametrize(
    ("kind", "size", "late"),
    [
        ("level shift", 12, 0),
        ("spike", 24, 0),
        ("dip", 24, 0),
        ("trend", 16, 20),
        ("variance change", 6, 8),
        ("flat line", 0, 1),
        ("missing", 0, 0),
    ],
)
def test_each_kind_is_found_in_most_series_and_dated(kind: str, size: float, late: int) -> None:
    rng = np.random.default_rng(5)
    values = HEALTHY["white noise"](rng, 40, 480)
    truth = changed(rng, values[:20], 240, kind, size)
    before, after = frames(values, ["white noise"] * 40, 240)
    odd = MetricAnalyzer().fit(before).compare(after)
    assert set(odd["subject"]) <= {f"m{i}" for i in range(20)}
    assert odd["subject"].is_unique
    assert len(odd) >= 18
    assert (odd["kind"] == kind).mean() >= 0.9
    starts = {f"m{i}": after.index[change.start] for i, change in enumerate(truth)}
    errors = [abs(onset - starts[name]) for name, onset in zip(odd["subject"], odd["onset"], strict=True)]
    assert np.median(errors) <= pd.Timedelta(15 * late, "s")


def test_each_sentence_stands_as_a_claim_on_its_finding() -> None:
    rng = np.random.default_rng(5)
    ledger = Ledger()
    for kind, size in (("trend", 16), ("variance change", 6), ("level shift", 12), ("flat line", 0), ("missing", 0)):
        values = HEALTHY["white noise"](rng, 3, 480)
        changed(rng, values, 240, kind, size)
        before, after = frames(values, ["white noise"] * 3, 240)
        for frame in (before, after):
            ledger.record(frame, source="metrics", query=kind)
        odd = MetricAnalyzer().fit(before).compare(after)
        entry = ledger.derive(odd, str(odd["evidence"][0]).split(), operation_of(odd)[0])
        findings = [
            f.model_copy(update={"id": f"F{i}", "evidence": (entry.id,)}) for i, f in enumerate(to_findings(odd), 1)
        ]
        for finding in findings:
            claim = Claim(text=finding.sentence, evidence=(entry.id,), findings=(finding.id,))
            check([claim], ledger, findings=findings)
