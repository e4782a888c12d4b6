"""How often a cause is named where nothing is wrong, and none where something is.

Healthy windows: of each shipped recording (or each in a folder that ``make record`` wrote) the second half of the
baseline against the first, with logs, metrics and traces, and nobody alerted; of PetShop every stretch of eight
samples (as long as its incidents) of the days without an issue, against the rest of them; of Sock Shop the second half
of each run before the hog against the first; of the labelled production series stretches without a label, against the
day before. Faults: the recorded ones, PetShop's and Sock Shop's. Run it as
``python tests/bench/bench_healthy.py [FOLDER] [--each]``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faultmaven_lib.analysis import rank_root_causes
from faultmaven_lib.backtest.intervals import wilson
from faultmaven_lib.datasets import load_incident
from faultmaven_lib.model import Window
from faultmaven_lib.query.pipeline import Pipeline
from tests.bench.bench_scores import series_with_labels
from tests.bench.rca_cases import petshop, sockshop
from tests.bench.recorded_cases import folders, workspace

Answer = tuple[str, pd.DataFrame]
_PETSHOP_SAMPLES = 8
_DAY = pd.Timedelta(days=1)
_HOURS = pd.Timedelta(hours=2)


def calm_recordings(given: Path | None, half: str) -> Iterator[Answer]:
    """Rank the second half of every baseline against the first."""
    for name, place, _, its_half in folders(given):
        if its_half != half:
            continue
        incident = load_incident(place)
        start, end = incident.baseline.start, incident.baseline.end
        middle = start + (end - start) / 2
        windows = Window(start=middle, end=end), Window(start=start, end=middle)
        run = Pipeline(workspace(incident.model_copy(update={"alert": None}), *windows)).run()
        yield name, run.ranking.frame if run.ranking is not None else pd.DataFrame()


def recorded_faults(given: Path | None, half: str) -> Iterator[Answer]:
    """Rank what was recorded as it presented itself."""
    for name, place, truth, its_half in folders(given):
        if its_half == half and truth.service is not None:
            incident = load_incident(place)
            run = Pipeline(workspace(incident, incident.window, incident.baseline)).run()
            yield name, run.ranking.frame if run.ranking is not None else pd.DataFrame()


def calm_petshop(folder: Path) -> Iterator[Answer]:
    """Rank each stretch of the calm days against the others."""
    for traffic in ("low_traffic", "high_traffic"):
        frame = pd.read_csv(folder / traffic / "noissue" / "metrics.csv", header=[0, 1, 2], index_col=0)
        graph = pd.read_csv(folder / traffic / "graph.csv", index_col=0)
        for at in range(0, len(frame) - _PETSHOP_SAMPLES + 1, _PETSHOP_SAMPLES):
            window = frame.iloc[at : at + _PETSHOP_SAMPLES]
            yield f"{traffic} {at}", rank_root_causes(frame.drop(window.index), window, graph)


def calm_sockshop(folder: Path) -> Iterator[Answer]:
    """Rank the second half of each run without a hog against the first."""
    for case in sockshop(folder):
        middle = len(case.baseline) // 2
        yield case.name, rank_root_causes(case.baseline[:middle], case.baseline[middle:])


def calm_series(folder: Path) -> Iterator[Answer]:
    """Rank two hours without a label after a day without one, four times a series."""
    for name, frame, labels in series_with_labels(folder):
        marked = pd.Series(labels, index=frame.index)
        spans = pd.date_range(frame.index[0] + _DAY, frame.index[-1] - _HOURS, freq=_HOURS)
        calm = [at for at in spans if not marked[at - _DAY : at + _HOURS].any()]
        for at in calm[:: max(len(calm) // 4, 1)][:4]:
            now = frame[at : at + _HOURS]
            if len(now) >= 5:
                yield f"{name} {at}", rank_root_causes(frame[at - _DAY : at - pd.Timedelta(1)], now)


def row(label: str, answers: Iterable[Answer], *, each: bool, healthy: bool) -> tuple[int, int]:
    """Print the share of silence; return it as counts."""
    known = list(answers)
    silent = sum(frame.empty for _, frame in known)
    low, high = wilson(silent, len(known))
    print(
        f"{label:44}{silent:>6}/{len(known):<6}{silent / max(len(known), 1):.3f}  {low:.3f} to {high:.3f}", flush=True
    )
    if each:
        for name, frame in known:
            if frame.empty != healthy:
                said = frame.iloc[0]["explanation"] if len(frame) else frame.attrs.get("reason", "")
                print(f"    {name}: {said[:220]}")
    return silent, len(known)


def main() -> int:
    """Print both tables."""
    given = next((Path(a) for a in sys.argv[1:] if not a.startswith("-")), None)
    each = "--each" in sys.argv
    home = os.environ.get("FAULTMAVEN_BENCH_DATA")
    metrics = Path(home) / "metrics" if home else None
    if metrics is None:
        print("SKIPPED: public data; FAULTMAVEN_BENCH_DATA is not set, it names the folder with them")
    for title, healthy in (("healthy windows: none named", True), ("faults: none named, wrongly", False)):
        print(f"\n{title:44}{'':13}share  95 % interval")
        some: dict[str, Iterable[Answer]] = {}
        recorded = calm_recordings if healthy else recorded_faults
        for half in ("dev", "test"):
            some[f"recordings, half {half!r}"] = recorded(given, half)
        if metrics is not None and healthy:
            some["PetShop"] = calm_petshop(metrics / "petshop")
            some["Sock Shop"] = calm_sockshop(metrics / "sockshop")
            some["production series"] = calm_series(metrics / "cloud_monitoring" / "data")
        elif metrics is not None:
            shops = {"dev": "PetShop, dev", "train": "PetShop, train"}
            for split, label in shops.items():
                some[label] = (
                    (c.name, rank_root_causes(c.baseline, c.incident, c.graph, c.target, onset=c.onset))
                    for c in petshop(metrics / "petshop", split)
                )
            some["Sock Shop"] = (
                (c.name, rank_root_causes(c.baseline, c.incident)) for c in sockshop(metrics / "sockshop")
            )
        counted = [row(label, answers, each=each, healthy=healthy) for label, answers in some.items()]
        silent, n = (sum(column) for column in zip(*counted, strict=True))
        low, high = wilson(silent, n)
        print(f"{'together':44}{silent:>6}/{n:<6}{silent / n:.3f}  {low:.3f} to {high:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
