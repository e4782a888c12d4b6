"""Migrations: up, down, up again, and equal to the tables that the code uses, on both databases."""

from __future__ import annotations

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from faultmaven_lib.exceptions import StorageError
from faultmaven_lib.storage import Store, migrate
from faultmaven_lib.storage.database import make_engine, parse
from faultmaven_lib.storage.schema import HEAD, metadata

from .nouns import case


def tables(url: str) -> set[str]:
    return set(inspect(make_engine(parse(url))).get_table_names()) - {"alembic_version"}


def set_revision(url: str, revision: str) -> None:
    with make_engine(parse(url)).begin() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))


def test_up_down_and_up_again(empty_database_url: str) -> None:
    url = empty_database_url
    assert migrate.current(url) is None
    migrate.upgrade(url)
    assert migrate.current(url) == migrate.head()
    assert tables(url) == set(metadata.tables)
    Store(url).save(case())
    for revision in reversed(migrate.revisions()[:-1]):
        migrate.downgrade(url, revision)
        assert migrate.current(url) == revision
    migrate.downgrade(url, "base")
    assert tables(url) == set()
    assert migrate.current(url) is None
    for revision in migrate.revisions():
        migrate.upgrade(url, revision)
        assert migrate.current(url) == revision
    migrate.upgrade(url)
    assert Store(url).save(case()).version == 1


def test_migrations_lead_to_the_tables_that_the_code_uses(database_url: str) -> None:
    with make_engine(parse(database_url)).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        inspector = inspect(connection)
        for name, table in metadata.tables.items():
            assert {i["name"] for i in inspector.get_indexes(name)} == {i.name for i in table.indexes}
            keys = [(k["referred_table"], k["options"].get("ondelete")) for k in inspector.get_foreign_keys(name)]
            assert keys == [(k.referred_table.name, k.ondelete) for k in table.foreign_key_constraints]


def test_the_newest_revision_is_the_one_that_a_store_expects() -> None:
    assert migrate.head() == HEAD


def test_a_schema_from_a_newer_package_is_not_touched(database_url: str) -> None:
    set_revision(database_url, "9999")
    for act in (Store(database_url).cases, lambda: migrate.upgrade(database_url)):
        with pytest.raises(StorageError, match="pip install --upgrade faultmaven"):
            act()
    assert migrate.current(database_url) == "9999"


@pytest.mark.servers
def test_postgresql_is_not_migrated_behind_ones_back(new_postgres) -> None:
    url = new_postgres()
    with pytest.raises(StorageError, match="faultmaven db upgrade") as caught:
        Store(url).cases()
    assert "no FaultMaven schema yet" in str(caught.value)
    assert tables(url) == set()


def test_two_upgrades_at_once_both_work(empty_database_url: str) -> None:
    code = "import sys; from faultmaven_lib.storage import migrate; migrate.upgrade(sys.argv[1])"
    running = [subprocess.Popen([sys.executable, "-c", code, empty_database_url]) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    assert migrate.current(empty_database_url) == HEAD


def test_an_unknown_revision_is_an_error_that_lists_the_known(database_url: str) -> None:
    with pytest.raises(StorageError, match=f"known revisions: .*{HEAD}"):
        migrate.upgrade(database_url, "nonesuch")
    assert migrate.current(database_url) == HEAD


def test_a_migration_that_fails_changes_nothing(empty_database_url: str) -> None:
    engine = make_engine(parse(empty_database_url))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE documents (id INTEGER)"))
    with pytest.raises(StorageError, match="already exists"):
        migrate.upgrade(empty_database_url)
    assert tables(empty_database_url) == {"documents"}
    assert migrate.current(empty_database_url) is None
