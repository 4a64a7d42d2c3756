"""Pictures to keep, and a history on an empty folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from pipeline.picture.png_file import write_picture
from pipeline.store.database import open_database, open_server
from pipeline.store.facts import Facts, Worn, gather_facts
from pipeline.store.history import History
from pipeline.store.limits import Limits
from pipeline.values import GenerationResult
from tests.conftest import MakeStyle
from tests.tools.postgres import run_postgres
from tests.tools.small_results import make_small_result

DESK = "desk"
DrawPicture = Callable[..., GenerationResult]
OpenHistory = Callable[..., History]


def make_facts(words: str, *styles: str, seed: int = 1) -> Facts:
    worn = tuple(Worn(style, style.replace("-", " ").title(), 1 / len(styles)) for style in styles)
    return Facts(words, "", worn, "pocket", seed, 64, 64)


@pytest.fixture
def draw_picture(make_style: MakeStyle) -> DrawPicture:
    """Return draw_picture(seed, words), which makes a small picture without an engine."""

    def draw(seed: int = 1, words: str = "a red house") -> GenerationResult:
        return make_small_result(make_style("felt", 1), words, "rain", seed)

    return draw


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Return the URL of a PostgreSQL that this worker's tests share."""
    with run_postgres() as url:
        yield url


@pytest.fixture
def empty_postgres(postgres: str) -> str:
    """Return the URL of a PostgreSQL that holds nothing."""
    engine = create_engine(postgres)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    engine.dispose()
    return postgres


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def open_history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenHistory]:
    """Return open_history(pictures, bytes), which opens the history of one folder with these limits.

    Each test that asks for it runs on SQLite and on PostgreSQL.
    """
    url = request.getfixturevalue("empty_postgres") if request.param == "PostgreSQL" else ""
    opened: list[History] = []

    def open_one(pictures: int = 1_000, bytes: int = 10**9, **limits: int) -> History:
        file = tmp_path / "history" / "history.sqlite3"
        database = open_server(url) if url else open_database(file)[0]
        opened.append(History(tmp_path / "history", database, Limits(pictures, bytes, **limits)))
        return opened[-1]

    yield open_one
    for history in opened:
        history.close()


def keep_drawn(history: History, result: GenerationResult, visitor: str = DESK) -> str:
    return history.keep(write_picture(result), gather_facts(result), visitor)
