"""What people changed around the time of a recording: deploys, commits, flags, configuration."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

FLAG = "free_shipping_banner"

_BEFORE: list[tuple[float, dict[str, Any]]] = [
    (
        1480,
        {
            "kind": "deploy",
            "service": "payment",
            "version": "2.7.1",
            "author": "r.dasgupta",
            "message": "payment 2.7.1: log the provider's latency",
            "files": ["shop/payment.py"],
            "diff": "@@ def pay(payment: Payment)\n"
            '-    known = {"order": payment.order_id, "card": card}\n'
            '+    known = {"order": payment.order_id, "card": card, "provider_ms": took}\n',
        },
    ),
    (
        1105,
        {
            "kind": "config",
            "service": "nginx",
            "author": "k.lindqvist",
            "message": "nginx: keep 16 idle connections to each upstream",
            "files": ["nginx/nginx.conf"],
            "diff": "-    upstream checkout { server 127.0.0.1:8003; }\n"
            "+    upstream checkout { server 127.0.0.1:8003; keepalive 16; }\n",
        },
    ),
    (
        390,
        {
            "kind": "deploy",
            "service": "catalog",
            "version": "5.12.0",
            "author": "t.moreau",
            "message": "catalog 5.12.0: search in reviews",
            "files": ["shop/catalog.py"],
            "diff": "@@ def search(q: str)\n"
            "-def search(q: str) -> dict[str, Any]:\n"
            "+def search(q: str, reviews: bool = False) -> dict[str, Any]:\n",
        },
    ),
    (
        96,
        {
            "kind": "deploy",
            "service": "cart",
            "version": "3.4.2",
            "author": "a.novak",
            "message": "cart 3.4.2: purge abandoned carts every 30 s instead of every 60 s",
            "files": ["shop/cart.py"],
            "diff": '-app = application("cart", jobs={purge: 60.0})\n+app = application("cart", jobs={purge: 30.0})\n',
        },
    ),
]
"""Minutes before the recording, and the event. The system runs with all of them."""

_BETWEEN = {
    "kind": "commit",
    "service": "checkout",
    "author": "j.abara",
    "message": "checkout: say how long an order took in the log line (merged, not deployed)",
    "files": ["shop/checkout.py"],
    "diff": "@@ def place_order(order: Order)\n"
    '-        "order %d placed: %d items, total %s, confirmation to %s",\n'
    '+        "order %d placed: %d items, total %s, confirmation to %s, %.0f ms",\n',
}


def events(seed: int, start: float, commit_at: float, flag_at: float) -> list[dict[str, Any]]:
    """Return all change events of one recording, in the order of time.

    Parameters
    ----------
    seed
        Decides commit ids and the exact times of the earlier events.
    start
        When the recording starts, in seconds since 1970.
    commit_at
        When a commit was merged.
    flag_at
        When the feature flag was really switched.
    """
    chance = random.Random(seed)
    begin = datetime.fromtimestamp(start, UTC)
    timed = [(begin - timedelta(minutes=m, seconds=chance.uniform(0, 240)), dict(event)) for m, event in _BEFORE]
    timed.append((datetime.fromtimestamp(commit_at, UTC), dict(_BETWEEN)))
    for _, event in timed:
        event["commit"] = f"{chance.getrandbits(160):040x}"
    flag = {
        "kind": "flag",
        "service": "catalog",
        "author": "s.virtanen",
        "message": f"{FLAG}: off -> on for everyone",
        "files": [],
        "diff": f"-{FLAG}: false\n+{FLAG}: true\n",
    }
    timed.append((datetime.fromtimestamp(flag_at, UTC), flag))
    timed.sort(key=lambda pair: pair[0])
    return [{"time": at.isoformat(timespec="seconds").replace("+00:00", "Z"), **event} for at, event in timed]
