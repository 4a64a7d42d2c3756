"""A store of an earlier Croquis is taken over whole; two programs may do so at once; a newer one's is left alone."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from pipeline.errors import SettingError, StoreError
from pipeline.settings import ROOT, Settings
from pipeline.store.database import Database, open_server
from pipeline.store.keeper import Keeper
from pipeline.store.schema import list_revisions
from pipeline.store.search import Wanted

OLD = ROOT / "tests" / "data" / "history_of_0_2_0.zip"  # made by Croquis 0.2.0 before it had the records' tables
OPEN = """
import sys
from pathlib import Path
from pipeline.store.database import open_database, open_server
where = sys.argv[1]
database = open_server(where) if "://" in where else open_database(Path(where))[0]
database.close()
print("alembic" in sys.modules)
"""


def start_opening(where: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", OPEN, where], cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def old_keeper(tmp_path: Path) -> Iterator[Keeper]:
    with zipfile.ZipFile(OLD) as archive:
        archive.extractall(tmp_path)
    keeper = Keeper(Settings(user_dir=tmp_path), str)
    yield keeper
    keeper.close()


def test_a_store_of_an_earlier_croquis_is_taken_over_without_loss(old_keeper: Keeper, tmp_path: Path) -> None:
    history = old_keeper.open()
    (boat,) = history.find("desk", Wanted("blue")).pictures
    assert boat.favourite and (boat.negative_words, boat.seed, boat.styles[0].style) == ("rain", 1, "clay")
    assert len(history.read_picture("desk", boat.id)) == 1769
    (tree,) = history.find("a" * 32, Wanted()).pictures
    assert tree.words == "a green tree" and history.read_thumbnail("a" * 32, tree.id)
    with history.database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM pictures WHERE deleted_at IS NOT NULL")) in (0, 1)
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == list_revisions()[-1]
    history.records.note_drawing("desk", "r" * 64, "pocket", "shown", 1)
    assert len(history.records.list_drawings()) == 1
    assert old_keeper.fault == "" and not list((tmp_path / "history").glob("*damaged*"))


@pytest.mark.parametrize("kind", ["SQLite", "PostgreSQL"])
def test_two_programs_that_start_at_once_make_one_store(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("empty_postgres") if kind == "PostgreSQL" else str(tmp_path / "new" / "h.sqlite3")
    programs = [start_opening(url) for _ in range(2)]
    said = {program.communicate(timeout=120)[0].strip() for program in programs}
    assert [program.returncode for program in programs] == [0, 0] and "True" in said
    again = start_opening(url)
    assert again.communicate(timeout=120)[0].strip() == "False", "Alembic is imported where nothing has to change"


def test_a_postgres_of_a_newer_croquis_is_left_alone(empty_postgres: str) -> None:
    database = open_server(empty_postgres)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'r9999'"))
    database.close()
    with pytest.raises(StoreError, match="newer Croquis"):
        open_server(empty_postgres)


@pytest.mark.parametrize("url", ["nothing", "mysql://a@b/c", "postgresql://a@b/c", "sqlite:///x", "postgresql+psycopg"])
def test_what_is_no_url_of_a_postgres_is_refused_in_a_sentence(url: str) -> None:
    with pytest.raises(SettingError, match="CROQUIS_DATABASE"):
        open_server(url)


def test_a_server_that_does_not_answer_is_told(tmp_path: Path) -> None:
    keeper = Keeper(Settings(user_dir=tmp_path, database=f"postgresql+psycopg://a@/b?host={tmp_path}"), str)
    with pytest.raises(StoreError, match="does not answer"):
        keeper.open()
    keeper.close()


def test_a_store_is_sqlite_or_postgres(empty_postgres: str) -> None:
    database: Database = open_server(empty_postgres)
    assert not database.is_sqlite and database.has_text_search
    database.close()
