"""Vectors of documents, kept so that they are computed once, and which index is the present one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Connection, and_, delete, func, insert, or_, select

from faultmaven_lib.storage.counters import next_value
from faultmaven_lib.storage.schema import documents, indexes, vectors

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from faultmaven_lib.storage.database import Database

VERSION = "knowledge"
"""The counter that goes up with every change to a document."""
_READ = 500
_STATE = (documents.c.id, documents.c.sha256, documents.c.updated_at, documents.c.uri)


class State(NamedTuple):
    """One state of one document: another one after any change."""

    document_id: str
    sha256: str
    updated_at: datetime
    uri: str


class Built(NamedTuple):
    """An index on a Qdrant server."""

    collection: str
    model: str
    version: int
    points: int
    data: bytes


class Vectors:
    """Vectors of the documents; ``Documents`` is one. They are opaque here, and go when their document does."""

    _database: Database
    team: str | None

    def states(self) -> list[State]:
        """Return the state of each document that is seen, by id."""
        query = select(*_STATE).where(self._seen())
        with self._database.read() as connection:
            return [State(*row) for row in connection.execute(query.order_by(documents.c.id))]

    def put_vectors(self, model: str, rows: Iterable[tuple[State, bytes]]) -> int:
        """Keep what was computed of documents; of those that changed or went meanwhile nothing is kept.

        Returns
        -------
        int
            Of how many documents.
        """
        given = {state.document_id: (state, data) for state, data in rows}
        kept = 0
        with self._database.write() as connection:
            for ids in _batches(list(given)):
                query = select(*_STATE).where(documents.c.id.in_(ids))
                present = query.with_for_update(read=True, key_share=True)
                found = {row.id: State(*row) for row in connection.execute(present)}
                current = [given[i] for i in ids if found.get(i) == given[i][0]]
                place = and_(vectors.c.model == model, vectors.c.document_id.in_(ids))
                connection.execute(delete(vectors).where(place))
                fresh = [
                    {"document_id": state.document_id, "model": model, "sha256": state.sha256, "data": data}
                    for state, data in current
                ]
                if fresh:
                    connection.execute(insert(vectors), fresh)
                kept += len(fresh)
        return kept

    def vectors(self, model: str, ids: Iterable[str] | None = None) -> Iterator[tuple[str, bytes]]:
        """Yield the id of a document and what was computed of it, of all that are seen or of some."""
        query = (
            select(vectors.c.document_id, vectors.c.data)
            .join(documents, documents.c.id == vectors.c.document_id)
            .where(self._seen(), vectors.c.model == model, vectors.c.sha256 == documents.c.sha256)
        )
        chosen: list[list[str] | None] = [None] if ids is None else list(_batches(list(ids)))
        for batch in chosen:
            part = query if batch is None else query.where(documents.c.id.in_(batch))
            with self._database.read() as connection:
                rows = connection.execute(part).all()
            for row in rows:
                yield str(row.document_id), bytes(row.data)

    def lacking(self, model: str) -> list[State]:
        """Return the documents of which a model has computed nothing yet, by id."""
        there = select(vectors.c.document_id).where(
            vectors.c.document_id == documents.c.id, vectors.c.model == model, vectors.c.sha256 == documents.c.sha256
        )
        query = select(*_STATE).where(self._seen(), ~there.exists()).order_by(documents.c.id)
        with self._database.read() as connection:
            return [State(*row) for row in connection.execute(query)]

    def vector_models(self) -> dict[str, int]:
        """Return the models that computed something of the documents that are seen, and of how many."""
        query = (
            select(vectors.c.model, func.count())
            .join(documents, documents.c.id == vectors.c.document_id)
            .where(self._seen(), vectors.c.sha256 == documents.c.sha256)
            .group_by(vectors.c.model)
        )
        with self._database.read() as connection:
            return {str(model): int(count) for model, count in connection.execute(query)}

    def forget_vectors(self, keep: Iterable[str]) -> None:
        """Remove what other models have computed of this team's documents (without a team: of all)."""
        own = select(documents.c.id)
        own = own if self.team is None else own.where(documents.c.team == self.team)
        place = and_(vectors.c.model.not_in(list(keep)), vectors.c.document_id.in_(own))
        with self._database.write() as connection:
            connection.execute(delete(vectors).where(place))

    def touch_documents(self) -> int:
        """Make every index look again at what there is, and return the new version."""
        with self._database.write() as connection:
            return next_value(connection, VERSION)

    def present_index(self) -> tuple[str, int] | None:
        """Return the collection of the present index on a Qdrant server, and the documents' version in it."""
        query = select(indexes.c.collection, indexes.c.version).where(indexes.c.scope == (self.team or ""))
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else (str(row.collection), int(row.version))

    def built_index(self) -> Built | None:
        """Return the index on a Qdrant server that this store's documents are in, if there is one."""
        columns = (indexes.c.collection, indexes.c.model, indexes.c.version, indexes.c.points, indexes.c.data)
        with self._database.read() as connection:
            row = connection.execute(select(*columns).where(indexes.c.scope == (self.team or ""))).first()
        return None if row is None else Built(*row[:4], data=bytes(row[4]))

    def put_built_index(self, built: Built) -> None:
        """Make an index the present one: from now on it is searched."""
        row: dict[str, Any] = {"scope": self.team or "", "built_at": datetime.now(UTC), **built._asdict()}
        with self._database.write() as connection:
            next_value(connection, "index")  # writers come one after the other
            connection.execute(delete(indexes).where(indexes.c.scope == row["scope"]))
            connection.execute(insert(indexes).values(**row))

    def _seen(self) -> ColumnElement[bool]:
        everyone = documents.c.team.is_(None)
        return documents.c.id.is_not(None) if self.team is None else or_(everyone, documents.c.team == self.team)


def forget_vectors_of(connection: Connection, document_id: str) -> None:
    """Remove all that was computed of a document whose text is replaced in place."""
    connection.execute(delete(vectors).where(vectors.c.document_id == document_id))


def _batches(ids: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(ids), _READ):
        yield ids[at : at + _READ]
