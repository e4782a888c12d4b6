"""The shared PostgreSQL server: Debian's, or the one in a wheel."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg

from .process import Process, free_port
from .programs import RecorderError, program

_SCHEMA = Path(__file__).parent / "shop" / "schema.sql"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",  # nothing here has to survive a power cut, and other users of the disk stay out of the recording
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "logging_collector": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",  # Debian's
    "log_min_duration_statement": "50ms",
    "log_lock_waits": "on",
    "deadlock_timeout": "1s",
    "log_checkpoints": "on",
    "log_autovacuum_min_duration": "0",
    "autovacuum_naptime": "10s",
    "checkpoint_timeout": "60s",
}


class Postgres:
    """A server with the shop's schema in a folder of its own.

    As root it runs under the user ``postgres``, since PostgreSQL refuses to run as root.
    """

    def __init__(self, folder: Path, volume: Path, log: Path) -> None:
        self.port = free_port()
        # The write-ahead log has a disk of its own, as a database team would have it.
        self._data, self._wal = volume / "data", folder / "wal"
        self._user = _other_user() if os.geteuid() == 0 else None
        settings = {**_SETTINGS, "port": str(self.port)}
        self._process = Process(
            "postgres",
            [program("postgres"), "-D", str(self._data)]
            + [part for key, value in settings.items() for part in ("-c", f"{key}={value}")],
            log,
            user=self._user,
            folder=folder,
            ready=self._ready,
            stop_signal=signal.SIGQUIT,  # at once: nothing of the data is needed any more
        )

    def start(self) -> None:
        for place in (self._data, self._wal):
            place.mkdir(mode=0o700)
            if self._user is not None:
                shutil.chown(place, self._user, self._user)
        made = subprocess.run(
            [
                program("initdb"),
                f"--pgdata={self._data}",
                f"--waldir={self._wal}",
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            check=False,
            capture_output=True,
            text=True,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
            cwd="/",
        )
        if made.returncode:
            raise RecorderError(f"initdb failed: {made.stderr.strip()}")
        self._process.start()
        with self._connect("postgres") as connection:
            connection.execute("CREATE DATABASE shop")
        with self._connect("shop") as connection:
            # Loading the tables is not part of the story that the log tells.
            connection.execute("SET log_min_duration_statement = -1")
            for statement in _SCHEMA.read_text("utf-8").split(";"):
                if statement.strip():
                    connection.execute(statement.encode())

    @property
    def volume(self) -> Path:
        """The disk with the tables."""
        return self._data.parent

    def check(self) -> None:
        self._process.check()

    def stop(self) -> None:
        self._process.stop()

    def execute(self, statement: str) -> None:
        """Run one statement as the operators do."""
        with self._connect("shop", "ops") as connection:
            connection.execute(statement.encode())

    def version(self) -> str:
        with self._connect("postgres") as connection:
            row = connection.execute("SHOW server_version").fetchone()
        return str(row[0]) if row else ""

    def _connect(self, database: str, user: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=user, dbname=database, autocommit=True, connect_timeout=5
        )

    def _ready(self) -> bool:
        try:
            self._connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True


def _other_user() -> str:
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        raise RecorderError(
            "PostgreSQL does not run as root and there is no user postgres: apt-get install postgresql, "
            "or run this as another user"
        ) from None
