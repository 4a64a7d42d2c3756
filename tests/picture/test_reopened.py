"""What is told of a picture file whose engine, weights or numbers are not those of today."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from pipeline.picture.recipe import Reopened, explain_difference
from pipeline.values import EdgeMap, GenerationRequest, Style, StyleMix
from tests.tools.requests import make_flat_request

HERE = {"unet": "abc", "vae": "def"}
BF16 = {**HERE, "numbers": "bfloat16"}


@pytest.fixture
def make_request(make_style: Callable[..., Style]) -> Callable[[str], GenerationRequest]:
    mix, edges = StyleMix.of(make_style("felt", 1)), EdgeMap(np.zeros((64, 64), np.uint8), "canny")
    numbers = {"num_inference_steps": 1, "guidance_scale": 1.0, "ip_adapter_scale": 1.0, "seed": 7}
    return lambda engine: make_flat_request(
        engine=engine,
        prompt="a fox",
        negative_prompt="",
        edges=edges,
        styles=mix,
        width=64,
        height=64,
        controlnet_conditioning_scale=1.0,
        **numbers,
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
    make_request: Callable[[str], GenerationRequest], then: Mapping[str, str], now: Mapping[str, str], told: str | None
) -> None:
    found = explain_difference(Reopened(make_request("sd15"), then), "sd15", now)
    assert found is None if told is None else told in (found or "")


def test_another_engine_is_told_whatever_its_weights(make_request: Callable[[str], GenerationRequest]) -> None:
    by_sd15 = explain_difference(Reopened(make_request("sd15"), HERE), "pocket", HERE)
    assert by_sd15 == "It was drawn by Stable Diffusion 1.5; the pocket model draws now and makes another picture."
    assert "the engine 'sdxl'" in (explain_difference(Reopened(make_request("sdxl"), HERE), "pocket", HERE) or "")
