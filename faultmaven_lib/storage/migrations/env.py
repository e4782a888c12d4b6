"""How Alembic runs our migrations: on the connection it is given, in that connection's transaction."""

from __future__ import annotations

from alembic import context

from faultmaven_lib.storage.schema import metadata


def run() -> None:
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=metadata,
        render_as_batch=True,  # SQLite alters a table by copying it
    )
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic loads this file; importing it runs nothing
    run()
