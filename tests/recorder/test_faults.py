"""Each fault breaks what it says, in a running system, and is gone when it is healed or undone."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.recorder import patches
from tests.recorder.faults import (
    Deploy,
    DroppedIndex,
    ExpiredCertificate,
    FilledVolume,
    Gone,
    LostName,
    OpenTransaction,
    SkewedClock,
    SlowLink,
)
from tests.recorder.faults_of_backing import BulkLoad, HalvedQueue, HalvedRate, LessMemory, PoisonMessage
from tests.recorder.programs import MissingProgramError, require_all
from tests.recorder.system import Setup, System

pytestmark = [pytest.mark.slow, pytest.mark.servers]
EXPIRES_AFTER = 75.0


class Shop:
    """The running system, as a customer and an operator see it."""

    def __init__(self, system: System, expiring: ExpiredCertificate, expires: float) -> None:
        self.system, self.expiring, self.expires = system, expiring, expires
        self._client = httpx.Client(base_url=system.nginx.url, headers={"Host": "shop.example.com"}, timeout=12)

    def close(self) -> None:
        self._client.close()

    def get(self, path: str) -> int:
        return self._client.get(path).status_code

    def order(self) -> int:
        user = random.randrange(10_000, 1_000_000)
        self._client.post(f"/carts/{user}/items", json={"product_id": 6, "quantity": 1}).raise_for_status()
        order = {"user_id": user, "email": "ida@example.com", "idempotency_key": f"test-{user}"}
        return self._client.post("/orders", json=order).status_code

    def works(self) -> bool:
        """Whether an order is taken; now and then the provider refuses one, or is down for maintenance."""
        return any(self.order() == 201 for _ in range(4))

    def says(self, log: str, text: str) -> bool:
        return text in (self.system.logs / f"{log}.log").read_text("utf-8", "replace")


def soon(check: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():
            return True
        time.sleep(0.3)
    return False


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    try:
        require_all()
    except MissingProgramError as error:
        pytest.skip(str(error))
    setup = Setup(9, customers_per_second=0.2)
    SlowLink("shipping", 4.0).prepare(setup, 0)
    SkewedClock("shipping", 140).prepare(setup, 0)
    HalvedRate(16).prepare(setup, 0)
    HalvedQueue(6.0).prepare(setup, 0)
    expires = time.time() + EXPIRES_AFTER
    expiring = ExpiredCertificate("payment")
    expiring.prepare(setup, expires)
    with System(setup) as system:
        shop = Shop(system, expiring, expires)
        assert soon(shop.works)
        yield shop
        shop.close()


def test_a_certificate_that_expires_stops_payments(shop: Shop) -> None:
    """The first test, and the last moment: payment works until then, and is given a new certificate afterwards."""
    if time.time() < shop.expires - 2:
        assert shop.works()
    time.sleep(max(0.0, shop.expires + 1.5 - time.time()))
    assert shop.order() == 502
    assert shop.says("checkout", "certificate has expired")
    assert shop.expiring.inject(shop.system) == int(shop.expires)
    service = shop.system.services["payment"]
    service.environment.pop("TLS_CERTIFICATE"), service.environment.pop("TLS_KEY")
    from tests.recorder.certificates import Authority

    authority = Authority(shop.system.folder / "renewed")
    shop.system.services["checkout"].environment["TLS_AUTHORITY"] = str(authority.path)
    for name in ("payment", "shipping"):
        files = authority.issue(f"{name}.shop.internal")
        renewed = dict(zip(("TLS_CERTIFICATE", "TLS_KEY"), map(str, files), strict=True))
        shop.system.services[name].environment.update(renewed)
        shop.system.services[name].deploy()
    shop.system.services["checkout"].deploy()
    assert soon(shop.works)


def test_a_slow_link_makes_its_callers_give_up(shop: Shop) -> None:
    at = SlowLink("shipping", 4.0).inject(shop.system)
    assert abs(at - time.time()) < 2
    assert shop.order() == 502
    assert shop.says("checkout", "no shipping quote: ")
    shop.system.links["shipping"].signal(signal.SIGUSR2)
    assert soon(shop.works)


def test_a_lost_name_cannot_be_resolved(shop: Shop) -> None:
    hosts = shop.system.dns.hosts.read_text()
    LostName("payment").inject(shop.system)
    assert soon(lambda: shop.order() == 502 and shop.says("checkout", "cannot resolve payment.shop.internal"))
    assert shop.says("dns", "payment.shop.internal")
    shop.system.dns.hosts.write_text(hosts)
    shop.system.dns.reload()
    assert soon(shop.works)


def test_a_clock_that_jumps_makes_signed_requests_old(shop: Shop) -> None:
    SkewedClock("shipping", 140).inject(shop.system)
    assert soon(lambda: shop.order() == 502 and shop.says("shipping", "its timestamp is"))
    shop.system.set_clock("shipping", 0)
    assert soon(shop.works)


def test_an_open_transaction_holds_orders_up(shop: Shop) -> None:
    fault = OpenTransaction("UPDATE stock SET warehouse = 'north' WHERE product_id % 5 <> 0;", "UPDATE")
    fault.inject(shop.system)
    assert shop.order() in (500, 504)
    assert shop.says("postgres", "still waiting for")
    fault.heal()
    assert soon(shop.works)


def test_a_dropped_index_makes_one_query_slow(shop: Shop) -> None:
    def seconds() -> float:
        start = time.perf_counter()
        assert shop.get("/products?category=garden") == 200
        return time.perf_counter() - start

    usual = min(seconds() for _ in range(3))
    DroppedIndex("price_history_product_id", "0043").inject(shop.system)
    assert min(seconds() for _ in range(3)) > 5 * usual


def test_a_poison_message_comes_back_for_ever(shop: Shop) -> None:
    PoisonMessage("mailer", "queue:mails", {"order": 1, "to": "Buying Department"}).inject(shop.system)
    log = shop.system.logs / "mailer.log"
    assert soon(lambda: log.read_text().count("goes back to the queue") >= 3)
    with shop.system.redis.client() as client:
        assert soon(lambda: client.delete("queue:mails") == 1)


@pytest.mark.parametrize("fault", [BulkLoad(16.0), LessMemory()], ids=["bulk load", "less memory"])
def test_redis_lets_go_of_what_it_has_no_room_for(shop: Shop, fault: BulkLoad | LessMemory) -> None:
    with shop.system.redis.client() as client:
        before = client.info("stats")["evicted_keys"]
        fault.inject(shop.system)
        # Without any room left Redis refuses to keep a page, and catalog fails.
        assert soon(lambda: shop.get("/products/7") in (200, 500) and client.info("stats")["evicted_keys"] > before)
        fault.heal()
        client.config_set("maxmemory", "16mb")


def test_a_halved_rate_turns_customers_away(shop: Shop) -> None:
    HalvedRate(16).inject(shop.system)
    time.sleep(1)
    assert 503 in [shop.get("/products/9999") for _ in range(120)]
    assert shop.says("nginx-error", "limiting requests")
    time.sleep(2)


def test_a_halved_queue_runs_with_its_new_settings(shop: Shop) -> None:
    old = shop.system.services["invoices"].process.pid
    HalvedQueue(6.0).inject(shop.system)
    assert shop.system.services["invoices"].process.pid != old
    assert shop.system.settings.read_text() == "orders_per_second = 3\n"


def test_a_deploy_that_raises_answers_500(shop: Shop) -> None:
    assert shop.get("/search?q=oak") == 200
    Deploy(patches.RAISES_IN_SEARCH, "code_error").inject(shop.system)
    assert soon(lambda: shop.get("/search?q=oak") == 500 and shop.says("catalog", "KeyError: 'sold'"))


def test_a_deploy_that_holds_connections_exhausts_the_pool(shop: Shop) -> None:
    Deploy(patches.HOLDS_CONNECTIONS_IN_CHECKOUT, "connection_pool_exhausted").inject(shop.system)
    users = iter(range(1, 40))
    assert soon(lambda: shop.get(f"/orders?user_id={next(users)}") == 503, 60)
    assert shop.says("checkout", "QueuePool limit of size 5 overflow 3 reached")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a disk of fixed size")
def test_a_volume_fills_to_the_last_byte(shop: Shop) -> None:
    fault = FilledVolume("invoices", seconds=3.0)
    fault.inject(shop.system)
    assert soon(lambda: shop.system.volumes["invoices"].free == 0)
    fault.heal()


def test_a_service_that_is_gone_refuses_connections(shop: Shop) -> None:
    """The last test: nobody starts it again."""
    Gone("cart").inject(shop.system)
    assert soon(lambda: shop.get("/carts/5") == 502)
    assert shop.says("nginx-error", "Connection refused")


def test_all_of_it_is_in_the_change_log_with_who_did_it(shop: Shop) -> None:
    guilty = shop.system.changes.messages(guilty=True)
    assert len(guilty) >= 6
    told = [event for event in shop.system.changes.events() if event["message"] in guilty]
    assert all(event["author"] and event["diff"] for event in told)
