"""Pictures to keep, and a history on an empty folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.picture.png_file import write_picture
from pipeline.store.database import open_database
from pipeline.store.facts import Facts, Worn, gather_facts
from pipeline.store.history import History
from pipeline.store.limits import Limits
from pipeline.values import GenerationResult
from tests.conftest import MakeStyle
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


@pytest.fixture
def open_history(tmp_path: Path) -> Iterator[OpenHistory]:
    """Return open_history(pictures, bytes), which opens the history of one folder with these limits."""
    opened: list[History] = []

    def open_one(pictures: int = 1_000, bytes: int = 10**9) -> History:
        database, _ = open_database(tmp_path / "history" / "history.sqlite3")
        opened.append(History(tmp_path / "history", database, Limits(pictures, bytes)))
        return opened[-1]

    yield open_one
    for history in opened:
        history.close()


def keep_drawn(history: History, result: GenerationResult, visitor: str = DESK) -> str:
    return history.keep(write_picture(result), gather_facts(result), visitor)
