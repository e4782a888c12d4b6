"""Redis and the DNS server that all services share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import redis

from .process import Process, free_port
from .programs import program


class Redis(Process):
    """Keeps carts, pages and queues; lets go of what was not used for longest when its memory is full."""

    def __init__(self, folder: Path, log: Path, megabytes: int = 16) -> None:
        self.port = free_port()
        place = folder / "redis"
        place.mkdir()
        self.configuration = place / "redis.conf"
        self.configuration.write_text(
            "# what the shop sets; the rest is Redis' own\n"
            f"maxmemory {megabytes}mb\nmaxmemory-policy allkeys-lru\nsave 60 1\nappendonly no\n"
        )
        super().__init__(
            "redis",
            [
                program("redis-server"),
                str(self.configuration),
                *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(place)),
                *("--logfile", str(log), "--daemonize", "no"),
            ],
            folder / "redis.out",
            ready=self._ready,
        )

    def client(self) -> redis.Redis:
        """Return a client as the operators have it."""
        return redis.Redis("127.0.0.1", self.port, socket_timeout=5, decode_responses=True, protocol=2)

    def version(self) -> str:
        with self.client() as client:
            return str(client.info("server")["redis_version"])

    def _ready(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


class Dns(Process):
    """dnsmasq, which knows the services by a file of hosts."""

    def __init__(self, folder: Path, log: Path, domain: str, names: tuple[str, ...]) -> None:
        self.port = free_port()
        self.hosts = folder / "hosts"
        self.hosts.write_text("".join(f"127.0.0.1 {name}.{domain}\n" for name in names))
        log.touch()
        log.chmod(0o666)  # it drops its privileges
        super().__init__(
            "dns",
            [
                program("dnsmasq"),
                *("--keep-in-foreground", f"--port={self.port}", "--listen-address=127.0.0.1", "--bind-interfaces"),
                *("--conf-file=/dev/null", "--pid-file", "--no-resolv", "--no-hosts", f"--addn-hosts={self.hosts}"),
                *(f"--local=/{domain}/", "--local-ttl=4", "--log-queries", f"--log-facility={log}"),
                *(("--user=nobody", "--group=nogroup") if os.geteuid() == 0 else ()),
            ],
            folder / "dns.out",
            ready=lambda: "started" in log.read_text("utf-8", "replace"),
        )

    def reload(self) -> None:
        """Read the file of hosts again."""
        self.signal(signal.SIGHUP)
