"""Counters that only go up, for ids and for versions; without a race on either database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from faultmaven_lib.exceptions import StorageError
from faultmaven_lib.storage.schema import counters


def next_value(connection: Connection, name: str) -> int:
    """Add one to a counter and return it; others wait until this transaction ends."""
    if len(name) > 60 or "\x00" in name:
        raise StorageError(f"{name[:60]!r} is too long for the name of a counter: at most 60 characters")
    make: Any = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = (
        make(counters)
        .values(name=name, value=1)
        .on_conflict_do_update(index_elements=[counters.c.name], set_={"value": counters.c.value + 1})
        .returning(counters.c.value)
    )
    return int(connection.execute(statement).scalar_one())


def value(connection: Connection, name: str) -> int:
    """Return a counter; 0 before it was first used."""
    found = connection.execute(select(counters.c.value).where(counters.c.name == name)).scalar()
    return int(found or 0)
