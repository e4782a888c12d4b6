"""Migrations: bring a database's schema up, or down again. They lie inside the package; no file is needed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text

from faultmaven_lib.exceptions import StorageError
from faultmaven_lib.storage.database import make_engine, parse, plain_errors, revision_of, shown

_LOCK = 7_035_240_917
"""Any number, ours alone: two upgrades at once on PostgreSQL wait for each other on it."""


def upgrade(url: str, revision: str = "head") -> None:
    """Bring a database up to a revision, all of it or nothing.

    Parameters
    ----------
    url
        SQLAlchemy URL of SQLite or PostgreSQL.
    revision
        Where to; the newest by default.

    Raises
    ------
    StorageError
        If the database cannot be reached, or its schema or the revision is not one this package knows.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     upgrade(f"sqlite:///{folder}/cases.db")
    ...     current(f"sqlite:///{folder}/cases.db") == head()
    True
    """
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Bring a database down to a revision; ``"base"`` removes the schema and all that it holds."""
    _run(url, lambda config: command.downgrade(config, revision))


def current(url: str) -> str | None:
    """Return the revision that a database is at; None if it has no schema yet."""
    parsed = parse(url)
    with plain_errors(parsed), make_engine(parsed).connect() as connection:
        return revision_of(connection)


def head() -> str:
    """Return the newest revision."""
    return revisions()[-1]


@cache
def revisions() -> tuple[str, ...]:
    """Return all revisions that this package knows, oldest first."""
    with as_file(files("faultmaven_lib.storage") / "migrations") as folder:
        script = ScriptDirectory(str(folder))
        return tuple(reversed([step.revision for step in script.walk_revisions()]))


def upgrade_with(engine: Engine) -> None:
    """Bring the database of an engine to the newest revision; does nothing where another process just did."""
    with engine.execution_options(writes=True).begin() as connection:
        # The lock is ours now: look again, somebody may have been faster.
        if revision_of(connection) != head():
            _with_alembic(connection, lambda config: command.upgrade(config, "head"))


def _run(url: str, step: Callable[[Config], None]) -> None:
    parsed = parse(url)
    # Without foreign keys: SQLite changes a table by copying it, and dropping the old one would cascade.
    engine = make_engine(parsed, foreign_keys=False)
    with plain_errors(parsed), engine.execution_options(writes=True).begin() as connection:
        if parsed.get_backend_name() == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = revision_of(connection)
        if found is not None and found not in revisions():
            raise StorageError(
                f"{shown(parsed)} was written by a newer FaultMaven (schema {found}; this one knows {head()}): "
                "pip install --upgrade faultmaven"
            )
        _with_alembic(connection, step)


def _with_alembic(connection: Connection, step: Callable[[Config], None]) -> None:
    config = Config()
    config.attributes["connection"] = connection
    with as_file(files("faultmaven_lib.storage") / "migrations") as folder:
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        try:
            step(config)
        except CommandError as error:
            raise StorageError(f"cannot migrate: {error}; known revisions: {', '.join(revisions())}") from None
