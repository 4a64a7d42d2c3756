"""What is told of a picture file whose engine, weights or numbers are not those of today."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from pipeline.picture.recipe import Reopened, explain_difference
from pipeline.prompt_syntax import Prompt
from pipeline.values import EdgeMap, GenerationRequest, Style, StyleMix

HERE = {"unet": "abc", "vae": "def"}
BF16 = {**HERE, "numbers": "bfloat16"}


@pytest.fixture
def drawn_by(make_style: Callable[..., Style]) -> Callable[[str], GenerationRequest]:
    mix, edges = StyleMix.of(make_style("felt", 1)), EdgeMap(np.zeros((64, 64), np.uint8), "canny")
    return lambda engine: GenerationRequest(
        engine, Prompt("a fox"), Prompt(""), edges, mix, 64, 64, 1, 1.0, 1.0, 1.0, 7
    )


@pytest.mark.parametrize(
    ("then", "now", "told"),
    [
        (HERE, HERE, None),
        (BF16, BF16, None),
        ({**HERE, "unet": "xyz"}, HERE, "other weights than are here now (unet)"),
        ({}, HERE, "(unet, vae)"),
        ({**HERE, "more": "1"}, HERE, "(more)"),
        (BF16, HERE, "computed in bfloat16, here it will be in the usual ones"),
        (HERE, BF16, "computed in the usual numbers, here it will be in bfloat16"),
        ({**BF16, "vae": "xyz"}, HERE, "(vae)"),
    ],
)
def test_what_differs_is_told(
    drawn_by: Callable[[str], GenerationRequest], then: Mapping[str, str], now: Mapping[str, str], told: str | None
) -> None:
    found = explain_difference(Reopened(drawn_by("sd15"), then), "sd15", now)
    assert found is None if told is None else told in (found or "")


def test_another_engine_is_told_whatever_its_weights(drawn_by: Callable[[str], GenerationRequest]) -> None:
    by_sd15 = explain_difference(Reopened(drawn_by("sd15"), HERE), "pocket", HERE)
    assert by_sd15 == "It was drawn by Stable Diffusion 1.5; the pocket model draws now and makes another picture."
    assert "the engine 'sdxl'" in (explain_difference(Reopened(drawn_by("sdxl"), HERE), "pocket", HERE) or "")
