"""Pictures to keep, and the facts of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.picture.png_file import write_picture
from pipeline.store.facts import Facts, Worn, gather_facts
from pipeline.store.history import History
from pipeline.store.keeper import Keeper
from pipeline.store.search import Wanted
from pipeline.values import GenerationResult
from tests.conftest import MakeStyle
from tests.tools.small_results import make_small_result

DESK = "desk"
DrawPicture = Callable[..., GenerationResult]


def make_facts(words: str, *styles: str, seed: int = 1) -> Facts:
    worn = tuple(Worn(style, style.replace("-", " ").title(), 1 / len(styles)) for style in styles)
    return Facts(words, "", worn, "pocket", seed, 64, 64)


def hand_over(keeper: Keeper, draw_picture: DrawPicture, seed: int) -> bytes:
    """Have a picture kept, and return its file once it is."""
    result = draw_picture(seed, f"house {seed}")
    data = write_picture(result)
    keeper.keep(data, gather_facts(result), DESK)
    keeper.flush()
    return data


def read_all(keeper: Keeper) -> dict[str, bytes]:
    """Return the files of all kept pictures by their words."""
    history = keeper.open()
    return {row.words: history.read_picture(DESK, row.id) for row in history.find(DESK, Wanted()).pictures}


@pytest.fixture
def draw_picture(make_style: MakeStyle) -> DrawPicture:
    """Return draw_picture(seed, words), which makes a small picture without an engine."""

    def draw(seed: int = 1, words: str = "a red house") -> GenerationResult:
        return make_small_result(make_style("felt", 1), words, "rain", seed)

    return draw


def keep_drawn(history: History, result: GenerationResult, visitor: str = DESK) -> str:
    return history.keep(write_picture(result), gather_facts(result), visitor)
