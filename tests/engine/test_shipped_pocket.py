"""The pocket model's trained weights, drawn by the diffusers engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from pipeline.engine.engine import Engine
from pipeline.values import StepPreview
from tests.conftest import MakeStyle
from tests.tools.diffusers_reference import draw_by_diffusers, embed_style_by_diffusers, load_diffusers_packaged
from tests.tools.drawing_requests import make_request
from tests.tools.requests import change_request

if TYPE_CHECKING:
    from pipeline.values import GenerationRequest


def pixels(engine: Engine, request: GenerationRequest) -> np.ndarray:
    return np.asarray(engine.draw(request).images[0]).astype(int)


@pytest.mark.parametrize("name", ["ip_adapter_scale", "controlnet_conditioning_scale", "guidance_scale"])
def test_every_control_changes_the_trained_picture(shipped_engine: Engine, make_style: MakeStyle, name: str) -> None:
    request = make_request(shipped_engine, make_style("neon", 1), num_inference_steps=8)
    low, high = (1.0, 5.0) if name == "guidance_scale" else (0.0, 1.0)
    off, on = (pixels(shipped_engine, change_request(request, **{name: value})) for value in (low, high))
    assert np.abs(off - on).mean() > 2


def test_the_last_preview_is_near_the_trained_picture(shipped_engine: Engine, make_style: MakeStyle) -> None:
    seen: list[StepPreview] = []
    defaults = shipped_engine.profile.defaults  # as people see it; more steps or guidance lead away from what it learnt
    usual = {name: defaults[name] for name in ("num_inference_steps", "guidance_scale")}
    request = make_request(shipped_engine, make_style("neon", 1), **usual)
    image = shipped_engine.draw(request, on_step=seen.append).images[0]
    last = np.asarray(seen[-1].image, dtype=float).ravel()
    small = np.asarray(image.resize(seen[-1].image.size, Image.Resampling.BOX), dtype=float).ravel()
    assert np.corrcoef(last, small)[0, 1] > 0.7


@pytest.mark.parametrize(
    ("scales", "negative", "steps"),
    [((1.0, 0.7, 0.5), "", 4), ((3.0, 0.0, 1.0), "", 4), ((4.0, 0.6, 0.5), "", 5)],
)
def test_shipped_weights_equal_the_stock_pipeline(
    shipped_engine: Engine,
    shipped_folder: Path,
    make_style: MakeStyle,
    scales: tuple[float, float, float],
    negative: str,
    steps: int,
) -> None:
    names = ("guidance_scale", "ip_adapter_scale", "controlnet_conditioning_scale")
    given = dict(zip(names, scales, strict=True))
    request = make_request(
        shipped_engine, make_style("neon", 1), **given, negative_prompt=negative, num_inference_steps=steps
    )
    pipeline = load_diffusers_packaged(shipped_folder)
    style = embed_style_by_diffusers(pipeline, shipped_folder / "image_encoder", request.styles.parts[0][0].image)
    expected = draw_by_diffusers(pipeline, shipped_engine.profile, request, style).astype(int)
    assert expected.std() > 20  # a flat picture would be equal to anything
    assert np.abs(pixels(shipped_engine, request) - expected).max() <= 1
