"""Alert to runbook on public runbooks: how often the right one is first, and how well "none" is told apart.

Reads ``$FAULTMAVEN_BENCH_DATA/knowledge``. The documents are name-blind: front matter, first heading and every mention
of the alert's own name are taken out. Run it as ``python tests/bench/bench_retrieval.py``.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path

import numpy as np

from faultmaven_lib.knowledge import KnowledgeBase
from faultmaven_lib.knowledge.knowledge_base import THRESHOLD

_QUERIES = {
    "name": ("alert",),
    "summary + description": ("summary", "description"),
    "name + summary + description": ("alert", "summary", "description"),
    "summary + description + PromQL": ("summary", "description", "expr"),
}


def blinded(text: str, name: str) -> str:
    """Take out what would give the name of the alert away."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    text = re.sub(r"^# .*\n", "", text, count=1, flags=re.MULTILINE)
    return re.sub(re.escape(name), "", text, flags=re.IGNORECASE)


def auc(answerable: list[float], unanswerable: list[float]) -> float:
    """Return the chance that an alert with a runbook scores above one without."""
    yes, no = np.array(answerable)[:, None], np.array(unanswerable)[None]
    return float(((yes > no) + 0.5 * (yes == no)).mean())


def measure(data: Path) -> list[str]:
    """Return a line for each kind of query."""
    alerts = [json.loads(line) for line in (data / "alerts.jsonl").read_text().splitlines()]
    pages = sorted((data / "prometheus_operator_runbooks/content/runbooks").rglob("*.md"))
    lines = []
    with tempfile.TemporaryDirectory() as folder, KnowledgeBase("sqlite://") as kb:
        names = {}
        for number, page in enumerate(p for p in pages if p.name != "_index.md"):
            copy = Path(folder) / f"{number}.md"
            copy.write_text(blinded(page.read_text(), page.stem))
            names[str(copy)] = f"{page.parent.name}/{page.name}"
        kb.add_folder(folder)
        for label, fields in _QUERIES.items():
            ranks, tops, misses = [], [], []
            for alert in alerts:
                found = kb.search(" ".join(alert[field] for field in fields), k=10, abstain=False)
                top = float(found["score"].iloc[0]) if len(found) else 0.0
                if alert["runbook"] is None:
                    misses.append(top)
                    continue
                tops.append(top)
                paths = [names[path] for path in found["path"]]
                ranks.append(paths.index(alert["runbook"]) + 1 if alert["runbook"] in paths else 99)
            rank = np.array(ranks)
            refused = np.mean(np.array(tops) < THRESHOLD)
            answered = int(np.sum(np.array(misses) >= THRESHOLD))
            lines.append(
                f"{label:32s} n={len(rank)}  R@1 {np.mean(rank == 1):.3f}  R@5 {np.mean(rank <= 5):.3f}  "
                f"MRR {np.mean(1 / rank):.3f}  abstention AUC {auc(tops, misses):.3f}  "
                f"at {THRESHOLD}: refused {refused:.1%}, answered without a runbook {answered}/{len(misses)}"
            )
            if os.environ.get("FAULTMAVEN_BENCH_THRESHOLDS"):
                for level in (0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3):
                    refused = np.mean(np.array(tops) < level)
                    lines.append(f"    {level}: refused {refused:.1%}, answered {np.sum(np.array(misses) >= level)}")
    return lines


def main() -> int:
    """Print the measurement, or why there is none."""
    home = os.environ.get("FAULTMAVEN_BENCH_DATA")
    if not home:
        print("SKIPPED: FAULTMAVEN_BENCH_DATA is not set; it names the folder with the public data")
        return 0
    print("\n".join(measure(Path(home) / "knowledge")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
