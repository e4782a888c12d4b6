"""Catalog: products, search, and a popularity ranking that it counts anew now and then."""

from __future__ import annotations

import json
import logging
from typing import Any

from fastapi import HTTPException
from sqlalchemy import text

from . import store
from .database import Database
from .web import application

log = logging.getLogger("shop.catalog")
database = Database("catalog")
redis = store.connect()
_flags: dict[str, bool] = {}
_BROKEN_PICTURES = frozenset({23, 57, 88, 131, 214, 365})
_PAGE_SECONDS = 45


def rank_by_sales() -> None:
    """Count what sold."""
    with database.transaction() as connection:
        connection.execute(text("DELETE FROM popularity"))
        counted = connection.execute(
            text(
                "INSERT INTO popularity SELECT i.product_id, sum(i.quantity) FROM order_items i "
                "JOIN orders o ON o.id = i.order_id WHERE o.status = 'paid' GROUP BY i.product_id"
            )
        )
        log.info("popularity ranking rebuilt, %d products", counted.rowcount)


def read_flags() -> None:
    """Take over feature flags that were switched."""
    with database.transaction() as connection:
        rows = connection.execute(text("SELECT name, enabled FROM feature_flags ORDER BY name")).all()
    for name, enabled in rows:
        if _flags.get(name, False) != enabled:
            log.info("feature flag %s is now %s", name, "on" if enabled else "off")
        _flags[name] = enabled


app = application("catalog", opens=database.open, jobs={rank_by_sales: 35.0, read_flags: 3.0})


@app.get("/products")
def products(category: str = "", page: int = 1) -> dict[str, Any]:
    with database.transaction() as connection:
        rows = connection.execute(
            text(
                # The lowest price of the last 30 days has to be shown beside the price.
                "SELECT p.id, p.name, p.price, s.on_hand, (SELECT min(h.price) FROM price_history h "
                "WHERE h.product_id = p.id AND h.at > now() - interval '30 days') AS lowest "
                "FROM products p JOIN stock s ON s.product_id = p.id "
                "LEFT JOIN popularity r ON r.product_id = p.id WHERE :category = '' OR p.category = :category "
                "ORDER BY r.sold DESC NULLS LAST, p.id LIMIT 12 OFFSET :offset"
            ),
            {"category": category, "offset": 12 * (page - 1)},
        ).all()
    banner = {"banner": "Free shipping above 50"} if _flags.get("free_shipping_banner") else {}
    return {"products": [dict(row._mapping) for row in rows], **banner}


@app.get("/products/{product_id}")
def product(product_id: int) -> dict[str, Any]:
    with store.command("GET"):
        kept = redis.get(f"page:{product_id}")
    page = json.loads(kept) if kept else _page(product_id)
    if page is None:
        log.warning("product %d does not exist", product_id)
        raise HTTPException(404, "no such product")
    if product_id in _BROKEN_PICTURES:
        log.error(
            "cannot resize picture of product %d: unexpected end of JPEG data, sending the original",
            product_id,
        )
    return dict(page)


@app.get("/search")
def search(q: str, reviews: bool = False) -> dict[str, Any]:
    statement = "SELECT id, name, price FROM products WHERE name ILIKE :pattern ORDER BY name LIMIT 24"
    if reviews:
        statement = (
            "SELECT p.id, p.name, p.price FROM products p WHERE p.id IN "
            "(SELECT product_id FROM reviews WHERE body ILIKE :pattern) ORDER BY p.name LIMIT 24"
        )
    with database.transaction() as connection:
        rows = connection.execute(text(statement), {"pattern": f"%{q}%"}).all()
    found = [dict(row._mapping) for row in rows]
    return {"products": found}


def _page(product_id: int) -> dict[str, Any] | None:
    """Build a product's page and keep it for a while."""
    with database.transaction() as connection:
        row = connection.execute(
            text(
                "SELECT p.*, s.on_hand, s.warehouse FROM products p JOIN stock s ON s.product_id = p.id "
                "WHERE p.id = :id"
            ),
            {"id": product_id},
        ).first()
        if row is None:
            return None
        said = connection.execute(
            text("SELECT stars, body FROM reviews WHERE product_id = :id ORDER BY id DESC LIMIT 5"), {"id": product_id}
        ).all()
    page = {**row._mapping, "price": str(row.price), "reviews": [dict(review._mapping) for review in said]}
    with store.command("SETEX"):
        redis.setex(f"page:{product_id}", _PAGE_SECONDS, json.dumps(page))
    return page
