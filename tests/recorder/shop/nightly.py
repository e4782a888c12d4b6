"""The nightly report: what sold, by category and day, as ``python -m shop.nightly``."""

from __future__ import annotations

import logging
import os
import time

from sqlalchemy import create_engine, text

from .logs import Logfmt, configure

log = logging.getLogger("shop.nightly")
_STEPS = {
    "sales by product": "SELECT i.product_id, count(*), sum(i.quantity) FROM order_items i "
    "JOIN orders o ON o.id = i.order_id GROUP BY 1 ORDER BY 3 DESC",
    "baskets": "SELECT n, count(*) FROM (SELECT order_id, count(*) AS n FROM order_items GROUP BY 1) AS b GROUP BY 1",
    "lowest prices": "SELECT product_id, min(price), max(price) FROM price_history GROUP BY 1 ORDER BY 1",
    "reviews": "SELECT product_id, avg(stars), max(length(body)) FROM reviews GROUP BY 1 ORDER BY 2",
}


def main() -> None:
    configure(Logfmt())
    port, rounds = os.environ.get("DATABASE_PORT", "5432"), int(os.environ.get("NIGHTLY_DAYS", "12"))
    engine = create_engine(f"postgresql+psycopg://nightly@127.0.0.1:{port}/shop")
    log.info("nightly report started", extra={"days": rounds})
    for day in range(rounds):
        start = time.perf_counter()
        for step, statement in _STEPS.items():
            with engine.begin() as connection:
                rows = len(connection.execute(text(statement)).all())
            log.info("step done", extra={"step": step, "day": day, "rows": rows})
        time.sleep(max(0.5, 3 - (time.perf_counter() - start)))
    log.info("nightly report finished")


if __name__ == "__main__":
    main()
