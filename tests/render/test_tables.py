import numpy as np
import pandas as pd

from faultmaven_lib.model import Finding, Hypothesis
from faultmaven_lib.render.arguments import arguments
from faultmaven_lib.render.tables import first_rows


def test_columns_that_are_empty_in_the_shown_rows_are_counted_not_shown():
    frame = pd.DataFrame(
        {"a": ["x", "y"], "none": [None, None], "blank": ["", ""], "nan": [np.nan, np.nan], "b": [1.5, np.nan]}
    )
    shown = first_rows(frame, 2)
    assert shown.header == ("a", "b")
    assert shown.rows == (("x", "1.5"), ("y", ""))
    assert shown.numeric == (False, True)
    assert shown.more_columns == 3


def test_a_time_index_and_columns_of_two_levels_are_shown():
    index = pd.date_range("2026-03-01T14:00Z", periods=2, freq="1500ms", name="time")
    frame = pd.DataFrame(
        [[1, 2], [3, 4]], index=index, columns=pd.MultiIndex.from_tuples([("api", "rps"), ("api", "p99")])
    )
    shown = first_rows(frame, 5)
    assert shown.header == ("time", "api rps", "api p99")
    assert shown.rows[1][0].startswith("2026-03-01 14:00:01.5")
    assert shown.rows[1][0].endswith("Z")
    assert shown.stored == 2


def test_an_empty_frame_shows_its_columns():
    shown = first_rows(pd.DataFrame({"a": [], "b": []}))
    assert shown.header == ("a", "b")
    assert shown.rows == ()


def test_evidence_against_is_told_by_its_most_striking_finding():
    weak, striking = (
        Finding(id=f"F{n}", kind="surge", subject="s", sentence=f"Finding {n}.", score=n, evidence=("E4",))
        for n in (1, 2)
    )
    hypothesis = Hypothesis(id="H2", service="api", mechanism="unknown", cause="…", contradicts=("E4", "E5"))
    told = arguments(hypothesis, (), [weak, striking])
    assert [(a.sentence, a.evidence) for a in told.opposing] == [
        ("Finding 2.", ("E4",)),
        ("not in this ledger", ("E5",)),
    ]
    assert told.supporting == ()
