"""Make the first tables: kept pictures, the styles they wear, and SQLite's search in their words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from pipeline.store.tables import Number, UtcTime

revision = "r0001"
down_revision = None

SEARCH = (  # FTS5 (SQLite FTS5 Extension, 4.4.3, "External Content Tables"), kept up to date by triggers
    "CREATE VIRTUAL TABLE picture_search USING fts5("
    "search_text, content='pictures', content_rowid='number', prefix='1 2 3')",
    "CREATE TRIGGER picture_search_insert AFTER INSERT ON pictures BEGIN "
    "INSERT INTO picture_search(rowid, search_text) VALUES (new.number, new.search_text); END",
    "CREATE TRIGGER picture_search_delete AFTER DELETE ON pictures BEGIN "
    "INSERT INTO picture_search(picture_search, rowid, search_text) "
    "VALUES ('delete', old.number, old.search_text); END",
    "CREATE TRIGGER picture_search_update AFTER UPDATE OF number, search_text ON pictures BEGIN "
    "INSERT INTO picture_search(picture_search, rowid, search_text) "
    "VALUES ('delete', old.number, old.search_text); "
    "INSERT INTO picture_search(rowid, search_text) VALUES (new.number, new.search_text); END",
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "pictures",
        sa.Column("number", Number, nullable=False),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("visitor", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("created_at", UtcTime, nullable=False),
        sa.Column("deleted_at", UtcTime),
        sa.Column("favourite", sa.Boolean, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("negative_words", sa.Text, nullable=False),
        sa.Column("engine", sa.String(100), nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_pictures"),
        sa.UniqueConstraint("id", name="uq_pictures_id"),
        sa.UniqueConstraint("visitor", "sha256", name="uq_pictures_visitor_sha256"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pictures_visitor_number", "pictures", ["visitor", "number"])
    op.create_table(
        "worn_styles",
        sa.Column("picture", Number, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("style", sa.String(100), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("weight", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("picture", "place", name="pk_worn_styles"),
        sa.ForeignKeyConstraint(
            ["picture"], ["pictures.number"], name="fk_worn_styles_picture_pictures", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_worn_styles_style", "worn_styles", ["style"])
    if has_fts5():
        for statement in SEARCH:
            op.execute(statement)


def downgrade() -> None:
    """Drop the tables."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE IF EXISTS picture_search")
    op.drop_table("worn_styles")
    op.drop_table("pictures")


def has_fts5() -> bool:
    """Return whether this is an SQLite that was built with FTS5; others search by LIKE."""
    bind = op.get_bind()
    if bind.dialect.name != "sqlite":
        return False
    return bool(bind.exec_driver_sql("SELECT sqlite_compileoption_used('ENABLE_FTS5')").scalar())
