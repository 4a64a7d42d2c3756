"""Our loop draws the same pictures as diffusers' own pipeline, on both layouts and with each lever on and off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from diffusers import DPMSolverMultistepScheduler

from pipeline.controls import Shortcuts
from pipeline.values import EdgeMap, GenerationRequest, StyleMix
from tests.conftest import MakeStyle
from tests.tools.diffusers_reference import (
    SCHEDULERS,
    draw_by_diffusers,
    draw_by_plain_loop,
    embed_style_by_diffusers,
    load_diffusers_packaged,
    load_diffusers_sd15,
)
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile
from tests.tools.requests import change_request

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine

LEVERS = [  # guidance_scale, ip_adapter_scale, controlnet_conditioning_scale, negative_prompt, steps
    (1.0, 0.0, 0.0, "", 3),
    (1.0, 0.7, 0.5, "", 4),
    (1.0, 1.0, 1.0, "ignored without guidance", 3),
    (3.0, 0.0, 1.0, "", 4),
    (7.5, 1.0, 0.0, "blurry, grey", 3),
    (4.0, 0.6, 0.5, "", 5),
    (3.0, 1.0, 1.0, "blurry, grey", 12),
]


def levers(values: tuple[float, float, float, str, int]) -> dict[str, Any]:
    names = ("guidance_scale", "ip_adapter_scale", "controlnet_conditioning_scale", "negative_prompt")
    return dict(zip((*names, "num_inference_steps"), values, strict=True))


def expect_equal(engine: Engine, pipeline: Any, encoder: Path, request: GenerationRequest) -> None:
    style = embed_style_by_diffusers(pipeline, encoder, request.styles.parts[0][0].image)
    expected = draw_by_diffusers(pipeline, engine.profile, request, style).astype(int)
    drawn = np.asarray(engine.draw(request).images[0]).astype(int)
    assert drawn.shape == expected.shape == (request.height, request.width, 3)
    assert expected.std() > 20  # a flat picture would be equal to anything
    assert np.abs(drawn - expected).max() <= 1


@pytest.mark.parametrize("values", LEVERS)
def test_packaged_layout_equals_the_stock_pipeline(
    packaged_engine: Engine, packaged_folder: Path, make_style: MakeStyle, values: Any
) -> None:
    request = make_request(packaged_engine, make_style("neon", 1, "{prompt}, neon at night"), **levers(values))
    expect_equal(packaged_engine, load_diffusers_packaged(packaged_folder), packaged_folder / "image_encoder", request)


@pytest.mark.parametrize("values", LEVERS)
def test_sd15_layout_equals_the_stock_pipeline(
    sd15_engine: Engine, sd15_folder: Path, make_style: MakeStyle, values: Any
) -> None:
    request = make_request(sd15_engine, make_style("neon", 1), **levers(values))
    encoder = sd15_folder / "ip_adapter" / "models" / "image_encoder"
    expect_equal(sd15_engine, load_diffusers_sd15(sd15_folder), encoder, request)


@pytest.fixture(scope="module")
def halves_engine(sd15_folder: Path) -> Engine:
    """In bf16, which any processor can, quickly or not."""
    from pipeline.engine.engine import Engine

    return Engine.load(make_tiny_sd15_profile(any_dtype=True), folder=sd15_folder, device="cpu", dtype="bfloat16")


@pytest.fixture
def laid_out_as_stock(halves_engine: Engine) -> Iterator[None]:
    """Channels first: another layout adds in another order, which 8 bits show."""
    pipeline = halves_engine._pipeline
    for layout in (torch.contiguous_format, torch.channels_last):
        for module in (pipeline.unet, pipeline.controlnet, pipeline.vae, halves_engine._conditioning.hint_stack):
            module.to(memory_format=layout)  # type: ignore[call-overload]
        if layout is torch.contiguous_format:
            yield


@pytest.fixture(scope="module")
def diffusers_halves(sd15_folder: Path) -> Any:
    return load_diffusers_sd15.__wrapped__(sd15_folder).to(
        dtype=torch.bfloat16
    )  # not the cached one, which stays in 32 bits


@pytest.mark.parametrize("values", LEVERS)
@pytest.mark.usefixtures("laid_out_as_stock")
def test_sd15_layout_in_bf16_equals_the_stock_pipeline_in_bf16(
    halves_engine: Engine,
    diffusers_halves: Any,
    diffusers_style_in_halves: torch.Tensor,
    make_style: MakeStyle,
    values: Any,
) -> None:
    request = make_request(halves_engine, make_style("neon", 1), **levers(values))
    expected = draw_by_diffusers(diffusers_halves, halves_engine.profile, request, diffusers_style_in_halves).astype(
        int
    )
    assert expected.std() > 20 and np.abs(drawn(halves_engine, request) - expected).max() <= 1


@pytest.fixture(scope="module")
def diffusers_style_in_halves(diffusers_halves: Any, sd15_folder: Path, make_style: MakeStyle) -> torch.Tensor:
    encoder = sd15_folder / "ip_adapter" / "models" / "image_encoder"
    return embed_style_by_diffusers(diffusers_halves, encoder, make_style("neon", 1).image).bfloat16()


@pytest.mark.parametrize("sampler", ["DPM++ 2M", "DPM++ 2M SDE", "Euler a", "LCM"])
def test_bf16_draws_nearly_the_picture_of_fp32(
    sd15_engine: Engine, halves_engine: Engine, make_style: MakeStyle, sampler: str
) -> None:
    """Noise is the same in both. Measured with and without AMX: in the mean 0.6 to 0.9 levels of 255 apart, 14 at most;
    another seed's picture is tens of levels away."""
    request = make_request(halves_engine, make_style("neon", 1), sampler=sampler, guidance_scale=5.0)
    exact, near, other = (
        drawn(engine, each)
        for engine, each in (
            (sd15_engine, request),
            (halves_engine, request),
            (halves_engine, change_request(request, seed=12)),
        )
    )
    assert 0 < np.abs(exact - near).mean() < 1.5
    assert np.abs(exact - other).mean() > 10
    assert np.corrcoef(exact.ravel(), near.ravel())[0, 1] > 0.999


def drawn(engine: Engine, request: GenerationRequest) -> np.ndarray:
    return np.asarray(engine.draw(request).images[0]).astype(int)


def test_a_wide_picture_equals_the_stock_pipeline(
    sd15_engine: Engine, sd15_folder: Path, make_style: MakeStyle
) -> None:
    pixels = np.zeros((64, 96), np.uint8)
    pixels[20, 5:90] = 255
    request = make_request(sd15_engine, make_style("neon", 1), edges=EdgeMap(pixels, "canny"), width=96, height=64)
    encoder = sd15_folder / "ip_adapter" / "models" / "image_encoder"
    expect_equal(sd15_engine, load_diffusers_sd15(sd15_folder), encoder, request)


def test_adapter_at_zero_is_no_adapter(sd15_engine: Engine, sd15_folder: Path, make_style: MakeStyle) -> None:
    """Against a pipeline that never loaded one, and whatever the style is."""
    from diffusers import ControlNetModel, StableDiffusionControlNetPipeline

    plain = StableDiffusionControlNetPipeline.from_pretrained(
        sd15_folder / "base",
        controlnet=ControlNetModel.from_pretrained(sd15_folder / "controlnet", variant="fp16"),
        variant="fp16",
        safety_checker=None,
        requires_safety_checker=False,
    ).to(dtype=torch.float32)
    plain.scheduler = DPMSolverMultistepScheduler.from_config(plain.scheduler.config)
    plain.set_progress_bar_config(disable=True)
    request = make_request(sd15_engine, make_style("neon", 1), ip_adapter_scale=0.0)
    expected = plain(
        request.styled_prompt.written,
        request_image(request),
        num_inference_steps=4,
        guidance_scale=3.0,
        generator=torch.Generator().manual_seed(11),
        negative_prompt="",
    ).images[0]
    for style in (make_style("neon", 1), make_style("moss", 2)):
        drawn = sd15_engine.draw(replace(request, styles=StyleMix.of(style))).images[0]
        assert np.abs(np.asarray(drawn).astype(int) - np.asarray(expected).astype(int)).max() <= 1


def request_image(request: GenerationRequest) -> Any:
    from PIL import Image

    return Image.fromarray(request.edges.pixels).convert("RGB")


@pytest.mark.parametrize(
    ("sampler", "levers"),
    [
        *((name, Shortcuts()) for name in SCHEDULERS if name != "DPM++ 2M"),
        ("DPM++ 2M", Shortcuts(control_guidance_end=0.5)),
        ("UniPC", Shortcuts(control_guidance_start=0.2, control_guidance_end=0.8)),
    ],
)
def test_samplers_and_controlnets_interval_equal_the_stock_pipeline(
    sd15_engine: Engine, sd15_folder: Path, make_style: MakeStyle, sampler: str, levers: Shortcuts
) -> None:
    request = make_request(sd15_engine, make_style("neon", 1), sampler=sampler, shortcuts=levers, num_inference_steps=5)
    expect_equal(
        sd15_engine, load_diffusers_sd15(sd15_folder), sd15_folder / "ip_adapter" / "models" / "image_encoder", request
    )


@pytest.mark.parametrize(("start", "end"), [(0.0, 0.5), (0.5, 1.0), (0.25, 0.75), (0.0, 0.0)])
def test_guidance_that_ends_or_begins_midway_equals_passes_that_need_no_slicing(
    sd15_engine: Engine, sd15_folder: Path, make_style: MakeStyle, start: float, end: float
) -> None:
    levers = Shortcuts(guidance_start=start, guidance_end=end)
    style = make_style("neon", 1)
    request = make_request(sd15_engine, style, guidance_scale=5.0, negative_prompt="grey", shortcuts=levers)
    encoder = sd15_folder / "ip_adapter" / "models" / "image_encoder"
    stock = load_diffusers_sd15(sd15_folder)
    expected = draw_by_plain_loop(stock, request, embed_style_by_diffusers(stock, encoder, style.image)).astype(int)
    drawn, guided = (
        np.asarray(sd15_engine.draw(each).images[0]).astype(int)
        for each in (request, change_request(request, shortcuts=Shortcuts()))
    )
    assert np.abs(drawn - expected).max() <= 1
    assert np.abs(drawn - guided).max() > 4  # it is another picture than the one guided throughout
