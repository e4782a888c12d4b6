"""The recorder records what happened, says nothing of who did it, and leaves nothing running."""

from __future__ import annotations

import gzip
import json
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pandas as pd
import psutil
import pytest

from faultmaven_lib.analysis import service_graph
from faultmaven_lib.datasets import load_incident, load_truth
from faultmaven_lib.sources import connect
from tests.recorder.changes import ChangeLog
from tests.recorder.customers import visits
from tests.recorder.fixtures import FRESH
from tests.recorder.patches import GUILTY, INNOCENT, MADE_BEFORE
from tests.recorder.programs import PACKAGES, MissingProgramError, RecorderError, program, require_all
from tests.recorder.recording import Plan
from tests.recorder.runs import RUNS, split
from tests.recorder.system import CALLS, Setup, System

ROOT = Path(__file__).parents[2]
LOGS = {
    *("nginx-access", "nginx-error", "catalog", "cart", "checkout", "payment", "shipping", "invoices", "mailer"),
    *("postgres", "redis", "dns"),
}
FAULTS = [name for name in FRESH if RUNS[name].fault is not None]


def test_customers_come_by_the_seed_alone_and_at_the_promised_rate():
    first, again, other = (list(islice(visits(seed), 2000)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    steps = sorted(step.due for visit in first for step in visit.steps)
    per_second = sum(60 <= due < 660 for due in steps) / 600
    assert 8 < per_second < 12
    assert all(a.due <= b.due for visit in first for a, b in zip(visit.steps, visit.steps[1:], strict=False))


@pytest.mark.parametrize("seed", range(5))
def test_the_incident_begins_inside_its_window(seed):
    plan = Plan.draw(seed, start=1000.0, baseline=100, incident=150)
    assert plan.baseline < plan.early < plan.window < plan.onset < plan.end
    assert 22 <= plan.onset - plan.window <= 30
    assert plan.near != plan.onset
    assert abs(plan.near - plan.onset) <= 24
    assert Plan.draw(seed, start=1000.0, baseline=100, incident=150) == plan


def test_the_runs_are_those_that_the_split_knows():
    faults = [run for run in RUNS.values() if run.fault is not None]
    calm = [run for run in RUNS.values() if run.fault is None]
    assert len(faults) >= 28
    assert len(calm) >= 8
    assert len({run.kind for run in faults}) == 14
    assert len({run.kind for run in calm}) == 4
    assert all(sum(run.kind == kind for run in RUNS.values()) >= 2 for kind in {run.kind for run in RUNS.values()})
    roots = [run.fault().service for run in faults]
    assert max(roots.count(root) for root in roots) <= len(roots) / 4
    assert all(run.baseline_seconds + run.incident_seconds <= 360 for run in RUNS.values())
    assert sum(run.near != "" for run in faults) >= 8
    assert sum(run.shipped for run in RUNS.values()) == 16
    halves = split()
    assert not set(halves["dev"]) & set(halves["test"])
    assert set(halves["dev"]) | set(halves["test"]) == {run.kind for run in RUNS.values()}
    shipped = json.loads((ROOT / "faultmaven_lib" / "datasets" / "split.json").read_text())
    assert shipped == halves


def test_no_name_of_a_recording_tells_what_is_broken():
    words = {word for run in RUNS.values() for word in run.kind.split()} - {"healthy"}
    assert not [name for name in RUNS if any(word in name for word in words)]


@pytest.mark.parametrize("patch", [*MADE_BEFORE, *INNOCENT, *GUILTY], ids=lambda patch: patch.message)
def test_every_change_is_a_real_edit_of_the_code(patch, tmp_path):
    code = tmp_path / "code"
    shutil.copytree(ROOT / "tests" / "recorder" / "shop", code / "shop")
    before = (code / patch.file).read_text()
    if patch in MADE_BEFORE:  # the code has it already
        assert patch.diff(code, made=True).startswith(f"--- a/{patch.file}\n+++ b/{patch.file}\n@@ ")
        with pytest.raises(RecorderError, match="does not fit"):
            patch.apply(code)
        return
    diff = patch.diff(code)
    patch.apply(code)
    after = (code / patch.file).read_text()
    compile(after, patch.file, "exec")
    changed = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert [line[1:] for line in changed if line[0] == "+"] == [
        line for line in after.splitlines() if line not in before.splitlines()
    ] or patch in GUILTY  # some of what these add stands elsewhere, too
    assert changed


def test_changes_are_told_in_the_order_of_time_and_by_the_seed_alone():
    def told(seed):
        changes = ChangeLog(seed)
        changes.switched("free_shipping_banner", 900.0)
        changes.history(ROOT / "tests" / "recorder", 1000.0)
        changes.configured("dns", 950.0, "hosts", "dns/hosts", "-a\n")
        return changes

    events = told(1).events()
    assert events == told(1).events() != told(2).events()
    times = [datetime.fromisoformat(event["time"]) for event in events]
    assert times == sorted(times)
    assert {event["kind"] for event in events} == {"deploy", "flag", "config"}
    assert all(len(event["commit"]) == 40 for event in events if event["kind"] == "deploy")
    assert told(1).messages(guilty=True) == ["dns: hosts"]
    assert "guilty" not in json.dumps(events)


def test_a_missing_program_is_named_with_its_package(monkeypatch):
    monkeypatch.setitem(PACKAGES, "nginx-that-nobody-has", "nginx")
    with pytest.raises(MissingProgramError, match=r"^nginx-that-nobody-has is not installed: apt-get install nginx$"):
        program("nginx-that-nobody-has")
    with pytest.raises(MissingProgramError, match=r"not installed: .*nginx-that-nobody-has.*: apt-get install .*nginx"):
        require_all()


def test_the_command_line_says_in_one_line_what_is_missing(tmp_path):
    code = (
        "from tests.recorder import __main__, programs\n"
        "programs.PACKAGES['nobody-has-this'] = 'nothing'\n"
        "raise SystemExit(__main__.main())"
    )
    command = [sys.executable, "-c", code, "record", "--out", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("cannot record: not installed: ")
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.parametrize("name", FRESH)
def test_a_fresh_recording_has_everything_in_its_place(fresh_recording, name):
    folder = fresh_recording(name)
    incident = load_incident(folder)
    assert incident.window.length == incident.baseline.length == timedelta(seconds=60)
    assert {path.name.removesuffix(".log.gz") for path in (folder / "logs").iterdir()} == LOGS
    for path in (folder / "logs").iterdir():
        assert gzip.decompress(path.read_bytes()).decode().count("\n") > 3
        written = datetime.fromtimestamp(int.from_bytes(path.read_bytes()[4:8], "little"), UTC)  # of the gzip's header
        assert incident.baseline.start - timedelta(minutes=5) < written < incident.window.end + timedelta(minutes=2)
    metrics = pd.read_parquet(folder / "metrics.parquet")
    assert list(metrics.columns) == ["time", "service", "metric", "value"]
    assert set(metrics["service"]) == (set(incident.graph.services) - {"provider"})
    assert metrics["time"].min() == incident.baseline.start
    assert metrics["time"].max() == incident.window.end - timedelta(seconds=3)
    assert not metrics.duplicated(["time", "service", "metric"]).any()
    assert not metrics["value"].isna().any()
    spans = connect(incident.sources["traces"]).query("")
    assert {"catalog", "cart", "checkout", "payment", "shipping", "invoices", "mailer"} <= set(spans["service"])
    called = {(caller, callee) for caller, callees in CALLS.items() for callee in callees if caller != "nginx"}
    edges = set(service_graph(spans, incident.graph.services).edges)
    assert edges <= called
    assert ("checkout", "payment") in edges


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.parametrize("name", FAULTS)
def test_the_alert_follows_the_onset(fresh_recording, name):
    folder = fresh_recording(name)
    incident, truth = load_incident(folder), load_truth(folder)
    assert truth.kind == RUNS[name].kind
    assert truth.service == RUNS[name].fault().service
    assert incident.window.contains(truth.onset)
    assert truth.onset < incident.alert.starts_at < incident.window.end
    messages = {change["message"] for change in json.loads((folder / "changes.json").read_text())}
    assert set(truth.innocent_changes) | set(truth.guilty_changes) == messages


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.parametrize(
    ("name", "log", "says"),
    [
        ("shop-23", "checkout", r"certificate verify failed: certificate has expired"),
        ("shop-04", "invoices", r"decimal\.InvalidOperation"),
    ],
)
def test_the_logs_say_it_from_the_onset_on_and_not_before(fresh_recording, name, log, says):
    folder = fresh_recording(name)
    truth = load_truth(folder)
    lines = connect(str(folder / "logs" / f"{log}.log.gz")).query("")
    text = lines["message"] + lines.get("exception", pd.Series("", lines.index)).fillna("")
    found = lines.index[
        text.str.contains(says) | lines.get("error", pd.Series("", lines.index)).fillna("").str.contains(says)
    ]
    assert len(found) >= 3
    assert found.min() >= truth.onset - timedelta(seconds=1)


@pytest.mark.slow
@pytest.mark.servers
def test_the_forgotten_transaction_stalls_orders_and_nothing_else(fresh_recording):
    folder = fresh_recording("checkout-stall")
    incident, truth = load_incident(folder), load_truth(folder)
    assert (truth.service, truth.mechanism) == ("postgres", "lock_contention")
    assert incident.window.contains(truth.onset)
    assert incident.alert.service == "checkout"
    assert truth.onset < incident.alert.starts_at < incident.window.end
    lock_waits = [line for line in _lines(folder, "postgres") if "still waiting for" in line]
    assert lock_waits
    assert all(datetime.fromisoformat(f"{line[:23]}+00:00") >= truth.onset for line in lock_waits)
    metrics = pd.read_parquet(folder / "metrics.parquet").set_index("time")
    waiting = metrics.query("metric == 'pg_lock_wait_sessions'")["value"]
    assert waiting[waiting.index < truth.onset].max() <= 1
    assert waiting[waiting.index > truth.onset + timedelta(seconds=10)].median() >= 3
    errors = metrics.query("metric == 'http_errors_per_second'")
    late = errors[errors.index > truth.onset + timedelta(seconds=20)].groupby("service")["value"].mean()
    assert late["checkout"] > 0.2
    assert late["catalog"] == late["cart"] == 0


@pytest.mark.slow
@pytest.mark.servers
def test_the_healthy_stretch_has_noise_and_no_alert(fresh_recording):
    folder = fresh_recording("healthy")
    incident, truth = load_incident(folder), load_truth(folder)
    assert incident.alert is None
    assert not (folder / "alert.json").exists()
    assert truth.service is truth.mechanism is truth.onset is None
    assert any('" 404 ' in line for line in _lines(folder, "nginx-access"))
    assert any(" ERROR:" in line for line in _lines(folder, "catalog"))
    assert not any("still waiting for" in line for line in _lines(folder, "postgres"))


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_batch_ends_every_process_and_goes_on_from_there(tmp_path, number, code):
    _skip_without_programs()
    done = tmp_path / "recordings" / "shop-05"
    done.mkdir(parents=True)
    (done / "incident.json").touch()
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "shop-05.json").touch()
    command = ["record", "--out", str(tmp_path), "--only", "database lock", "--jobs", "2"]
    recorder = subprocess.Popen(
        [sys.executable, "-m", "tests.recorder", *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        family, deadline = [], time.monotonic() + 90
        while "prometheus" not in {process.name() for process in family}:
            assert time.monotonic() < deadline
            time.sleep(0.5)
            family = psutil.Process(recorder.pid).children(recursive=True)
        assert {"postgres", "nginx", "redis-server"} <= {process.name() for process in family}
        inside = next(Path(p.cwd()) for p in family if "shop-" in p.cwd())
        folder = next(parent for parent in (inside, *inside.parents) if parent.name.startswith("shop-"))
        recorder.send_signal(number)
        said, complaint = recorder.communicate(timeout=60)
    finally:
        recorder.kill()
    assert recorder.returncode == code, complaint
    assert said.startswith("shop-05: is there already")
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive
    assert not folder.exists()
    assert not any(str(folder) in line for line in Path("/proc/mounts").read_text().splitlines())
    assert [path.name for path in (tmp_path / "recordings").iterdir()] == ["shop-05"]


@pytest.mark.slow
@pytest.mark.servers
def test_a_process_that_dies_ends_the_system_with_its_last_words():
    _skip_without_programs()
    before = set(psutil.Process().children(recursive=True))
    with System(Setup(3)) as system:
        family = [p for p in psutil.Process().children(recursive=True) if p not in before]
        assert len(family) > 10
        next(p for p in family if "catalog" in p.cmdline()).kill()
        with pytest.raises(RecorderError, match=r"(?s)catalog ended with code -9; its log ends:.*GET /healthz"):
            system.wait_until(time.time() + 5)
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive


def _skip_without_programs() -> None:
    try:
        require_all()
    except MissingProgramError as error:
        pytest.skip(str(error))


def _lines(folder: Path, log: str) -> list[str]:
    return gzip.decompress((folder / "logs" / f"{log}.log.gz").read_bytes()).decode().splitlines()
