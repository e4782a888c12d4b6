"""The documents that the knowledge base is made of: the truth, of which a vector index is a copy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from faultmaven_lib.exceptions import CaseNotFound
from faultmaven_lib.storage.counters import next_value, value
from faultmaven_lib.storage.database import Database
from faultmaven_lib.storage.schema import cases, chunks, documents
from faultmaven_lib.storage.vectors import VERSION, Vectors

if TYPE_CHECKING:
    import pandas as pd


class Chunk(NamedTuple):
    """One piece of a document, as it is indexed."""

    chunk_id: str
    """A UUID; another one when the text changes."""
    document_id: str
    uri: str
    title: str
    kind: str
    heading: str
    text: str


class NewDocument(NamedTuple):
    """A document as it is put."""

    uri: str
    """What it is known by, within a team: a path, a URL, ``case:INC-7``."""
    title: str
    kind: str
    """To filter by, such as ``"runbook"``, ``"case"``."""
    chunks: Sequence[tuple[str, str]]
    """Pairs of heading and text, in order."""
    sha256: str
    """Of its content: with the same one, and the same title, kind and metadata, nothing is written."""
    metadata: dict[str, Any] | None = None
    """Anything else that JSON can hold."""
    case_id: str | None = None
    """The stored case that it was made of: it belongs to that case's team and is erased with it. A ``uri`` of
    ``case:<id>`` says so, too."""


class Documents(Vectors):
    """Documents and their chunks; ``Store`` is one.

    Parameters
    ----------
    database
        Where they are.
    team
        Documents put are this team's, and what is listed is this team's and everyone's; None: everyone's, and all.
    """

    def __init__(self, database: Database, team: str | None) -> None:
        self._database = database
        self.team = team

    def put_document(
        self,
        uri: str,
        title: str,
        kind: str,
        chunks: Iterable[tuple[str, str]],
        sha256: str,
        metadata: dict[str, Any] | None = None,
        *,
        case_id: str | None = None,
    ) -> bool:
        """Add a document, or replace it where it changed; the parameters are the fields of ``NewDocument``.

        Returns
        -------
        bool
            Whether it was new or changed.

        Raises
        ------
        CaseNotFound
            If it was made of a case that is not in the store (any more).
        """
        return bool(self.put_documents([NewDocument(uri, title, kind, list(chunks), sha256, metadata, case_id)]))

    def put_documents(self, given: Iterable[NewDocument]) -> int:
        """Add documents, or replace them where they changed: all of them, or none if one cannot be put.

        Returns
        -------
        int
            How many were new or changed.

        Raises
        ------
        CaseNotFound
            If one was made of a case that is not in the store (any more).
        """
        rows = [(document, self._row(document)) for document in given]
        with self._database.read() as connection:
            changed = [(document, row) for document, row in rows if self._changed(connection, document, row)]
        if not changed:
            return 0
        with self._database.write() as connection:
            # The counter's row is taken first: writers then come one after the other and cannot deadlock.
            next_value(connection, VERSION)
            for document, row in changed:
                row.update(self._owned(connection, document.uri, row["case_id"]))
                connection.execute(delete(documents).where(documents.c.id == row["id"]))
                connection.execute(insert(documents).values(**row, updated_at=datetime.now(UTC)))
                write_chunks(connection, row["id"], [(_clean(h), _clean(t)) for h, t in document.chunks])
        return len(changed)

    def _row(self, document: NewDocument) -> dict[str, Any]:
        uri = document.uri
        return {
            "uri": _clean(uri),
            "title": _clean(document.title),
            "kind": document.kind,
            "sha256": document.sha256,
            "case_id": document.case_id or (uri.removeprefix("case:") if uri.startswith("case:") else None),
            "metadata": json.dumps(document.metadata or {}, sort_keys=True),
        }

    def _changed(self, connection: Connection, document: NewDocument, row: dict[str, Any]) -> bool:
        row.update(self._owned(connection, document.uri, row["case_id"]))
        stored = connection.execute(select(documents).where(documents.c.id == row["id"])).mappings().first()
        return stored is None or any(stored[name] != content for name, content in row.items())

    def _owned(self, connection: Connection, uri: str, case_id: str | None) -> dict[str, Any]:
        """Return the team that a document belongs to, and its id."""
        team = self.team
        if case_id is not None:
            found = select(cases.c.team).where(cases.c.id == case_id).with_for_update(read=True, key_share=True)
            team = connection.execute(found).scalar()
            if team is None or self.team not in (None, team):
                raise CaseNotFound(f"{uri!r} is made of case {case_id!r}, which is not stored: save it first")
        # A case may move to another team, and its documents with it.
        owner = team or "" if case_id is None else f"case {case_id}"
        return {"team": team, "id": str(uuid5(NAMESPACE_URL, f"faultmaven:{owner}\n{uri}"))}

    def delete_document(self, uri: str) -> bool:
        """Remove a document of this team (without a team: all documents of that uri); say whether there was one."""
        query = delete(documents).where(documents.c.uri == _clean(uri))
        if self.team is not None:
            query = query.where(documents.c.team == self.team)
        with self._database.write() as connection:
            next_value(connection, VERSION)
            return connection.execute(query).rowcount > 0

    def documents(self) -> pd.DataFrame:
        """List documents by uri.

        Returns
        -------
        DataFrame
            ``id, uri, title, kind, team`` (empty: everyone's), ``case_id`` (empty: of no case), ``n_chunks,
            sha256, updated_at`` (UTC), ``metadata`` (dictionaries).
        """
        import pandas as pd

        count = select(func.count()).where(chunks.c.document_id == documents.c.id).scalar_subquery()
        query = self._visible(select(documents, count.label("n_chunks"))).order_by(documents.c.uri, documents.c.id)
        with self._database.read() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        columns: dict[str, Any] = {
            name: pd.Series([row[name] or "" for row in rows], dtype="str")
            for name in ("id", "uri", "title", "kind", "team", "case_id")
        }
        columns["n_chunks"] = pd.Series([row["n_chunks"] for row in rows], dtype="int64")
        columns["sha256"] = pd.Series([row["sha256"] for row in rows], dtype="str")
        moments = pd.Series([row["updated_at"] for row in rows], dtype=object)
        columns["updated_at"] = pd.to_datetime(moments, utc=True).dt.as_unit("us")
        columns["metadata"] = pd.Series([json.loads(row["metadata"]) for row in rows], dtype=object)
        return pd.DataFrame(columns)

    def chunks(self, ids: Iterable[str] | None = None) -> Iterator[Chunk]:
        """Return every chunk, document by document, in order; or those of some documents, by their ids."""
        query = self._visible(
            select(
                chunks.c.id.label("chunk_id"),
                chunks.c.document_id,
                documents.c.uri,
                documents.c.title,
                documents.c.kind,
                chunks.c.heading,
                chunks.c.text,
            ).join(documents, documents.c.id == chunks.c.document_id)
        ).order_by(documents.c.uri, documents.c.id, chunks.c.position)
        if ids is not None:
            query = query.where(documents.c.id.in_(list(ids)))
        with self._database.read() as connection:
            rows = connection.execute(query).all()  # one moment's state, and no cursor left open half read
        return (Chunk(*row) for row in rows)

    def metadata_of(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return the metadata of some documents, by their ids."""
        query = self._visible(select(documents.c.id, documents.c.metadata)).where(documents.c.id.in_(list(ids)))
        with self._database.read() as connection:
            return {str(row.id): json.loads(row.metadata) for row in connection.execute(query)}

    def knowledge_version(self) -> int:
        """Return a number that is another one after any change to any document.

        Read it before ``chunks``: an index made meanwhile then looks older than it is, never newer.
        """
        with self._database.read() as connection:
            return value(connection, VERSION)

    def _visible(self, query: Select[Any]) -> Select[Any]:
        return query.where(self._seen())


def write_chunks(connection: Connection, document_id: str, pieces: list[tuple[str, str]]) -> None:
    """Write the chunks of a document that has none."""
    rows = [
        {
            "id": str(uuid5(UUID(document_id), f"{position}\n{heading}\n{text}")),
            "document_id": document_id,
            "position": position,
            "heading": heading,
            "text": text,
        }
        for position, (heading, text) in enumerate(pieces)
    ]
    if rows:
        connection.execute(insert(chunks), rows)


def move_documents(connection: Connection, case_id: str, team: str) -> None:
    """Hand the documents made of a case to another team."""
    move = update(documents).where(documents.c.case_id == case_id).values(team=team)
    if connection.execute(move).rowcount:
        next_value(connection, VERSION)


def _clean(text: str) -> str:
    return text.replace("\x00", "")  # which PostgreSQL has no place for
