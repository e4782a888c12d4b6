"""The scorer is the one everybody uses, and the miner keeps its marks on public data, where that is at hand."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from tests.bench.bench_templates import SYSTEMS, faultmaven, labelled
from tests.bench.template_scores import corrected, corrected_scores, mean, redrawn, scores

HOME = os.environ.get("FAULTMAVEN_BENCH_DATA", "")
public = pytest.mark.skipif(not HOME, reason="FAULTMAVEN_BENCH_DATA is not set")


def test_a_split_group_and_a_wrong_text_cost_what_they_should() -> None:
    truth = ["a <*>"] * 4 + ["b"] * 2
    assert scores(truth, truth, truth) == {"GA": 1, "FGA": 1, "PA": 1, "FTA": 1}
    split = scores(["a <*>"] * 4 + ["b"] * 2, truth, [1, 1, 1, 2, 3, 3])
    assert split == {"GA": 2 / 6, "FGA": 2 / 5, "PA": 1, "FTA": 1}
    wrong = scores(["a x"] * 4 + ["b"] * 2, truth, truth)
    assert wrong == {"GA": 1, "FGA": 1, "PA": 2 / 6, "FTA": 0.5}


def test_redrawn_lines_keep_what_is_fixed() -> None:
    lines, truth = redrawn([("user bob took 12 ms", "user <*> took <*> ms")], 50, words=True)
    assert all(line.startswith("user ") and line.endswith(" ms") and " took " in line for line in lines)
    assert len(set(lines)) > 20
    assert set(truth) == {"user <*> took <*> ms"}


@public
@pytest.mark.parametrize("system", SYSTEMS)
def test_scores_are_those_of_the_shared_scorer(system: str) -> None:
    spec = importlib.util.spec_from_file_location("logscore", Path(HOME) / "logscore.py")
    shared = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shared)
    lines, truth = (list(column) for column in zip(*labelled(Path(HOME) / "logs", system), strict=True))
    assert (lines, truth) == shared.load_labelled(system)
    text, groups = faultmaven(lines)
    assert [corrected(t) for t in {*text, *truth}] == [shared.correct_template(t) for t in {*text, *truth}]
    known = {t: corrected(t) for t in {*text, *truth}}
    expected = shared.score([known[t] for t in text], [known[t] for t in truth], groups)
    assert corrected_scores(text, truth, groups) == pytest.approx(expected)


@public
def test_the_miner_keeps_its_marks() -> None:
    every = []
    for system in SYSTEMS:
        lines, truth = (list(column) for column in zip(*labelled(Path(HOME) / "logs", system), strict=True))
        text, groups = faultmaven(lines)
        every.append(corrected_scores(text, truth, groups))
    found = mean(every)
    assert found["GA"] >= 0.97, found
    assert found["FGA"] >= 0.96, found
    assert found["PA"] >= 0.9, found
    assert found["FTA"] >= 0.85, found


@public
@pytest.mark.parametrize("system", SYSTEMS)
def test_words_that_no_mask_knows_do_not_hurt(system: str) -> None:
    rows = labelled(Path(HOME) / "logs", system)
    text, groups = faultmaven([line for line, _ in rows])
    before = corrected_scores(text, [t for _, t in rows], groups)["GA"]
    lines, truth = redrawn(rows, 20_000, words=True)
    text, groups = faultmaven(lines)
    assert corrected_scores(text, truth, groups)["GA"] >= before - 0.05
