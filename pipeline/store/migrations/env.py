"""Run the migrations on the connection that pipeline/store/database.py hands over; Alembic runs this file."""

from __future__ import annotations

from alembic import context

from pipeline.store.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,  # SQLite changes a table by writing it anew
)
with context.begin_transaction():
    context.run_migrations()
