"""The database behind a store: its URL, its connections, and errors that never show a password."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool, StaticPool

from faultmaven_lib.exceptions import MissingExtra, StorageError
from faultmaven_lib.storage.schema import HEAD

_BUSY_SECONDS = 30
_SECRETS = {"password", "passfile", "sslpassword", "sslkey"}


def parse(url: str) -> URL:
    """Read a store's URL; ``postgresql://`` and ``postgres://`` mean psycopg 3.

    Raises
    ------
    StorageError
        If it is not a URL of SQLite or PostgreSQL. The message leaves the URL out: it may hold a password.
    MissingExtra
        If it is PostgreSQL and psycopg is not installed.

    Examples
    --------
    >>> parse("postgresql://me:secret@db/cases").drivername
    'postgresql+psycopg'
    """
    try:
        parsed = make_url(url)
    except (SQLAlchemyError, ValueError):
        raise StorageError(
            "the store's address is not a database URL: write sqlite:////path/faultmaven.db or "
            "postgresql://user:password@host/database, special characters in the password percent-encoded"
        ) from None
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        try:
            import_module("psycopg")
        except ImportError:
            raise MissingExtra("PostgreSQL", "postgres") from None
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername in ("sqlite", "sqlite+pysqlite"):
        return parsed
    raise StorageError(f"a store is on sqlite or postgresql, not on {parsed.drivername!r}")


def shown(url: URL) -> str:
    """Return a URL as it may be shown: no password, wherever it stood.

    Examples
    --------
    >>> shown(make_url("postgresql://me:secret@db/cases?password=secret"))
    'postgresql://me:***@db/cases'
    """
    query = {k: v for k, v in url.query.items() if k.lower() not in _SECRETS}
    name = url.drivername.partition("+")[0]
    return url.set(drivername=name, query=query).render_as_string(hide_password=True)


def is_memory(url: URL) -> bool:
    """Whether a URL means an SQLite database that lives in this process alone."""
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")


def make_engine(url: URL, *, foreign_keys: bool = True) -> Engine:
    """Return an engine; SQLite's folder is made, and its connections are set up.

    Connections are opened when needed and closed at once. A notebook that idles for days then holds none of
    the team's, and a forked worker inherits none.
    """
    if url.get_backend_name() != "sqlite":
        return create_engine(url, poolclass=NullPool, hide_parameters=True)
    if not is_memory(url) and url.database and not url.database.startswith("file:"):
        try:
            Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"cannot make the folder of {shown(url)}: {error.strerror}") from None
    engine = create_engine(
        url,
        poolclass=StaticPool if is_memory(url) else NullPool,
        hide_parameters=True,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        # Transactions are begun below: the driver's own would leave SELECT and DDL outside of them.
        connection.isolation_level = None
        connection.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")
        connection.execute("PRAGMA secure_delete=ON")  # an erased case is overwritten, not only unlinked
        if connection.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
            _to_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")  # a save that returned survives a power cut

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes its lock first: turning a read lock into a write lock fails at once when two try.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _to_wal(connection: sqlite3.Connection) -> None:
    # SQLite does not wait for other connections when it changes the journal mode, so wait here.
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


@contextmanager
def plain_errors(url: URL) -> Iterator[None]:
    """Turn the driver's errors into one line that names the database and holds no password and no values."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = getattr(error, "orig", None) or error
        line = next((ln.strip() for ln in str(cause).splitlines() if ln.strip()), type(cause).__name__)
        for secret in (url.password, *(url.query.get(key) for key in _SECRETS)):
            line = line.replace(str(secret), "***") if secret else line
        # Not chained: the driver's own error may repeat the connection string.
        raise StorageError(f"{shown(url)}: {line}") from None


def revision_of(connection: Connection) -> str | None:
    """Return the migration a database is at; None for one that was never migrated."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


class Database:
    """Connections to a database whose schema is the package's.

    Parameters
    ----------
    url
        SQLAlchemy URL of SQLite or PostgreSQL.
    """

    def __init__(self, url: str) -> None:
        self.url = parse(url)
        self._engine = make_engine(self.url)
        self._ready = False

    def __repr__(self) -> str:
        return f"Database({shown(self.url)!r})"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a connection for reading: what is read in it belongs to one moment on SQLite."""
        with plain_errors(self.url):
            self._prepare()
            with self._engine.connect() as connection:
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that is committed at the end, or undone by an error."""
        with plain_errors(self.url):
            self._prepare()
            with self._engine.execution_options(writes=True).begin() as connection:
                yield connection

    def close(self) -> None:
        """Close what is open; the next use opens it again."""
        self._engine.dispose()
        self._ready = self._ready and not is_memory(self.url)

    def compact(self) -> None:
        """Bring an erasure from SQLite's journal into its file, where readers allow; nothing on PostgreSQL."""
        if self.url.get_backend_name() == "sqlite":
            with plain_errors(self.url), self._engine.connect() as connection:
                connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]

    def _prepare(self) -> None:
        if self._ready:
            return
        with self._engine.connect() as connection:
            found = revision_of(connection)
        if found != HEAD:
            self._mend(found)
        self._ready = True

    def _mend(self, found: str | None) -> None:
        from faultmaven_lib.storage import migrate

        if found is not None and found not in migrate.revisions():
            raise StorageError(
                f"{shown(self.url)} was written by a newer FaultMaven (schema {found}; this one knows {HEAD}): "
                "pip install --upgrade faultmaven"
            )
        if self.url.get_backend_name() == "sqlite":
            migrate.upgrade_with(self._engine)
            return
        state = "has no FaultMaven schema yet" if found is None else f"has schema {found}, {HEAD} is needed"
        raise StorageError(f"{shown(self.url)} {state}: run faultmaven db upgrade")
