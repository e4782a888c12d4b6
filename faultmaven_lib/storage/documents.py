"""The documents that the knowledge base is made of: the truth, of which a vector index is a copy."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import Connection, Select, delete, func, insert, or_, select, update

from faultmaven_lib.exceptions import CaseNotFound
from faultmaven_lib.storage.counters import next_value, value
from faultmaven_lib.storage.database import Database
from faultmaven_lib.storage.schema import cases, chunks, documents

if TYPE_CHECKING:
    import pandas as pd

VERSION = "knowledge"
"""The counter that goes up with every change to a document."""


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


class Documents:
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
        """Add a document, or replace it where it changed.

        Parameters
        ----------
        uri
            What it is known by, within a team: a path, a URL, ``case:INC-7``.
        title, kind
            To show and to filter, such as ``"runbook"``, ``"case"``.
        chunks
            Pairs of heading and text, in order.
        sha256
            Of its content: with the same one, and the same title, kind and metadata, nothing is written.
        metadata
            Anything else that JSON can hold.
        case_id
            The stored case that it was made of: it belongs to that case's team and is erased with it. A
            ``uri`` of ``case:<id>`` says so, too.

        Returns
        -------
        bool
            Whether it was new or changed.

        Raises
        ------
        CaseNotFound
            If it was made of a case that is not in the store (any more).
        """
        of_case = case_id or (uri.removeprefix("case:") if uri.startswith("case:") else None)
        pieces = [(_clean(heading), _clean(text)) for heading, text in chunks]
        row: dict[str, Any] = {"uri": _clean(uri), "title": _clean(title), "kind": kind, "sha256": sha256}
        row |= {"case_id": of_case, "metadata": json.dumps(metadata or {}, sort_keys=True)}
        with self._database.read() as connection:
            row |= self._owned(connection, uri, of_case)
            stored = connection.execute(select(documents).where(documents.c.id == row["id"])).mappings().first()
            if stored is not None and all(stored[name] == content for name, content in row.items()):
                return False
        with self._database.write() as connection:
            # The counter's row is taken first: writers then come one after the other and cannot deadlock.
            next_value(connection, VERSION)
            row |= self._owned(connection, uri, of_case)
            connection.execute(delete(documents).where(documents.c.id == row["id"]))
            connection.execute(insert(documents).values(**row, updated_at=datetime.now(UTC)))
            write_chunks(connection, row["id"], pieces)
        return True

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
            ``uri, title, kind, team`` (empty: everyone's), ``case_id`` (empty: of no case), ``n_chunks,
            sha256, updated_at`` (UTC), ``metadata`` (dictionaries).
        """
        import pandas as pd

        count = select(func.count()).where(chunks.c.document_id == documents.c.id).scalar_subquery()
        query = self._visible(select(documents, count.label("n_chunks"))).order_by(documents.c.uri, documents.c.id)
        with self._database.read() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        columns: dict[str, Any] = {
            name: pd.Series([row[name] or "" for row in rows], dtype="str")
            for name in ("uri", "title", "kind", "team", "case_id")
        }
        columns["n_chunks"] = pd.Series([row["n_chunks"] for row in rows], dtype="int64")
        columns["sha256"] = pd.Series([row["sha256"] for row in rows], dtype="str")
        moments = pd.Series([row["updated_at"] for row in rows], dtype=object)
        columns["updated_at"] = pd.to_datetime(moments, utc=True).dt.as_unit("us")
        columns["metadata"] = pd.Series([json.loads(row["metadata"]) for row in rows], dtype=object)
        return pd.DataFrame(columns)

    def chunks(self) -> Iterator[Chunk]:
        """Return every chunk to be indexed, document by document, in order."""
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
        with self._database.read() as connection:
            rows = connection.execute(query).all()  # one moment's state, and no cursor left open half read
        return (Chunk(*row) for row in rows)

    def knowledge_version(self) -> int:
        """Return a number that is another one after any change to any document.

        Read it before ``chunks``: an index made meanwhile then looks older than it is, never newer.
        """
        with self._database.read() as connection:
            return value(connection, VERSION)

    def _visible(self, query: Select[Any]) -> Select[Any]:
        if self.team is None:
            return query
        return query.where(or_(documents.c.team.is_(None), documents.c.team == self.team))


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
