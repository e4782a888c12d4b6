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

from faultmaven_lib.analysis import service_graph
from faultmaven_lib.datasets import list_incidents, load_incident, load_truth
from faultmaven_lib.exceptions import SourceError
from faultmaven_lib.model import Incident, Mechanism
from faultmaven_lib.sources import connect

NAMES = list_incidents()
TIME = {
    "cart": (r"^ts=(\S+)", None),
    "catalog": (r"^(\d{4}-\S+ \S+) ", "%Y-%m-%d %H:%M:%S.%f"),
    "checkout": (r"^(\d{4}-\S+ \S+) ", "%Y-%m-%d %H:%M:%S,%f"),
    "nginx-access": (r"\[([^\]]+)\]", "%d/%b/%Y:%H:%M:%S %z"),
    "nginx-error": (r"^(\d{4}/\S+ \S+) ", "%Y/%m/%d %H:%M:%S"),
    "payment": (r'^\{"time": "([^"]+)"', None),
    "postgres": (r"^(\S+ \S+) UTC", "%Y-%m-%d %H:%M:%S.%f"),
    "redis": (r"^\d+:\w (\d+ \w+ \d{4} \S+)", "%d %b %Y %H:%M:%S.%f"),
    "dns": (r"^(\w{3} [ \d]\d \S+) dnsmasq", "%b %d %H:%M:%S"),
    "shipping": (r"^[IWE](\d{4} \S+) ", "%m%d %H:%M:%S.%f"),
    "invoices": (r'^\{"time": "([^"]+)"', None),
    "mailer": (r"^(\d{4}-\S+ \S+) ", "%Y-%m-%d %H:%M:%S,%f"),
}
"""How each log writes its times."""
YEAR = load_incident("healthy").window.start.year


@pytest.fixture(params=NAMES)
def incident(request: pytest.FixtureRequest) -> Incident:
    return load_incident(request.param)


@pytest.fixture(params=[name for name in NAMES if load_truth(name).service])
def ill(request: pytest.FixtureRequest) -> Incident:
    return load_incident(request.param)


def test_sixteen_recordings_come_with_the_package():
    assert len(NAMES) == 16
    assert {"checkout-stall", "healthy"} < set(NAMES)
    assert len({load_truth(name).kind for name in NAMES}) == 16


def test_together_they_are_no_larger_than_promised():
    files = [path for path in _folder(load_incident("healthy")).parent.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 8_000_000


def test_windows_touch_and_are_long_enough_to_compare(incident):
    assert incident.baseline.end == incident.window.start
    assert timedelta(seconds=80) < incident.baseline.length
    assert timedelta(seconds=60) < incident.window.length
    assert incident.baseline.length + incident.window.length <= timedelta(minutes=6)


def test_logs_are_written_through_both_windows_in_the_formats_of_their_programs(incident):
    logs = _logs(incident)
    assert logs.keys() - {"nightly"} == TIME.keys()
    truth = load_truth(incident.name)
    for name in ("nginx-access", "catalog", "checkout"):
        times = _times(name, logs[name])
        assert min(times) < incident.baseline.start
        skewed = truth.mechanism is Mechanism.CLOCK_SKEW and truth.service == name
        end = incident.window.end + timedelta(minutes=3 if skewed else 0)
        assert incident.window.end - timedelta(seconds=30) < max(times) < end + timedelta(seconds=1), name
    for name, lines in logs.items():
        if name != "nightly":
            assert _times(name, lines), name


def test_metrics_cover_both_windows_for_every_service(incident):
    metrics = pd.read_parquet(incident.sources["metrics"])
    assert str(metrics["time"].dtype).endswith("UTC]")
    assert metrics["time"].min() == incident.baseline.start
    assert incident.window.end - metrics["time"].max() <= timedelta(seconds=5)
    own = set(incident.graph.services) - {"provider", "nightly"}  # the provider is somebody else's
    assert set(metrics["service"]) == own
    counts = metrics.groupby(["service", "metric"]).size()
    expected = (incident.baseline.length + incident.window.length) / timedelta(seconds=3)
    assert abs(counts.loc[("nginx", "nginx_http_requests_per_second")] - expected) < 3


def test_traces_draw_the_graph(incident):
    spans = connect(incident.sources["traces"]).query("", incident.baseline)
    assert len(spans) > 500
    edges = set(service_graph(spans, incident.graph.services).edges)
    assert {("checkout", "cart"), ("checkout", "payment"), ("payment", "provider"), ("catalog", "postgres")} <= edges
    assert edges <= set(incident.graph.edges)


def test_the_baseline_has_ordinary_trouble():
    seen = {"404": 0, "catalog": 0, "checkout": 0, "nginx": 0}
    for name in NAMES:
        incident = load_incident(name)
        logs, span = _logs(incident), (incident.baseline.start, incident.baseline.end)
        seen["404"] += any('" 404 ' in line for line in _between(logs, "nginx-access", *span))
        seen["catalog"] += any(" ERROR:" in line for line in _between(logs, "catalog", *span))
        seen["checkout"] += any(" WARNING " in line for line in _between(logs, "checkout", *span))
        seen["nginx"] += any("[error]" in line for line in _between(logs, "nginx-error", *span))
    assert min(seen.values()) >= 12, seen


def test_changes_are_in_order_and_the_truth_knows_them_all(incident):
    changes = json.loads(Path(incident.sources["changes"]).read_text())
    times = [datetime.fromisoformat(change["time"]) for change in changes]
    assert times == sorted(times)
    assert times[0] < incident.baseline.start
    assert any(incident.baseline.contains(time) for time in times)
    truth = load_truth(incident.name)
    assert {*truth.innocent_changes, *truth.guilty_changes} == {change["message"] for change in changes}
    assert truth.innocent_changes
    for change in changes:
        assert change["diff"].count("\n") >= 2
        if change["kind"] in ("deploy", "commit"):
            assert change["diff"].startswith(f"--- a/{change['files'][0]}\n")


def test_the_alert_is_a_symptom_and_comes_after_the_onset(ill):
    truth = load_truth(ill.name)
    assert ill.alert.status == "firing"
    assert ill.alert.ends_at is None
    # The last samples are read a moment after the window ends, and the alert may fall into it.
    assert ill.window.start < truth.onset < ill.alert.starts_at < ill.window.end
    post = json.loads((_folder(ill) / "alert.json").read_text())
    assert post["version"] == "4"
    assert post["alerts"][0]["fingerprint"]


def test_some_begin_minutes_before_the_alert():
    waits = [load_incident(n).alert.starts_at - load_truth(n).onset for n in NAMES if load_truth(n).service]
    assert sum(wait >= timedelta(minutes=1.5) for wait in waits) >= 2


def test_nothing_was_wrong_in_the_others():
    calm = [name for name in NAMES if load_truth(name).service is None]
    assert "healthy" in calm
    for name in calm:
        incident, truth = load_incident(name), load_truth(name)
        assert incident.alert is None
        assert not (_folder(incident) / "alert.json").exists()
        assert truth.mechanism is truth.onset is None
        assert not truth.guilty_changes


def test_nothing_in_a_recording_says_that_it_was_staged(incident):
    words = re.compile(
        rb"(?i)\binject|\bfault|recorder|chaos|\btruth|lock_contention|faketime|guilty|innocent|hog\b|pytest"
        rb"|/tmp/|/home/|/work/|\.venv"
    )
    for path in _folder(incident).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            content = gzip.decompress(content) if path.suffix == ".gz" else content
            if path.suffix == ".parquet":
                content = pd.read_parquet(path).astype({"value": str}).to_csv().encode()
            found = words.search(content)
            assert found is None, (path.name, content[max(0, found.start() - 80) : found.end() + 80])


def test_a_recording_made_elsewhere_is_loaded_by_its_folder(incident, tmp_path):
    odd = tmp_path / "my [own]" / "recordings" / incident.name
    shutil.copytree(_folder(incident), odd)
    elsewhere = load_incident(odd)
    assert elsewhere.window == incident.window
    assert elsewhere.sources["logs"].endswith("/logs/*.log.gz")
    assert len(glob.glob(elsewhere.sources["logs"])) == len(_logs(incident))  # noqa: PTH207
    assert load_incident(str(odd)) == elsewhere
    with pytest.raises(SourceError, match=rf"truth/{incident.name}\.json cannot be read"):
        load_truth(odd)


def test_an_unknown_name_lists_the_known_ones():
    for load in (load_incident, load_truth):
        with pytest.raises(
            SourceError, match="no recorded incident 'chekout': choose one of checkout-stall, healthy, shop-"
        ):
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
    text = found[1]
    if style and not re.search("%Y|%d/%b/", style):  # some formats have no year
        text, style = f"{YEAR} {text}", f"%Y {style}"
    at = datetime.strptime(text, style) if style else datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _times(name: str, lines: list[str]) -> list[datetime]:
    return [at for line in lines if (at := _time(name, line)) is not None]


def _between(logs: dict[str, list[str]], name: str, start: datetime, end: datetime) -> list[str]:
    return [line for line in logs[name] if (at := _time(name, line)) is not None and start <= at < end]
