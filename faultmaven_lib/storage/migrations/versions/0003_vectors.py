"""What the index of the documents is filled with, and which index of a Qdrant server is the present one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vectors",
        sa.Column("document_id", sa.String(36), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("document_id", "model", name="pk_vectors"),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], "fk_vectors_document_id_documents", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "indexes",
        sa.Column("scope", sa.String(200), nullable=False),
        sa.Column("collection", sa.String(200), nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_indexes"),
    )


def downgrade() -> None:
    op.drop_table("indexes")
    op.drop_table("vectors")
