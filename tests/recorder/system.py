"""The whole system: every process of it, started in order and ended whatever happens."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, Self

import httpx

from .monitoring import Alertmanager, NginxExporter, Pager, PostgresExporter, Prometheus
from .nginx import Nginx
from .postgres import Postgres
from .process import Process, answers, free_port
from .programs import require_all

CALLS = {
    "nginx": ("catalog", "cart", "checkout"),
    "checkout": ("cart", "payment", "postgres"),
    "catalog": ("postgres",),
    "cart": ("postgres",),
    "payment": ("postgres",),
}
"""Who calls whom."""

_HERE = Path(__file__).parent


class Part(Protocol):
    """What the system is made of."""

    def start(self) -> None: ...
    def check(self) -> None: ...
    def stop(self) -> None: ...


class System:
    """The shop, its database, its customers and what watches it, in a folder that is gone afterwards.

    Used as a context manager: leaving it ends every process, in whichever way it is left.

    Parameters
    ----------
    seed
        Decides the customers and the payment provider's moods.
    say
        Told what is going on.
    """

    def __init__(self, seed: int, say: Callable[[str], None] = lambda _: None) -> None:
        self._seed, self._say = seed, say
        self._stack = ExitStack()
        self._parts: list[Part] = []

    def __enter__(self) -> Self:
        require_all()
        folder = Path(tempfile.mkdtemp(prefix="shop-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)  # processes that run as other users pass through it
        try:
            self._start(folder)
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
        self.logs = folder / "logs"
        self.logs.mkdir()
        ports = {name: free_port() for name in ("catalog", "cart", "checkout", "payment")}
        self.postgres = Postgres(folder, self.logs / "postgres.log")
        nginx = Nginx(
            folder,
            self.logs / "nginx-access.log",
            self.logs / "nginx-error.log",
            {name: ports[name] for name in CALLS["nginx"]},
        )
        self._run(self.postgres, "postgres")
        for name in ("catalog", "cart", "payment", "checkout"):
            self._run(_service(name, ports, self.postgres.port, self.logs, self._seed), name)
        self._run(nginx, "nginx")
        exporters: dict[str, PostgresExporter | NginxExporter] = {
            "postgres": PostgresExporter(folder, self.postgres.port),
            "nginx": NginxExporter(folder, nginx.status_url),
        }
        for name, exporter in exporters.items():
            self._run(exporter, f"{name} exporter")
        self.pager = Pager()
        self._run(self.pager, "pager")
        alertmanager = Alertmanager(folder, self.pager.url)
        self._run(alertmanager, "alertmanager")
        self.prometheus = Prometheus(folder, {**ports, **{n: e.port for n, e in exporters.items()}}, alertmanager.port)
        self._run(self.prometheus, "prometheus")
        self._run(_customers(nginx.url, self._seed, folder / "customers.log"), "customers")
        self.versions = {
            "postgresql": self.postgres.version(),
            "nginx": httpx.get(nginx.status_url).headers["server"].removeprefix("nginx/"),
            "prometheus": self.prometheus.version(),
            "python": sys.version.split()[0],
            **{name: version(name) for name in ("fastapi", "uvicorn", "sqlalchemy", "psycopg")},
        }

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


def _service(name: str, ports: dict[str, int], database_port: int, logs: Path, seed: int) -> Process:
    """One of the shop's services, started in such a way that its log does not say from where."""
    return Process(
        name,
        [sys.executable, "-m", "shop", name, "--port", str(ports[name])],
        logs / f"{name}.log",
        folder=_HERE,
        environment={
            "PYTHONUNBUFFERED": "1",
            "DATABASE_PORT": str(database_port),
            "CART_URL": f"http://127.0.0.1:{ports['cart']}",
            "PAYMENT_URL": f"http://127.0.0.1:{ports['payment']}",
            "SEED": str(seed),
        },
        ready=answers(f"http://127.0.0.1:{ports[name]}/healthz"),
    )


def _customers(url: str, seed: int, log: Path) -> Process:
    return Process(
        "customers",
        [sys.executable, str(_HERE / "customers.py"), "--url", url, "--seed", str(seed)],
        log,
    )
