"""The main job on recorded incidents: the right cause where there is one, and silence where there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import faultmaven_lib as fm
from faultmaven_lib.datasets import load_incident, load_truth


@pytest.fixture(params=["shipped", pytest.param("fresh", marks=[pytest.mark.slow, pytest.mark.servers])])
def recording(request: pytest.FixtureRequest) -> Callable[[str], str | Path]:
    """Return where a recording is: in the package, or made while the tests run, with another seed."""
    if request.param == "shipped":
        return lambda name: name
    fresh: Callable[[str], Path] = request.getfixturevalue("fresh_recording")
    return fresh


def test_the_first_cause_of_the_lock_is_right(recording: Callable[[str], str | Path]) -> None:
    where = recording("checkout-stall")
    truth = load_truth(where)
    inv = fm.Investigation.from_incident(load_incident(where))
    answer = inv.analyze()
    leader, alternative, *_ = answer.hypotheses
    assert (leader.service, leader.mechanism) == (truth.service, truth.mechanism)
    made_by = {inv.evidence[e].operation.name for e in leader.supports if inv.evidence[e].operation}
    assert {"logs.compare", "metrics.compare"} <= made_by, "evidence from logs and from metrics"
    assert alternative.alternative_to == leader.id
    assert abs((leader.onset - truth.onset).total_seconds()) <= 15
    assert not [m for m in answer.missing if "dropped" in m], "every sentence is carried by its evidence"
    assert not [c for c in truth.innocent_changes if leader.change and c in leader.change]


def test_nothing_stands_out_on_a_healthy_stretch(recording: Callable[[str], str | Path]) -> None:
    inv = fm.Investigation.from_incident(load_incident(recording("healthy")))
    answer = inv.analyze()
    assert answer.hypotheses == ()
    assert "stands out" in answer.headline
    assert answer.claims[0].text == "Nothing stands out."
    assert not answer.recommendations


def test_both_verify_and_report(recording: Callable[[str], str | Path], tmp_path: Path) -> None:
    for name in ("checkout-stall", "healthy"):
        inv = fm.Investigation.from_incident(load_incident(recording(name)))
        inv.analyze()
        outcomes = inv.verify()
        assert (outcomes["outcome"] == "same").all(), outcomes["difference"].to_dict()
        assert inv.report(tmp_path / f"{name}.html").stat().st_size > 10_000
