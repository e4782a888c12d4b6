"""A small shop with real files: ten minutes of logs, metrics and changes, of which the second half is an incident."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faultmaven_lib.investigation import Investigation
from faultmaven_lib.model import ServiceGraph

START = datetime(2026, 3, 1, 14, 0, tzinfo=UTC)
MIDDLE = START + timedelta(minutes=5)
WINDOW = "2026-03-01T14:05:00Z/2026-03-01T14:10:00Z"
GRAPH = ServiceGraph(edges=(("shop", "db"),))


def write_shop(folder: Path, *, ill: bool = True, seed: int = 7) -> Path:
    """Write logs/shop.log (JSON lines), logs/db.log (text), metrics.csv and changes.json."""
    rng = random.Random(seed)
    (folder / "logs").mkdir(parents=True)
    shop, db, metrics = [], [], ["time,service,metric,value"]
    for second in range(600):
        at = START + timedelta(seconds=second)
        sick = ill and at >= MIDDLE + timedelta(seconds=20)
        stamp = at.isoformat().replace("+00:00", "Z")
        for _ in range(rng.randint(1, 3)):
            line = {"time": stamp, "level": "INFO", "message": f"order {rng.randint(1, 9999)} placed"}
            if sick:
                line = {"time": stamp, "level": "ERROR", "message": "no database connection: pool timeout"}
            shop.append(json.dumps(line | {"customer": f"user{rng.randint(1, 50)}@example.com"}))
        if sick and second % 2:
            pid = rng.randint(100, 999)
            db.append(f"{stamp} ERROR process {pid} still waiting for ShareLock on transaction 4711 after 1000 ms")
        elif rng.random() < 0.3:
            db.append(f"{stamp} INFO checkpoint complete: wrote {rng.randint(1, 99)} buffers")
        if second % 5 == 0:
            latency = 0.02 + rng.random() * 0.01 + (2.5 if sick else 0)
            waits = rng.choice([0, 0, 1]) + (9 if sick else 0)
            metrics.append(f"{stamp},shop,latency_p99_seconds,{latency:.4f}")
            metrics.append(f"{stamp},db,lock_wait_sessions,{waits}")
    (folder / "logs" / "shop.log").write_text("\n".join(shop) + "\n")
    (folder / "logs" / "db.log").write_text("\n".join(db) + "\n")
    (folder / "metrics.csv").write_text("\n".join(metrics) + "\n")
    change = {
        "time": "2026-03-01T13:10:00Z",
        "kind": "deploy",
        "service": "shop",
        "version": "1.4.2",
        "commit": "c0ffee1",
        "author": "ana",
        "message": "new banner",
        "files": ["shop/banner.py"],
        "diff": "+ show()",
    }
    (folder / "changes.json").write_text(json.dumps([change]))
    return folder


def investigate(folder: Path, **options: object) -> Investigation:
    """Open the shop in an investigation with a store beside it."""
    sources = {
        "logs": str(folder / "logs" / "*.log"),
        "metrics": str(folder / "metrics.csv"),
        "changes": str(folder / "changes.json"),
    }
    options.setdefault("database_url", f"sqlite:///{folder / 'store.db'}")
    return Investigation("checkout stalls", WINDOW, sources=sources, graph=GRAPH, **options)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_shop(tmp_path / "shop")


@pytest.fixture
def inv(shop: Path) -> Investigation:
    return investigate(shop)
