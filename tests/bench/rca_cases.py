"""Public cases with known root causes, read from the folder of ``FAULTMAVEN_BENCH_DATA``; how rankings are scored."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class Case:
    """Metrics of two windows, and the service where the trouble starts."""

    name: str
    baseline: pd.DataFrame
    incident: pd.DataFrame
    root: str
    target: tuple[str, str] | None = None
    graph: pd.DataFrame | None = None
    onset: float | None = None


def petshop(folder: Path, split: str) -> Iterator[Case]:
    """Yield the cases of AWS PetShop: five-minute data with a call graph; the alert is always at the front end."""
    for traffic in ("low_traffic", "high_traffic"):
        base = folder / traffic
        baseline = pd.read_csv(base / "noissue" / "metrics.csv", header=[0, 1, 2], index_col=0)
        graph = pd.read_csv(base / "graph.csv", index_col=0)
        for issue in sorted((base / split).glob("issue_*"), key=lambda path: int(path.name.partition("_")[2])):
            told = json.loads((issue / "target.json").read_text())
            yield Case(
                f"{traffic}/{issue.name}",
                baseline,
                pd.read_csv(issue / "metrics.csv", header=[0, 1, 2], index_col=0),
                told["root_cause"]["node"],
                (told["target"]["node"], told["target"]["metric"]),
                graph,
                float(told["target"]["timestamp"]),
            )


def sockshop(folder: Path) -> Iterator[Case]:
    """Yield the hogs of Sock Shop: a sample a second, no graph, no alert."""
    for run in sorted(path for path in folder.glob("*/*") if (path / "normal.csv").exists()):
        frames = []
        for name in ("normal.csv", "anomalous.csv"):
            frame = pd.read_csv(run / name)
            frame = frame[[c for c in frame.columns if not c.startswith("time")]]
            frame.columns = pd.MultiIndex.from_tuples([tuple(c.split("_", 1)) for c in frame.columns])
            frames.append(frame)
        yield Case(f"{run.parent.name}/{run.name}", *frames, run.parent.name.rpartition("-")[0])


def disguised(case: Case, seed: int) -> Case:
    """Return a case with its services renamed and all columns and edges in another order."""
    chance = random.Random(seed)
    names = sorted(
        {str(c[0]) for c in case.baseline.columns} | set(map(str, case.graph.index if case.graph is not None else ()))
    )
    hidden = [f"service-{i}" for i in range(len(names))]
    chance.shuffle(hidden)
    to = dict(zip(names, hidden, strict=True))

    def renamed(frame: pd.DataFrame) -> pd.DataFrame:
        columns = [(to[str(c[0])], *c[1:]) for c in frame.columns]
        frame = frame.set_axis(pd.MultiIndex.from_tuples(columns), axis=1)
        return frame[sorted(frame.columns, key=str)]

    graph = case.graph
    if graph is not None:
        graph = graph.rename(index=to, columns=to).sort_index().sort_index(axis=1)
    return replace(
        case,
        baseline=renamed(case.baseline),
        incident=renamed(case.incident),
        root=to[case.root],
        target=(to[case.target[0]], case.target[1]) if case.target else None,
        graph=graph,
    )


def without(case: Case, share: float, seed: int) -> Case:
    """Return a case in which so large a share of the series that are not the root's is missing."""
    others = [i for i, c in enumerate(case.baseline.columns) if str(c[0]) != case.root]
    gone = {case.baseline.columns[i] for i in random.Random(seed).sample(others, round(share * len(others)))}
    return replace(
        case,
        baseline=case.baseline[[c for c in case.baseline.columns if c not in gone]],
        incident=case.incident[[c for c in case.incident.columns if c not in gone]],
    )


def hits(ranked: Sequence[Sequence[str]], roots: Sequence[str], k: int) -> int:
    """Return how many rankings have the root among their first k."""
    return sum(root in list(dict.fromkeys(ranking))[:k] for ranking, root in zip(ranked, roots, strict=True))
