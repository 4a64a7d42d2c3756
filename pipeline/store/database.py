"""Open the database: its tables brought up to date, many readers beside one writer, a damaged file set aside."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from filelock import FileLock
from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.orm import Session

from pipeline.errors import StoreError
from pipeline.store.faults import DamagedDatabase, is_damage

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
PATIENCE = 5.0  # seconds that a statement waits for another program's lock
OPENING_PATIENCE = 60.0  # seconds that a start waits for another program's migration
LOG_SUFFIXES = ("", "-wal", "-shm")  # SQLite's files beside the database
NEWER = "The history was written by a newer Croquis, so it rests here; drawing goes on."


class Database:
    """Database is an open SQLite file in WAL mode. Safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.has_text_search = inspect(engine).has_table("picture_search")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that reads one unchanging state."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session that is the only writer, committed at the end and undone where it raises."""
        writer = self.engine.execution_options(begin="BEGIN IMMEDIATE")
        with Session(writer, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every connection; SQLite then folds its log into the file."""
        self.engine.dispose()


def open_database(file: Path, is_damaged: bool = False) -> tuple[Database, Path | None]:
    """Open the database of this file, made when missing; return it, and where a damaged one was set aside.

    `is_damaged`: a statement found it so; else SQLite's own check decides. Raises OSError or SQLAlchemy's DatabaseError
    where the place cannot be written, StoreError where a newer Croquis wrote it.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock"), timeout=OPENING_PATIENCE):
        if is_damaged and file.exists():
            aside = set_aside(file)
            return _open_whole(file), aside
        try:
            return _open_whole(file), None
        except Exception as error:
            if not is_damage(error):
                raise
            aside = set_aside(file)
            log.error("The history's database was damaged; it lies at %s now", aside, exc_info=error)
            return _open_whole(file), aside


def set_aside(file: Path) -> Path:
    """Rename a damaged database and its logs, so that nothing overwrites them; return the new path."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    aside = file.with_name(f"{file.stem}-damaged-{stamp}-{time.monotonic_ns() % 10**6:06}{file.suffix}")
    for suffix in LOG_SUFFIXES:
        part = file.with_name(file.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def _open_whole(file: Path) -> Database:
    engine = make_engine(f"sqlite:///{file.as_posix()}")
    try:
        with engine.connect() as connection:
            expect_whole(connection)
        migrate(engine)
        return Database(engine)
    except BaseException:
        engine.dispose()  # an open file cannot be renamed on Windows
        raise


def make_engine(url: str) -> Engine:
    """Make SQLAlchemy's engine, which opens transactions itself: pysqlite's own habits break SELECT and DDL."""
    engine = create_engine(url, connect_args={"timeout": PATIENCE})

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # with WAL, a killed program loses nothing
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(str(connection.get_execution_options().get("begin", "BEGIN")))

    return engine


def expect_whole(connection: Connection) -> None:
    """Raise StoreError that counts as damage unless SQLite finds its file whole."""
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise DamagedDatabase(f"The history's database is damaged: {found}.")


def migrate(engine: Engine) -> None:
    """Bring the tables up to date. Raises StoreError where they are of a newer Croquis."""
    with engine.execution_options(begin="BEGIN IMMEDIATE").begin() as connection:
        try:
            command.upgrade(make_config(connection), "head")
        except CommandError as error:
            raise StoreError(NEWER) from error


def make_config(connection: Connection) -> Config:
    """Make Alembic's configuration for an open connection."""
    config = Config()
    config.set_main_option("script_location", MIGRATIONS.as_posix().replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
