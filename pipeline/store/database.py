"""Open the database, SQLite's file or a PostgreSQL: tables brought up to date, many readers beside one writer."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlalchemy import Connection, Engine, Executable, create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from pipeline.errors import SettingError
from pipeline.store.faults import DamagedDatabase, is_damage
from pipeline.store.schema import migrate

log = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds that a statement waits for another program's lock
OPENING_PATIENCE = 60.0  # seconds that a start waits for another program's migration
LOG_SUFFIXES = ("", "-wal", "-shm")  # SQLite's files beside the database
WRITING, OPENING = 1_869_768_001, 1_869_768_002  # numbers of PostgreSQL's locks: "one writes", "one migrates"
SERVERS = ("postgresql+psycopg",)
NO_URL = "database (CROQUIS_DATABASE) is a URL as postgresql+psycopg://user:password@host/name; something else came."
NO_DRIVER = "A PostgreSQL database needs its driver: pip install -r requirements-store.txt."


class Database:
    """Database is an open SQLite file in WAL mode, or an open PostgreSQL. Safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self.has_text_search = not self.is_sqlite or inspect(engine).has_table("picture_search")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that reads one unchanging state."""
        reader = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="REPEATABLE READ")
        with Session(reader) as session:
            if not self.is_sqlite:
                _begin(session, "SELECT 1")
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a session that is the only writer, committed at the end and undone where it raises."""
        writer = self.engine.execution_options(begin="BEGIN IMMEDIATE") if self.is_sqlite else self.engine
        with Session(writer, expire_on_commit=False) as session:
            if not self.is_sqlite:
                _begin(session, f"SELECT pg_advisory_xact_lock({WRITING})")
            yield session
            session.commit()

    def execute(self, statement: Executable) -> None:
        """Carry out one statement that is a transaction by itself: on PostgreSQL one round trip, beside other writers.

        Where the connection broke it is carried out once more, so it has to come to the same when done twice.
        """
        if self.is_sqlite:
            with self.write() as session:
                session.execute(statement)
            return
        alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        for is_last in (False, True):
            try:
                with alone.connect() as connection:
                    connection.execute(statement)
                return
            except DBAPIError as error:
                if is_last or not error.connection_invalidated:
                    raise

    def close(self) -> None:
        """Close every connection; SQLite then folds its log into the file."""
        self.engine.dispose()


def _begin(session: Session, first: str) -> None:
    """Begin a session on PostgreSQL by a statement; a server that was started anew is no fault."""
    try:
        session.execute(text(first))
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        session.rollback()
        session.execute(text(first))


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


def open_server(url: str) -> Database:
    """Open the PostgreSQL of this URL. Raises SettingError for no such URL, and as open_database."""
    try:
        if make_url(url).drivername not in SERVERS:
            raise SettingError(NO_URL)
        engine = create_engine(
            url,
            connect_args={"connect_timeout": int(PATIENCE), "options": f"-c lock_timeout={int(PATIENCE * 1000)}"},
        )
    except ArgumentError as error:
        raise SettingError(NO_URL) from error
    except ModuleNotFoundError as error:
        raise SettingError(NO_DRIVER) from error
    return _bring_up_to_date(engine)


def _open_whole(file: Path) -> Database:
    engine = make_engine(f"sqlite:///{file.as_posix()}")
    try:
        with engine.connect() as connection:
            expect_whole(connection)
    except BaseException:
        engine.dispose()  # an open file cannot be renamed on Windows
        raise
    return _bring_up_to_date(engine)


def _bring_up_to_date(engine: Engine) -> Database:
    """Migrate alone: SQLite's file by its lock and BEGIN IMMEDIATE, PostgreSQL by a lock of its own."""
    try:
        with engine.execution_options(begin="BEGIN IMMEDIATE").begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = {int(OPENING_PATIENCE * 1000)}"))
                connection.execute(text(f"SELECT pg_advisory_xact_lock({OPENING})"))
            migrate(connection)
        return Database(engine)
    except BaseException:
        engine.dispose()
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
