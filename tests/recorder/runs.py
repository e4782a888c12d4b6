"""All runs that are recorded: what breaks in each, under which load and for how long."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from . import patches
from .faults import (
    BusyNeighbour,
    Deploy,
    DroppedIndex,
    ExpiredCertificate,
    Fault,
    FilledVolume,
    Gone,
    LostName,
    OpenTransaction,
    SkewedClock,
    SlowLink,
)
from .faults_of_backing import BulkLoad, HalvedQueue, HalvedRate, LessMemory, PoisonMessage

Near = Literal["", "deploy", "commit", "flag"]
NonFault = Literal["healthy", "load peak", "innocent deploy", "nightly batch"]


@dataclass(frozen=True)
class Run:
    """One recording.

    Parameters
    ----------
    key
        What developers call it. It tells what is broken, and is not in the recording.
    kind
        Kind of fault or of non-fault.
    fault
        Makes the fault; None for a non-fault.
    customers_per_second
        The load.
    baseline_seconds, incident_seconds
        Lengths of the two windows.
    near
        What else, innocent, is changed close to the onset.
    name, title
        What the recording is called, if not by its number.
    shipped
        Whether it comes with the package.
    """

    key: str
    kind: str
    fault: Callable[[], Fault] | None
    customers_per_second: float = 1.4
    baseline_seconds: int = 100
    incident_seconds: int = 80
    near: Near = ""
    name: str = ""
    title: str = ""
    shipped: bool = False

    @property
    def alone(self) -> bool:
        """Whether nothing else may be recorded beside it: what takes the CPU takes it from all."""
        return self.kind == "CPU hog"


_STOCK = "UPDATE stock SET warehouse = 'north' WHERE product_id % 5 <> 1;"
_NOTE = "ALTER TABLE orders ADD COLUMN note text;"
_COMMA = {"order": 7_000_001, "email": "buying@partner.example.com", "total": "128,50"}
_NOBODY = {"order": 7_000_002, "to": "Buying Department"}

_RUNS = (
    # Databases
    Run(
        "lock/stock",
        "database lock",
        lambda: OpenTransaction(_STOCK, "UPDATE"),
        1.5,
        150,
        120,
        "flag",
        "checkout-stall",
        "Checkout answers slowly or not at all",
        shipped=True,
    ),
    Run("lock/migration", "database lock", lambda: OpenTransaction(_NOTE, "ALTER TABLE", "0044_note"), 1.1, 90, 75),
    Run(
        "slow query/catalog",
        "slow query",
        lambda: DroppedIndex("price_history_product_id", "0043_unused_indexes"),
        1.2,
        110,
        90,
        "commit",
        shipped=True,
    ),
    Run("slow query/history", "slow query", lambda: DroppedIndex("order_items_order_id"), 2.2, 95, 95, "deploy"),
    Run(
        "pool/checkout",
        "connection pool",
        lambda: Deploy(patches.HOLDS_CONNECTIONS_IN_CHECKOUT, "connection_pool_exhausted"),
        1.6,
        105,
        95,
        "commit",
    ),
    Run(
        "pool/catalog",
        "connection pool",
        lambda: Deploy(patches.HOLDS_CONNECTIONS_IN_CATALOG, "connection_pool_exhausted"),
        1.2,
        120,
        85,
        shipped=True,
    ),
    # Code
    Run(
        "code error/catalog",
        "code error",
        lambda: Deploy(patches.RAISES_IN_SEARCH, "code_error"),
        1.3,
        100,
        120,
        "flag",
        shipped=True,
    ),
    Run("code error/cart", "code error", lambda: Deploy(patches.RAISES_IN_CART, "code_error"), 1.8, 85, 70, "deploy"),
    Run(
        "memory leak/catalog",
        "memory leak",
        lambda: Deploy(patches.LEAKS_IN_CATALOG, "memory_leak"),
        1.5,
        95,
        210,
        "commit",
    ),
    Run(
        "memory leak/payment",
        "memory leak",
        lambda: Deploy(patches.LEAKS_IN_PAYMENT, "memory_leak"),
        1.4,
        100,
        215,
        shipped=True,
    ),
    # Hosts and networks
    Run("CPU hog/catalog", "CPU hog", lambda: BusyNeighbour("catalog"), 2.6, 100, 120, "deploy", shipped=True),
    Run("CPU hog/more customers", "CPU hog", lambda: BusyNeighbour("catalog"), 3.4, 90, 120),
    Run(
        "slow link/provider", "slow dependency", lambda: SlowLink("provider", 3.5), 1.4, 110, 85, "deploy", shipped=True
    ),
    Run("slow link/shipping", "slow dependency", lambda: SlowLink("shipping", 0.8), 1.7, 90, 80, "commit"),
    Run("unreachable/dns", "unreachable", lambda: LostName("payment"), 1.3, 95, 80, shipped=True),
    Run("unreachable/cart", "unreachable", lambda: Gone("cart"), 1.9, 100, 70, "commit"),
    Run("full disk/postgres", "full disk", lambda: FilledVolume("postgres", 130), 1.4, 90, 230),
    Run(
        "full disk/invoices",
        "full disk",
        lambda: Deploy(patches.FILLS_THE_DISK, "disk_full"),
        1.5,
        95,
        230,
        "flag",
        shipped=True,
    ),
    Run(
        "expired certificate/payment",
        "expired certificate",
        lambda: ExpiredCertificate("payment"),
        1.2,
        105,
        75,
        "deploy",
    ),
    Run(
        "expired certificate/shipping",
        "expired certificate",
        lambda: ExpiredCertificate("shipping"),
        1.8,
        90,
        75,
        "commit",
        shipped=True,
    ),
    Run("clock/checkout", "clock skew", lambda: SkewedClock("checkout", 95), 1.4, 100, 80, "flag", shipped=True),
    Run("clock/shipping", "clock skew", lambda: SkewedClock("shipping", 140), 1.6, 95, 75),
    # Redis, queues and limits
    Run("eviction/load", "cache eviction", lambda: BulkLoad(16.0), 1.5, 105, 100, shipped=True),
    Run("eviction/limit", "cache eviction", LessMemory, 1.9, 95, 85, "deploy"),
    Run(
        "poison/invoices",
        "poison message",
        lambda: PoisonMessage("invoices", "queue:orders", _COMMA),
        1.6,
        90,
        90,
        "deploy",
        shipped=True,
    ),
    Run("poison/mailer", "poison message", lambda: PoisonMessage("mailer", "queue:mails", _NOBODY), 1.3, 110, 95),
    Run("halved limit/nginx", "halved limit", lambda: HalvedRate(14), 1.9, 100, 80, "commit", shipped=True),
    Run("halved limit/invoices", "halved limit", lambda: HalvedQueue(1.3), 1.5, 90, 130, "deploy"),
    # Nothing is wrong
    Run(
        "healthy/1", "healthy", None, 1.5, 150, 120, "flag", "healthy", "An ordinary stretch of the shop", shipped=True
    ),
    Run("healthy/2", "healthy", None, 2.1, 100, 80, "commit"),
    Run("load peak/1", "load peak", None, 1.1, 100, 90),
    Run("load peak/2", "load peak", None, 1.3, 110, 85, "commit"),
    Run("innocent deploy/1", "innocent deploy", None, 1.4, 95, 80, "deploy", shipped=True),
    Run("innocent deploy/2", "innocent deploy", None, 1.8, 100, 75, "deploy"),
    Run("nightly batch/1", "nightly batch", None, 1.3, 100, 90),
    Run("nightly batch/2", "nightly batch", None, 1.7, 95, 80, "flag"),
)


def _numbered() -> dict[str, Run]:
    """Give the runs names that tell nothing: numbers, in an order that has nothing to do with what is broken."""
    order = list(range(1, len(_RUNS) + 1))
    random.Random(20261125).shuffle(order)
    return {run.name or f"shop-{number:02d}": run for number, run in zip(order, _RUNS, strict=True)}


RUNS = _numbered()
"""Name to run: what ``record`` takes."""
SPLIT_SEED = 3


def split() -> dict[str, list[str]]:
    """Return which kinds of fault and of non-fault rules may be made on, and which only judge them."""
    chance = random.Random(SPLIT_SEED)
    halves: dict[str, list[str]] = {"dev": [], "test": []}
    for faulty in (True, False):
        kinds = sorted({run.kind for run in RUNS.values() if (run.fault is not None) is faulty})
        dev = set(chance.sample(kinds, len(kinds) // 2))
        halves["dev"] += [kind for kind in kinds if kind in dev]
        halves["test"] += [kind for kind in kinds if kind not in dev]
    return halves
