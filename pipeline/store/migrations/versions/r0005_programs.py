"""Add which program draws a job; what was asked, and tries, were never written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0005"
down_revision = "r0004"


def upgrade() -> None:
    """Change the columns."""
    op.add_column("jobs", sa.Column("program", sa.String(32), nullable=False, server_default=""))
    op.drop_column("jobs", "body")
    op.drop_column("jobs", "tries")


def downgrade() -> None:
    """Change them back."""
    op.drop_column("jobs", "program")
    op.add_column("jobs", sa.Column("body", sa.LargeBinary))
    op.add_column("jobs", sa.Column("tries", sa.Integer, nullable=False, server_default="0"))
