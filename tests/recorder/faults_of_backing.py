"""What can be broken in Redis, the queues and the limits that others set."""

from __future__ import annotations

import json
import random
import time
from threading import Event, Thread

import redis

from .faults import Fault
from .patches import unified
from .system import SHOWN_FOLDER, Setup, System


class BulkLoad(Fault):
    """Someone loads recommendations into the shared Redis, which lets go of carts and pages to make room."""

    service, mechanism = "redis", "cache_eviction"

    def __init__(self, megabytes_per_second: float) -> None:
        self._rate = megabytes_per_second
        self._end = Event()
        self._thread: Thread | None = None

    def inject(self, system: System) -> float:
        self._thread = Thread(target=self._load, args=(system.redis.client(),), daemon=True)
        at = time.time()
        self._thread.start()
        return at

    def _load(self, client: redis.Redis) -> None:
        number, products = 0, random.Random(1).randbytes(4_000).hex()
        pieces = int(self._rate * 1e6 / 5 / len(products))
        with client:
            while not self._end.wait(0.2):
                pipe = client.pipeline(transaction=False)
                for _ in range(pieces):
                    number += 1
                    pipe.set(f"recommended:{number}", products)
                pipe.execute()

    def heal(self) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join()


class LessMemory(Fault):
    """Redis is given less memory than the shop keeps in it."""

    service, mechanism = "redis", "cache_eviction"

    def inject(self, system: System) -> float:
        with system.redis.client() as client:
            overhead = int(client.info("memory")["used_memory_overhead"])
            limit = overhead + 60_000
            before = system.redis.configuration.read_text()
            after = before.replace("maxmemory 16mb", f"maxmemory {limit // 1000}kb")
            system.redis.configuration.write_text(after)
            at = time.time()
            client.config_set("maxmemory", limit)
        diff = unified("redis/redis.conf", before, after)
        system.changes.configured(self.service, at, "give memory back to the host", "redis/redis.conf", diff)
        return at


class PoisonMessage(Fault):
    """A message that its worker cannot handle, and puts back to the front of the queue for ever.

    Parameters
    ----------
    service
        The worker.
    queue
        The list in Redis.
    message
        What came in from a partner.
    """

    mechanism = "poison_message"

    def __init__(self, service: str, queue: str, message: dict[str, object]) -> None:
        self.service, self._queue, self._message = service, queue, message

    def inject(self, system: System) -> float:
        with system.redis.client() as client:
            at = time.time()
            client.rpush(self._queue, json.dumps(self._message))
        return at


class HalvedRate(Fault):
    """The rate at which the front end lets requests pass is halved in its settings."""

    service, mechanism = "nginx", "limit_too_low"

    def __init__(self, requests_per_second: int) -> None:
        self._rate = requests_per_second

    def prepare(self, setup: Setup, onset: float) -> None:
        setup.requests_per_second = self._rate

    def inject(self, system: System) -> float:
        path = system.nginx.configuration
        before = path.read_text()
        after = before.replace(f"rate={self._rate}r/s", f"rate={self._rate // 2}r/s")
        path.write_text(after)
        at = time.time()
        system.nginx.reload()
        shown = (text.replace(str(system.folder), SHOWN_FOLDER) for text in (before, after))
        diff = unified("nginx/nginx.conf", *shown)
        system.changes.configured(self.service, at, "limit for scrapers", "nginx/nginx.conf", diff)
        return at


class HalvedQueue(Fault):
    """The number of orders that the invoices work off in a second is halved in their settings."""

    service, mechanism = "invoices", "limit_too_low"

    def __init__(self, orders_per_second: float) -> None:
        self._rate = orders_per_second

    def prepare(self, setup: Setup, onset: float) -> None:
        setup.orders_per_second = self._rate

    def inject(self, system: System) -> float:
        before = system.settings.read_text()
        after = f"orders_per_second = {self._rate / 2:g}\n"
        system.settings.write_text(after)
        begun = time.time()
        at = system.services[self.service].deploy()
        diff = unified("invoices.toml", before, after)
        system.changes.configured(self.service, begun, "spare the archive", "invoices.toml", diff)
        return at
