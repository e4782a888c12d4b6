"""The shipped recordings, as real programs wrote them: every file is recognised and nothing is lost."""

from __future__ import annotations

import pytest

from faultmaven_lib.datasets import list_incidents, load_incident
from faultmaven_lib.sources import connect


@pytest.mark.parametrize("name", list_incidents())
def test_a_recording_is_read_wholly(name: str) -> None:
    incident = load_incident(name)
    logs = connect(incident.sources["logs"])
    frame = logs.query()
    for file in logs.report.files:
        assert file.lines == file.records + file.continued + file.blank
        assert (file.problem, file.skipped, file.cut, file.replaced, file.timeless, file.unrecognised) == (
            "",
            0,
            0,
            0,
            0,
            0,
        )
    assert {f.name: f.format for f in logs.report.files} == {
        "cart.log.gz": "logfmt",
        "catalog.log.gz": "time and level",
        "checkout.log.gz": "time and level",
        "nginx-access.log.gz": "access",
        "nginx-error.log.gz": "nginx error",
        "payment.log.gz": "json",
        "postgres.log.gz": "postgresql",
        "redis.log.gz": "redis",
        "dns.log.gz": "syslog",
        "shipping.log.gz": "klog",
        "invoices.log.gz": "json",
        "mailer.log.gz": "time and level",
    }
    own = set(incident.graph.services) - {"provider"}  # which is somebody else's
    assert set(frame["service"]) - {"supervise"} == own
    assert not frame["message"].str.contains(r"@[a-z0-9-]+\.(?:com|org|net|example)\b").any()
    told = frame[~frame["service"].isin(["dns", "supervise"])]  # which write no levels
    assert told["level"].isin(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]).all()
    access = frame[frame["source"] == "nginx-access.log.gz"]
    assert access["status"].between(200, 599).all()
    assert (access["request_time"].dropna() >= 0).all()
    span = logs.span()
    assert span is not None
    assert span.contains(incident.window.start)


@pytest.mark.parametrize("name", list_incidents())
def test_its_metrics_and_changes_are_read(name: str) -> None:
    incident = load_incident(name)
    metrics = connect(incident.sources["metrics"])
    assert metrics.kind == "metrics"
    assert "http_request_duration_seconds_p99" in metrics.query("service=checkout")["checkout"].columns
    changes = connect(incident.sources["changes"])
    assert changes.kind == "changes"
    assert changes.notes == []
    assert (changes.query()["kind"] != "").all()
