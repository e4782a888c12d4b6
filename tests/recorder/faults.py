"""What can be broken on purpose, each as it breaks in life: the base, and what breaks in code, data and clocks."""

from __future__ import annotations

import signal
import subprocess
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from . import patches
from .process import end_group
from .programs import RecorderError, program
from .services import hog, pin
from .system import Setup, System


class Fault(ABC):
    """Something to break: where the repair would be made, and how it works.

    An instance is used for one recording.
    """

    service: str
    mechanism: str

    def prepare(self, setup: Setup, onset: float) -> None:  # noqa: B027
        """Have the system set up so that it can break at a moment (seconds since 1970)."""

    @abstractmethod
    def inject(self, system: System) -> float:
        """Break it and return when."""

    def heal(self) -> None:  # noqa: B027
        """End what was started to break it."""


class Deploy(Fault):
    """A deploy whose code does something wrong."""

    def __init__(self, patch: patches.Patch, mechanism: str) -> None:
        self.service, self.mechanism, self._patch = patch.service, mechanism, patch

    def inject(self, system: System) -> float:
        return system.deploy(self._patch, guilty=True)


class OpenTransaction(Fault):
    """Someone works in psql on the shared database and goes for coffee before COMMIT.

    What was touched stays locked, and everyone who wants it waits.

    Parameters
    ----------
    statement
        What is done in the open transaction.
    answer
        What psql answers to it.
    migration
        The file it was taken from, if it is a migration that the change log knows.
    """

    service, mechanism = "postgres", "lock_contention"

    def __init__(self, statement: str, answer: str, migration: str = "") -> None:
        self._statement, self._answer, self._migration = statement, answer, migration
        self._psql: subprocess.Popen[bytes] | None = None

    def inject(self, system: System) -> float:
        self._psql = subprocess.Popen(
            [program("psql"), "-X", "-h", "127.0.0.1", "-p", str(system.postgres.port), "-U", "ops", "-d", "shop"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._type("BEGIN;", "BEGIN")
        at = time.time()
        if self._migration:
            file = f"migrations/{self._migration}.sql"
            message = f"migration {self._migration}"
            diff = patches.unified(file, "", f"BEGIN;\n{self._statement}\n")
            system.changes.configured(self.service, at, message, file, diff, kind="migration")
        self._type(self._statement, self._answer)
        return at

    def heal(self) -> None:
        if self._psql is not None:
            end_group(self._psql)
            for pipe in (self._psql.stdin, self._psql.stdout):
                if pipe is not None:
                    pipe.close()
            self._psql = None

    def _type(self, statement: str, answer: str) -> None:
        psql = self._psql
        if psql is None or psql.stdin is None or psql.stdout is None:
            raise RecorderError("psql is not running")
        psql.stdin.write(f"{statement}\n".encode())
        psql.stdin.flush()
        got = psql.stdout.readline().decode().strip()
        if not got.startswith(answer):
            raise RecorderError(f"psql answered {got!r} to {statement!r}")


class DroppedIndex(Fault):
    """An index is dropped as unused, and the query that used it reads the whole table.

    By hand, or in a migration that the change log knows.
    """

    service, mechanism = "postgres", "slow_query"

    def __init__(self, index: str, migration: str = "") -> None:
        self._index, self._migration = index, migration

    def inject(self, system: System) -> float:
        at, statement = time.time(), f"DROP INDEX {self._index};"
        if self._migration:
            file = f"migrations/{self._migration}.sql"
            diff = patches.unified(file, "", f"-- not used since spring\n{statement}\n")
            system.changes.configured(self.service, at, f"migration {self._migration}", file, diff, kind="migration")
        system.postgres.execute(statement)
        return at


class BusyNeighbour(Fault):
    """Old logs are packed on the host of a service, with a real-time priority that leaves it little of the CPU."""

    mechanism = "cpu_saturation"
    cpu = 1

    def __init__(self, service: str) -> None:
        self.service = service
        self._running: subprocess.Popen[bytes] | None = None

    def inject(self, system: System) -> float:
        host = system.hosts / self.service
        host.mkdir(parents=True)
        old = host / "old.log"
        with old.open("wb") as file:
            file.truncate(200_000_000_000)  # sparse: it takes no room, and more time to pack than there is
        pin(system.services[self.service].process.pid, self.cpu)
        at = time.time()
        self._running = hog([program("xz"), "--stdout", "-6", str(old)], self.cpu)
        return at

    def heal(self) -> None:
        if self._running is not None:
            end_group(self._running)
            if self._running.stderr is not None:
                self._running.stderr.close()


class SlowLink(Fault):
    """The way to a service becomes slow: answers take longer than its callers wait."""

    mechanism = "dependency_timeout"

    def __init__(self, service: str, delay: float) -> None:
        self.service, self._delay = service, delay

    def prepare(self, setup: Setup, onset: float) -> None:
        setup.links[self.service] = self._delay

    def inject(self, system: System) -> float:
        at = time.time()
        system.links[self.service].signal(signal.SIGUSR1)
        return at


class LostName(Fault):
    """A name is taken out of the DNS server's hosts, since it was believed to have moved."""

    service, mechanism = "dns", "dns_failure"

    def __init__(self, name: str) -> None:
        self._name = name

    def inject(self, system: System) -> float:
        before = system.dns.hosts.read_text()
        after = "".join(f"{line}\n" for line in before.splitlines() if not line.split()[-1].startswith(self._name))
        at = time.time()
        system.dns.hosts.write_text(after)
        system.dns.reload()
        diff = patches.unified("dns/hosts", before, after)
        system.changes.configured("dns", at, "hosts that have moved", "dns/hosts", diff)
        return at


class Gone(Fault):
    """A service is stopped, and nobody starts it again: connections to it are refused."""

    mechanism = "dependency_unreachable"

    def __init__(self, service: str) -> None:
        self.service = service

    def inject(self, system: System) -> float:
        return system.services[self.service].crash()


class ExpiredCertificate(Fault):
    """The certificate of a service expires."""

    mechanism = "certificate_expired"

    def __init__(self, service: str) -> None:
        self.service, self._onset = service, 0.0

    def prepare(self, setup: Setup, onset: float) -> None:
        self._onset = float(int(onset))
        setup.expires[self.service] = self._onset

    def inject(self, system: System) -> float:
        return self._onset


class SkewedClock(Fault):
    """The clock of a service's host jumps ahead."""

    mechanism = "clock_skew"

    def __init__(self, service: str, seconds: int) -> None:
        self.service, self._seconds = service, seconds

    def prepare(self, setup: Setup, onset: float) -> None:
        setup.clocks = (*setup.clocks, self.service)

    def inject(self, system: System) -> float:
        at = time.time()
        system.set_clock(self.service, self._seconds)
        return at


class FilledVolume(Fault):
    """Something writes to a disk until it is full.

    Parameters
    ----------
    service
        Whose disk it is.
    seconds
        How long it takes to fill.
    """

    mechanism = "disk_full"

    def __init__(self, service: str, seconds: float) -> None:
        self.service, self._seconds = service, seconds
        self._end = Event()
        self._thread: Thread | None = None

    def inject(self, system: System) -> float:
        volume = system.volumes[self.service]
        rate, place = volume.free / self._seconds, volume.path / "dump.sql"
        self._thread = Thread(target=self._fill, args=(place, int(rate / 4)), daemon=True)
        at = time.time()
        self._thread.start()
        return at

    def _fill(self, place: Path, piece: int) -> None:
        with place.open("wb", buffering=0) as file:
            while not self._end.wait(0.25):
                with suppress(OSError):  # it is full, and stays so: what others give back is taken at once
                    file.write(b"\n" * piece)

    def heal(self) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join()
