"""The payment provider, a company of its own: its latencies and answers are drawn from a distribution."""

from __future__ import annotations

import os
import random
import time

from fastapi import FastAPI, HTTPException

app = FastAPI(title="provider", openapi_url=None)
_chance = random.Random(int(os.environ.get("SEED", "0")))


@app.get("/healthz")
async def healthz() -> dict[str, str]:
    return {"status": "ok", "version": os.environ.get("VERSION", "")}


@app.post("/charges")
def charge() -> dict[str, str]:
    slow = _chance.random() < 0.015
    time.sleep(min(1.2, _chance.lognormvariate(-2.6, 0.45) + (_chance.uniform(0.5, 0.9) if slow else 0.0)))
    draw = _chance.random()
    if draw < 0.02:
        raise HTTPException(503, "maintenance")
    card = f"**** {_chance.randrange(10_000):04d}"
    if draw < 0.055:
        reason = _chance.choice(["insufficient_funds", "expired_card"])
        return {"status": "declined", "card": card, "reason": reason}
    return {"status": "accepted", "card": card}
