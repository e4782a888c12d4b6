"""Cases, their evidence and audit, and the documents of the knowledge base."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "cases",
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("team", sa.String(200), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("severity", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("began", _MOMENT, nullable=False),
        sa.Column("started", _MOMENT),
        sa.Column("detected", _MOMENT),
        sa.Column("acknowledged", _MOMENT),
        sa.Column("mitigated", _MOMENT),
        sa.Column("resolved", _MOMENT),
        sa.Column("cause_service", sa.Text),
        sa.Column("cause_mechanism", sa.String(60)),
        sa.Column("retain_until", sa.Date),
        sa.Column("n_evidence", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
    )
    op.create_index("ix_cases_team_began", "cases", ["team", "began"])
    op.create_index("ix_cases_began", "cases", ["began"])
    op.create_index("ix_cases_retain_until", "cases", ["retain_until"])
    op.create_table(
        "case_services",
        sa.Column("case_id", sa.String(100), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "service", name="pk_case_services"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], "fk_case_services_case_id_cases", ondelete="CASCADE"),
    )
    op.create_index("ix_case_services_service", "case_services", ["service"])
    op.create_table(
        "snapshots",
        sa.Column("case_id", sa.String(100), nullable=False),
        sa.Column("evidence_id", sa.String(40), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("case_id", "evidence_id", name="pk_snapshots"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], "fk_snapshots_case_id_cases", ondelete="CASCADE"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(100), nullable=False),
        sa.Column("team", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_case_id", "audit", ["case_id"])
    op.create_table(
        "counters",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("value", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("team", sa.String(200)),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("case_id", sa.String(100)),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], "fk_documents_case_id_cases", ondelete="CASCADE"),
    )
    op.create_index("ix_documents_case_id", "documents", ["case_id"])
    op.create_index("ix_documents_team", "documents", ["team"])
    op.create_table(
        "chunks",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("document_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("heading", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chunks"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], "fk_chunks_document_id_documents", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_chunks_document_id_position", "chunks", ["document_id", "position"])


def downgrade() -> None:
    for table in ("chunks", "documents", "counters", "audit", "snapshots", "case_services", "cases"):
        op.drop_table(table)
