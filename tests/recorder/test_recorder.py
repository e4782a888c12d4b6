"""The recorder records what happened, says nothing of who did it, and leaves nothing running."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import pandas as pd
import psutil
import pytest

from faultmaven_lib.datasets import load_incident, load_truth
from tests.recorder.changes import events
from tests.recorder.customers import visits
from tests.recorder.programs import PACKAGES, MissingProgramError, RecorderError, program, require_all
from tests.recorder.recording import Plan
from tests.recorder.system import System

ROOT = Path(__file__).parents[2]
SERVICES = {"nginx-access", "nginx-error", "catalog", "cart", "checkout", "payment", "postgres"}


def test_customers_come_by_the_seed_alone_and_at_the_promised_rate():
    first, again, other = (list(islice(visits(seed), 2000)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    steps = sorted(step.due for visit in first for step in visit.steps)
    per_second = sum(60 <= due < 660 for due in steps) / 600
    assert 10 < per_second < 20
    assert all(a.due <= b.due for visit in first for a, b in zip(visit.steps, visit.steps[1:], strict=False))


@pytest.mark.parametrize("seed", range(5))
def test_the_incident_begins_inside_its_window_and_the_innocent_changes_before_it(seed):
    plan = Plan.draw(seed, start=1000.0, baseline=180, incident=150)
    assert plan.baseline < plan.flag < plan.commit < plan.window < plan.onset < plan.end
    assert 20 <= plan.onset - plan.window <= 40
    changes = events(seed, plan.baseline, plan.commit, plan.flag)
    times = [datetime.fromisoformat(change["time"]).timestamp() for change in changes]
    assert times == sorted(times)
    assert {change["kind"] for change in changes} == {"deploy", "config", "commit", "flag"}
    assert sum(plan.baseline <= t < plan.window for t in times) == 2
    assert events(seed, plan.baseline, plan.commit, plan.flag) == changes


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
@pytest.mark.parametrize("name", ["checkout-stall", "healthy"])
def test_a_fresh_recording_has_everything_in_its_place(fresh_recording, name):
    folder = fresh_recording(name)
    incident = load_incident(folder)
    assert incident.window.length == incident.baseline.length == timedelta(seconds=60)
    assert {path.name.removesuffix(".log.gz") for path in (folder / "logs").iterdir()} == SERVICES
    for path in (folder / "logs").iterdir():
        assert gzip.decompress(path.read_bytes()).decode().count("\n") > 3
        assert path.read_bytes()[4:8] == b"\0\0\0\0"  # no time in the gzip header: same log, same bytes
    metrics = pd.read_parquet(folder / "metrics.parquet")
    assert list(metrics.columns) == ["time", "service", "metric", "value"]
    assert set(metrics["service"]) == set(incident.graph.services)
    assert metrics["time"].min() == incident.baseline.start
    assert metrics["time"].max() == incident.window.end - timedelta(seconds=2)
    assert not metrics.duplicated(["time", "service", "metric"]).any()
    assert not metrics["value"].isna().any()
    shipped = Path(load_incident(name).sources["metrics"]).parent
    seeds = {json.loads((f / "incident.json").read_text())["recorded"]["seed"] for f in (folder, shipped)}
    assert len(seeds) == 2


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
def test_an_interrupted_recorder_ends_every_process_and_writes_nothing(tmp_path, number, code):
    _skip_without_programs()
    recorder = subprocess.Popen(
        [sys.executable, "-m", "tests.recorder", "record", "--out", str(tmp_path / "out")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert recorder.stdout is not None
        assert any("warming up" in line for line in recorder.stdout)
        family = psutil.Process(recorder.pid).children(recursive=True)
        assert {"postgres", "nginx", "prometheus"} <= {process.name() for process in family}
        folder = next(Path(p.cwd()) for p in family if p.name() == "postgres").parent
        assert folder.name.startswith("shop-")
        recorder.send_signal(number)
        _, said = recorder.communicate(timeout=60)
    finally:
        recorder.kill()
    assert recorder.returncode == code, said
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive
    assert not folder.exists()
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.servers
def test_a_process_that_dies_ends_the_system_with_its_last_words():
    _skip_without_programs()
    before = set(psutil.Process().children(recursive=True))
    with System(seed=3) as system:
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
