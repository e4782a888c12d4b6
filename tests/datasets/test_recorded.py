"""The shipped recordings: they load, they cover what they say, and they do not tell what was done."""

from __future__ import annotations

import glob
import gzip
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from faultmaven_lib.datasets import list_incidents, load_incident, load_truth
from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import Incident, Mechanism

NAMES = ["checkout-stall", "healthy"]
TIME = {
    "cart": (r"^ts=(\S+)", None),
    "catalog": (r"^(\S+ \S+) ", "%Y-%m-%d %H:%M:%S.%f"),
    "checkout": (r"^(\d{4}-\S+ \S+) ", "%Y-%m-%d %H:%M:%S,%f"),
    "nginx-access": (r"\[([^\]]+)\]", "%d/%b/%Y:%H:%M:%S %z"),
    "nginx-error": (r"^(\d{4}/\S+ \S+) ", "%Y/%m/%d %H:%M:%S"),
    "payment": (r'^\{"time": "([^"]+)"', None),
    "postgres": (r"^(\S+ \S+) UTC", "%Y-%m-%d %H:%M:%S.%f"),
}
"""How each log writes its times."""


@pytest.fixture(params=NAMES)
def incident(request: pytest.FixtureRequest) -> Incident:
    return load_incident(request.param)


def test_all_shipped_recordings_are_listed():
    assert list_incidents() == NAMES


def test_windows_touch_and_are_as_long_as_recorded(incident):
    assert incident.baseline.end == incident.window.start
    assert incident.baseline.length == timedelta(seconds=180)
    assert incident.window.length == timedelta(seconds=150)


def test_logs_are_written_all_through_both_windows_in_seven_formats(incident):
    logs = _logs(incident)
    assert logs.keys() == TIME.keys()
    for name, lines in logs.items():
        times = _times(name, lines)
        gaps = pd.Series(sorted([incident.baseline.start, *times, incident.window.end])).diff().max()
        assert gaps < timedelta(seconds=90 if name in ("nginx-error", "payment", "postgres") else 30), name
        assert max(times) < incident.window.end + timedelta(seconds=1)


def test_metrics_cover_both_windows_for_every_service(incident):
    metrics = pd.read_parquet(incident.sources["metrics"])
    assert str(metrics["time"].dtype).endswith("UTC]")
    assert metrics["time"].min() == incident.baseline.start
    assert metrics["time"].max() == incident.window.end - timedelta(seconds=2)
    assert set(metrics["service"]) == set(incident.graph.services)
    counts = metrics.groupby(["service", "metric"]).size()
    assert counts.loc[("checkout", "http_requests_per_second")] == 165


def test_both_halves_have_ordinary_trouble(incident):
    logs = _logs(incident)
    truth = load_truth(incident.name)
    until = truth.onset or incident.window.end
    for start, end in ((incident.baseline.start, incident.baseline.end), (incident.window.start, until)):
        access = _between(logs, "nginx-access", start, end)
        assert any('" 404 ' in line for line in access) or end == truth.onset
    baseline = incident.baseline.start, incident.baseline.end
    assert any(" ERROR:" in line for line in _between(logs, "catalog", *baseline))
    assert any(" WARNING " in line for line in _between(logs, "checkout", *baseline))
    assert any("duration: " in line for line in _between(logs, "postgres", *baseline))
    assert any("[error]" in line for line in _between(logs, "nginx-error", *baseline))


def test_changes_are_in_order_and_one_lies_in_the_baseline(incident):
    changes = json.loads(Path(incident.sources["changes"]).read_text())
    times = [datetime.fromisoformat(change["time"]) for change in changes]
    assert times == sorted(times)
    assert times[-1] < incident.window.start
    inside = [c["kind"] for c, t in zip(changes, times, strict=True) if incident.baseline.contains(t)]
    assert inside == ["flag", "commit"]
    assert set(load_truth(incident.name).innocent_changes) == {change["message"] for change in changes}


def test_the_alert_is_a_symptom_and_comes_after_the_onset():
    incident, truth = load_incident("checkout-stall"), load_truth("checkout-stall")
    assert incident.alert.name == "CheckoutLatencyHigh"
    assert incident.alert.status == "firing"
    assert incident.alert.ends_at is None
    assert incident.alert.service == "checkout" != truth.service
    assert incident.window.start < truth.onset < incident.alert.starts_at < incident.window.end
    assert truth.mechanism is Mechanism.LOCK_CONTENTION
    post = json.loads((_folder(incident) / "alert.json").read_text())
    assert post["version"] == "4"
    assert post["alerts"][0]["fingerprint"]


def test_nothing_was_wrong_in_the_healthy_stretch():
    incident, truth = load_incident("healthy"), load_truth("healthy")
    assert incident.alert is None
    assert not (_folder(incident) / "alert.json").exists()
    assert truth.service is truth.mechanism is truth.onset is None


def test_nothing_in_a_recording_says_that_it_was_staged(incident):
    words = re.compile(
        rb"(?i)\binject|\bfault|recorder|chaos|\btruth|lock_contention|forgotten|pytest|/tmp/|/home/|/work/|\.venv"
    )
    for path in _folder(incident).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            content = gzip.decompress(content) if path.suffix == ".gz" else content
            if path.suffix == ".parquet":
                content = pd.read_parquet(path).astype({"value": str}).to_csv().encode()
            found = words.search(content)
            assert found is None, (path.name, content[max(0, found.start() - 80) : found.end() + 80])


def test_recordings_are_small(incident):
    files = [path for path in _folder(incident).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1_000_000


def test_a_recording_made_elsewhere_is_loaded_by_its_folder(incident, tmp_path):
    odd = tmp_path / "my [own]" / "recordings" / incident.name
    shutil.copytree(_folder(incident), odd)
    elsewhere = load_incident(odd)
    assert elsewhere.window == incident.window
    assert elsewhere.sources["logs"].endswith("/logs/*.log.gz")
    assert len(glob.glob(elsewhere.sources["logs"])) == 7  # noqa: PTH207
    assert load_incident(str(odd)) == elsewhere
    with pytest.raises(SourceError, match=rf"truth/{incident.name}\.json cannot be read"):
        load_truth(odd)


def test_an_unknown_name_lists_the_known_ones():
    for load in (load_incident, load_truth):
        with pytest.raises(SourceError, match="no recorded incident 'chekout': choose one of checkout-stall, healthy"):
            load("chekout")


def test_a_folder_without_a_recording_says_so(tmp_path):
    with pytest.raises(SourceError, match="is not a recording: it has no incident"):
        load_incident(tmp_path)
    (tmp_path / "incident.json").write_text("{")
    with pytest.raises(SourceError, match="is not JSON"):
        load_incident(tmp_path)
    (tmp_path / "incident.json").write_text('{"name": "x", "title": "y"}')
    with pytest.raises(SourceError, match="has no 'alert'"):
        load_incident(tmp_path)


def _folder(incident: Incident) -> Path:
    return Path(incident.sources["metrics"]).parent


def _logs(incident: Incident) -> dict[str, list[str]]:
    return {
        path.name.removesuffix(".log.gz"): gzip.decompress(path.read_bytes()).decode().splitlines()
        for path in sorted((_folder(incident) / "logs").iterdir())
    }


def _time(name: str, line: str) -> datetime | None:
    pattern, style = TIME[name]
    found = re.search(pattern, line)
    if found is None:
        return None
    at = datetime.strptime(found[1], style) if style else datetime.fromisoformat(found[1])
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _times(name: str, lines: list[str]) -> list[datetime]:
    return [at for line in lines if (at := _time(name, line)) is not None]


def _between(logs: dict[str, list[str]], name: str, start: datetime, end: datetime) -> list[str]:
    return [line for line in logs[name] if (at := _time(name, line)) is not None and start <= at < end]
