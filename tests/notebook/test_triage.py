"""The guided triage's helpers on recorded data and on one's own files."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.investigation import Investigation
from faultmaven_lib.notebook import triage

START = datetime(2026, 3, 1, 14, 0, tzinfo=UTC)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "app.log"
    lines = []
    for second in range(1200):
        at = (START + timedelta(seconds=second)).isoformat().replace("+00:00", "Z")
        sick = second >= 700
        message = "<script>alert(1)</script> lock timeout" if sick else f"order {second} placed"
        lines.append(
            json.dumps({"time": at, "level": "ERROR" if sick else "INFO", "service": "api", "message": message})
        )
    path.write_text("\n".join(lines) + "\n")
    return path


def test_own_logs_and_a_window_are_enough(log):
    inv = triage.begin(incident="checkout-stall", logs=str(log), window="2026-03-01T14:10Z/10m")
    assert str(inv.window) == "2026-03-01T14:10:00Z/2026-03-01T14:20:00Z"
    assert list(inv.sources) == ["logs"]
    both = triage.across(inv, "logs")
    assert len(both) == 1200
    assert both.index.is_monotonic_increasing
    assert {entry.window for entry in inv.evidence} == {inv.window, inv.baseline}


def test_the_moment_it_began_is_a_window():
    frame = pd.DataFrame({"message": ["x"]}, index=pd.DatetimeIndex([START], name="time"))
    assert triage.across(Investigation("t", "2026-03-01T14:00Z/1h", sources={"logs": frame}), "logs").shape[0] == 1
    assert str(triage._span("2026-03-01T14:00Z")) == "2026-03-01T14:00:00Z/2026-03-01T14:15:00Z"


def test_nothing_named_says_what_to_name():
    with pytest.raises(SourceError, match="name logs, metrics or an alert"):
        triage.begin()


def test_what_is_not_connected_is_an_empty_frame_and_an_empty_state(log):
    inv = triage.begin(logs=str(log), window="2026-03-01T14:10Z/10m")
    assert triage.across(inv, "metrics").empty
    assert "No change is on record" in triage.show_changes(inv, triage.across(inv, "changes")).data
    assert "not opened by an alert" in triage.show_alert(inv).data


def test_hostile_lines_are_shown_as_text(log):
    inv = triage.begin(logs=str(log), window="2026-03-01T14:10Z/10m")
    inv.analyze()
    shown = [
        triage.show_findings(inv, "logs"),
        triage.show_hypotheses(inv),
        triage.show_lines(triage.across(inv, "logs")),
    ]
    text = "".join(output.data for output in [*shown, triage.show_evidence(inv), triage.show_incident(inv)])
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_the_recorded_incident_begins_with_its_alert():
    inv = triage.begin(incident="checkout-stall")
    assert "CheckoutLatencyHigh" in triage.show_alert(inv).data
    changes = triage.across(inv, "changes")
    assert changes["time"].is_monotonic_increasing
    assert triage.show_changes(inv, changes).data.count("<tr>") == len(changes) + 1


def test_a_challenge_is_recorded_as_evidence(log):
    inv = triage.begin(logs=str(log), window="2026-03-01T14:10Z/10m")
    assert "no cause to test" in triage.challenge(inv)
    inv.propose("api", "lock_contention")
    before = len(inv.evidence)
    assert "They came with the incident" in triage.challenge(inv)
    assert len(inv.evidence) == before + 2
    assert inv.hypotheses["n_against"].iloc[0] == 0


def test_errors_that_were_there_before_speak_against_the_cause(log):
    inv = triage.begin(logs=str(log), window="2026-03-01T14:16Z/4m")
    inv.propose("api", "lock_contention")
    assert "much like that before" in triage.challenge(inv)
    assert inv.hypotheses["n_against"].iloc[0] == 1


def test_the_postmortem_is_named_after_the_case(tmp_path):
    frame = pd.DataFrame({"message": ["x"]}, index=pd.DatetimeIndex([START], name="time"))
    inv = Investigation("../../Stall: <b>", "2026-03-01T14:00Z/1h", sources={"logs": frame})
    path = triage.postmortem_path(inv, str(tmp_path / "new"))
    assert path == tmp_path / "new" / "stall-b-postmortem.html"
    assert path.parent.is_dir()
