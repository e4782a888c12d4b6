"""Payment: charges a card at a provider, which is quick, sometimes slow, and now and then refuses."""

from __future__ import annotations

import logging
import time
from decimal import Decimal

import httpx
from fastapi import Depends, HTTPException
from pydantic import BaseModel
from sqlalchemy import text

from .database import Database
from .peers import Peer
from .web import application, signed

log = logging.getLogger("shop.payment")
database = Database("payment")
provider = Peer("payment", "provider", timeout=2.5)
app = application("payment", opens=database.open)


class Payment(BaseModel):
    order_id: int
    amount: Decimal


@app.post("/payments", status_code=201, dependencies=[Depends(signed)])
def pay(payment: Payment) -> dict[str, int]:
    start = time.perf_counter()
    known = {"order": payment.order_id, "amount": str(payment.amount)}
    try:
        charge = provider.call("POST", "/charges", json={"amount": str(payment.amount)}).raise_for_status().json()
    except httpx.HTTPError as error:
        log.error("provider failed", extra={**known, "error": str(error)})
        raise HTTPException(502, "provider unavailable") from None
    took = round((time.perf_counter() - start) * 1000)
    known |= {"card": charge["card"], "provider_ms": took}
    if took > 600:
        log.warning("provider is slow", extra=known)
    with database.transaction() as connection:
        payment_id: int = connection.execute(
            text("INSERT INTO payments (order_id, amount, status) VALUES (:order, :amount, :status) RETURNING id"),
            {"order": payment.order_id, "amount": payment.amount, "status": charge["status"]},
        ).scalar_one()
    if charge["status"] == "declined":
        log.warning("card declined", extra={**known, "reason": charge["reason"]})
        raise HTTPException(402, "declined")
    log.info("payment accepted", extra={**known, "payment": payment_id})
    return {"payment": payment_id}
