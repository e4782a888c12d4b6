"""A process of the recorded system: how one is started, watched and ended."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

from .programs import RecorderError

_FIRST_PORT, _LAST_PORT = 18_000, 32_000  # below those that outgoing connections use, so that none takes one first
_ports = (_FIRST_PORT + (os.getpid() * 64 + n) % (_LAST_PORT - _FIRST_PORT) for n in itertools.count())


def free_port() -> int:
    """Return a free port that this process did not hand out before, and another recorder hardly does."""
    for port in itertools.islice(_ports, 500):
        with socket.socket() as s, suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port
    raise RecorderError(f"found no free port between {_FIRST_PORT} and {_LAST_PORT} on 127.0.0.1")


class Process:
    """A program in a process group of its own, whose output goes to one log file.

    Parameters
    ----------
    name
        The service, as it is named in logs and metrics.
    command
        Program and arguments.
    log
        File that gets standard output and standard error.
    environment
        Variables on top of a small neutral environment (UTC, C locale).
    folder
        Working directory.
    user
        User to become; only root can.
    ready
        Called until it returns true, at most for 60 s.
    stop_signal
        What asks the program to end soon, without waiting for clients.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        environment: dict[str, str] | None = None,
        folder: Path | None = None,
        user: str | None = None,
        ready: Callable[[], bool] = lambda: True,
        stop_signal: int = signal.SIGTERM,
    ) -> None:
        self.name, self.command, self.log = name, list(command), log
        self._environment = {"PATH": os.environ.get("PATH", os.defpath), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
        self._environment.update(environment or {})
        self._folder, self._user, self._ready, self._signal = folder, user, ready, stop_signal
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; 0 if it was not launched."""
        return self._child.pid if self._child is not None else 0

    @property
    def code(self) -> int | None:
        """What the program ended with; None if it runs or was not launched."""
        return self._child.poll() if self._child is not None else None

    def start(self) -> None:
        """Launch the program and wait until it is ready."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start the program and return at once."""
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment,
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Wait until the program is ready.

        Raises
        ------
        RecorderError
            If it ends, or is not ready within 60 s.
        """
        deadline = time.monotonic() + 60
        while not self._ready():
            self.check()
            if time.monotonic() > deadline:
                raise RecorderError(f"{self.name} did not become ready within 60 s; its log ends:\n{self._tail()}")
            time.sleep(0.05)
        self.check()
        run_normally(self.pid)

    def check(self) -> None:
        """Raise if the process has ended by itself."""
        if self._child is not None and (code := self._child.poll()) is not None:
            raise RecorderError(f"{self.name} ended with code {code}; its log ends:\n{self._tail()}")

    def signal(self, number: int) -> None:
        """Send a signal to the program."""
        if self._child is not None:
            self._child.send_signal(number)

    def stop(self) -> None:
        """End the whole process group: ask, wait 5 s, then kill."""
        if self._child is None:
            return
        end_group(self._child, self._signal)
        self._child = None

    def _tail(self) -> str:
        lines = self.log.read_text("utf-8", "replace").splitlines() if self.log.exists() else []
        return "\n".join(f"  {line[:300]}" for line in lines[-8:]) or "  (nothing)"


def end_group(child: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
    """End a child that leads a process group, and the group."""
    if child.poll() is None:
        child.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(5)
    with suppress(ProcessLookupError, PermissionError):  # also what the leader left behind
        os.killpg(child.pid, signal.SIGKILL)
    child.wait(5)


def start_gently() -> None:
    """Have this process, and what it starts, step back behind other recordings until it is ready.

    Starting a system takes all CPUs for some seconds, which would show in what is recorded beside it. Only root can
    take such a step back, so for others nothing changes.
    """
    if os.geteuid() == 0:
        os.setpriority(os.PRIO_PROCESS, 0, 15)


def run_normally(pid: int) -> None:
    """Give a process, its children and all their threads the usual share of the CPU."""
    if os.geteuid() != 0:
        return
    with suppress(psutil.NoSuchProcess):
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            for thread in process.threads():
                with suppress(ProcessLookupError):
                    os.setpriority(os.PRIO_PROCESS, thread.id, 0)


def answers(url: str) -> Callable[[], bool]:
    """Return a check that a URL answers 200."""

    def check() -> bool:
        try:
            return httpx.get(url, timeout=1.0, verify=False).status_code == 200
        except httpx.HTTPError:
            return False

    return check
