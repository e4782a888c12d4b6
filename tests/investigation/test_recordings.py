"""The recordings: what an answer holds, and the milestones that the first pass reaches, by a written list.

What is asked of the answers is asked of the development half only: rules are made on it. The other half is counted by
``tests/bench/bench_hypotheses.py``.
"""

from __future__ import annotations

import json
from importlib.resources import files

import pytest

import faultmaven_lib as fm
from faultmaven_lib.datasets import list_incidents, load_incident, load_truth
from faultmaven_lib.model import Answer

FIRST = ["symptom verified", "scope", "time line", "changes"]
CALM = ["changes"]
"""Where nothing is wrong there is no symptom; that changes were looked at is so all the same."""
REACHED = {
    "checkout-stall": [*FIRST, "cause"],
    "healthy": CALM,
    "shop-02": FIRST,
    "shop-04": FIRST,
    "shop-08": FIRST,
    "shop-11": FIRST,
    "shop-14": FIRST,
    "shop-16": CALM,
    "shop-20": FIRST,
    "shop-23": [*FIRST, "cause"],
    "shop-28": FIRST,
    "shop-30": [*FIRST, "cause"],
    "shop-32": FIRST,
    "shop-33": FIRST,
    "shop-34": FIRST,
    "shop-35": [*FIRST, "cause"],
}
"""Nobody has confirmed, mitigated or verified anything: a cause is reached where it is strong and the check agrees."""


def is_dev(name: str) -> bool:
    split = json.loads((files("faultmaven_lib.datasets") / "split.json").read_text())
    return load_truth(name).kind in split["dev"]


def holds(answer: Answer, inv: fm.Investigation, name: str) -> None:
    truth = load_truth(name)
    if truth.service is None:
        assert answer.hypotheses == ()
        assert "Nothing stands out." in [c.text for c in answer.claims]
        assert answer.checks == ()
        return
    right = next(h for h in answer.hypotheses if (h.service, h.mechanism) == (truth.service, truth.mechanism))
    assert len(right.supports) >= 2
    assert all(e in inv.evidence for e in right.supports)
    asked = [check for check in answer.checks if right.id in check.hypotheses]
    assert asked
    for check in asked:
        assert check.expected[0] != check.expected[1]
        assert check.speaks_for == right.id, "its answer, on this recording, speaks for the truth"
        assert check.difference >= 0.3
        assert inv.evidence[check.evidence[0]].rerunnable
    written = _written(inv, right.mechanism.value)
    if written:
        assert any(f"({path})" in text for path in written for text in answer.runbooks[:3])


def _written(inv: fm.Investigation, mechanism: str) -> list[str]:
    rows = inv.knowledge.store.documents().to_dict("records")
    return [str(row["uri"]) for row in rows if mechanism in row["metadata"]["front"].get("mechanisms", [])]


@pytest.mark.parametrize("name", list_incidents())
def test_a_recording_is_answered_and_its_milestones_are_those_of_the_list(name: str) -> None:
    inv = fm.Investigation.from_incident(load_incident(name), database_url="sqlite://")
    inv.knowledge.add_starter()
    answer = inv.analyze()
    passed = inv.milestones
    assert passed.index[passed["reached"]].tolist() == REACHED[name]
    for milestone in passed[passed["reached"]].itertuples():
        assert milestone.evidence, milestone.Index
        assert all(e in inv.evidence for e in milestone.evidence.split())
        assert milestone.at == max(inv.evidence[e].taken_at for e in milestone.evidence.split())
    assert passed.attrs["stuck"] == ""
    if is_dev(name):
        holds(answer, inv, name)
    inv.knowledge.close()
