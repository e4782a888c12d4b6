"""Shipping: what sending so many pieces costs."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

from fastapi import Depends
from pydantic import BaseModel
from sqlalchemy import text

from .database import Database
from .web import application, signed

log = logging.getLogger("shop.shipping")
database = Database("shipping")
app = application("shipping", opens=database.open)


class Parcel(BaseModel):
    pieces: int


@app.post("/quotes", dependencies=[Depends(signed)])
def quote(parcel: Parcel) -> dict[str, Any]:
    with database.transaction() as connection:
        rate = connection.execute(
            text("SELECT carrier, fee FROM shipping_rates WHERE pieces_up_to >= :pieces ORDER BY fee LIMIT 1"),
            {"pieces": parcel.pieces},
        ).first()
    if rate is None:
        log.warning("no carrier takes %d pieces: freight rate used", parcel.pieces)
        return {"carrier": "freight", "fee": str(Decimal("49.00"))}
    log.info("quoted %s for %d pieces with %s", rate.fee, parcel.pieces, rate.carrier)
    return {"carrier": rate.carrier, "fee": str(rate.fee)}
