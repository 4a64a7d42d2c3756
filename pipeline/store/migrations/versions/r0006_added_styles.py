"""Add who added which style."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.tables import UtcTime

revision = "r0006"
down_revision = "r0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "added_styles",
        sa.Column("style", sa.String(200), nullable=False),
        sa.Column("visitor", sa.String(64), nullable=False),
        sa.Column("is_shared", sa.Boolean, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.PrimaryKeyConstraint("style", "visitor", name="pk_added_styles"),
    )
    op.create_index("ix_added_styles_visitor", "added_styles", ["visitor"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("added_styles")
