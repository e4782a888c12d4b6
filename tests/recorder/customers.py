"""The shop's customers: an open loop, so that a slow shop does not make them come more slowly.

What each customer does, and when, is drawn from the seed before anything is sent.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

CUSTOMERS_PER_SECOND = 1.4
"""About ten requests a second."""

_BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "ShopApp/4.2 (Android 14)",
)
_WORDS = ("lamp", "oak", "glass", "chair", "steel", "clock", "wool", "vase")
_CATEGORIES = ("kitchen", "living", "bedroom", "garden", "office")
_PROBED = ("/wp-login.php", "/.env", "/robots.txt", "/favicon.ico", "/admin/")
_NAMES = ("mia", "noah", "lena", "omar", "ida", "yuki", "paul", "rosa", "finn", "zoe")


@dataclass
class Step:
    """One request, due so many seconds after the start."""

    due: float
    method: str
    path: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Visit:
    """Everything one customer does."""

    headers: dict[str, str]
    patience: float
    steps: list[Step]


def visits(seed: int, per_second: float = CUSTOMERS_PER_SECOND) -> Iterator[Visit]:
    """All customers there will ever be, in the order in which they come.

    Examples
    --------
    >>> [v.steps for v, _ in zip(visits(7), range(3))] == [v.steps for v, _ in zip(visits(7), range(3))]
    True
    """
    chance = random.Random(seed)
    now = 0.0
    while True:
        now += chance.expovariate(per_second)
        user = chance.randrange(1, 3001)
        network = chance.choice(("198.51.100", "203.0.113"))
        headers = {
            "Host": "shop.example.com",
            "X-Forwarded-For": f"{network}.{chance.randrange(1, 255)}",
            "User-Agent": chance.choice(_BROWSERS),
        }
        steps = _probe(now, chance) if chance.random() < 0.03 else _shopping(now, user, chance)
        yield Visit(headers, 4.0 if chance.random() < 0.1 else 12.0, steps)


def _probe(now: float, chance: random.Random) -> list[Step]:
    return [Step(now + 0.3 * n, "GET", path) for n, path in enumerate(chance.sample(_PROBED, 2))]


def _shopping(now: float, user: int, chance: random.Random) -> list[Step]:
    steps: list[Step] = []

    def then(pause: float, method: str, path: str, **options: Any) -> None:
        nonlocal now
        now += pause
        steps.append(Step(now, method, path, options))

    def think() -> float:
        return 0.5 + chance.expovariate(0.8)

    then(0, "GET", "/products", params={"category": chance.choice(_CATEGORIES)})
    if chance.random() < 0.35:
        # Searching in reviews reads all of them: the shop's ordinary slow query.
        reviews = {"reviews": "true"} if chance.random() < 0.25 else {}
        then(think(), "GET", "/search", params={"q": chance.choice(_WORDS), **reviews})
    for _ in range(chance.randint(1, 3)):
        unknown = chance.random() < 0.01
        product = chance.randrange(401, 999) if unknown else chance.randrange(1, 401)
        then(think(), "GET", f"/products/{product}")
    if chance.random() > 0.72:
        return steps
    for _ in range(chance.choice((1, 1, 2, 2, 3))):
        quantity = 6 if chance.random() < 0.015 else chance.choice((1, 1, 1, 2, 3))
        item = {"product_id": chance.randrange(1, 401), "quantity": quantity}
        then(think(), "POST", f"/carts/{user}/items", json=item)
    then(think(), "GET", f"/carts/{user}")
    if chance.random() > 0.82:
        return steps
    order = {
        "user_id": user,
        "email": f"{chance.choice(_NAMES)}.{user}@example.com",
        "idempotency_key": f"{chance.getrandbits(48):012x}",
    }
    then(think(), "POST", "/orders", json=order)
    if chance.random() < 0.02:  # a double click
        then(0.02, "POST", "/orders", json=order)
    if chance.random() < 0.5:
        then(2 + think(), "GET", "/orders", params={"user_id": user})
    return steps


async def _visit(client: httpx.AsyncClient, visit: Visit, start: float) -> None:
    async with asyncio.TaskGroup() as group:
        for step in visit.steps:
            group.create_task(_send(client, visit, step, start))


async def _send(client: httpx.AsyncClient, visit: Visit, step: Step, start: float) -> None:
    await asyncio.sleep(max(0.0, start + step.due - time.monotonic()))
    try:
        await client.request(step.method, step.path, headers=visit.headers, timeout=visit.patience, **step.options)
    except httpx.HTTPError:  # who waits too long leaves; the shop's logs have it
        return


async def run(url: str, seed: int, per_second: float, seconds: float) -> None:
    """Send customers until so many seconds have passed."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=40)
    async with httpx.AsyncClient(base_url=url, limits=limits) as client, asyncio.TaskGroup() as group:
        start = time.monotonic()
        for visit in visits(seed, per_second):
            if visit.steps[0].due > seconds:
                break
            await asyncio.sleep(max(0.0, start + visit.steps[0].due - time.monotonic()))
            group.create_task(_visit(client, visit, start))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--per-second", type=float, default=CUSTOMERS_PER_SECOND)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    arguments = parser.parse_args()
    asyncio.run(run(arguments.url, arguments.seed, arguments.per_second, arguments.seconds))
