"""What accepting and rejecting runbooks does to later searches, on public alerts and runbooks.

For half of the alerts the right runbook is accepted once, by one person. Then the same alerts are asked in other
words (``rewording.py``), and so is the other half, for which nothing was accepted. Reads
``$FAULTMAVEN_BENCH_DATA/knowledge``; run it as ``python tests/bench/bench_learning.py``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faultmaven_lib.knowledge import KnowledgeBase
from tests.bench.bench_retrieval import blinded
from tests.bench.labelled_alerts import Alert, data_folder, read_alerts
from tests.bench.rewording import reworded

DRAWS = 10
"""Ways in which the alerts are halved."""
_RESAMPLES = 2_000
Ranks = npt.NDArray[np.int64]


def ranks(kb: KnowledgeBase, texts: list[str], wanted: list[str]) -> Ranks:
    """Return the rank of the right document for each text; 99 where it is not among the first thirty."""
    found = []
    for text, right in zip(texts, wanted, strict=True):
        paths = kb.search(text, k=30, abstain=False)["path"].tolist()
        found.append(paths.index(right) + 1 if right in paths else 99)
    return np.array(found)


def interval(before: Ranks, after: Ranks, groups: Ranks) -> str:
    """Return the gain in R@1 with its 95 % interval: a paired bootstrap over the alerts, not over their rewordings."""
    gain = pd.Series((after == 1).astype(float) - (before == 1)).groupby(groups).mean().to_numpy()
    rng = np.random.default_rng(7)
    means = gain[rng.integers(0, len(gain), (_RESAMPLES, len(gain)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{gain.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def learn(kb: KnowledgeBase, alerts: list[Alert], wanted: list[str], draws: int = DRAWS) -> list[str]:
    """Return a line for each half: R@1 and MRR before and after, and the gain with its interval."""
    parts: dict[str, list[tuple[Ranks, Ranks, Ranks]]] = {"accepted": [], "the others": []}
    for draw in range(draws):
        order = np.random.default_rng(draw).permutation(len(alerts))
        halves = {"accepted": order[: len(order) // 2], "the others": order[len(order) // 2 :]}
        asked = {name: [reworded(alerts[i].text, draw) for i in half] for name, half in halves.items()}
        right = {name: [wanted[i] for i in half] for name, half in halves.items()}
        before = {name: ranks(kb, asked[name], right[name]) for name in halves}
        for i in halves["accepted"]:
            kb.accept(wanted[i], alerts[i].text)
        for name, half in halves.items():
            parts[name].append((before[name], ranks(kb, asked[name], right[name]), half))
        kb.reset_learned()
    lines = []
    for name, runs in parts.items():
        was, now, groups = (np.concatenate(side) for side in zip(*runs, strict=True))
        lines.append(
            f"{name:12s} R@1 {np.mean(was == 1):.3f} to {np.mean(now == 1):.3f}, {interval(was, now, groups)}   "
            f"R@5 {np.mean(was <= 5):.3f} to {np.mean(now <= 5):.3f}   "
            f"MRR {np.mean(1 / was):.3f} to {np.mean(1 / now):.3f}   n={len(was)}"
        )
    return lines


def reject(kb: KnowledgeBase, alerts: list[Alert], wanted: list[str], times: int = 20) -> list[str]:
    """Return what many rejections by one person do to the right documents, and that a reset takes them back."""
    texts = [alert.text for alert in alerts]
    lists = [kb.search(text, k=30, abstain=False) for text in texts]
    before = ranks(kb, texts, wanted)
    worst = []
    for text, right, rank in zip(texts, wanted, before, strict=True):
        if rank <= 5:
            for _ in range(times):
                kb.reject(right, text)
            worst.append(int(ranks(kb, [text], [right])[0]))
    kb.reset_learned()
    same = all(old.equals(kb.search(text, k=30, abstain=False)) for old, text in zip(lists, texts, strict=True))
    out = sum(rank > 5 for rank in worst)
    held = (
        f"{len(worst)} right runbooks were among the first five, {out} are not any more; the worst is at {max(worst)}"
    )
    again = "as it was, scores included" if same else "NOT AS IT WAS"
    return [f"{times} rejections by one person: {held}", f"after the reset every list is {again}"]


def measure(data: Path) -> list[str]:
    """Return the lines that are printed."""
    alerts, pages = read_alerts(data)
    with tempfile.TemporaryDirectory() as folder, KnowledgeBase("sqlite://") as kb:
        names = {}
        for number, page in enumerate(pages):
            copy = Path(folder) / f"{number}.md"
            copy.write_text(blinded(page.read_text(), page.stem))
            names[f"{page.parent.name}/{page.name}"] = str(copy)
        kb.add_folder(folder)
        wanted = [names[alert.runbook] for alert in alerts]
        return [
            f"{len(alerts)} alerts with a runbook, {len(names)} runbooks, {DRAWS} halvings",
            *learn(kb, alerts, wanted),
            *reject(kb, alerts, wanted),
        ]


def main() -> int:
    """Print the measurement, or why there is none."""
    if (data := data_folder()) is not None:
        print("\n".join(measure(data)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
