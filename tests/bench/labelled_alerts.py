"""Public alerts that name their runbook."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple


def data_folder() -> Path | None:
    """Return where the alerts and runbooks lie; say so where they do not."""
    home = os.environ.get("FAULTMAVEN_BENCH_DATA")
    if not home:
        print("SKIPPED: FAULTMAVEN_BENCH_DATA is not set; it names the folder with the public data")
        return None
    return Path(home) / "knowledge"


class Alert(NamedTuple):
    """An alert, what it says, and the runbook that belongs to it."""

    name: str
    text: str
    runbook: str


def read_alerts(data: Path) -> tuple[list[Alert], list[Path]]:
    """Return the alerts that have a runbook, and the pages of all runbooks."""
    rows = [json.loads(line) for line in (data / "alerts.jsonl").read_text().splitlines()]
    alerts = [
        Alert(row["alert"], f"{row['summary']} {row['description']}", row["runbook"]) for row in rows if row["runbook"]
    ]
    pages = sorted((data / "prometheus_operator_runbooks/content/runbooks").rglob("*.md"))
    return alerts, [page for page in pages if page.name != "_index.md"]
