"""The shipped recordings: the lock shows, from logs and from metrics; the healthy stretch is quiet."""

from __future__ import annotations

import pandas as pd
import pytest

from faultmaven_lib.analysis import LogAnalyzer, MetricAnalyzer, find_onset, rank_root_causes
from faultmaven_lib.datasets import load_incident, load_truth
from faultmaven_lib.sources import connect


def read(name: str) -> dict[str, pd.DataFrame]:
    incident = load_incident(name)
    frames = {}
    for kind in ("logs", "metrics"):
        source = connect(incident.sources[kind])
        frames[f"{kind} before"] = source.query("", incident.baseline)
        frames[f"{kind} after"] = source.query("", incident.window)
    frames["changes"] = connect(incident.sources["changes"]).query("")
    logs = LogAnalyzer().fit(frames["logs before"], baseline_window=incident.baseline)
    frames["odd logs"] = logs.compare(frames["logs after"], incident_window=incident.window)
    frames["odd metrics"] = MetricAnalyzer().fit(frames["metrics before"]).compare(frames["metrics after"])
    return frames


@pytest.fixture(scope="module")
def stall() -> dict[str, pd.DataFrame]:
    return read("checkout-stall")


def test_the_lock_shows_in_logs_and_metrics(stall) -> None:
    waits = stall["odd logs"].set_index("service").loc[["postgres"]]
    assert waits["subject"].str.contains("still waiting for").any()
    slow = stall["odd metrics"][stall["odd metrics"]["subject"].str.contains("duration_seconds")]
    assert "checkout" in set(slow["service"])
    failing = stall["odd metrics"]["subject"].str.contains("errors")
    assert (stall["odd metrics"][failing]["direction"] == "up").any()


@pytest.mark.parametrize("have", ["everything", "logs", "metrics"])
def test_the_first_cause_is_the_service_where_the_repair_is_made(stall, have) -> None:
    incident, truth = load_incident("checkout-stall"), load_truth("checkout-stall")
    before, after = (stall["metrics before"], stall["metrics after"]) if have != "logs" else (None, None)
    odd = stall["odd logs"] if have != "metrics" else None
    causes = rank_root_causes(
        before, after, incident.graph, incident.alert.service, findings=odd, changes=stall["changes"]
    )
    assert causes["service"].iloc[0] == truth.service
    assert causes["change"].iloc[0] == ""  # no innocent change is blamed
    assert abs(causes["onset"].iloc[0] - pd.Timestamp(truth.onset)) < pd.Timedelta(15, "s")


def test_the_onset_is_found_without_an_alert(stall) -> None:
    truth = load_truth("checkout-stall")
    logs = pd.concat([stall["logs before"], stall["logs after"]])
    metrics = pd.concat([stall["metrics before"], stall["metrics after"]])
    assert abs(find_onset(logs, metrics).time - truth.onset) < pd.Timedelta(15, "s")


def test_nothing_stands_out_in_the_healthy_stretch() -> None:
    quiet = read("healthy")
    assert quiet["odd logs"].empty
    before, after = quiet["metrics before"], quiet["metrics after"]
    causes = rank_root_causes(before, after, findings=quiet["odd logs"], abstain=80.0)  # nobody was alerted
    assert causes.empty
    assert causes.attrs["reason"]
