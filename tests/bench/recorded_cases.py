"""Recorded incidents as cases for the benchmarks of the ranking: what was read and found, ready to be ranked anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from faultmaven_lib.analysis import MetricAnalyzer, rank_root_causes
from faultmaven_lib.analysis.suspects import side_of
from faultmaven_lib.datasets import list_incidents, load_incident, load_truth
from faultmaven_lib.findings import findings_frame
from faultmaven_lib.model import Finding, Incident, Operation, ServiceGraph, Truth, Window
from faultmaven_lib.query.pipeline import Pipeline
from faultmaven_lib.query.workspace import Workspace
from faultmaven_lib.sources import connect


@dataclass(frozen=True)
class RecordedCase:
    """One recorded fault: the metrics of both windows, and what else was found."""

    name: str
    half: str
    """``dev`` or ``test``: the split by kind of fault that was drawn before anything was tuned."""
    truth: Truth
    before: pd.DataFrame
    after: pd.DataFrame
    others: tuple[Finding, ...]
    """What logs and traces showed."""
    graph: ServiceGraph | None
    target: str
    changes: pd.DataFrame | None

    def ranked(self, onset: datetime | None = None) -> list[str]:
        """Return the services of the ranking, best first."""
        metrics = MetricAnalyzer().fit(self.before).compare(self.after)
        others = findings_frame(list(self.others), Operation(name="bench"), ())
        causes = rank_root_causes(
            self.before,
            self.after,
            self.graph,
            self.target or None,
            findings=pd.concat([f for f in (metrics, others) if len(f)]) if len(metrics) or len(others) else metrics,
            changes=self.changes,
            onset=onset,
        )
        return causes["service"].tolist()

    def without(self, share: float, chance: Any) -> RecordedCase:
        """Return the case with so large a share of the series missing that are not the root's."""
        others = [c for c in self.before.columns if str(c[0]) != self.truth.service]
        gone = set(chance.sample(others, round(share * len(others))))
        kept = [c for c in self.before.columns if c not in gone]
        return replace(self, before=self.before[kept], after=self.after[[c for c in self.after.columns if c in kept]])


def folders(given: Path | None) -> Iterator[tuple[str, str | Path, Truth, str]]:
    """Yield name, place, truth and half of the shipped recordings, or of a folder that ``make record`` wrote."""
    split = json.loads((Path(str(_shipped())) / "split.json").read_text())
    half_of = {kind: half for half, kinds in split.items() for kind in kinds}
    if given is None:
        for name in list_incidents():
            truth = load_truth(name)
            yield name, name, truth, half_of[truth.kind]
        return
    for path in sorted((given / "recordings").iterdir()):
        truth = load_truth(path)
        yield path.name, path, truth, half_of[truth.kind]


def _shipped() -> Any:
    from importlib.resources import files

    return files("faultmaven_lib.datasets")


def workspace(incident: Incident, window: Window, baseline: Window) -> Workspace:
    """Return what an investigation of these windows starts from."""
    return Workspace(
        {name: connect(place, kind=name) for name, place in incident.sources.items()},
        window,
        baseline,
        graph=incident.graph,
        alert=incident.alert,
    )


def cases(given: Path | None = None) -> Iterator[RecordedCase]:
    """Yield the recorded faults."""
    for name, place, truth, half in folders(given):
        if truth.service is None:
            continue
        incident = load_incident(place)
        run = Pipeline(workspace(incident, incident.window, incident.baseline)).run()
        before, after = (pd.concat(frames, axis=1) for frames in zip(*run.metrics, strict=True))
        yield RecordedCase(
            name,
            half,
            truth,
            before,
            after,
            tuple(f for f in run.found if side_of(f) != "metric"),
            run.desk.known_graph(),
            run.target,
            pd.concat(run.changes) if run.changes else None,
        )
