"""Which service is the root cause, on public cases, beside published scorers on the same cases.

Reads ``$FAULTMAVEN_BENCH_DATA/metrics/petshop`` and ``…/sockshop``. The peers are computed here from their papers: the
n-sigma rule; the robust scorer of BARO (Pham, Ha and Zhang, "BARO: robust root cause analysis for microservices via
multivariate Bayesian online change point detection", FSE 2024); both rank a service by its largest score. Run it as
``python tests/bench/bench_root_causes.py [petshop] [sockshop] [--each]``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faultmaven_lib.analysis import rank_root_causes
from tests.bench.rca_cases import Case, disguised, hits, petshop, sockshop, without

Rank = Callable[[Case], list[str]]


def faultmaven(case: Case) -> list[str]:
    """Rank with this project."""
    return rank_root_causes(case.baseline, case.incident, case.graph, case.target, onset=case.onset)["service"].tolist()


def guessing(case: Case) -> list[str]:
    """Rank with this project, which also says its best guess where nothing stands out."""
    return rank_root_causes(
        case.baseline, case.incident, case.graph, case.target, onset=case.onset, abstain=False
    )["service"].tolist()  # fmt: skip


def n_sigma(case: Case) -> list[str]:
    """Rank by the largest distance from the baseline's mean, in standard deviations."""
    return _by_largest(case, lambda base: (np.nanmean(base), np.nanstd(base)))


def baro(case: Case) -> list[str]:
    """Rank by the largest distance from the baseline's median, in interquartile ranges."""
    return _by_largest(case, lambda base: (np.nanmedian(base), np.subtract(*np.nanpercentile(base, [75, 25]))))


def _by_largest(case: Case, scale_of: Callable[[np.ndarray], tuple[float, float]]) -> list[str]:
    best: dict[str, float] = {}
    for column in case.incident.columns:
        if column not in case.baseline.columns:
            continue
        base, now = (
            pd.to_numeric(x[column], errors="coerce").to_numpy("float64") for x in (case.baseline, case.incident)
        )
        base, now = base[np.isfinite(base)], now[np.isfinite(now)]
        if len(base) < 2 or not len(now):
            continue
        centre, scale = scale_of(base)
        score = float(np.max(np.abs(now - centre)) / (scale or 1.0))
        best[str(column[0])] = max(best.get(str(column[0]), 0.0), score)
    return sorted(best, key=lambda service: (-best[service], service))


def table(title: str, cases: Sequence[Case], ranks: dict[str, Rank], *, each: bool) -> None:
    """Print how often the first, and the first three, are right."""
    print(f"\n{title}: {len(cases)} cases")
    print(f"{'':28}{'AC@1':>8}{'AC@3':>8}{'Avg@5':>8}{'s a case':>10}")
    roots = [case.root for case in cases]
    for name, rank in ranks.items():
        began = time.process_time()
        ranked = [rank(case) for case in cases]
        spent = (time.process_time() - began) / len(cases)
        at = [hits(ranked, roots, k) for k in range(1, 6)]
        average = sum(at) / 5 / len(cases)
        print(f"{name:28}{at[0]:>5}/{len(cases)}{at[2]:>5}/{len(cases)}{average:8.2f}{spent:10.2f}")
        if each and name.startswith("FaultMaven"):
            for case, ranking in zip(cases, ranked, strict=True):
                place = ranking.index(case.root) + 1 if case.root in ranking else 0
                if place != 1:
                    print(f"    {case.name}: {case.root} is {place or 'not there'}; first {ranking[:3]}")


def main() -> int:
    """Print the tables that are asked for, or why there are none."""
    home = os.environ.get("FAULTMAVEN_BENCH_DATA")
    if not home:
        print("SKIPPED: FAULTMAVEN_BENCH_DATA is not set; it names the folder with the public data")
        return 0
    metrics = Path(home) / "metrics"
    asked = {a for a in sys.argv[1:] if not a.startswith("-")} or {"petshop", "sockshop"}
    each = "--each" in sys.argv
    ranks: dict[str, Rank] = {"FaultMaven": faultmaven, "  and its guesses": guessing, "n-sigma": n_sigma, "BARO": baro}
    if "petshop" in asked:
        table("PetShop, dev", list(petshop(metrics / "petshop", "dev")), ranks, each=each)
        hidden = [disguised(case, i) for i, case in enumerate(petshop(metrics / "petshop", "train"))]
        table("PetShop, train, services renamed and shuffled", hidden, ranks, each=each)
    if "sockshop" in asked:
        cases = list(sockshop(metrics / "sockshop"))
        table("Sock Shop", cases, ranks, each=each)
        thinned = [without(case, 1 / 3, seed) for seed in range(3) for case in cases]
        table(
            "Sock Shop, a third of the others' series missing, 3 draws", thinned, {"FaultMaven": faultmaven}, each=each
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
