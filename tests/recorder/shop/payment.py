"""Payment: charges a card at a provider, which is quick, sometimes slow, and now and then refuses."""

from __future__ import annotations

import logging
import os
import random
import time
from decimal import Decimal

from fastapi import HTTPException
from pydantic import BaseModel
from sqlalchemy import text

from .database import Database
from .web import application

log = logging.getLogger("shop.payment")
database = Database("payment")
app = application("payment", database)
_chance = random.Random(int(os.environ.get("SEED", "0")))


class Payment(BaseModel):
    order_id: int
    amount: Decimal


@app.post("/payments", status_code=201)
def pay(payment: Payment) -> dict[str, int]:
    card = f"**** {_chance.randrange(10_000):04d}"
    start = time.perf_counter()
    outcome = _charge()
    took = round((time.perf_counter() - start) * 1000)
    known = {"order": payment.order_id, "amount": str(payment.amount), "card": card, "provider_ms": took}
    if outcome == "unavailable":
        log.error("provider answered 503", extra=known)
        raise HTTPException(502, "provider unavailable")
    if took > 600:
        log.warning("provider is slow", extra=known)
    with database.transaction() as connection:
        payment_id: int = connection.execute(
            text("INSERT INTO payments (order_id, amount, status) VALUES (:order, :amount, :status) RETURNING id"),
            {"order": payment.order_id, "amount": payment.amount, "status": outcome},
        ).scalar_one()
    if outcome == "declined":
        log.warning("card declined", extra={**known, "reason": _chance.choice(["insufficient_funds", "expired_card"])})
        raise HTTPException(402, "declined")
    log.info("payment accepted", extra={**known, "payment": payment_id})
    return {"payment": payment_id}


def _charge() -> str:
    """Stand in for the provider's API: its latencies and answers, drawn from a distribution."""
    slow = _chance.random() < 0.015
    time.sleep(min(1.2, _chance.lognormvariate(-2.6, 0.45) + (_chance.uniform(0.5, 0.9) if slow else 0.0)))
    draw = _chance.random()
    if draw < 0.02:
        return "unavailable"
    return "declined" if draw < 0.055 else "accepted"
