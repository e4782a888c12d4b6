"""Alert to runbook on public runbooks: how often the right one is first, and how well "none" is told apart.

Reads ``$FAULTMAVEN_BENCH_DATA/knowledge``. The documents are name-blind: front matter, first heading and every mention
of the alert's own name are taken out. Each line is compared with plain BM25 (k1 1.5, b .75, camelCase split, whole
documents; abstention by its score over the length of the question) with a bootstrap of pairs. One half of the alerts
was looked at in development, the other was not: both are shown. Run it as ``python tests/bench/bench_retrieval.py``.
"""

from __future__ import annotations

import json
import math
import os
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from faultmaven_lib.knowledge import KnowledgeBase
from faultmaven_lib.knowledge.knowledge_base import THRESHOLDS
from faultmaven_lib.settings import Settings
from tests.bench.labelled_alerts import data_folder

_QUERIES = {
    "name": ("alert",),
    "summary + description": ("summary", "description"),
    "name + summary + description": ("alert", "summary", "description"),
    "summary + description + PromQL": ("summary", "description", "expr"),
}
_SPLIT_SEED = 20261106
_DEVELOPED = 50, 13
"""Of the linked and of the unlinked alerts, how many were looked at."""
_DRAWS = 10_000


def blinded(text: str, name: str) -> str:
    """Take out what would give the name of the alert away."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    text = re.sub(r"^# .*\n", "", text, count=1, flags=re.MULTILINE)
    return re.sub(re.escape(name), "", text, flags=re.IGNORECASE)


def developed(alerts: list[dict]) -> set[str]:
    """Return the names of the alerts that were looked at in development."""
    linked = sorted(a["alert"] for a in alerts if a["runbook"])
    unlinked = sorted(a["alert"] for a in alerts if not a["runbook"])
    rng = random.Random(_SPLIT_SEED)
    return {*rng.sample(linked, _DEVELOPED[0]), *rng.sample(unlinked, _DEVELOPED[1])}


@dataclass
class Run:
    """What came of asking all alerts."""

    ranks: list[int] = field(default_factory=list)
    """Of the linked runbook, one an alert that has one."""
    tops: list[float] = field(default_factory=list)
    """Best score of each of these."""
    misses: list[float] = field(default_factory=list)
    """Best score of each alert that has none."""

    def first(self) -> np.ndarray:
        return np.array(self.ranks) == 1

    def auc(self) -> float:
        """Return the chance that an alert with a runbook scores above one without."""
        yes, no = np.array(self.tops)[:, None], np.array(self.misses)[None]
        return float(((yes > no) + 0.5 * (yes == no)).mean())

    def line(self) -> str:
        rank = np.array(self.ranks)
        return (
            f"R@1 {np.mean(rank == 1):.3f}  R@5 {np.mean(rank <= 5):.3f} ({np.sum(rank <= 5)}/{len(rank)})  "
            f"MRR {np.mean(1 / rank):.3f}  AUC {self.auc():.3f}"
        )


Ask = Callable[[str], list[tuple[str, float]]]


def run(ask: Ask, alerts: list[dict], fields: tuple[str, ...]) -> Run:
    """Ask all alerts."""
    done = Run()
    for alert in alerts:
        found = ask(" ".join(alert[name] for name in fields))
        top = found[0][1] if found else 0.0
        if alert["runbook"] is None:
            done.misses.append(top)
            continue
        done.tops.append(top)
        paths = [path for path, _ in found]
        done.ranks.append(paths.index(alert["runbook"]) + 1 if alert["runbook"] in paths else 1_000)
    return done


def gain(ours: Run, theirs: Run) -> str:
    """Return the gain in R@1 with the paired 95 % interval of the bootstrap."""
    difference = ours.first().astype(float) - theirs.first().astype(float)
    rng = np.random.default_rng(7)
    means = difference[rng.integers(0, len(difference), (_DRAWS, len(difference)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"gain in R@1 {difference.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def plain_bm25(documents: dict[str, str]) -> Ask:
    """Return the baseline: BM25 as the textbook has it."""

    def words(text: str) -> list[str]:
        apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
        return re.findall(r"[a-z0-9]+", apart.lower())

    counts = {name: Counter(words(text)) for name, text in documents.items()}
    df = Counter(word for counted in counts.values() for word in counted)
    lengths = {name: counted.total() for name, counted in counts.items()}
    mean, total = sum(lengths.values()) / len(lengths), len(documents)

    def ask(question: str) -> list[tuple[str, float]]:
        asked = words(question)
        scores = dict.fromkeys(documents, 0.0)
        for word in asked:
            idf = math.log(1 + (total - df[word] + 0.5) / (df[word] + 0.5))
            for name, counted in counts.items():
                if n := counted[word]:
                    scores[name] += idf * n * 2.5 / (n + 1.5 * (0.25 + 0.75 * lengths[name] / mean))
        ranked = sorted(scores.items(), key=lambda item: -item[1])
        return [(name, score / max(len(asked), 1)) for name, score in ranked]

    return ask


def by_knowledge_base(kb: KnowledgeBase, documents: dict[str, str], folder: Path) -> Ask:
    """Return the knowledge base as it is asked here, filled with the documents under names that say nothing."""
    names = {}
    for number, (name, text) in enumerate(documents.items()):
        copy = folder / f"{number}.md"
        copy.write_text(text)
        names[str(copy)] = name
    kb.add_folder(folder)
    return lambda text: [(names[one.path], one.score) for one in kb.candidates(text, len(documents))]


def told(label: str, mine: Run, theirs: Run, threshold: float) -> list[str]:
    """Return the lines for one kind of query."""
    refused = np.mean(np.array(mine.tops) < threshold)
    answered = int(np.sum(np.array(mine.misses) >= threshold))
    return [
        f"{label}, n = {len(mine.ranks)} + {len(mine.misses)}",
        f"    BM25  {theirs.line()}",
        f"    ours  {mine.line()}  {gain(mine, theirs)}",
        f"          at {threshold}: refused {refused:.1%}, answered without a runbook {answered}/{len(mine.misses)}",
    ]


def measure(data: Path) -> list[str]:
    """Return the lines to print."""
    alerts = [json.loads(line) for line in (data / "alerts.jsonl").read_text().splitlines()]
    pages = sorted((data / "prometheus_operator_runbooks/content/runbooks").rglob("*.md"))
    documents = {
        f"{page.parent.name}/{page.name}": blinded(page.read_text(), page.stem)
        for page in pages
        if page.name != "_index.md"
    }
    looked_at = developed(alerts)
    halves = {
        "all": alerts,
        "held out": [a for a in alerts if a["alert"] not in looked_at],
        "developed on": [a for a in alerts if a["alert"] in looked_at],
    }
    baseline = plain_bm25(documents)
    lines = [f"{len(documents)} runbooks, {len(alerts)} alerts"]
    for model in ("none", Settings.model_fields["embedding_model"].default):
        os.environ["FAULTMAVEN_EMBEDDING_MODEL"] = model
        with tempfile.TemporaryDirectory() as folder, KnowledgeBase("sqlite://") as kb:
            ask = by_knowledge_base(kb, documents, Path(folder))
            lines += ["", f"search by {kb.mode}{f' ({kb.note})' if kb.note else ''}"]
            for part, some in halves.items():
                for label, fields in _QUERIES.items():
                    mine, theirs = run(ask, some, fields), run(baseline, some, fields)
                    lines += told(f"{label}, {part}", mine, theirs, THRESHOLDS[kb.mode])
    return lines


def main() -> int:
    """Print the measurement, or why there is none."""
    if (data := data_folder()) is not None:
        print("\n".join(measure(data)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
