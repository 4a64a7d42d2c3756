"""Add the index that a visitor's pictures are counted by, with a star or not, without a look at the pictures."""

from __future__ import annotations

from alembic import op

revision = "r0004"
down_revision = "r0003"
INDEX = "ix_pictures_visitor_deleted_at_favourite_number"


def upgrade() -> None:
    """Make the index."""
    op.create_index(INDEX, "pictures", ["visitor", "deleted_at", "favourite", "number"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index(INDEX, "pictures")
