"""Add the API keys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.tables import UtcTime

revision = "r0003"
down_revision = "r0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "api_keys",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("made_at", UtcTime, nullable=False),
        sa.Column("revoked_at", UtcTime),
        sa.PrimaryKeyConstraint("hash", name="pk_api_keys"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("api_keys")
