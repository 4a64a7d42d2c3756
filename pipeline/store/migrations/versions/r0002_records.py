"""Add what is written down beside the pictures: the audit, reports, jobs and shared notes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.tables import Number, UtcTime

revision = "r0002"
down_revision = "r0001"


def upgrade() -> None:
    """Make the tables; on PostgreSQL also the index that its search in words goes by."""
    op.create_table(
        "audit",
        sa.Column("number", Number, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("visitor", sa.String(64), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("engine", sa.String(100), nullable=False),
        sa.Column("verdict", sa.String(20), nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_table(
        "reports",
        sa.Column("number", Number, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("visitor", sa.String(64), nullable=False),
        sa.Column("picture", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("closed_at", UtcTime),
        sa.PrimaryKeyConstraint("number", name="pk_reports"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_reports_closed_at", "reports", ["closed_at"])
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("visitor", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("engine", sa.String(100), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("fault", sa.Text, nullable=False),
        sa.Column("made_at", UtcTime, nullable=False),
        sa.Column("changed_at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_state_made_at", "jobs", ["state", "made_at"])
    op.create_table(
        "notes",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_notes"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX picture_search ON pictures USING gin (to_tsvector('simple', search_text))")


def downgrade() -> None:
    """Drop them."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX picture_search")
    for table in ("notes", "jobs", "reports", "audit"):
        op.drop_table(table)
