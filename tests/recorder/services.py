"""The shop's services: how one is started, deployed anew, and kept within its memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

import httpx
import psutil

from .process import Process, run_normally
from .programs import RecorderError, program

MEMORY_LIMIT_MB = 190
"""What a service may use, as its container would be limited."""
_BACK_OFF_SECONDS = 14.0


class Service:
    """One of the shop's services: the instance that runs, and the code and settings that the next one will have.

    Parameters
    ----------
    name
        Of the service and of its module.
    port
        It stays the same over deploys.
    code
        Folder that holds the package ``shop`` as it is deployed.
    log
        Gets what all instances write.
    environment
        Variables, also those of later instances.
    version
        Of the first instance.
    """

    def __init__(self, name: str, port: int, code: Path, log: Path, environment: dict[str, str], version: str) -> None:
        self.name, self.port, self.version = name, port, version
        self.environment = environment
        self._code, self._log = code, log
        self.process = self._instance()
        self._restarting = False
        self._stopped = False

    def launch(self) -> None:
        self.process.launch()

    def start(self) -> None:
        self.process.wait()

    def check(self) -> None:
        if not self._restarting and not self._stopped:
            self.process.check()

    def stop(self) -> None:
        self._stopped = True
        self.process.stop()

    def deploy(self, version: str | None = None) -> float:
        """Have a new instance take over, and return when it did (seconds since 1970).

        The new one shares the port from when it is ready; then the old one is asked to end.
        """
        self.version = version or self.version
        old, self.process = self.process, self._instance(instead_of=self.process)
        self.process.start()
        at = time.time()
        old.stop()
        return at

    def crash(self) -> float:
        """End it for good, as if its host had gone, and return when."""
        at = time.time()
        self.stop()
        return at

    def within_limit(self) -> bool:
        """Kill it if it uses more memory than it may, and start it again a while later; false if that was needed."""
        with suppress(psutil.Error):
            used = psutil.Process(self.process.pid).memory_info().rss
            if used <= MEMORY_LIMIT_MB * 1_000_000:
                return True
            self._restarting = True
            self._tell(
                f"{used / 1e6:.0f} MB used, the limit is {MEMORY_LIMIT_MB} MB: process {self.process.pid} killed"
            )
            psutil.Process(self.process.pid).kill()
            self.process.stop()
            return False
        return True

    def again(self) -> None:
        """Start the process that was killed."""
        self._tell("starting again")
        self.process = self._instance()
        self.process.launch()
        run_normally(self.process.pid)
        self._restarting = False

    def _tell(self, line: str) -> None:
        """Write into the service's log as the one who looks after it, in syslog's format."""
        stamp = datetime.now(UTC).strftime("%b %e %H:%M:%S")
        with self._log.open("a") as log:
            log.write(f"{stamp} shop supervise[{os.getpid()}]: {self.name}: {line}\n")

    def _instance(self, instead_of: Process | None = None) -> Process:
        scheme = "https" if "TLS_CERTIFICATE" in self.environment else "http"
        url, version = f"{scheme}://127.0.0.1:{self.port}/healthz", self.version
        old = instead_of.pid if instead_of else 0

        def ready() -> bool:
            try:
                answer = httpx.get(url, timeout=1.0, verify=False)
            except httpx.HTTPError:
                return False
            # Both instances share the port for a moment: any answer of the new one will do.
            return answer.status_code == 200 and (not old or answer.json()["process"] != old)

        return Process(
            self.name,
            [sys.executable, "-m", "shop", self.name, "--port", str(self.port)],
            self._log,
            folder=self._code,
            environment={"PYTHONUNBUFFERED": "1", "VERSION": version, **self.environment},
            ready=ready,
        )


class Supervisor:
    """Looks every half second whether a service uses more memory than it may."""

    def __init__(self, services: list[Service]) -> None:
        self._services = services
        self._end = Event()
        self._due: dict[str, float] = {}
        self._thread = Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def check(self) -> None:
        if not self._thread.is_alive():
            raise RecorderError("the supervisor has ended")

    def stop(self) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(0.5):
            for service in self._services:
                due = self._due.get(service.name)
                if due is not None:
                    if time.monotonic() >= due:
                        del self._due[service.name]
                        service.again()
                elif not service.within_limit():
                    self._due[service.name] = time.monotonic() + _BACK_OFF_SECONDS


def pin(pid: int, cpu: int) -> None:
    """Keep a process, all its threads and its children on one CPU."""
    tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for process in tree:
        for thread in process.threads():
            with suppress(ProcessLookupError):
                os.sched_setaffinity(thread.id, {cpu})


def hog(command: list[str], cpu: int) -> subprocess.Popen[bytes]:
    """Start a program on one CPU, with a real-time priority: it leaves the others what the kernel keeps for them.

    Raises
    ------
    RecorderError
        If this user may not give such a priority.
    """
    child = subprocess.Popen(
        [program("chrt"), "--rr", "5", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    os.sched_setaffinity(child.pid, {cpu})
    time.sleep(0.2)
    if child.poll() is not None:
        raise RecorderError("a CPU hog can only be recorded as root, which may give real-time priority")
    return child
