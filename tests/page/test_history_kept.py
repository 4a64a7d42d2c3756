"""Which finished pictures are handed to the history, and whose they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio.context import LocalContext

from pipeline.page.api import Endpoints
from pipeline.page.departures import Departures
from pipeline.page.drawn_files import DrawnFiles
from pipeline.page.visitors import DESK
from pipeline.settings import Settings
from pipeline.store.search import Wanted
from pipeline.studio.studio import Studio
from pipeline.values import Verdict
from tests.store.conftest import DrawPicture, draw_picture  # noqa: F401 - a fixture

HOST = SimpleNamespace(headers={"host": "127.0.0.1:7860"}, client=SimpleNamespace(host="127.0.0.1"))


def list_kept(studio: Studio) -> list[str]:
    studio.keeper.flush()
    return [picture.words for picture in studio.keeper.open().find(DESK, Wanted()).pictures]


def test_a_picture_of_somebody_is_kept_and_a_withheld_one_is_not(tmp_path: Path, draw_picture: DrawPicture) -> None:  # noqa: F811
    studio = Studio(Settings(user_dir=tmp_path))
    result = draw_picture(1, "a house")
    withheld = replace(draw_picture(2, "a secret"), verdict=Verdict(True, "It was withheld."))
    for each, owner in ((result, DESK), (result, None), (withheld, DESK)):
        studio.keep_picture(each, studio.write_picture(each), owner)
    assert list_kept(studio) == ["a house"]
    studio.keeper.close()


def test_a_file_that_is_gone_already_stops_nothing(tmp_path: Path, draw_picture: DrawPicture) -> None:  # noqa: F811
    studio = Studio(Settings(user_dir=tmp_path))
    studio.keep_picture(draw_picture(1), tmp_path / "gone", DESK)
    assert studio.keeper.fault.endswith("Drawing goes on.") and list_kept(studio) == []
    studio.keeper.close()


@pytest.mark.parametrize(("history_api", "kept"), [("off", []), ("on", [DESK])])
def test_the_api_keeps_pictures_where_the_host_wishes(
    tmp_path: Path,
    draw_picture: DrawPicture,  # noqa: F811
    history_api: Any,
    kept: list[str],
) -> None:
    owners: list[str | None] = []
    studio = SimpleNamespace(
        settings=Settings(history_api=history_api), keep_picture=lambda result, file, owner: owners.append(owner)
    )
    token = LocalContext.request.set(HOST)  # type: ignore[arg-type]
    try:
        endpoints = Endpoints(studio, DrawnFiles(str(tmp_path)), Departures(gr.Blocks()))  # type: ignore[arg-type]
        endpoints._keep_pictures([draw_picture(1)], [Path("picture.png")])
    finally:
        LocalContext.request.reset(token)
    assert owners == kept
