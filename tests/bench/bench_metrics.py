"""What ``MetricAnalyzer`` finds in simulated series, what it invents, and how long thousands of series take.

``python tests/bench/bench_metrics.py [healthy] [changed] [scale] [--quick]`` prints the tables; nothing is read. Peers
are computed beside it on the same series: the n-sigma rule; the robust scale of BARO (Pham, Ha and Zhang, FSE 2024);
``ruptures`` (Truong, Oudre and Vayatis, Signal Process. 167, 2020) and ``stumpy`` (Law, J. Open Source Softw. 4,
2019) where they are installed.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faultmaven_lib.analysis import MetricAnalyzer, rank_root_causes
from tests.bench import metric_peers
from tests.bench.simulated_series import CHANGES, HEALTHY, changed, diurnal, frames, mixed

HALF = 480
"""Samples of a window: two hours at 15 seconds."""
CHUNK = 5_000
SLOW = {"stumpy, discord": 10}
"""Of how many series one is given to a method."""
SIZES = {"trend": (8, 16), "variance change": (4, 8), "flat line": (0,), "missing": (0,)}
"""Standard deviations of the noise; of a change of variance, by how much it grows."""


def healthy(quick: bool) -> None:
    """Print how often frames without any change have findings."""
    print("\nHealthy frames, two hours and two hours at 15 s, all kinds of series mixed: frames with any finding")
    print(f"{'series a frame':>16}{'frames':>8}{'with findings':>15}{'findings':>10}   kinds of series")
    for count, times in ((10, 400), (100, 200), (1_000, 60), (10_000, 30)):
        rng = np.random.default_rng(count)
        loud, total, kinds = 0, 0, Counter[str]()
        runs = max(times // 10, 2) if quick else times
        for _ in range(runs):
            values, made = mixed(rng, count, 2 * HALF)
            order = rng.permutation(count)
            values, made = values[order], [made[i] for i in order]
            odd = MetricAnalyzer().fit(frames(values, made, HALF)[0]).compare(frames(values, made, HALF)[1])
            loud += len(odd) > 0
            total += len(odd)
            kinds.update(made[int(name[1:].partition("_")[0])] for name in odd["subject"])
        told = ", ".join(f"{kind} {n}" for kind, n in kinds.most_common())
        print(f"{count:16,}{runs:8}{loud / runs:15.1%}{total:10}   {told}")
    print("\nHealthy frames of one kind, 100 series each")
    print(f"{'':16}{'frames':>8}{'with findings':>15}")
    runs = 20 if quick else 60
    for kind, make in HEALTHY.items():
        rng = np.random.default_rng(1)
        loud = 0
        for _ in range(runs):
            before, after = frames(make(rng, 100, 2 * HALF), [kind] * 100, HALF)
            loud += len(MetricAnalyzer().fit(before).compare(after)) > 0
        print(f"{kind:16}{runs:8}{loud / runs:15.1%}")
    for days in (3, 7, 15):
        rng = np.random.default_rng(days)
        loud, runs = 0, 5 if quick else 20
        for _ in range(runs):
            values = diurnal(rng, 100, (days + 1) * 288, 300.0)
            before, after = frames(values, ["diurnal"] * 100, days * 288, 300.0)
            hour = int(rng.integers(0, 288 - 24))
            loud += len(MetricAnalyzer().fit(before).compare(after.iloc[hour : hour + 24])) > 0
        print(f"{f'diurnal, {days} d':16}{runs:8}{loud / runs:15.1%}")


def found_changes(quick: bool) -> None:
    """Print how many changes of known onset are found, beside the peers."""
    each = 10 if quick else 25
    names = ("white noise", "AR(1), 0.8", "bursts")
    methods = metric_peers.installed()
    print(f"\nChanges put into {each} series of each of {', '.join(names)}, as many left alone: found, onset error")
    print(f"{'':28}{'found':>8}{'kind right':>12}{'onset error, samples':>22}{'false':>8}{'ms a series':>13}")
    scores: dict[str, list[tuple[bool, float]]] = {}
    false: dict[str, list[bool]] = {}
    spent: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    for kind in CHANGES:
        for size in SIZES.get(kind, (6, 12, 24)):
            rng = np.random.default_rng([len(kind), size])
            values = np.concatenate([HEALTHY[name](rng, 2 * each, 2 * HALF) for name in names])
            ill = np.flatnonzero(np.arange(len(values)) % 2 == 0)
            part = values[ill]
            truth = dict(zip(ill.tolist(), changed(rng, part, HALF, kind, size), strict=True))
            values[ill] = part
            before, after = frames(values, ["x"] * len(values), HALF)
            began = time.process_time()
            odd = MetricAnalyzer().fit(before).compare(after)
            spent["FaultMaven"] += time.process_time() - began
            rows["FaultMaven"] += len(values)
            at = {int(s[1:]): after.index.get_loc(t) for s, t in zip(odd["subject"], odd["onset"], strict=True)}
            kinds = dict(zip((int(s[1:]) for s in odd["subject"]), odd["kind"], strict=True))
            line = f"{kind}, {size}" if size else kind
            hits = [i for i in truth if i in at]
            right = sum(kinds[i] == kind for i in hits)
            errors = [abs(at[i] - truth[i].start) for i in hits]
            wrong = sum(i not in truth for i in at)
            print(
                f"{line:28}{len(hits) / len(truth):8.0%}{right / max(len(hits), 1):12.0%}"
                f"{np.median(errors) if errors else np.nan:22.0f}{wrong / (len(values) - len(truth)):8.1%}"
            )
            results: dict[str, dict[int, int | None]] = {"FaultMaven": {i: at.get(i) for i in range(len(values))}}
            for name, method in methods.items():
                # What takes a quarter of a second a series gets some of them.
                some = [i for i in range(len(values)) if name not in SLOW or i // 2 % SLOW[name] == 0]
                began = time.process_time()
                onsets = {i: method(values[i, :HALF], values[i, HALF:]) for i in some}
                spent[name] += time.process_time() - began
                rows[name] += len(some)
                results[name] = onsets
            for name, onsets in results.items():
                for i, onset in onsets.items():
                    if i in truth:
                        scores.setdefault(name, []).append((onset is not None, abs((onset or 0) - truth[i].start)))
                    else:
                        false.setdefault(name, []).append(onset is not None)
    print("\nAll of these together")
    for name, all_of_it in scores.items():
        errors = [error for hit, error in all_of_it if hit]
        print(
            f"{name:28}{np.mean([hit for hit, _ in all_of_it]):8.0%}{'':12}{np.median(errors):22.0f}"
            f"{np.mean(false[name]):8.1%}{1000 * spent[name] / rows[name]:13.2f}"
        )


def chunks(count: int, window: int) -> Iterator[pd.DataFrame]:
    """Yield frames of some thousand series each, made as they are asked for."""
    for number, first in enumerate(range(0, count, CHUNK)):
        rng = np.random.default_rng(number)
        values, kinds = mixed(rng, min(CHUNK, count - first), 2 * HALF)
        part = values[::50]
        changed(rng, part, HALF, "level shift", 12)
        values[::50] = part
        frame = frames(values, kinds, HALF)[window]
        yield frame.rename(columns=lambda service, number=number: f"{number}-{service}", level=0)


def peak() -> float:
    """Return the most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform != "darwin" else 1 << 20)


def one_frame(count: int) -> None:
    """Print time and memory for one frame."""
    before, after = (pd.concat(list(chunks(count, window)), axis=1) for window in (0, 1))
    held = peak()
    began = time.process_time()
    odd = MetricAnalyzer().fit(before).compare(after)
    found = time.process_time() - began
    causes = rank_root_causes(before, after, findings=odd)
    ranked = time.process_time() - began - found
    print(
        f"{count:9,} series in one frame: {found:.1f} s for {len(odd)} findings, {ranked:.1f} s to rank {len(causes)} "
        f"services, {peak():,.0f} MB at most ({held:,.0f} MB before)"
    )


def in_chunks(count: int) -> None:
    """Print time and memory for frames in turn."""
    analyzer = MetricAnalyzer()
    spent = 0.0

    def timed(window: int) -> Iterator[pd.DataFrame]:
        nonlocal spent
        began = time.process_time()
        for frame in chunks(count, window):
            spent += time.process_time() - began  # what making the series takes
            yield frame
            began = time.process_time()

    began = time.process_time()
    odd = analyzer.fit(timed(0)).compare(timed(1))
    took = time.process_time() - began - spent
    print(f"{count:9,} series in frames of {CHUNK:,}: {took:.1f} s for {len(odd)} findings, {peak():,.0f} MB at most")


def scale() -> None:
    """Print time and memory, each in a process of its own; seconds are those of the processor, of one core."""
    print("\nTwo hours and two hours at 15 s, a fiftieth of the series changed")
    for what, count in (("one", 1_000), ("one", 10_000), ("many", 10_000), ("many", 50_000), ("many", 100_000)):
        subprocess.run([sys.executable, __file__, f"--{what}", str(count)], check=True)


def main() -> int:
    """Print the tables that are asked for."""
    for flag, run in (("--one", one_frame), ("--many", in_chunks)):
        if flag in sys.argv:
            run(int(sys.argv[sys.argv.index(flag) + 1]))
            return 0
    asked = {a for a in sys.argv[1:] if not a.startswith("-")} or {"healthy", "changed", "scale"}
    quick = "--quick" in sys.argv
    if "healthy" in asked:
        healthy(quick)
    if "changed" in asked:
        found_changes(quick)
    if "scale" in asked:
        scale()
    return 0


if __name__ == "__main__":
    sys.exit(main())
