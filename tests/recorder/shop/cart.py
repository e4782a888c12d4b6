"""Cart: what a customer wants to buy, kept in Redis until it is bought or forgotten."""

from __future__ import annotations

import logging
import time
from typing import Any

from fastapi import HTTPException
from pydantic import BaseModel
from sqlalchemy import bindparam, text

from . import store
from .database import Database
from .web import application

log = logging.getLogger("shop.cart")
database = Database("cart")
redis = store.connect()
_MOST_OF_ONE = 5
_FORGOTTEN_AFTER = 120


class Item(BaseModel):
    product_id: int
    quantity: int = 1


def count() -> None:
    """Say how many carts there are."""
    start = time.perf_counter()
    with store.command("SCAN"):
        carts = sum(1 for _ in redis.scan_iter("cart:*", count=500))
    log.info("carts counted", extra={"carts": carts, "duration_ms": _since(start)})


app = application("cart", opens=database.open, jobs={count: 30.0})


@app.get("/carts/{user_id}")
def read(user_id: int) -> dict[str, Any]:
    start = time.perf_counter()
    with store.command("HGETALL"):
        items = {int(product): int(quantity) for product, quantity in redis.hgetall(f"cart:{user_id}").items()}
    prices = _prices(sorted(items)) if items else {}
    log.info("cart read", extra={"user": user_id, "items": len(items), "duration_ms": _since(start)})
    return {
        "items": [
            {"product_id": product, "quantity": items[product], "price": str(prices[product])}
            for product in sorted(items)
            if product in prices
        ]
    }


@app.post("/carts/{user_id}/items", status_code=201)
def add(user_id: int, item: Item) -> dict[str, int]:
    if item.quantity > _MOST_OF_ONE:
        log.warning("quantity refused", extra={"user": user_id, "product": item.product_id, "quantity": item.quantity})
        raise HTTPException(422, f"at most {_MOST_OF_ONE} of one product")
    start = time.perf_counter()
    with store.command("HSET"), redis.pipeline() as pipe:
        pipe.hset(f"cart:{user_id}", str(item.product_id), str(item.quantity))
        pipe.expire(f"cart:{user_id}", _FORGOTTEN_AFTER)
        pipe.execute()
    known = {"user": user_id, "product": item.product_id, "quantity": item.quantity}
    log.info("item added", extra={**known, "duration_ms": _since(start)})
    return {"quantity": item.quantity}


@app.delete("/carts/{user_id}", status_code=204)
def clear(user_id: int) -> None:
    with store.command("DEL"):
        gone = redis.delete(f"cart:{user_id}")
    log.info("cart cleared", extra={"user": user_id, "carts": gone})


def _prices(products: list[int]) -> dict[int, Any]:
    statement = text("SELECT id, price FROM products WHERE id IN :ids").bindparams(bindparam("ids", expanding=True))
    with database.transaction() as connection:
        return {row.id: row.price for row in connection.execute(statement, {"ids": products})}


def _since(start: float) -> str:
    return f"{(time.perf_counter() - start) * 1000:.1f}"
