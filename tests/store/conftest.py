"""Pictures to keep, and a history on an empty folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.picture.png_file import write_picture
from pipeline.prompt_syntax import Prompt
from pipeline.store.database import open_database
from pipeline.store.facts import Facts, Worn, gather_facts
from pipeline.store.history import History
from pipeline.store.limits import Limits
from pipeline.values import EdgeMap, GenerationResult, StyleMix
from tests.conftest import MakeStyle
from tests.tools.drawings import draw_house
from tests.tools.requests import change_request, make_flat_request

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
        request = make_flat_request(
            engine="pocket",
            prompt=Prompt(words),
            negative_prompt=Prompt("rain"),
            edges=EdgeMap(np.full((64, 64), 255, np.uint8), "lines"),
            styles=StyleMix.of(make_style("felt", 1)),
            width=64,
            height=64,
            num_inference_steps=1,
            guidance_scale=1.0,
            ip_adapter_scale=1.0,
            controlnet_conditioning_scale=1.0,
            seed=42,
        )
        return replace(
            GenerationResult(draw_house(64), request, (), (), {}, {}), request=change_request(request, seed=seed)
        )

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
