"""What a comparison of logs finds: values behind places, rewordings, several baselines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from faultmaven_lib.analysis import LogAnalyzer, compute, rank_root_causes
from faultmaven_lib.evidence import Ledger
from faultmaven_lib.findings import operation_of
from faultmaven_lib.model import Window

T0 = pd.Timestamp("2026-03-01T14:00Z")


def lines(messages: list[str], start: float, end: float, level: str = "INFO", **fields: object) -> pd.DataFrame:
    """Messages one after the other, evenly from start to end in seconds."""
    at = T0 + pd.to_timedelta(np.linspace(start, end, len(messages), endpoint=False), unit="s")
    return pd.DataFrame({"service": "api", "level": level, "message": messages} | fields, index=at)


def test_a_new_host_behind_a_place_is_found() -> None:
    rng = np.random.default_rng(2)

    def connections(start: int, hosts: list[str]) -> pd.DataFrame:
        return lines(
            [f"connected to {rng.choice(hosts)} in {rng.integers(3, 9)} ms" for _ in range(300)], start, start + 300
        )

    before = connections(0, ["db-1", "db-2"])
    assert LogAnalyzer().fit(before).compare(connections(300, ["db-1", "db-2"])).empty
    odd = LogAnalyzer().fit(before).compare(connections(300, ["db-1", "db-2", "db-9"]))
    assert odd["kind"].tolist() == ["value shift"]
    assert odd["subject"].iloc[0].startswith("value 1=9 of connected to db-<*>")
    assert "db-9" in odd["example"].iloc[0]
    assert odd["before"].iloc[0] == 0
    assert odd["after"].iloc[0] == pytest.approx(33, abs=8)


def test_a_rare_new_status_is_found_however_busy_the_service() -> None:
    def access(start: int, failures: int) -> pd.DataFrame:
        status = np.full(20_000, 200)
        status[10_000 : 10_000 + 10 * failures : 10] = 502
        return lines(["GET / served"] * 20_000, start, start + 600, status=status)

    assert LogAnalyzer().fit(access(0, 0)).compare(access(600, 0)).empty
    odd = LogAnalyzer().fit(access(0, 0)).compare(access(600, 40))
    assert odd["subject"].tolist() == ["status=502"]
    assert "in 40 of 20,000 lines" in odd["sentence"].iloc[0]
    assert odd["onset"].iloc[0] == T0 + pd.Timedelta(900, "s")
    assert LogAnalyzer().fit(access(0, 38)).compare(access(600, 40)).empty


def test_a_number_of_few_values_in_one_template_is_a_number_if_it_is_one_elsewhere() -> None:
    rng = np.random.default_rng(4)

    def access(start: int, factor: int) -> pd.DataFrame:
        sizes = [int(rng.integers(500, 9000)) if i % 2 else factor * int(rng.choice([14, 31, 32])) for i in range(400)]
        texts = ["page rendered" if i % 2 else "item added" for i in range(400)]
        return lines(texts, start, start + 300, bytes=sizes)

    before = access(0, 1)
    assert LogAnalyzer().fit(before).compare(access(300, 1)).empty
    odd = LogAnalyzer().fit(before).compare(access(300, 3))
    assert odd["subject"].tolist() == ["bytes of item added"]


def test_what_begins_late_in_the_window_is_found() -> None:
    rng = np.random.default_rng(5)

    def polls(start: int, more: int) -> pd.DataFrame:
        usual = lines(["cache refreshed"] * 60, start, start + 600)
        late = lines(["cache refreshed"] * more, start + 540, start + 600)
        other = lines([f"served in {rng.integers(3, 9)} ms" for _ in range(900)], start, start + 600)
        return pd.concat([usual, late, other]).sort_index(kind="stable")

    odd = LogAnalyzer().fit(polls(0, 0)).compare(polls(600, 35))
    assert odd[["kind", "subject"]].values.tolist() == [["surge", "cache refreshed"]]
    assert abs((odd["onset"].iloc[0] - T0).total_seconds() - 1140) <= 10


def test_long_values_are_told_by_both_their_ends() -> None:
    browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0 Safari/"

    def requests(start: int, versions: list[str]) -> pd.DataFrame:
        agents = [browser + versions[i % len(versions)] for i in range(300)]
        return lines(["request served"] * 300, start, start + 300, agent=agents)

    odd = LogAnalyzer().fit(requests(0, ["537.36", "537.35"])).compare(requests(300, ["537.36", "537.35", "666.66"]))
    assert odd["subject"].iloc[0].endswith("Safari/666.66")
    assert "Safari/666.66 in 100 of 300 lines" in odd["sentence"].iloc[0]


def test_durations_in_messages_of_structured_lines_are_compared() -> None:
    rng = np.random.default_rng(3)

    def jobs(start: int, factor: float) -> pd.DataFrame:
        texts = [f"job done in {v:.1f}s" for v in rng.lognormal(1, 0.3, 200) * factor]
        return lines(texts, start, start + 300, logger="worker")

    odd = LogAnalyzer().fit(jobs(0, 1)).compare(jobs(300, 5))
    assert odd["kind"].tolist() == ["value shift"]
    assert (odd["unit"].iloc[0], odd["direction"].iloc[0]) == ("s", "up")
    assert odd["after"].iloc[0] / odd["before"].iloc[0] == pytest.approx(5, rel=0.2)


def test_frames_say_where_an_exception_is_raised_now() -> None:
    def failing(place: str, start: int) -> pd.DataFrame:
        text = f'no stock\nTraceback (most recent call last):\n  File "{place}", line 3, in buy\n    x\nKeyError: 7'
        return lines([text] * 60, start, start + 300, "ERROR", exception="KeyError", frames=f"{place}:buy")

    odd = LogAnalyzer().fit(failing("cart.py", 0)).compare(failing("stock.py", 300))
    assert odd["subject"].tolist() == ["frames=stock.py:buy"]


OLD = ["order 17 created for customer 5", "order 18 created for customer 6"] * 60


def test_a_reworded_message_is_matched_to_its_old_template() -> None:
    before = lines(OLD, 0, 300)
    new = [f"created order {i} for customer {i % 7} in store 2" for i in range(80)]
    after = pd.concat([lines(OLD[:40], 300, 400), lines(new, 400, 600)])
    odd = LogAnalyzer().fit(before).compare(after)
    assert odd["kind"].tolist() == ["reworded template"]
    row = odd.iloc[0]
    assert row["subject"] == "created order <*> for customer <*> in store <*>"
    assert row["onset"] == T0 + pd.Timedelta(400, "s")
    assert 'in place of "order <*> created for customer <*>"' in row["sentence"]
    assert row["example"].startswith("created order 0")
    assert (row["before"], row["after"]) == (24, 24)
    assert rank_root_causes(None, None, findings=odd).empty  # no symptom of anything


def test_a_reworded_message_that_surges_is_both() -> None:
    before = lines(["cache refreshed: 12 entries"] * 60, 0, 300)
    after = lines(["cache refreshed with 12 entries"] * 600, 300, 600)
    odd = LogAnalyzer().fit(before).compare(after)
    assert odd["kind"].tolist() == ["surge", "reworded template"]
    assert "600 times in 5 min, 60 times in the 5 min before" in odd["sentence"].iloc[0]


@pytest.mark.parametrize(
    ("message", "level"),
    [
        ("order 17 created for customer 5 failed", "INFO"),  # it speaks of a failure
        ("created order 17 for customer 5", "ERROR"),  # it has another level
        ("payment gateway answered with code 7", "INFO"),  # it says something else
    ],
)
def test_what_says_something_else_is_no_rewording(message: str, level: str) -> None:
    before = lines(OLD, 0, 300)
    after = lines([message] * 120, 300, 600, level)
    assert set(LogAnalyzer().fit(before).compare(after)["kind"]) & {"new template", "surge"}
    assert "reworded template" not in set(LogAnalyzer().fit(before).compare(after)["kind"])


def test_what_comes_beside_the_old_message_is_new() -> None:
    before = lines(OLD, 0, 300)
    after = pd.concat([lines(OLD, 300, 600), lines(["created order 3 for customer 5"] * 100, 300, 600)])
    assert LogAnalyzer().fit(before).compare(after)["kind"].tolist() == ["new template"]


def test_a_finding_differs_from_each_of_several_baselines() -> None:
    calm = lines(["tick"] * 100, 0, 300)
    busy = pd.concat([lines(["tick"] * 100, 300, 600), lines(["nightly batch: 3 rows"] * 50, 300, 600)])
    after = pd.concat(
        [
            lines(["tick"] * 100, 600, 900),
            lines(["nightly batch: 3 rows"] * 50, 600, 900),
            lines(["pool exhausted"] * 20, 700, 900, "ERROR"),
        ]
    )
    assert set(LogAnalyzer().fit(calm).compare(after)["subject"]) == {"nightly batch: <*> rows", "pool exhausted"}
    ledger = Ledger()
    for frame in (calm, busy, after):
        ledger.record(frame, source="logs", query="")
    windows = [Window(start=T0 + pd.Timedelta(s, "s"), end=T0 + pd.Timedelta(s + 300, "s")) for s in (0, 300, 600)]
    analyzer = LogAnalyzer().fit([calm, busy], baseline_window=windows[:2])
    odd = analyzer.compare(after, incident_window=windows[2])
    assert odd["subject"].tolist() == ["pool exhausted"]
    assert set(odd["evidence"]) == {"E1 E2 E3"}
    assert compute(operation_of(odd)[0], [calm, busy, after]).equals(odd)
    # Slower than one day and faster than another is as usual.
    rng = np.random.default_rng(4)
    days = [
        lines([f"took {v:.0f} ms" for v in rng.lognormal(m, 0.2, 200)], 300 * i, 300 * i + 300)
        for i, m in enumerate((3, 6, 4.5))
    ]
    assert len(LogAnalyzer().fit(days[0]).compare(days[2])) == 1
    assert LogAnalyzer().fit(days[:2]).compare(days[2]).empty


def test_baselines_and_windows_have_to_match() -> None:
    frame = lines(["tick"] * 10, 0, 300)
    window = Window(start=T0, end=T0 + pd.Timedelta("5min"))
    with pytest.raises(ValueError, match="give one window for each baseline"):
        LogAnalyzer().fit([frame, frame], baseline_window=[window])
    with pytest.raises(ValueError, match="list of windows"):
        LogAnalyzer().fit([frame, frame], baseline_window=window)
    with pytest.raises(ValueError, match="0 baselines"):
        LogAnalyzer().fit([])


def test_the_example_is_the_message_and_not_the_number_of_the_line() -> None:
    before = lines(["tick"] * 100, 0, 300, line=range(1, 101))
    after = lines(["pool exhausted"] * 100, 300, 600, "ERROR", line=range(101, 201))
    odd = LogAnalyzer().fit(before).compare(after).set_index("subject")
    assert odd.loc["pool exhausted", "example"] == "pool exhausted"
