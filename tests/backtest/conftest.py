"""Small recordings of the shop, with their truths beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..investigation.conftest import GRAPH, WINDOW, write_shop

ONSET = "2026-03-01T14:05:20Z"
FAULT = {"service": "db", "mechanism": "lock_contention", "onset": ONSET, "innocent_changes": ["new banner"]}
CALM = {"service": None, "mechanism": None, "onset": None, "innocent_changes": []}

Record = Callable[..., Path]


@pytest.fixture
def record(tmp_path: Path) -> Record:
    """Write a recording and its truth into a folder of them; return that folder."""

    def write(name: str, truth: dict[str, Any] | None, *, ill: bool = True, folder: str = "set") -> Path:
        home = tmp_path / folder
        recording = write_shop(home / "recordings" / name, ill=ill)
        start, end = WINDOW.split("/")
        known = {
            "name": name,
            "title": f"what happened in {name}",
            "alert": None,
            "sources": {"logs": "logs/*.log", "metrics": "metrics.csv", "changes": "changes.json"},
            "window": {"start": start, "end": end},
            "baseline": {"start": "2026-03-01T14:00:00Z", "end": start},
            "graph": {"edges": [list(edge) for edge in GRAPH.edges]},
            "recorded": {"fault": name},
        }
        (recording / "incident.json").write_text(json.dumps(known))
        if truth is not None:
            (home / "truth").mkdir(exist_ok=True)
            (home / "truth" / f"{name}.json").write_text(json.dumps(truth))
        return home

    return write
