"""What can be broken on purpose, each as it breaks in life."""

from __future__ import annotations

import subprocess
import time
from typing import Protocol

from .process import end_group
from .programs import RecorderError, program
from .system import System


class Fault(Protocol):
    """Something to break: where the repair would be made, and how it works."""

    service: str
    mechanism: str

    def inject(self, system: System) -> float:
        """Break it and return when (seconds since 1970)."""
        ...

    def heal(self) -> None:
        """Mend it."""
        ...


class ForgottenTransaction:
    """Someone moves stock in psql on the shared database and goes for coffee before COMMIT.

    The rows that were touched stay locked; readers do not notice, and every order that wants one waits.
    """

    service = "postgres"
    mechanism = "lock_contention"

    def __init__(self) -> None:
        self._psql: subprocess.Popen[bytes] | None = None

    def inject(self, system: System) -> float:
        command = [program("psql"), "-X", "-h", "127.0.0.1"]
        self._psql = subprocess.Popen(
            [*command, "-p", str(system.postgres.port), "-U", "ops", "-d", "shop"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._type("BEGIN;", "BEGIN")
        at = time.time()
        self._type("UPDATE stock SET warehouse = 'north' WHERE product_id % 5 <> 1;", "UPDATE")
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
