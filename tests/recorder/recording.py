"""Records one scenario: warm up, baseline, incident, and everything that could be seen of it."""

from __future__ import annotations

import gzip
import json
import math
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .changes import FLAG, events
from .customers import CUSTOMERS_PER_SECOND
from .faults import Fault, ForgottenTransaction
from .metrics import read_back
from .monitoring import SCRAPE_SECONDS
from .programs import RecorderError
from .system import CALLS, System

WARM_UP_SECONDS = 40.0


@dataclass(frozen=True)
class Scenario:
    """What is recorded: a name and a title that give nothing away, and what is broken, if anything."""

    name: str
    title: str
    fault: Callable[[], Fault] | None


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("checkout-stall", "Checkout answers slowly or not at all", ForgottenTransaction),
        Scenario("healthy", "An ordinary stretch of the shop, without an alert", None),
    )
}


@dataclass(frozen=True)
class Plan:
    """When what happens, in seconds since 1970."""

    baseline: float
    flag: float
    commit: float
    window: float
    onset: float
    end: float

    @classmethod
    def draw(cls, seed: int, start: float, baseline: float, incident: float) -> Plan:
        """Place everything from the seed; the incident begins some time into its window."""
        chance = random.Random(seed)
        return cls(
            baseline=start,
            flag=start + baseline * chance.uniform(0.6, 0.75),
            commit=start + baseline * chance.uniform(0.8, 0.95),
            window=start + baseline,
            onset=start + baseline + incident * chance.uniform(0.15, 0.25),
            end=start + baseline + incident,
        )


def record(
    scenario: Scenario,
    out: Path,
    *,
    seed: int,
    baseline_seconds: float = 180,
    incident_seconds: float = 150,
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """Record a scenario and return its folder, ``out/recordings/<name>``.

    The truth goes to ``out/truth/<name>.json``. Nothing is written before all of it was recorded.

    Raises
    ------
    RecorderError
        If a program is missing, a process dies, or the alert does not do what the scenario expects.
    """
    with System(seed, say) as system:
        plan = Plan.draw(seed, math.ceil(time.time() + WARM_UP_SECONDS), baseline_seconds, incident_seconds)
        say("warming up")
        system.wait_until(plan.baseline)
        say(f"baseline from {_iso(plan.baseline)}")
        system.wait_until(plan.flag)
        system.postgres.execute(f"UPDATE feature_flags SET enabled = true WHERE name = '{FLAG}'")
        system.wait_until(plan.window)
        say(f"incident window from {_iso(plan.window)}")
        fault, onset = scenario.fault() if scenario.fault else None, None
        if fault is not None:
            system.during(fault.heal)
            system.wait_until(plan.onset)
            onset = fault.inject(system)
        system.wait_until(plan.end)
        with tempfile.TemporaryDirectory() as scratch:
            folder, truth = Path(scratch) / "recording", Path(scratch) / "truth.json"
            folder.mkdir()
            _keep_logs(system.logs, folder / "logs")
            system.wait_until(plan.end + 2 * SCRAPE_SECONDS)  # until the last scrape is in
            metrics = read_back(system.prometheus, plan.baseline, plan.end)
            metrics.to_parquet(folder / "metrics.parquet", index=False, compression="zstd")
            _keep_alert(system.pager.alert, scenario, folder)
            changes = events(seed, plan.baseline, plan.commit, plan.flag)
            _write(folder / "changes.json", changes)
            _write(folder / "incident.json", _incident(scenario, plan, seed, system.versions))
            _write(truth, _truth(fault, onset, changes))
            say("ending all processes")
            return _deliver(folder, truth, out, scenario.name)


def _deliver(folder: Path, truth: Path, out: Path, name: str) -> Path:
    """Put a finished recording in place of an older one."""
    target = out / "recordings" / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    (out / "truth").mkdir(exist_ok=True)
    shutil.copyfile(truth, out / "truth" / f"{name}.json")
    return target


def _truth(fault: Fault | None, onset: float | None, changes: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "service": fault.service if fault else None,
        "mechanism": fault.mechanism if fault else None,
        "onset": _iso(onset) if onset is not None else None,
        "innocent_changes": [event["message"] for event in changes],
    }


def _incident(scenario: Scenario, plan: Plan, seed: int, versions: dict[str, str]) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "title": scenario.title,
        "alert": "alert.json" if scenario.fault else None,
        "sources": {"logs": "logs/*.log.gz", "metrics": "metrics.parquet", "changes": "changes.json"},
        "baseline": {"start": _iso(plan.baseline), "end": _iso(plan.window)},
        "window": {"start": _iso(plan.window), "end": _iso(plan.end)},
        "graph": {"edges": [[caller, callee] for caller, callees in CALLS.items() for callee in callees]},
        "recorded": {
            "seed": seed,
            "baseline_seconds": plan.window - plan.baseline,
            "incident_seconds": plan.end - plan.window,
            "warm_up_seconds": WARM_UP_SECONDS,
            "scrape_seconds": SCRAPE_SECONDS,
            "customers_per_second": CUSTOMERS_PER_SECOND,
            "versions": versions,
        },
    }


def _keep_logs(logs: Path, target: Path) -> None:
    """Copy each log as far as its lines are complete."""
    target.mkdir()
    for log in sorted(logs.glob("*.log")):
        content = log.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        (target / f"{log.name}.gz").write_bytes(gzip.compress(whole, mtime=0))


def _keep_alert(alert: bytes | None, scenario: Scenario, folder: Path) -> None:
    if scenario.fault is None and alert is not None:
        raise RecorderError("an alert fired although nothing was broken: record again on a quieter machine")
    if scenario.fault is not None and alert is None:
        raise RecorderError("no alert fired: make the incident longer with --incident-seconds")
    if alert is not None:
        (folder / "alert.json").write_bytes(alert)


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(math.floor(moment), UTC).isoformat().replace("+00:00", "Z")
