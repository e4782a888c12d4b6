"""How far the first cause depends on what an SRE cannot know exactly, or has not got.

The onset that is given is 60 s wrong, either way; a third of the series that are not the root's is missing, in 20
draws. On the shipped recordings, or those in a folder that ``make record`` wrote, and on Sock Shop. Run it as
``python tests/bench/bench_robustness.py [FOLDER]``.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faultmaven_lib.analysis import rank_root_causes
from faultmaven_lib.backtest.intervals import wilson
from tests.bench.rca_cases import Case, hits, sockshop, without
from tests.bench.recorded_cases import cases

_WRONG = 60
_DRAWS = 20


def row(label: str, ranked: Sequence[Sequence[str]], roots: Sequence[str]) -> None:
    """Print how often the first, and the first three, are right."""
    n = len(roots)
    first = hits(ranked, roots, 1)
    low, high = wilson(first, n)
    print(
        f"{label:44}{first:>6}/{n:<6}{first / n:.3f}  {low:.2f} to {high:.2f}   AC@3 {hits(ranked, roots, 3) / n:.3f}"
    )


def moved(case: Case, by: int) -> Case:
    """Return a case whose window begins so many samples late, or early: the baseline ends there."""
    whole = pd.concat([case.baseline, case.incident], ignore_index=True)
    at = len(case.baseline) + by
    return replace(case, baseline=whole[:at], incident=whole[at:], onset=float(at))


def ranking(case: Case) -> list[str]:
    """Rank with the onset that is given."""
    found = rank_root_causes(case.baseline, case.incident, case.graph, case.target, onset=case.onset)
    return found["service"].tolist()


def recorded(folder: Path | None) -> None:
    """Print what becomes of the recordings."""
    known = list(cases(folder))
    for half in ("dev", "test"):
        some = [case for case in known if case.half == half]
        roots = [str(case.truth.service) for case in some]
        onsets = [case.truth.onset for case in some]
        print(f"\n{len(some)} recorded faults of the half {half!r}")
        row("no onset given", [case.ranked() for case in some], roots)
        row("the onset", [c.ranked(at) for c, at in zip(some, onsets, strict=True)], roots)
        for name, sign in (("early", -1), ("late", 1)):
            wrong = [at + timedelta(seconds=sign * _WRONG) for at in onsets if at]
            row(f"60 s too {name}", [c.ranked(at) for c, at in zip(some, wrong, strict=True)], roots)

        def thinned() -> Iterator[tuple[list[str], str]]:
            for case in some:  # noqa: B023 (used up in this turn)
                for draw in range(_DRAWS):
                    yield case.without(1 / 3, random.Random(draw)).ranked(), str(case.truth.service)

        ranked, roots = zip(*thinned(), strict=True)
        row(f"a third of the others' series missing, {_DRAWS} draws", ranked, roots)


def public(folder: Path) -> None:
    """Print what becomes of Sock Shop."""
    known = list(sockshop(folder))
    roots = [case.root for case in known]
    print(f"\nSock Shop: {len(known)} cases")
    row("the onset", [ranking(moved(case, 0)) for case in known], roots)
    row("60 s too early", [ranking(moved(case, -_WRONG)) for case in known], roots)
    row("60 s too late", [ranking(moved(case, _WRONG)) for case in known], roots)
    thinned = [without(case, 1 / 3, seed) for seed in range(_DRAWS) for case in known]
    row(f"a third of the others' series missing, {_DRAWS} draws", [ranking(c) for c in thinned], roots * _DRAWS)


def main() -> int:
    """Print the tables."""
    recorded(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    home = os.environ.get("FAULTMAVEN_BENCH_DATA")
    if not home:
        print("SKIPPED: Sock Shop; FAULTMAVEN_BENCH_DATA is not set, it names the folder with the public data")
    else:
        public(Path(home) / "metrics" / "sockshop")
    return 0


if __name__ == "__main__":
    sys.exit(main())
