"""Cart: what a customer wants to buy."""

from __future__ import annotations

import logging
import time
from typing import Any

from fastapi import HTTPException
from pydantic import BaseModel
from sqlalchemy import text

from .database import Database
from .web import application

log = logging.getLogger("shop.cart")
database = Database("cart")
_MOST_OF_ONE = 5


class Item(BaseModel):
    product_id: int
    quantity: int = 1


def purge() -> None:
    """Drop carts that nobody came back to."""
    start = time.perf_counter()
    with database.transaction() as connection:
        gone = connection.execute(text("DELETE FROM cart_items WHERE added_at < now() - interval '90 seconds'"))
    log.info("abandoned carts purged", extra={"items": gone.rowcount, "duration_ms": _since(start)})


app = application("cart", database, jobs={purge: 30.0})


@app.get("/carts/{user_id}")
def read(user_id: int) -> dict[str, Any]:
    start = time.perf_counter()
    with database.transaction() as connection:
        rows = connection.execute(
            text(
                "SELECT c.product_id, c.quantity, p.price FROM cart_items c JOIN products p ON p.id = c.product_id "
                "WHERE c.user_id = :user ORDER BY c.product_id"
            ),
            {"user": user_id},
        ).all()
    log.info("cart read", extra={"user": user_id, "items": len(rows), "duration_ms": _since(start)})
    return {"items": [dict(row._mapping) for row in rows]}


@app.post("/carts/{user_id}/items", status_code=201)
def add(user_id: int, item: Item) -> dict[str, int]:
    if item.quantity > _MOST_OF_ONE:
        log.warning("quantity refused", extra={"user": user_id, "product": item.product_id, "quantity": item.quantity})
        raise HTTPException(422, f"at most {_MOST_OF_ONE} of one product")
    start = time.perf_counter()
    with database.transaction() as connection:
        quantity = connection.execute(
            text(
                "INSERT INTO cart_items (user_id, product_id, quantity) VALUES (:user, :product, :quantity) "
                "ON CONFLICT (user_id, product_id) DO UPDATE SET quantity = excluded.quantity RETURNING quantity"
            ),
            {"user": user_id, "product": item.product_id, "quantity": item.quantity},
        ).scalar_one()
    log.info(
        "item added",
        extra={
            "user": user_id,
            "product": item.product_id,
            "quantity": quantity,
            "duration_ms": _since(start),
        },
    )
    return {"quantity": quantity}


@app.delete("/carts/{user_id}", status_code=204)
def clear(user_id: int) -> None:
    with database.transaction() as connection:
        gone = connection.execute(text("DELETE FROM cart_items WHERE user_id = :user"), {"user": user_id})
    log.info("cart cleared", extra={"user": user_id, "items": gone.rowcount})


def _since(start: float) -> str:
    return f"{(time.perf_counter() - start) * 1000:.1f}"
