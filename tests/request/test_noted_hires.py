"""The second pass as A1111's text notes it, read and written."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL.PngImagePlugin import PngInfo

from pipeline.controls import HiresFix
from pipeline.models.catalog import PROFILES, SD15
from pipeline.page.restoring import restore_picture, restore_text
from pipeline.picture.png_file import write_parameters
from pipeline.request.generation_data import read_generation_data
from pipeline.request.hires import parse_hires
from pipeline.request.order import Order, parse_order
from pipeline.request.presets import get_menu
from pipeline.values import Drawing, EdgeMap, Sketch, StyleMix
from tests.conftest import MakeStyle
from tests.tools.image_files import draw_fox
from tests.tools.requests import make_flat_request

SKETCH = Sketch(np.full((64, 64, 3), 255, np.uint8), is_drawing=True)
HEAD = "a red house\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1234, Size: 512x768"
TWICE = f"{HEAD}, Model: x, Denoising strength: 0.5, Hires upscale: 1.5, Hires steps: 12, Hires upscaler: Latent"


def order(prompt: str, engine: str = "sd15", **settings: Any) -> Order:
    return parse_order(PROFILES[engine], sketch=SKETCH, prompt=prompt, **settings)


def test_a_second_pass_is_taken_over_with_the_size_that_it_gives() -> None:
    found = order(TWICE)
    assert found.hires == HiresFix(scale=1.5, strength=0.5, num_inference_steps=12, upscaler="Latent")
    assert (found.width, found.height) == (768, 1152)
    assert "Size 768 x 1152" in found.notices[0] and "Hires upscale 1.5" in found.notices[0]
    assert found.notices[0].endswith("Left out: Model x.")


@pytest.mark.parametrize(
    ("written", "upscaler", "left_out"),
    [
        ("Latent (bicubic antialiased)", "Latent", True),
        ("Lanczos", "Lanczos", False),
        ("waifu2x", "waifu2x", False),
        ("R-ESRGAN 4x+ Anime6B", "waifu2x", True),
    ],
)
def test_what_enlarges_there_becomes_what_is_here(written: str, upscaler: str, left_out: bool) -> None:
    found = order(f"{HEAD}, Denoising strength: 0.4, Hires upscale: 2, Hires upscaler: {written}")
    assert found.hires == HiresFix(scale=2.0, strength=0.4, upscaler=upscaler)  # type: ignore[arg-type]
    assert (f"Hires upscaler {written}" in found.notices[0]) is left_out


def test_what_a_person_chose_stays() -> None:
    assert order(TWICE, hires={"scale": 1}).hires == HiresFix()
    assert (order(TWICE, hires={"scale": 1}).width, order(TWICE, hires={"scale": 1}).height) == (512, 768)
    sized = order(TWICE, width=512, height=512)
    assert (sized.width, sized.hires.scale) == (512, 1.5)


def test_what_is_not_drawn_here_is_left_out() -> None:
    found = order(TWICE, engine="pocket")
    assert found.hires == HiresFix() and (found.width, found.height) == (512, 768)
    assert "Hires upscale 1.5" in found.notices[0].split("Left out")[1]
    assert order(TWICE.replace("Hires upscale: 1.5", "Hires upscale: 9")).hires == HiresFix()
    large = order(TWICE.replace("Hires upscale: 1.5", "Hires upscale: 4"))  # 2048 x 3072
    assert (large.width, large.height) == (512, 768) and large.hires == HiresFix()


@pytest.mark.parametrize("more", ["Hires upscale: 2, Hires upscaler: waifu2x", "Denoising strength: 0.5"])
def test_one_without_the_other_is_no_second_pass(more: str) -> None:
    assert "hires" not in read_generation_data(f"{HEAD}, {more}").settings  # type: ignore[union-attr]


def test_a_pasted_text_sets_the_page() -> None:
    settings = restore_text(SD15, TWICE).settings
    menu = get_menu("sd15")
    assert parse_hires(SD15, menu, settings["hires"], (768, 1152), False) == order(TWICE).hires
    assert (settings["width"], settings["height"]) == (768, 1152)


def test_a_picture_of_a1111_sets_the_page() -> None:
    texts, file = PngInfo(), io.BytesIO()
    texts.add_text("parameters", TWICE)
    draw_fox().save(file, "PNG", pnginfo=texts)
    restored = restore_picture(SD15, file.getvalue())
    assert json.loads(restored.settings["hires"]) == {
        "scale": 1.5,
        "strength": 0.5,
        "num_inference_steps": 12,
        "upscaler": "Latent",
    }
    assert (restored.settings["width"], restored.settings["height"]) == (768, 1152)


@pytest.fixture
def request_(make_style: MakeStyle) -> Any:
    return make_flat_request(
        engine="sd15",
        prompt="a red house",
        negative_prompt="",
        edges=EdgeMap(np.zeros((1216, 832), np.uint8), "lines"),
        styles=StyleMix(((make_style("neon", 1), 1.0),)),
        width=832,
        height=1216,
        num_inference_steps=20,
        guidance_scale=7.5,
        ip_adapter_scale=0.6,
        controlnet_conditioning_scale=1.0,
        seed=42,
    )


@pytest.mark.parametrize("hires", [HiresFix(scale=1.65), HiresFix(scale=2.0, strength=0.7, num_inference_steps=9)])
def test_what_is_written_is_read_back(request_: Any, hires: HiresFix) -> None:
    text = write_parameters(replace(request_, hires=hires))
    assert f"Hires upscale: {hires.scale:g}" in text and f"Denoising strength: {hires.strength:g}" in text
    found = order(text)
    assert (found.width, found.height, found.hires) == (832, 1216, hires)


def test_an_enlarged_picture_from_colours_is_read_as_no_second_pass(request_: Any) -> None:
    painted = np.asarray(draw_fox().convert("RGB").resize((832, 1216)), np.uint8)
    painted_over = replace(request_, enlargement=2, colours=Drawing(painted)).with_settings(strength=0.6)
    text = write_parameters(painted_over)
    assert "Denoising strength" in text and "Hires upscale: 2" in text
    found = order(text)
    assert (found.width, found.hires.scale) == (832, order("a", width=832, height=1216).hires.scale)
