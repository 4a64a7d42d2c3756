"""Fifty damaged or foreign files are dropped: each gives one sentence for a person, and leaves the page as it is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.models.catalog import POCKET
from pipeline.models.own_files import OwnFiles
from pipeline.page.drawn_files import DrawnFiles
from pipeline.page.easel import Easel
from pipeline.picture.png_chunks import decode_text, read_texts
from pipeline.picture.png_file import KEYWORD, MAX_RECIPE, read_picture, write_picture
from pipeline.studio.messages import UNEXPECTED_ERROR
from pipeline.styles.lent import LentStyles
from tests.picture.test_carried_strokes import find_style, make_result  # noqa: F401
from tests.tools.picture_files import make_damaged_files, make_random_canvas

FILES = 50


class StandInStudio:
    """StandInStudio reads picture files as Studio does, with one style in its library."""

    profile = POCKET
    own_files = OwnFiles(())

    def __init__(self, find: Callable[[str], Any]) -> None:
        self._find, self._lent = find, LentStyles()

    def read_picture(self, data: bytes) -> Any:
        return read_picture(
            data, self._find, lambda style: self._lent.lend(style.open_picture(), style.name, style.words)
        )

    def explain_difference(self, _: object) -> None:
        return None


@pytest.fixture(scope="module")
def whole(make_result: Any) -> bytes:  # noqa: F811
    return write_picture(make_result(json.dumps(make_random_canvas(1))))


@pytest.fixture(scope="module")
def damaged(whole: bytes) -> list[tuple[str, bytes]]:
    recipe = json.loads(decode_text(*read_texts(whole)[KEYWORD], MAX_RECIPE))
    return list(make_damaged_files(whole, recipe, make_random_canvas(1)))


@pytest.fixture(scope="module")
def easel(find_style: Any) -> Easel:  # noqa: F811
    return Easel(StandInStudio(find_style), DrawnFiles("cache"))  # type: ignore[arg-type]


def drop(easel: Easel, data: bytes) -> tuple[Any, ...]:
    return easel.restore(SimpleNamespace(data=base64.b64encode(data).decode()))  # type: ignore[arg-type]


def test_the_whole_file_opens(easel: Easel, whole: bytes) -> None:
    canvas, *_, picture = drop(easel, whole)
    assert json.loads(canvas) == make_random_canvas(1) and picture["state"] == "done"


@pytest.mark.parametrize("number", range(FILES))
def test_a_damaged_file_gives_one_sentence(easel: Easel, damaged: list[tuple[str, bytes]], number: int) -> None:
    assert len(damaged) >= FILES and len({name for name, _ in damaged}) == len(damaged)
    name, data = damaged[number]
    canvas, *settings, _, picture = drop(easel, data)
    said = picture["message"]
    assert picture["state"] == "error", f"{name} was taken"
    assert said != UNEXPECTED_ERROR and "\n" not in said and 15 < len(said) < 300 and said.endswith((".", "?")), said
    assert all("__type__" in skipped for skipped in (canvas, *settings)), f"{name} changed the page"
