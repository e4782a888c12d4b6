"""Records one run: warm up, baseline, incident, and everything that could be seen of it."""

from __future__ import annotations

import gzip
import json
import math
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .changes import FLAGS
from .faults import Fault
from .metrics import read_back
from .monitoring import SCRAPE_SECONDS
from .patches import INNOCENT, Patch
from .process import Process, start_gently
from .programs import RecorderError
from .runs import Run
from .system import CALLS, SHOWN_FOLDER, Setup, System

START_SECONDS, WARM_UP_SECONDS = 60.0, 20.0
"""What starting all processes may take, and what their caches and pools need after that."""
_PEAK_FACTOR = 1.2
"""By how much the load rises in a load peak, on top of what it was."""


@dataclass(frozen=True)
class Plan:
    """When what happens, in seconds since 1970."""

    baseline: float
    early: float
    """An innocent flag or commit in the middle of the baseline."""
    window: float
    onset: float
    near: float
    """An innocent change close to the onset."""
    end: float

    @classmethod
    def draw(cls, seed: int, start: float, baseline: float, incident: float) -> Plan:
        """Place everything from the seed; the incident begins some time into its window."""
        chance = random.Random(seed)
        onset = start + baseline + min(incident * chance.uniform(0.15, 0.25), 30)
        return cls(
            baseline=start,
            early=start + baseline * chance.uniform(0.3, 0.7),
            window=start + baseline,
            onset=onset,
            near=onset + chance.choice((chance.uniform(-24, -8), chance.uniform(3, 9))),
            end=start + baseline + incident,
        )


def record(run: Run, name: str, out: Path, *, seed: int, say: Callable[[str], None] = lambda _: None) -> Path:
    """Record a run and return its folder, ``out/recordings/<name>``.

    The truth goes to ``out/truth/<name>.json``. Nothing is written before all of it was recorded.

    Raises
    ------
    RecorderError
        If a program is missing, a process dies, or no alert fires for a fault.
    """
    start = math.ceil(time.time() + START_SECONDS + WARM_UP_SECONDS)
    plan = Plan.draw(seed, start, run.baseline_seconds, run.incident_seconds)
    fault = run.fault() if run.fault else None
    setup = Setup(seed, run.customers_per_second)
    if fault is not None:
        fault.prepare(setup, plan.onset)
    start_gently()
    with System(setup, say) as system:
        if time.time() > plan.baseline - WARM_UP_SECONDS / 2:
            raise RecorderError(f"starting took longer than {START_SECONDS:.0f} s: record again on a quieter machine")
        say("warming up")
        system.changes.history(system.code, plan.baseline)
        system.wait_until(plan.baseline)
        say(f"baseline from {_iso(plan.baseline)}")
        onset = None
        for at, what in _schedule(run, plan):
            system.wait_until(at)
            say(f"{what} at {_iso(time.time())}")
            if what == "onset" and fault is not None:
                system.during(fault.heal)
                onset = fault.inject(system)
            else:
                _innocent(what, system, random.Random(f"{seed} {what}"), plan, fault)
        system.wait_until(plan.end)
        with tempfile.TemporaryDirectory() as scratch:
            folder, truth = Path(scratch) / "recording", Path(scratch) / "truth.json"
            folder.mkdir()
            _keep_logs(system, folder / "logs")
            system.wait_until(plan.end + 2 * SCRAPE_SECONDS)  # until the last scrape is in
            metrics = read_back(system.prometheus, plan.baseline, plan.end)
            metrics.to_parquet(folder / "metrics.parquet", index=False, compression="zstd")
            spans = system.collector.write(folder / "traces.otlp.json.gz", plan.baseline, plan.end + 2)
            alert = _alert(system, onset, plan.end)
            if alert is not None:
                (folder / "alert.json").write_bytes(alert)
            _write(folder / "changes.json", system.changes.events())
            _write(folder / "incident.json", _incident(run, name, plan, seed, system, alert))
            _write(truth, _truth(run, fault, onset, system))
            say(f"{len(metrics)} samples, {spans} spans; ending all processes")
            return _deliver(folder, truth, out, name)


def _schedule(run: Run, plan: Plan) -> list[tuple[float, str]]:
    """What happens when: a change early on in every run, and another near the onset in some."""
    events = [(plan.early, "commit" if run.near == "flag" else "flag")]
    if run.near:
        events.append((plan.near, run.near))
    if run.fault is not None or run.kind in ("load peak", "nightly batch"):
        events.append((plan.onset, "onset" if run.fault is not None else run.kind))
    return sorted(events)


def _innocent(what: str, system: System, chance: random.Random, plan: Plan, fault: Fault | None) -> None:
    """Do something that breaks nothing."""
    at = time.time()
    if what == "flag":
        flag = chance.choice(FLAGS)
        system.postgres.execute(f"UPDATE feature_flags SET enabled = true WHERE name = '{flag}'")
        system.changes.switched(flag, at)
    elif what == "commit":
        patch = _other_patch(chance, fault)
        system.changes.merged(patch, at, patch.diff(system.code))
    elif what == "deploy":
        system.deploy(_other_patch(chance, fault))
    elif what == "load peak":
        setup = system.setup
        seconds = plan.end - at
        system.send_customers(setup.seed + 500, setup.customers_per_second * _PEAK_FACTOR, seconds)
    elif what == "nightly batch":
        batch = Process(
            "nightly",
            [sys.executable, "-m", "shop.nightly"],
            system.logs / "nightly.log",
            folder=system.code,
            environment={"DATABASE_PORT": str(system.postgres.port), "PYTHONUNBUFFERED": "1"},
        )
        system.during(batch.stop)
        batch.start()


def _other_patch(chance: random.Random, fault: Fault | None) -> Patch:
    """Choose an innocent change to a service that is not the one that breaks."""
    return chance.choice([patch for patch in INNOCENT if fault is None or patch.service != fault.service])


def _deliver(folder: Path, truth: Path, out: Path, name: str) -> Path:
    """Put a finished recording in place of an older one."""
    target = out / "recordings" / name
    shutil.rmtree(target, ignore_errors=True)
    (out / "truth").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(truth, out / "truth" / f"{name}.json")
    shutil.copytree(folder, target)
    return target


def _truth(run: Run, fault: Fault | None, onset: float | None, system: System) -> dict[str, Any]:
    return {
        "service": fault.service if fault else None,
        "mechanism": fault.mechanism if fault else None,
        "onset": _iso(onset) if onset is not None else None,
        "kind": run.kind,
        "guilty_changes": system.changes.messages(guilty=True),
        "innocent_changes": system.changes.messages(guilty=False),
    }


def _incident(run: Run, name: str, plan: Plan, seed: int, system: System, alert: bytes | None) -> dict[str, Any]:
    summary = json.loads(alert)["alerts"][0]["annotations"]["summary"] if alert else "A stretch of the shop"
    calls = {**CALLS, "nightly": ("postgres",)} if (system.logs / "nightly.log").exists() else CALLS
    return {
        "name": name,
        "title": run.title or summary,
        "alert": "alert.json" if alert else None,
        "sources": {
            "logs": "logs/*.log.gz",
            "metrics": "metrics.parquet",
            "traces": "traces.otlp.json.gz",
            "changes": "changes.json",
        },
        "baseline": {"start": _iso(plan.baseline), "end": _iso(plan.window)},
        "window": {"start": _iso(plan.window), "end": _iso(plan.end)},
        "graph": {"edges": [[caller, callee] for caller, callees in calls.items() for callee in callees]},
        "recorded": {
            "seed": seed,
            "baseline_seconds": run.baseline_seconds,
            "incident_seconds": run.incident_seconds,
            "warm_up_seconds": WARM_UP_SECONDS,
            "scrape_seconds": SCRAPE_SECONDS,
            "customers_per_second": run.customers_per_second,
            "versions": system.versions,
        },
    }


def _keep_logs(system: System, target: Path) -> None:
    """Copy each log as far as its lines are complete; the folder of the recording goes by the name of a host's."""
    target.mkdir()
    for log in sorted(system.logs.glob("*.log")):
        content = log.read_bytes().replace(str(system.folder).encode(), SHOWN_FOLDER.encode())
        whole = content[: content.rfind(b"\n") + 1]
        (target / f"{log.name}.gz").write_bytes(gzip.compress(whole, mtime=int(log.stat().st_mtime)))


def _alert(system: System, onset: float | None, end: float) -> bytes | None:
    """Return the first alert before the end, which nothing but the fault may have fired."""
    fired = [(start, body) for start, body in system.pager.fired if start.timestamp() < end]
    early = [body for start, body in fired if onset is None or start.timestamp() < onset]
    if early:
        name = json.loads(early[0])["alerts"][0]["labels"]["alertname"]
        raise RecorderError(f"the alert {name} fired although nothing was broken: record again on a quieter machine")
    if onset is not None and not fired:
        raise RecorderError("no alert fired: make the incident longer")
    return fired[0][1] if fired else None


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(math.floor(moment), UTC).isoformat().replace("+00:00", "Z")
