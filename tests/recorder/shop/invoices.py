"""Invoices: writes one for each order, keeps it until the archive has taken it, and has it mailed."""

from __future__ import annotations

import json
import logging
import os
import time
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from . import store
from .queueing import Worker
from .web import application

log = logging.getLogger("shop.invoices")
redis = store.connect()
settings = tomllib.loads(Path(os.environ.get("SETTINGS", "invoices.toml")).read_text())
folder = Path(os.environ.get("VOLUME", "."))
_KEEP_SECONDS = 40
_LOGO = bytes(range(256)) * 200


def write(message: dict[str, Any]) -> None:
    """Write the invoice of an order, and queue the mail."""
    total = Decimal(message["total"])
    net = (total / Decimal("1.19")).quantize(Decimal("0.01"))
    path = folder / f"invoice-{message['order']}.bin"
    text = f"Invoice {message['order']}\nnet {net}\ntax {total - net}\ntotal {total}\n"
    path.write_bytes(text.encode() + _LOGO)
    log.info("invoice written", extra={"order": message["order"], "net": net, "bytes": path.stat().st_size})
    with store.command("LPUSH"):
        redis.lpush(store.MAILS, json.dumps({"order": message["order"], "to": message["email"]}))


def archive() -> None:
    """Let go of what the archive has taken."""
    old = [path for path in folder.glob("invoice-*") if path.stat().st_mtime < time.time() - _KEEP_SECONDS]
    for path in old:
        path.unlink()
    log.info("invoices archived", extra={"files": len(old)})


worker = Worker(store.ORDERS, write, settings["orders_per_second"])
app = application("invoices", opens=worker.start, jobs={archive: 20.0})
