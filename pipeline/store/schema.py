"""Bring the tables up to date by Alembic, which is imported only where they are not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from pipeline.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"
NEWER = "The history was written by a newer Croquis, so it rests here; drawing goes on."


def migrate(connection: Connection) -> None:
    """Bring the tables up to date. Raises StoreError where they are of a newer Croquis.

    Whoever calls holds a lock that lets one program migrate at a time.
    """
    known, present = list_revisions(), read_revision(connection)
    if present == known[-1]:
        return
    if present is not None and present not in known:
        raise StoreError(NEWER)
    from alembic import command

    command.upgrade(make_config(connection), "head")


def list_revisions() -> list[str]:
    """List the versions of the tables that this program knows, oldest first: files of migrations/versions."""
    return sorted(file.stem.partition("_")[0] for file in (MIGRATIONS / "versions").glob("r*.py"))


def read_revision(connection: Connection) -> str | None:
    """Return the version of a database's tables; None where there are none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def make_config(connection: Connection) -> Config:
    """Make Alembic's configuration for an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", MIGRATIONS.as_posix().replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
