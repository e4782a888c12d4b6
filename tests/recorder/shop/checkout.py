"""Checkout: takes the cart, reserves stock, has it paid, and hands it to shipping and to the invoices."""

from __future__ import annotations

import json
import logging
import time
from decimal import Decimal
from typing import Any

import httpx
from fastapi import HTTPException
from pydantic import BaseModel
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from . import store
from .database import Database
from .peers import Peer
from .web import application

log = logging.getLogger("shop.checkout")
database = Database("checkout")
redis = store.connect()
cart = Peer("checkout", "cart", timeout=2.0)
payment = Peer("checkout", "payment", timeout=3.0)
shipping = Peer("checkout", "shipping", timeout=1.5)
app = application("checkout", opens=database.open)


class Order(BaseModel):
    user_id: int
    email: str
    idempotency_key: str


@app.post("/orders", status_code=201)
def place_order(order: Order) -> dict[str, Any]:
    start = time.perf_counter()
    items = _read_cart(order.user_id)
    total = sum((Decimal(item["price"]) * item["quantity"] for item in items), Decimal(0))
    total += _shipping_fee(items)
    try:
        order_id = _reserve(order, items, total)
    except IntegrityError:
        log.warning("order %s of user %d was sent twice", order.idempotency_key, order.user_id)
        raise HTTPException(409, "already ordered") from None
    except PoolTimeout:
        log.exception("no database connection for order of user %d", order.user_id)
        raise HTTPException(503, "try again later") from None
    except SQLAlchemyError:
        log.exception("could not reserve stock for user %d", order.user_id)
        raise HTTPException(500, "order failed") from None
    _pay(order_id, total)
    with database.transaction() as connection:
        connection.execute(text("UPDATE orders SET status = 'paid' WHERE id = :id"), {"id": order_id})
    _hand_on(order_id, order, total)
    log.info(
        "order %d placed: %d items, total %s, confirmation to %s, %.0f ms",
        order_id,
        len(items),
        total,
        order.email,
        (time.perf_counter() - start) * 1000,
    )
    return {"order": order_id, "total": str(total)}


@app.get("/orders")
def orders(user_id: int) -> dict[str, Any]:
    statement = text(
        "SELECT o.id, o.status, o.total, (SELECT count(*) FROM order_items i WHERE i.order_id = o.id) AS items "
        "FROM orders o WHERE o.user_id = :user ORDER BY o.id DESC LIMIT 10"
    )
    try:
        with database.transaction() as connection:
            rows = connection.execute(statement, {"user": user_id}).all()
    except PoolTimeout:
        log.exception("no database connection for orders of user %d", user_id)
        raise HTTPException(503, "try again later") from None
    return {"orders": [dict(row._mapping) for row in rows]}


def _read_cart(user_id: int) -> list[dict[str, Any]]:
    try:
        items: list[dict[str, Any]] = cart.call("GET", f"/carts/{user_id}").raise_for_status().json()["items"]
    except httpx.HTTPError as error:
        log.error("cart of user %d cannot be read: %s", user_id, error)
        raise HTTPException(502, "cart is not available") from None
    if not items:
        log.warning("user %d checks out an empty cart", user_id)
        raise HTTPException(409, "cart is empty")
    return items


def _shipping_fee(items: list[dict[str, Any]]) -> Decimal:
    try:
        answer = shipping.call("POST", "/quotes", json={"pieces": sum(item["quantity"] for item in items)})
        return Decimal(answer.raise_for_status().json()["fee"])
    except httpx.HTTPError as error:
        log.error("no shipping quote: %s", error)
        raise HTTPException(502, "shipping is not available") from None


def _reserve(order: Order, items: list[dict[str, Any]], total: Decimal) -> int:
    with database.transaction() as connection:
        order_id: int = connection.execute(
            text(
                "INSERT INTO orders (user_id, idempotency_key, status, total) VALUES (:user, :key, 'reserved', :total) "
                "RETURNING id"
            ),
            {"user": order.user_id, "key": order.idempotency_key, "total": total},
        ).scalar_one()
        for item in items:  # in the order of product ids, so that two orders cannot lock each other out
            taken = connection.execute(
                text(
                    "UPDATE stock SET on_hand = on_hand - :quantity "
                    "WHERE product_id = :product AND on_hand >= :quantity"
                ),
                {"quantity": item["quantity"], "product": item["product_id"]},
            )
            if not taken.rowcount:
                log.warning("product %d is sold out", item["product_id"])
        connection.execute(
            text("INSERT INTO order_items VALUES (:order, :product, :quantity)"),
            [{"order": order_id, "product": i["product_id"], "quantity": i["quantity"]} for i in items],
        )
    return order_id


def _pay(order_id: int, total: Decimal) -> None:
    for attempt in (1, 2):
        try:
            response = payment.call("POST", "/payments", json={"order_id": order_id, "amount": str(total)})
        except httpx.HTTPError as error:
            log.warning("payment of order %d failed: %s (attempt %d of 2)", order_id, error, attempt)
            continue
        if response.status_code == 402:
            log.info("payment of order %d was declined", order_id)
            raise HTTPException(402, "card declined")
        if response.status_code == 401:
            log.error("payment of order %d was refused: %s", order_id, response.json()["detail"])
            raise HTTPException(502, "payment failed")
        if response.status_code < 500:
            return
        log.warning("payment of order %d answered %d (attempt %d of 2)", order_id, response.status_code, attempt)
    log.error("payment of order %d failed twice, giving up", order_id)
    raise HTTPException(502, "payment failed")


def _hand_on(order_id: int, order: Order, total: Decimal) -> None:
    """Empty the cart and queue the invoice; an order that is paid stands, whatever becomes of these."""
    try:
        cart.call("DELETE", f"/carts/{order.user_id}")
        with store.command("LPUSH"):
            redis.lpush(store.ORDERS, json.dumps({"order": order_id, "email": order.email, "total": str(total)}))
    except (httpx.HTTPError, RedisError) as error:
        log.error("order %d is paid, but was not handed on: %s", order_id, error)
