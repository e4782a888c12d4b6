"""What a comparison of two windows finds of a change planted in a real log, and what it finds where nothing changed.

Trials take two adjacent windows of a real log without a known fault and plant one change in the second: see
``planted.py`` for the kinds, ``comparers.py`` for what counts as found, ``log_windows.py`` for the logs. An affected
line is one that was added, removed or altered; the factor is that of the whole window, the change begins somewhere
within. Printed is how often the change is among the first five findings, and how often healthy pairs have any finding.
Nothing is left out afterwards: a pair is healthy by what was recorded, never by what was found.

Run it as ``python tests/bench/bench_comparison.py``. Options: ``--half development`` (or ``held-out``; both by
default), ``--trials 5`` a cell, ``--recordings DIR`` for more recordings, ``--only FaultMaven``. Without
``FAULTMAVEN_BENCH_DATA`` only the shipped recordings are used.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faultmaven_lib.analysis.statistics import rate_change
from faultmaven_lib.backtest.intervals import wilson
from tests.bench.comparers import FIRST, Compare, comparers, place_of
from tests.bench.log_windows import DEVELOPMENT, HELD_OUT, Log, Pair, dealt, healthy, public, recordings
from tests.bench.log_windows import told_for_information as uncertain
from tests.bench.planted import DIP, KINDS, SURGE, WITH_FACTOR, Bed, Planted

LINES = (3, 5, 10, 20, 50, 100)
FACTORS = (1.5, 2.0, 3.0, 5.0)
_DRAWS = 80
"""Pairs that are tried for one trial before it is given up."""
Cell = tuple[str, int, float]


def trials(
    logs: Sequence[Log], each: int, seed: int, lines: Sequence[int] = LINES, kinds: Sequence[str] = KINDS
) -> Iterable[tuple[Cell, Planted]]:
    """Yield planted changes: ``each`` for every number of lines and factor, as many in all where there is no factor.

    A trial draws a log, then a pair of its windows, until one suits.
    """
    beds: dict[tuple[str, int], Bed] = {}
    pairs = {log.name: log.to_plant_in() for log in logs}
    names = sorted(name for name, found in pairs.items() if found)
    for kind in kinds:
        for n in lines:
            for factor in FACTORS if kind in WITH_FACTOR else (0.0,):
                for trial in range(each * (1 if factor else len(FACTORS))):
                    rng = np.random.default_rng([seed, KINDS.index(kind), n, round(10 * factor), trial])
                    for _ in range(_DRAWS):
                        name = str(rng.choice(names))
                        number = int(rng.integers(len(pairs[name])))
                        if (name, number) not in beds:
                            beds[name, number] = Bed(pairs[name][number])
                        planted = beds[name, number].plant(kind, n, factor, rng)
                        if planted is not None:
                            yield (kind, n, factor), planted
                            break


def told_which(kind: str, n: int, factor: float, templates: int) -> float:
    """Return how often an exact test of the right template alone is significant at 5 % over so many templates.

    Counts are drawn as those of Poisson processes without bursts. What has to find the template itself, and to bear
    with bursts, cannot expect much more; some more, since it sees when the lines came.
    """
    rng = np.random.default_rng(1)
    usual = n / (factor - 1) if kind == SURGE else n / (1 - 1 / factor)
    was, now = rng.poisson(usual, 2000), rng.poisson(usual, 2000)
    now = now + n if kind == SURGE else np.maximum(now - n, 0)
    p, _ = rate_change(was.astype(float), now.astype(float), 0.5, np.ones(2000))
    return float(np.mean(p <= 0.05 / templates))


def print_told_which(templates: int) -> None:
    """Print what can be expected of counts alone."""
    print(
        f"\nFor comparison, an exact test of the counts of the right template alone, at 5 % over {templates} templates"
    )
    print(f"  by lines        {''.join(f'{n:>7}' for n in LINES)}")
    for kind in (SURGE, DIP):
        for factor in FACTORS:
            row = "".join(f"{told_which(kind, n, factor, templates):7.2f}" for n in LINES)
            print(f"  {f'{kind}, × {factor:g}':24}{row}")


def share(hits: float, n: int) -> str:
    """Return a share with its interval."""
    if not n:
        return "       –"
    low, high = wilson(hits, n)
    return f"{hits / n:6.3f}   {low:.3f} to {high:.3f}   of {n}"


def print_found(found: dict[str, dict[Cell, list[int]]]) -> None:
    """Print the share of trials in which the planted change is among the first five, by kind, and the curve."""
    for name, cells in found.items():
        print(f"\n{name}: the planted change is among the first {FIRST}, at least 10 lines and twofold")
        for kind in (*KINDS, "all"):
            places = [
                place for (k, n, factor), each in cells.items() for place in each
                if kind in (k, "all") and n >= 10 and not 0 < factor < 2
            ]  # fmt: skip
            print(f"  {kind:18}{share(sum(map(bool, places)), len(places))}")
        print(f"  by lines        {''.join(f'{n:>7}' for n in LINES)}")
        for kind in KINDS:
            for factor in sorted({factor for k, _, factor in cells if k == kind}):
                row = [cells.get((kind, n, factor), []) for n in LINES]
                label = f"{kind.removesuffix(' × factor')}, × {factor:g}" if factor else kind
                shown = "".join(f"{np.mean(np.array(c) > 0):7.2f}" if c else "      –" for c in row)
                print(f"  {label:24}{shown}")


def print_healthy(pairs: Iterable[tuple[str, Pair]], compare: dict[str, Compare], *, total: bool) -> None:
    """Print how many pairs have any finding, by where they are from."""
    some: dict[str, Counter[str]] = defaultdict(Counter)
    of: Counter[str] = Counter()
    for origin, pair in pairs:
        of[origin] += 1
        for name, method in compare.items():
            some[name][origin] += bool(method(pair, pair.after.iloc[:0]))
    for name in compare:
        for origin in sorted(of):
            print(f"  {name:26}{origin:44}{share(some[name][origin], of[origin])}")
        if total:
            print(f"  {name:26}{'all':44}{share(some[name].total(), of.total())}")


def measure(half: str, logs: Sequence[Log], folder: Path | None, compare: dict[str, Compare], each: int) -> None:
    """Print the tables of one half."""
    lines = {log.name: len(log.frame) for log in logs}
    print(f"\n== {half}: {len(logs)} logs, {sum(lines.values()):,} lines: {', '.join(sorted(lines))}", flush=True)
    found: dict[str, dict[Cell, list[int]]] = {name: defaultdict(list) for name in compare}
    used: Counter[str] = Counter()
    templates = []
    for cell, planted in trials(logs, each, seed=1):
        used[planted.pair.log] += 1
        templates.append(planted.templates)
        for name, method in compare.items():
            found[name][cell].append(place_of(method(planted.pair, planted.gone), planted))
    print(f"{used.total():,} trials: {', '.join(f'{log} {n}' for log, n in sorted(used.items()))}")
    print_found(found)
    print_told_which(int(np.median(templates)))
    pairs = list(healthy(logs))
    if folder is not None:
        pairs += dealt(folder, half, np.random.default_rng(1))
    print("\nHealthy pairs with any finding")
    print_healthy(pairs, compare, total=True)
    print("\nFor information, with any finding: pairs that differ by themselves, or may do so")
    first: Callable[..., dict[str, Compare]] = lambda: dict(list(compare.items())[:1])  # noqa: E731
    print_healthy(uncertain(logs), first(), total=False)


def main() -> int:
    """Print the tables."""
    options = argparse.ArgumentParser()
    options.add_argument("--half", choices=("development", "held-out"))
    options.add_argument("--trials", type=int, default=5)
    options.add_argument("--recordings", type=Path)
    options.add_argument("--only")
    given = options.parse_args()
    home = os.environ.get("FAULTMAVEN_BENCH_DATA")
    folder = Path(home) / "logs" if home else None
    if folder is None:
        print("SKIPPED: the public logs; FAULTMAVEN_BENCH_DATA is not set, which names their folder")
    logs = [*recordings(given.recordings), *(public(folder) if folder else ())]
    compare = {name: method for name, method in comparers().items() if given.only in (None, name)}
    for half in (DEVELOPMENT, HELD_OUT):
        if given.half in (None, half.replace(" ", "-")):
            measure(half, [log for log in logs if log.half == half], folder, compare, given.trials)
    return 0


if __name__ == "__main__":
    sys.exit(main())
