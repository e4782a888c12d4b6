"""The tables: columns for what is searched, one JSON document for the rest of a case."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

HEAD = "0003"
"""The newest migration, so that a store can tell whether it is up to date without importing Alembic."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """A moment in UTC, on databases with and without time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Hand UTC to the database; SQLite would keep the digits and drop the zone."""
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        """Give UTC back, whatever the zone of the database session."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


cases = Table(
    "cases",
    metadata,
    Column("id", String(100), primary_key=True),
    Column("team", String(200), nullable=False),
    Column("title", Text, nullable=False),
    Column("severity", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("began", Instant, nullable=False),  # started where known, else the start of the window: the list's order
    Column("started", Instant),
    Column("detected", Instant),
    Column("acknowledged", Instant),
    Column("mitigated", Instant),
    Column("resolved", Instant),
    Column("cause_service", Text),
    Column("cause_mechanism", String(60)),
    Column("retain_until", Date),
    Column("n_evidence", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("words", Text, nullable=False),  # what a text search looks through, case folded
    # Text and not a JSON type: PostgreSQL's jsonb refuses \u0000, which a log line may hold.
    Column("document", Text, nullable=False),
    Index(None, "team", "began"),
    Index(None, "began"),
    Index(None, "retain_until"),
)

case_services = Table(
    "case_services",
    metadata,
    Column("case_id", ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("service", String(200), primary_key=True),  # cut: an index entry of PostgreSQL is bounded
    Index(None, "service"),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("case_id", ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("evidence_id", String(40), primary_key=True),
    Column("sha256", String(64), nullable=False),  # of the bytes: tells whether they have to be written again
    Column("data", LargeBinary, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("case_id", String(100), nullable=False),  # no foreign key: the line about an erasure outlives the case
    Column("team", String(200), nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(60), nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "case_id"),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("value", Integer, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String(36), primary_key=True),  # a UUID of team and uri: one row for both, without a race
    Column("team", String(200)),  # null: for every team
    Column("uri", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("kind", String(60), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("case_id", ForeignKey("cases.id", ondelete="CASCADE")),  # of a past case: erased with it
    Column("updated_at", Instant, nullable=False),
    Column("metadata", Text, nullable=False),
    Index(None, "case_id"),
    Index(None, "team"),
)

chunks = Table(
    "chunks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("heading", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index(None, "document_id", "position"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("team", String(200)),  # null: everyone's
    Column("at", Instant, nullable=False),
    Column("user", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("item", Text, nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("words", Text, nullable=False),  # terms of the situation, with blanks between
    Column("case_id", ForeignKey("cases.id", ondelete="CASCADE")),  # null: of no stored case; else erased with it
    Index(None, "case_id"),
    Index(None, "team"),
)

vectors = Table(
    "vectors",
    metadata,
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("model", String(200), primary_key=True),  # what they were made with: words, or an embedding model
    Column("sha256", String(64), nullable=False),  # of the document that they were made of: else they are stale
    Column("data", LargeBinary, nullable=False),
)

indexes = Table(
    "indexes",
    metadata,
    Column("scope", String(200), primary_key=True),  # the team whose documents are in it; empty: all
    Column("collection", String(200), nullable=False),  # of the Qdrant server
    Column("model", String(200), nullable=False),  # empty: words alone
    Column("version", Integer, nullable=False),  # the documents' when it was filled
    Column("points", Integer, nullable=False),
    Column("built_at", Instant, nullable=False),
    Column("data", LargeBinary, nullable=False),  # how often each term occurs
)
