"""The tables are those of the migrations; a damaged file is set aside; many write at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.errors import StoreError
from pipeline.settings import ROOT
from pipeline.store.database import Database, make_engine, open_database
from pipeline.store.schema import make_config
from pipeline.store.search import Wanted
from pipeline.store.tables import Picture, Table
from tests.conftest import OpenHistory
from tests.store.conftest import DESK, DrawPicture, keep_drawn

OURS = set(Table.metadata.tables)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


def test_the_migrations_make_the_tables_that_the_code_uses(file: Path) -> None:
    database, _ = open_database(file)
    with database.engine.connect() as connection:

        def is_ours(_: object, name: str | None, kind: str, *__: object) -> bool:
            return kind != "table" or name in OURS

        context = MigrationContext.configure(connection, opts={"include_object": is_ours, "compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
    database.close()


def test_the_comparison_sees_a_difference(file: Path) -> None:
    database, _ = open_database(file)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_pictures_visitor_number")
        context = MigrationContext.configure(connection)
        assert any(change[0] == "add_index" for change in compare_metadata(context, Table.metadata))
    database.close()


def test_migrations_go_down_and_up_again(file: Path) -> None:
    from alembic import command

    database, _ = open_database(file)
    with database.engine.begin() as connection:
        command.downgrade(make_config(connection), "base")
    with sqlite3.connect(file) as plain:
        left = {name for (name,) in plain.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")}
        assert left <= {"alembic_version"}
    database.close()
    again, aside = open_database(file)
    assert aside is None and again.has_text_search
    again.close()


def test_reading_goes_on_beside_writing(file: Path) -> None:
    database, _ = open_database(file)
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    with database.write() as writer:
        writer.execute(select(Picture))
        with database.read() as reader:
            assert reader.scalars(select(Picture)).all() == []
    database.close()


DAMAGES = {
    "not a database": lambda data: b"this is no database" * 100,
    "cut off": lambda data: data[: len(data) // 2],
    "overwritten within": lambda data: data[:4096] + b"\xff" * 4096 + data[8192:],
    "a header of nothing": lambda data: b"\0" * 100 + data[100:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_database_is_set_aside_and_not_overwritten(file: Path, damage: str) -> None:
    database, _ = open_database(file)
    database.close()
    broken = DAMAGES[damage](file.read_bytes())
    file.write_bytes(broken)
    database, aside = open_database(file)
    assert aside is not None and aside.read_bytes() == broken
    with Session(database.engine) as session:
        assert session.scalars(select(Picture)).all() == []
    database.close()


def test_an_empty_file_becomes_a_database(file: Path) -> None:
    file.touch()
    database, aside = open_database(file)
    assert aside is None and database.has_text_search
    database.close()


def test_a_database_of_a_newer_croquis_is_left_alone(file: Path) -> None:
    database, _ = open_database(file)
    database.close()
    with sqlite3.connect(file) as plain:
        plain.execute("UPDATE alembic_version SET version_num = 'r9999'")
    plain.close()
    with pytest.raises(StoreError, match="newer Croquis"):
        open_database(file)
    with sqlite3.connect(file) as plain:
        assert plain.execute("SELECT version_num FROM alembic_version").fetchone() == ("r9999",)
    plain.close()
    assert list(file.parent.glob("*damaged*")) == []


def test_without_fts5_words_are_found_all_the_same(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database, _ = open_database(file)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE picture_search")
    assert not Database(make_engine(f"sqlite:///{file.as_posix()}")).has_text_search
    database.close()


KEEP_MANY = """
import sys
from pathlib import Path
from datetime import UTC, datetime
from pipeline.store.database import open_database, open_server
from pipeline.store.facts import Facts
from pipeline.store.history import History
from pipeline.store.limits import Limits
from pipeline.kept_files import FolderFiles
folder, name, url = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
is_file = url.startswith("sqlite")
database = open_database(folder / "history.sqlite3")[0] if is_file else open_server(url)
history = History(FolderFiles(folder), database, Limits(1000, 10**9))
for n in range(60):
    facts = Facts(f"{name} {n}", "", (), "pocket", n, 64, 64)
    history.add_row(f"{name}{n:031x}", f"{name}{n:063x}", 1, facts, "desk", datetime.now(UTC))
"""


def test_two_programs_on_one_home_lose_nothing(
    tmp_path: Path, open_history: OpenHistory, draw_picture: DrawPicture
) -> None:
    history = open_history()
    url = history.database.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", KEEP_MANY, str(tmp_path / "history")]
    programs = [subprocess.Popen([*command, name, url], cwd=ROOT) for name in "abc"]
    assert [program.wait(120) for program in programs] == [0, 0, 0]
    keep_drawn(history, draw_picture())
    found = history.find(DESK, Wanted(count=200))
    assert found.total == 181 and len({picture.number for picture in found.pictures}) == 181
