"""Comparison of two windows of logs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from faultmaven_lib.analysis import LogAnalyzer, compute
from faultmaven_lib.evidence import Ledger
from faultmaven_lib.findings import COLUMNS, operation_of, to_findings
from faultmaven_lib.model import Window

T0 = pd.Timestamp("2026-03-01T14:00Z")


def test_a_stall_shows_in_templates_durations_and_codes(logs) -> None:
    odd = LogAnalyzer().fit(logs(1)).compare(logs(2, start=180, length=150, fault=60))
    by_subject = odd.set_index("subject")
    assert odd["subject"].iloc[0] == "order <*>: lock wait timeout"
    assert odd["score"].is_monotonic_decreasing
    new = by_subject.loc["process <*> still waiting for lock"]
    assert (new["kind"], new["service"], new["direction"], new["before"]) == ("new template", "db", "up", 0)
    assert new["after"] == pytest.approx(36 / 2.5, rel=0.05)
    assert new["onset"] == T0 + pd.Timedelta(240.5, "s")
    slow = by_subject.loc["request_time"]
    assert (slow["kind"], slow["service"], slow["unit"], slow["direction"]) == ("value shift", "checkout", "s", "up")
    assert abs(slow["onset"] - (T0 + pd.Timedelta(240, "s"))) < pd.Timedelta(3, "s")
    code = by_subject.loc["status=504"]
    assert (code["unit"], code["before"]) == ("%", 0)
    assert 15 < code["after"] < 35
    assert set(odd["service"]) == {"checkout", "db"}


def test_two_healthy_windows_differ_in_nothing(logs) -> None:
    loud = [
        seed
        for seed in range(20)
        if len(LogAnalyzer().fit(logs(2 * seed)).compare(logs(2 * seed + 1, start=180, length=150)))
    ]
    assert len(loud) <= 1


def test_bursts_are_no_surge() -> None:
    rng = np.random.default_rng(5)
    loud = 0
    for _ in range(20):
        at = np.concatenate([t + rng.uniform(0, 0.5, rng.integers(1, 40)) for t in rng.uniform(0, 1200, 60)])
        frame = pd.DataFrame({"message": "cache miss for key"}, index=T0 + pd.to_timedelta(np.sort(at), unit="s"))
        middle = T0 + pd.Timedelta(600, "s")
        loud += len(LogAnalyzer().fit(frame[:middle]).compare(frame[middle:]))
    assert loud <= 1


def events(message: str, every: float, start: float, end: float, level: str = "INFO") -> pd.DataFrame:
    at = np.arange(start, end, every)
    return pd.DataFrame(
        {"service": "api", "level": level, "message": message, "line": message, "source": "a"},
        index=T0 + pd.to_timedelta(at, unit="s"),
    )


def test_surge_dip_and_gone_are_dated_in_the_incident() -> None:
    before = pd.concat(
        [events("retry call", 5, 0, 600), events("job done", 2, 0.5, 600), events("tick tock", 3, 0.2, 600)]
    )
    after = pd.concat(
        [
            events("retry call", 5, 600, 750),
            events("retry call", 0.5, 750, 1200),
            events("job done", 2, 600, 750),
            events("job done", 30, 755, 1200),
        ]
    )
    odd = LogAnalyzer().fit(before).compare(after).set_index("subject")
    assert odd["kind"].to_dict() == {"retry call": "surge", "job done": "dip", "tick tock": "gone template"}
    turn = T0 + pd.Timedelta(750, "s")
    assert abs(odd.loc["retry call", "onset"] - turn) <= pd.Timedelta(1, "s")
    assert abs(odd.loc["job done", "onset"] - turn) <= pd.Timedelta(8, "s")
    assert odd.loc["tick tock", "after"] == 0


def test_counts_are_held_against_the_length_of_the_windows() -> None:
    before, after = events("request", 1, 0, 3600), events("request", 1, 3600, 3900)
    assert LogAnalyzer().fit(before).compare(after).empty
    # The same lines, but the window that was asked for goes on without any.
    asked = Window(start=T0 + pd.Timedelta("1h"), end=T0 + pd.Timedelta("2h"))
    odd = LogAnalyzer().fit(before).compare(after, incident_window=asked)
    assert odd["kind"].tolist() == ["dip"]
    assert odd["after"].iloc[0] == pytest.approx(5)
    assert "300 times in 1 h, 3,600 times in the 1 h before" in odd["sentence"].iloc[0]


def test_an_error_ranks_above_an_information_of_the_same_count() -> None:
    before = events("request", 1, 0, 300)
    after = pd.concat(
        [
            events("request", 1, 300, 600),
            events("new thing happened", 5, 400, 600),
            events("bad thing happened", 5, 400, 600, "ERROR"),
        ]
    )
    assert LogAnalyzer().fit(before).compare(after)["subject"].tolist()[0] == "bad thing happened"


def test_one_new_error_line_counts_unless_such_lines_are_usual() -> None:
    before = events("request", 1, 0, 300)
    after = pd.concat([events("request", 1, 300, 600), events("kernel killed worker", 9, 395, 400, "FATAL")])
    assert LogAnalyzer().fit(before).compare(after)["subject"].tolist() == ["kernel killed worker"]
    usual = pd.concat([before, events("spurious wakeup seen", 9, 95, 100, "ERROR")])
    assert LogAnalyzer().fit(usual).compare(after).empty


def test_durations_inside_unparsed_messages_are_compared() -> None:
    rng = np.random.default_rng(1)

    def queries(start: float, factor: float) -> pd.DataFrame:
        frames = events("", 0.5, start, start + 300)
        texts = [f"duration: {v:.1f} ms statement" for v in rng.lognormal(2, 0.4, len(frames)) * factor]
        return frames.assign(message=texts, line=texts)

    odd = LogAnalyzer().fit(queries(0, 1)).compare(queries(300, 40))
    assert odd["kind"].tolist() == ["value shift"]
    assert odd["unit"].iloc[0] == ""  # the unit stands apart from the number, so it is not guessed
    assert odd["after"].iloc[0] / odd["before"].iloc[0] == pytest.approx(40, rel=0.3)


def test_tracebacks_are_told_apart_by_their_exception_and_not_by_their_frames() -> None:
    def failing(exception: str, frames: int) -> str:
        path = "".join(f'  File "a{i}.py", line {i}, in f\n    call()\n' for i in range(frames))
        return f"order failed\nTraceback (most recent call last):\n{path}{exception}\nhint: none"

    before = events("request", 1, 0, 300)
    parts = [("KeyError: stock", 3), ("KeyError: stock", 5), ("TimeoutError: pool", 4)]
    after = [events(failing(*part), 6, 300 + i, 600, "ERROR") for i, part in enumerate(parts)]
    odd = LogAnalyzer().fit(before).compare(pd.concat([events("request", 1, 300, 600), *after]))
    assert set(odd["subject"]) == {"order failed: KeyError: stock", "order failed: TimeoutError: pool"}
    assert "Traceback" in odd["example"].iloc[0]


def test_parts_of_a_date_inside_messages_are_no_finding() -> None:
    at = events("", 1, 0, 600)
    dated = at.assign(message=[f"8110{i // 150} block {i * 7919 % 1000} served" for i in range(600)])
    assert LogAnalyzer().fit(dated[:300]).compare(dated[300:]).empty


def test_findings_name_their_evidence_and_can_be_computed_again(logs) -> None:
    ledger = Ledger()
    before, after = logs(1), logs(2, start=180, length=150, fault=60)
    for frame in (before, after):
        ledger.record(frame, source="logs", query="")
    odd = LogAnalyzer(min_ratio=3).fit(before).compare(after)
    assert set(odd["evidence"]) == {"E1 E2"}
    (operation,) = operation_of(odd)
    assert (operation.name, operation.parameters["min_ratio"]) == ("logs.compare", 3)
    assert compute(operation, [before, after.sample(frac=1, random_state=1)]).equals(odd)
    window = Window(start=T0, end=T0 + pd.Timedelta("10min"))
    again = LogAnalyzer().fit(before, baseline_window=window).compare(after)
    assert compute(operation_of(again)[0], [before, after]).equals(again)
    assert len(to_findings(odd)) == len(odd)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame(),
        pd.DataFrame({"message": []}, index=pd.DatetimeIndex([], tz="UTC")),
        pd.DataFrame({"message": ["one line"]}, index=[T0]),
        pd.DataFrame({"line": ["a", None, "b"]}, index=[T0, T0, T0]),
        pd.DataFrame({"message": ["x"] * 3, "status": [None, "a", 2]}, index=[0.0, 1.0, 2.0]),
        pd.DataFrame({"message": [1, None, b"\xff"]}, index=pd.Index(["2026-03-01 14:00", "bad", "2026-03-01 14:01"])),
        pd.DataFrame({"message": ["x", "y"]}, index=[pd.NaT, T0]),
    ],
)
def test_odd_frames_are_never_fatal(frame, logs) -> None:
    for before, after in ((frame, frame), (logs(1), frame), (frame, logs(1))):
        odd = LogAnalyzer().fit(before).compare(after)
        assert tuple(odd.columns) == COLUMNS
        assert len(odd) or odd.attrs["reason"]


def test_text_from_logs_is_bounded_and_kept_on_one_line() -> None:
    before = events("request", 1, 0, 300)
    hostile = "<script>alert(1)</script>\u202e\x1b[31m\n" + "A" * 5_000
    odd = (
        LogAnalyzer()
        .fit(before)
        .compare(pd.concat([events("request", 1, 300, 600), events(hostile, 5, 400, 600, "ERROR")]))
    )
    assert "<script>" in odd["sentence"].iloc[0]
    assert not set("\u202e\x1b\n") & set(odd["sentence"].iloc[0] + odd["subject"].iloc[0])
    assert len(odd["sentence"].iloc[0]) < 500
    assert len(odd["example"].iloc[0]) <= 300
    assert len(odd["subject"].iloc[0]) <= 300


def test_numbers_as_index_give_onsets_in_their_unit(logs) -> None:
    def in_epoch(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.set_axis(frame.index.as_unit("ns").asi8 / 1e9, axis=0)

    odd = LogAnalyzer().fit(in_epoch(logs(1))).compare(in_epoch(logs(2, start=180, length=150, fault=60)))
    assert odd.set_index("subject").loc["process <*> still waiting for lock", "onset"] == pytest.approx(
        T0.timestamp() + 240.5
    )


def test_follows_the_contract_of_scikit_learn() -> None:
    analyzer = LogAnalyzer(alpha=0.05)
    assert clone(analyzer).get_params() == analyzer.get_params()
    with pytest.raises(NotFittedError, match="fit"):
        analyzer.compare(pd.DataFrame())


def test_a_traceback_in_a_field_is_part_of_the_message() -> None:
    """As structured loggers write it: the message says nothing, the field says everything."""
    frames = "".join(f'  File "server/layer_{i}.py", line {i}, in call\n    return await app()\n' for i in range(30))

    def told(error: str) -> str:
        own = '  File "shop/cart.py", line 49, in read\n    prices[product].quantize(cents)\n'
        return f"Traceback (most recent call last):\n{frames}{own}{error}"

    at = pd.date_range("2026-03-01T14:00Z", periods=60, freq="s")
    calm = pd.DataFrame({"service": "cart", "level": "INFO", "message": "cart read", "stack_trace": None}, index=at)
    storm = calm.set_index(at + pd.Timedelta("1min"))
    storm.loc[storm.index[20:40], ["level", "message", "stack_trace"]] = [
        "ERROR",
        "request failed",
        told("TypeError: cents"),
    ]
    storm.loc[storm.index[40:], ["level", "message", "stack_trace"]] = ["ERROR", "request failed", told("KeyError: 7")]
    odd = LogAnalyzer().fit(calm).compare(storm)
    new = odd[odd["kind"] == "new template"].set_index("subject")["example"]
    assert set(new.index) == {"request failed: TypeError: cents", "request failed: KeyError: <*>"}
    for example in new:
        assert "shop/cart.py" in example
        assert "layer_0.py" not in example
        assert len(example) <= 300
