"""The whole system: every process of it, started in order and ended whatever happens."""

from __future__ import annotations

import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, Self

import httpx

from .backing import Dns, Redis
from .certificates import Authority
from .changes import ChangeLog
from .collector import Collector
from .monitoring import (
    Alertmanager,
    NginxExporter,
    NodeExporter,
    Pager,
    PostgresExporter,
    Prober,
    ProcessExporter,
    Prometheus,
    RedisExporter,
    target,
)
from .nginx import Nginx
from .patches import VERSIONS, Patch
from .postgres import Postgres
from .process import Process, free_port
from .programs import require_all
from .services import Service, Supervisor
from .volumes import Volume

CALLS = {
    "nginx": ("catalog", "cart", "checkout"),
    "catalog": ("postgres", "redis"),
    "cart": ("postgres", "redis"),
    "checkout": ("cart", "payment", "shipping", "postgres", "redis", "dns"),
    "payment": ("provider", "postgres", "dns"),
    "shipping": ("postgres",),
    "invoices": ("redis",),
    "mailer": ("redis",),
}
"""Who calls whom."""
DOMAIN = "shop.internal"
SHOWN_FOLDER = "/srv/shop"
"""What the folder of a recording, which is gone afterwards, is called in what is kept."""
TLS = ("payment", "shipping")
"""Services that answer over TLS."""

_HERE = Path(__file__).parent
_FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"


class Part(Protocol):
    """What the system is made of."""

    def start(self) -> None: ...
    def check(self) -> None: ...
    def stop(self) -> None: ...


@dataclass
class Setup:
    """How the system is set up for one recording."""

    seed: int
    customers_per_second: float = 1.4
    requests_per_second: int = 40
    """What nginx lets pass."""
    orders_per_second: float = 6.0
    """What the invoices may work off."""
    expires: dict[str, float] = field(default_factory=dict)
    """Service to the moment (seconds since 1970) at which its certificate expires; others are good for months."""
    links: dict[str, float] = field(default_factory=dict)
    """Service to the delay, in seconds, that the link to it has once it is slow."""
    clocks: tuple[str, ...] = ()
    """Services whose clock can be set."""
    volume_megabytes: int = 28
    """Size of the disk of the invoices."""


class System:
    """The shop, its database, its customers and what watches it, in a folder that is gone afterwards.

    Used as a context manager: leaving it ends every process, in whichever way it is left.

    Parameters
    ----------
    setup
        Seed, load and limits, and what has to be prepared for what will break.
    say
        Told what is going on.
    """

    def __init__(self, setup: Setup, say: Callable[[str], None] = lambda _: None) -> None:
        self.setup, self._say = setup, say
        self._stack = ExitStack()
        self._parts: list[Part] = []
        self.changes = ChangeLog(setup.seed)
        self.services: dict[str, Service] = {}
        self.links: dict[str, Process] = {}

    def __enter__(self) -> Self:
        require_all()
        self.folder = Path(tempfile.mkdtemp(prefix="shop-"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)  # processes that run as other users pass through it
        try:
            self._start(self.folder)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # A second Ctrl-C must not leave half of it running.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._stack.close()
        finally:
            signal.signal(signal.SIGINT, before)

    def _start(self, folder: Path) -> None:
        self.logs, self.code, self.hosts = folder / "logs", folder / "code", folder / "hosts.d"
        self.logs.mkdir()
        shutil.copytree(_HERE / "shop", self.code / "shop", ignore=shutil.ignore_patterns("__pycache__"))
        volumes = folder / "volumes"
        disks = {
            "postgres": Volume(volumes / "postgres", 420),
            "invoices": Volume(volumes / "invoices", self.setup.volume_megabytes),
        }
        for name, disk in disks.items():
            self._run(disk, f"disk of {name}")
        self.volumes = disks
        self.postgres = Postgres(folder, disks["postgres"].path, self.logs / "postgres.log")
        self._run(self.postgres, "postgres")
        self.redis = Redis(folder, self.logs / "redis.log")
        self._run(self.redis, "redis")
        self.dns = Dns(folder, self.logs / "dns.log", DOMAIN, ("cart", "payment", "shipping", "provider"))
        self._run(self.dns, "dns")
        collector = Collector()
        self._run(collector, "collector")
        self.collector = collector
        self._start_services(folder)
        upstreams = {name: self.services[name].port for name in CALLS["nginx"]}
        logs = self.logs / "nginx-access.log", self.logs / "nginx-error.log"
        self.nginx = Nginx(folder, *logs, upstreams, self.setup.requests_per_second)
        self._run(self.nginx, "nginx")
        self._start_monitoring(folder)
        self.send_customers(self.setup.seed, self.setup.customers_per_second)
        self.versions = {
            "postgresql": self.postgres.version(),
            "redis": self.redis.version(),
            "nginx": httpx.get(self.nginx.status_url).headers["server"].removeprefix("nginx/"),
            "prometheus": self.prometheus.version(),
            "python": sys.version.split()[0],
            **{name: version(name) for name in ("fastapi", "uvicorn", "sqlalchemy", "psycopg", "opentelemetry-sdk")},
        }

    def _start_services(self, folder: Path) -> None:
        ports = {name: free_port() for name in VERSIONS}
        reached = dict(ports)
        for name, delay in self.setup.links.items():
            reached[name] = free_port()
            command = [
                sys.executable,
                str(_HERE / "proxy.py"),
                "--listen",
                str(reached[name]),
                "--to",
                str(ports[name]),
            ]
            command += ["--delay", str(delay), "--seed", str(self.setup.seed)]
            self.links[name] = Process(f"link to {name}", command, folder / f"link-{name}.log")
            self._run(self.links[name], f"link to {name}")
        authority = Authority(folder / "certificates")
        self.settings = folder / "invoices.toml"
        self.settings.write_text(f"orders_per_second = {self.setup.orders_per_second:g}\n")
        shared = {
            "DATABASE_PORT": str(self.postgres.port),
            "REDIS_PORT": str(self.redis.port),
            "DNS_PORT": str(self.dns.port),
            "OTLP_TRACES_URL": self.collector.url,
            "SIGNING_KEY": secrets.token_hex(16),
            "TLS_AUTHORITY": str(authority.path),
            "SEED": str(self.setup.seed),
            "SETTINGS": str(self.settings),
            "VOLUME": str(self.volumes["invoices"].path),
            **{f"{name.upper()}_PORT": str(port) for name, port in reached.items()},
            **{f"{name.upper()}_TLS": "yes" for name in TLS},
        }
        for name, number in VERSIONS.items():
            environment = dict(shared)
            if name in TLS:
                files = authority.issue(f"{name}.{DOMAIN}", self.setup.expires.get(name))
                environment.update(zip(("TLS_CERTIFICATE", "TLS_KEY"), map(str, files), strict=True))
            if name in self.setup.clocks:
                environment.update(self._clock(name))
            log = (self.logs if name != "provider" else folder) / f"{name}.log"
            self.services[name] = Service(name, ports[name], self.code, log, environment, number)
        for service in self.services.values():  # all at once: each takes a while to import what it needs
            self._stack.callback(service.stop)
            service.launch()
        for name, service in self.services.items():
            self._say(f"starting {name}")
            service.start()
            self._parts.append(service)
        self._run(Supervisor(list(self.services.values())), "supervisor")

    def _clock(self, name: str) -> dict[str, str]:
        """Return the environment of a service whose clock follows a file."""
        library = next(iter(sorted(Path("/").glob(_FAKETIME.lstrip("/")))))
        self.set_clock(name, 0)
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self.folder / f"clock-{name}"),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set_clock(self, name: str, seconds: int) -> None:
        """Put the clock of a service forward."""
        (self.folder / f"clock-{name}").write_text(f"{seconds:+d}s\n")

    def _start_monitoring(self, folder: Path) -> None:
        pager, node, prober = Pager(), NodeExporter(folder), Prober(folder)
        commands = {name: f"shop {name} --port {service.port}" for name, service in self.services.items()}
        commands |= {
            "redis": f"redis-server 127.0.0.1:{self.redis.port}",
            "postgres": f"postgres -D {self.postgres.volume}",
            "nginx": f"nginx.*{self.nginx.configuration}",
            "dns": f"dnsmasq.*port={self.dns.port}",
        }
        commands.pop("provider")
        processes = ProcessExporter(folder, commands, self.hosts)
        postgres, nginx = PostgresExporter(folder, self.postgres.port), NginxExporter(folder, self.nginx.status_url)
        redis = RedisExporter(folder, self.redis.port)
        exporters = {"postgres": postgres, "nginx": nginx, "redis": redis, "disks": node, "processes": processes}
        for name, exporter in {**exporters, "probe": prober}.items():
            self._stack.callback(exporter.stop)
            exporter.launch()
            self._say(f"starting {name} exporter")
        for exporter in (*exporters.values(), prober):
            exporter.wait()
            self._parts.append(exporter)
        self.pager = pager
        self._run(pager, "pager")
        alertmanager = Alertmanager(folder, pager.url)
        self._run(alertmanager, "alertmanager")
        of_disk = {"source_labels": ["mountpoint"], "regex": f"{folder}/volumes/(.*)", "target_label": "service"}
        only_ours = {"source_labels": ["service"], "regex": ".+", "action": "keep"}
        beside = {
            "source_labels": ["groupname"],
            "regex": r"(\w+):(.*)",
            "replacement": "$2",
            "target_label": "program",
        }
        of_group = {"source_labels": ["groupname"], "regex": r"(\w+).*", "target_label": "service"}
        page = {"module": ["http"], "target": [f"{self.nginx.url}/products?category=office"]}
        targets = [
            *(target(n, s.port, tls=n in TLS) for n, s in self.services.items() if n != "provider"),
            *(target(name, exporters[name].port) for name in ("postgres", "nginx", "redis")),
            target("", node.port, job="disks", relabel=[of_disk, only_ours]),
            target("", processes.port, job="processes", relabel=[beside, of_group, only_ours]),
            target("nginx", prober.port, job="prober", path="/probe", parameters=page),
        ]
        self.prometheus = Prometheus(folder, targets, alertmanager.port)
        self._run(self.prometheus, "prometheus")

    def send_customers(self, seed: int, per_second: float, seconds: float | None = None) -> None:
        """Have customers come, besides those that come already."""
        command = [sys.executable, str(_HERE / "customers.py"), "--url", self.nginx.url, "--seed", str(seed)]
        command += ["--per-second", str(per_second)] + (["--seconds", str(seconds)] if seconds else [])
        customers = Process("customers", command, self.folder / f"customers-{seed}.log")
        if seconds is None:
            self._run(customers, "customers")
        else:
            self._stack.callback(customers.stop)
            customers.start()

    def deploy(self, patch: Patch, *, guilty: bool = False) -> float:
        """Make a change to the code, have the service run with it, and return when it did."""
        begun, diff = time.time(), patch.diff(self.code)
        patch.apply(self.code)
        number = self.changes.next_version(patch.service)
        self.changes.deployed(patch, begun, number, diff, guilty=guilty)
        return self.services[patch.service].deploy(number)

    def _run(self, part: Part, name: str) -> None:
        self._say(f"starting {name}")
        self._stack.callback(part.stop)
        part.start()
        self._parts.append(part)

    def during(self, action: Callable[[], None]) -> None:
        """Have something undone before the processes end."""
        self._stack.callback(action)

    def wait_until(self, moment: float) -> None:
        """Sleep until a moment (seconds since 1970), and raise if a process dies meanwhile."""
        while (left := moment - time.time()) > 0:
            time.sleep(min(left, 0.5))
            for part in self._parts:
                part.check()
