"""The ledger keeps what came back, tells equal from changed, and stays within its bounds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faultmaven_lib.evidence import Ledger, cited, compare, is_intact
from faultmaven_lib.exceptions import UnknownEvidence
from faultmaven_lib.findings import findings_frame, operation_of, to_findings
from faultmaven_lib.fingerprint import fingerprint, normalised
from faultmaven_lib.model import Finding, FindingKind, Operation, Outcome, Window

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=20),
    st.datetimes(min_value=pd.Timestamp("1990-01-01"), max_value=pd.Timestamp("2100-01-01")).map(
        lambda d: pd.Timestamp(d, tz="UTC")
    ),
    st.lists(st.integers(0, 9), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(0, 9), max_size=2),
)
FRAMES = st.dictionaries(st.text(max_size=8), st.lists(CELLS, min_size=5, max_size=5), max_size=4).map(pd.DataFrame)


@given(FRAMES)
def test_whatever_a_frame_holds_it_is_kept_and_comes_back_intact(frame: pd.DataFrame) -> None:
    entry = Ledger().record(frame, source="s", query="q")
    assert is_intact(entry)
    assert compare(entry, frame).outcome is Outcome.SAME
    assert len(entry.frame) == len(frame)


@given(FRAMES, st.randoms(use_true_random=False))
def test_order_of_rows_and_columns_does_not_matter(frame: pd.DataFrame, random) -> None:
    plain = normalised(frame)
    columns = list(plain.columns)
    random.shuffle(columns)
    rows = list(range(len(plain)))
    random.shuffle(rows)
    assert fingerprint(plain[columns].iloc[rows].reset_index(drop=True)) == fingerprint(plain)


@given(st.lists(st.text(max_size=6), min_size=1, max_size=6), st.data())
def test_one_changed_cell_is_a_changed_result(texts: list[str], data: st.DataObject) -> None:
    frame = pd.DataFrame({"a": texts, "b": range(len(texts))})
    entry = Ledger().record(frame, source="s", query="q")
    place = data.draw(st.integers(0, len(texts) - 1))
    other = data.draw(st.text(max_size=6).filter(lambda t: t != texts[place]))
    changed = frame.copy()
    changed.loc[place, "a"] = other
    result = compare(entry, changed)
    assert result.outcome is Outcome.CHANGED
    assert (result.added, result.removed) == (1, 1)
    assert result.difference == "1 row came, 1 row went"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([0.1 + 0.2], [0.3]),
        ([1.0], [1]),
        ([-0.0], [0.0]),
        (pd.to_datetime(["2026-03-01T14:00Z"], utc=True), pd.to_datetime(["2026-03-01T15:00+01:00"])),
        (pd.to_datetime(["2026-03-01T14:00Z"]).as_unit("ns"), pd.to_datetime(["2026-03-01T14:00Z"]).as_unit("ms")),
        (["a", "b"], pd.Categorical(["a", "b"])),
        ([None, "x"], [np.nan, "x"]),
    ],
)
def test_what_is_equal_by_the_rules_has_one_fingerprint(one: object, other: object) -> None:
    assert fingerprint(pd.DataFrame({"x": one})) == fingerprint(pd.DataFrame({"x": other}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": ["x\x1fy"], "b": ["z"]}, {"a": ["x"], "b": ["y\x1fz"]}),
        ({"a": ["1\n2"]}, {"a": ["1", "2"]}),
        ({"a": [""]}, {"a": [None]}),
        ({"a": ["\\N"]}, {"a": [None]}),
        ({"a": [1.0]}, {"a": [1.00000000001]}),
        ({"a": ["x"]}, {"b": ["x"]}),
    ],
)
def test_what_differs_cannot_pass_for_equal(one: dict, other: dict) -> None:
    assert fingerprint(normalised(pd.DataFrame(one))) != fingerprint(normalised(pd.DataFrame(other)))


def test_a_wide_metric_frame_survives() -> None:
    at = pd.date_range("2026-03-01T14:00Z", periods=3, freq="5s", name="time")
    frame = pd.DataFrame(np.eye(3), at, pd.MultiIndex.from_product([["api", "db", "web"], ["cpu"]]))
    entry = Ledger().record(frame, source="m", query="")
    pd.testing.assert_frame_equal(entry.frame, frame, check_freq=False, check_names=False)
    assert compare(entry, frame[[("web", "cpu"), ("api", "cpu")]]).difference == "column db cpu went"


def test_a_large_result_is_kept_as_head_and_counts_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAULTMAVEN_EVIDENCE_MAX_BYTES", "20000")
    rng = np.random.default_rng(1)
    at = pd.date_range("2026-03-01T14:00Z", periods=50_000, freq="10ms", name="time")
    frame = pd.DataFrame({"service": rng.choice(["api", "db"], len(at)), "x": rng.random(len(at))}, at)
    entry = Ledger().record(frame, source="logs", query="")
    assert entry.partial
    assert len(entry.snapshot) <= 20_000
    assert 0 < len(entry.frame) < len(frame) == entry.rows
    assert sum(entry.summary["service"].values()) == sum(entry.summary["minute"].values()) == len(frame)
    assert compare(entry, frame).outcome is Outcome.SAME, "the fingerprint is of the whole"
    assert "50,000 rows became 49,999" in compare(entry, frame.iloc[:-1]).difference


def test_another_redaction_key_is_told_from_a_change() -> None:
    entry = Ledger().record(pd.DataFrame({"m": ["mail to <email:0123456789>"]}), source="logs", query="", key_id="aaaa")
    other = pd.DataFrame({"m": ["mail to <email:fedcba9876>"]})
    result = compare(entry, other, "bbbb")
    assert result.outcome is Outcome.OTHER_KEY
    assert result.difference == "apart from redaction tokens: no difference"
    assert compare(entry, other, "aaaa").outcome is Outcome.CHANGED


def test_a_forged_snapshot_is_noticed() -> None:
    ledger = Ledger()
    entry = ledger.record(pd.DataFrame({"x": [1]}), source="s", query="")
    other = ledger.record(pd.DataFrame({"x": [2]}), source="s", query="")
    assert not is_intact(entry.model_copy(update={"snapshot": other.snapshot}))


def test_the_ledger_numbers_names_and_cites() -> None:
    ledger = Ledger()
    frame = pd.DataFrame({"x": [1]})
    window = Window.parse("2026-03-01T14:00Z/10m")
    ledger.record(frame, source="logs", query="a", window=window)
    assert cited(frame) == ("E1",)
    assert ledger.record(frame.copy(), source="logs", query="a", window=window).id == "E1", "asked and answered already"
    assert ledger.record(frame.copy(), source="logs", query="b", window=window).id == "E2"
    assert ledger.derive(frame.copy(), ["E1", "E2"], Operation(name="op")).parents == ("E1", "E2")
    assert list(ledger.frame().index) == ["E1", "E2", "E3"]
    with pytest.raises(UnknownEvidence, match="no evidence E7; recorded: E1 to E3"):
        ledger["E7"]
    with pytest.raises(UnknownEvidence):
        ledger.derive(frame, ["E7"], Operation(name="op"))


@given(
    st.lists(
        st.builds(
            Finding,
            kind=st.sampled_from(FindingKind),
            service=st.text(max_size=5),
            subject=st.text(max_size=9),
            onset=st.none() | st.floats(-1e9, 1e9),
            before=st.none() | st.floats(-1e9, 1e9),
            score=st.floats(0, 1e6),
            sentence=st.text(max_size=9),
        ),
        max_size=4,
    )
)
def test_findings_survive_the_way_through_a_frame(findings: list[Finding]) -> None:
    operation = Operation(name="op", parameters={"k": [1, 2]})
    frame = findings_frame(findings, operation, ["E1"])
    back = to_findings(frame)
    assert back == [f.model_copy(update={"evidence": ("E1",)}) for f in findings]
    # What a frame says of its making survives what pandas does to attrs.
    mixed = pd.concat([frame, frame]).sort_values("score")
    assert {o.name for o in operation_of(mixed)} <= {"op"}
    assert to_findings(Ledger().derive(frame, [], operation).frame) == back
