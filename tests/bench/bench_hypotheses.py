"""What an answer holds on each recording: the right mechanism, evidence, what tells it apart, the fitting runbook.

Prints a line a recording and the counts of both halves of ``split.json``. Rules were made on the development half. A
check tells apart if its answer on that recording's data speaks for the truth. "against all" puts the truth beside every
other mechanism of the list in the same service and counts the checks whose answers speak for it, and against it.
Run it as ``python tests/bench/bench_hypotheses.py [folder of recordings made elsewhere]``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faultmaven_lib.backtest.collecting import kind_of, shipped
from faultmaven_lib.datasets import list_incidents, load_incident, load_truth
from faultmaven_lib.investigation import Investigation
from faultmaven_lib.investigation.asking import connected
from faultmaven_lib.model import Answer, Check, Hypothesis, Mechanism, Truth, Window
from faultmaven_lib.query.checking import Checker

_NOWHERE = "sqlite://"


@dataclass(frozen=True)
class Told:
    """What the answer of one recording holds."""

    name: str
    kind: str
    half: str
    fault: bool
    leads: bool = False
    """The right service and mechanism lead; of a recording in which nothing is wrong: nothing stands out."""
    contains: bool = False
    evidence: int = 0
    check: str = ""
    """For whom the check of the right hypothesis speaks: ``right``, ``wrong``, ``open``."""
    runbook: int = 0
    """Place of the first runbook that is written for the mechanism; 0 if none is among the first three."""
    known: bool = False
    """Whether any runbook is written for it."""
    separated: tuple[int, int, int] = (0, 0, 0)
    """Against all other mechanisms: checks that speak for the truth, for the other one, and neither."""

    @property
    def whole(self) -> bool:
        """Whether the answer holds all that it should."""
        if not self.fault:
            return self.leads
        return self.contains and self.evidence >= 2 and self.check == "right" and 1 <= self.runbook <= 3


def told_of(name: str | Path, *, against_all: bool = True) -> Told:
    """Return what the answer of a recording holds."""
    truth = load_truth(name)
    kind = kind_of(truth)
    half = shipped().split.get(kind, "")
    inv = Investigation.from_incident(load_incident(name), database_url=_NOWHERE)
    try:
        inv.knowledge.add_starter()
        answer = inv.analyze()
        label = Path(name).name
        if truth.service is None or truth.mechanism is None:
            silent = not answer.hypotheses and any("Nothing stands out" in c.text for c in answer.claims)
            return Told(label, kind, half, fault=False, leads=silent)
        right = next((h for h in answer.hypotheses if is_right(h, truth)), None)
        written = _written(inv, truth.mechanism)
        shown = [text for text in answer.runbooks if any(f"({path})" in text for path in written)]
        return Told(
            label,
            kind,
            half,
            fault=True,
            leads=right is not None and right == answer.hypotheses[0],
            contains=right is not None,
            evidence=len(right.supports) if right else 0,
            check=_speaks(answer, right),
            runbook=answer.runbooks.index(shown[0]) + 1 if shown else 0,
            known=bool(written),
            separated=against(inv, truth) if against_all else (0, 0, 0),
        )
    finally:
        inv.knowledge.close()
        inv.store.close()


def is_right(hypothesis: Hypothesis, truth: Truth) -> bool:
    """Whether a hypothesis names the service and the mechanism of the truth."""
    return (hypothesis.service, hypothesis.mechanism) == (truth.service, truth.mechanism)


def _written(inv: Investigation, mechanism: Mechanism) -> list[str]:
    rows = inv.knowledge.store.documents().to_dict("records")
    return [str(r["uri"]) for r in rows if mechanism.value in r["metadata"].get("front", {}).get("mechanisms", [])]


def _speaks(answer: Answer, right: Hypothesis | None) -> str:
    if right is None:
        return ""
    own = [c for c in answer.checks if right.id in c.hypotheses and len(set(c.expected)) == 2]
    spoken = [c.speaks_for for c in own if c.speaks_for]
    if not spoken:
        return "open"
    return "right" if all(one == right.id for one in spoken) else "wrong"


def against(inv: Investigation, truth: Truth) -> tuple[int, int, int]:
    """Put the truth beside every other mechanism in the same service; return for whom the checks speak."""
    assert truth.service is not None
    assert truth.mechanism is not None
    desk = inv._desk
    mine = desk.hypotheses.propose(truth.service, truth.mechanism, [], by="truth")
    counts = {"right": 0, "wrong": 0, "neither": 0}
    for name in desk.of_kind("logs"):
        # Read once, and asked many times.
        span = Window(start=inv.baseline.start, end=inv.window.end)
        desk.sources[name] = connected(name, desk.source(name).query("", span))
    checker = Checker(desk, inv.window, inv.baseline)
    for mechanism in Mechanism:
        if mechanism is not truth.mechanism:
            other = desk.hypotheses.propose(truth.service, mechanism, [], by="truth")
            # In either order: what is asked must not depend on who leads.
            (check,) = checker.run([other, mine])
            counts[_side(check, mine)] += 1
    return counts["right"], counts["wrong"], counts["neither"]


def _side(check: Check, mine: Hypothesis) -> str:
    if not check.speaks_for:
        return "neither"
    return "right" if check.speaks_for == mine.id else "wrong"


def lines(recordings: list[str | Path]) -> Iterator[str]:
    """Yield the table, a line as soon as it is known, then the counts."""
    yield f"{'recording':15s} {'kind':19s} half  leads  in it  evidence  check   runbook  against all"
    rows = []
    for name in recordings:
        row = told_of(name)
        rows.append(row)
        if not row.fault:
            yield f"{row.name:15s} {row.kind:19s} {row.half:5s} {'silent' if row.leads else 'NAMES A CAUSE'}"
            continue
        runbook = str(row.runbook) if row.runbook else ("none" if row.known else "unwritten")
        yield (
            f"{row.name:15s} {row.kind:19s} {row.half:5s} {_yes(row.leads):6s} {_yes(row.contains):6s} "
            f"{row.evidence:8d}  {row.check or 'none':7s} {runbook:8s} {'/'.join(map(str, row.separated))}"
        )
    for half in sorted({row.half for row in rows}):
        yield _summary(half, [row for row in rows if row.half == half])


def _yes(value: bool) -> str:
    return "yes" if value else "NO"


def _summary(half: str, rows: list[Told]) -> str:
    faults, calm = [r for r in rows if r.fault], [r for r in rows if not r.fault]
    n = len(faults)
    for_it, against_it, neither = (sum(r.separated[i] for r in faults) for i in range(3))
    return (
        f"{half or 'all'}: leads {sum(r.leads for r in faults)}/{n}, "
        f"in the answer {sum(r.contains for r in faults)}/{n}, "
        f"two evidence ids {sum(r.evidence >= 2 for r in faults)}/{n}, "
        f"check speaks for it {sum(r.check == 'right' for r in faults)}/{n},\n"
        f"  runbook in the first three {sum(1 <= r.runbook <= 3 for r in faults)}/{n} "
        f"({sum(r.known for r in faults)} have one), silent {sum(r.leads for r in calm)}/{len(calm)}; "
        f"against all: {for_it} for the truth, {against_it} against it, {neither} neither"
    )


def main() -> int:
    """Print the table of the shipped recordings, or of a folder of recordings made elsewhere."""
    chosen: list[str | Path] = list(list_incidents())
    if len(sys.argv) > 1:
        chosen = sorted(path.parent for path in Path(sys.argv[1]).glob("recordings/*/incident.json"))
    if "--dev" in sys.argv:
        chosen = [name for name in list_incidents() if shipped().split.get(kind_of(load_truth(name))) == "dev"]
    for line in lines(chosen):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
