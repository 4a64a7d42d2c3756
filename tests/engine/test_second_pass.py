"""A picture drawn small, enlarged and redrawn: the second pass is diffusers' image-to-image from the enlarged one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline.controls import HiresFix
from pipeline.engine.second_pass import enlarge_picture, make_first_request, make_second_request, shrink_lines
from pipeline.errors import Cancelled, SettingError
from pipeline.hires import count_second_steps, find_first_size, is_drawn_twice
from pipeline.values import Drawing, EdgeMap, GenerationRequest, StartPicture, StepPreview
from tests.conftest import MakeStyle
from tests.tools.controlnets import make_hint
from tests.tools.diffusers_reference import embed_style_by_diffusers, load_diffusers_sd15
from tests.tools.drawing_requests import make_request
from tests.tools.stock_starts import draw_from_picture_by_diffusers

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine

TWICE = HiresFix(scale=2, strength=0.6, num_inference_steps=5)


def draw(engine: Engine, request: GenerationRequest) -> np.ndarray:
    return np.asarray(engine.draw(request).images[0]).astype(int)


def ask(engine: Engine, style: Any, hires: HiresFix = TWICE, **settings: Any) -> GenerationRequest:
    """Return a request for a picture twice as large as the small layout's own."""
    request = make_request(engine, style)
    width, height = 2 * request.width, 2 * request.height
    edges = np.zeros((height, width), np.uint8)
    edges[height // 4, 10:-10] = edges[8:-20, width // 3] = 255
    larger = replace(request, width=width, height=height, edges=EdgeMap(edges, "lines"), hires=hires)
    return larger.with_settings(**settings)


@pytest.fixture
def style(make_style: MakeStyle) -> Any:
    return make_style("neon", 1)


@pytest.mark.parametrize("upscaler", ["waifu2x", "Lanczos"])
@pytest.mark.parametrize("sampler", ["DPM++ 2M", "Euler a", "DDIM"])
def test_the_second_pass_equals_the_stock_image_to_image(
    sd15_engine: Engine, sd15_folder: Path, style: Any, upscaler: Any, sampler: str
) -> None:
    request = ask(sd15_engine, style, replace(TWICE, upscaler=upscaler), sampler=sampler)
    first = sd15_engine.draw(make_first_request(request)).images[0]
    assert first.size == (64, 64)
    enlarged = np.asarray(enlarge_picture(first, (128, 128), upscaler))
    stock = load_diffusers_sd15(sd15_folder)
    embedded = embed_style_by_diffusers(stock, sd15_folder / "ip_adapter" / "models" / "image_encoder", style.image)
    second = make_second_request(request)
    expected = draw_from_picture_by_diffusers(stock, second, enlarged, None, embedded)
    assert expected.std() > 20 and np.abs(expected.astype(int) - enlarged).mean() > 2
    assert np.abs(draw(sd15_engine, request) - expected).max() <= 1


def test_enlarged_latents_equal_the_stock_image_to_image_from_latents(
    sd15_engine: Engine, sd15_folder: Path, style: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import StableDiffusionControlNetImg2ImgPipeline

    from pipeline.engine import second_pass
    from tests.tools.diffusers_reference import prepare_stock

    request, seen = ask(sd15_engine, style, replace(TWICE, upscaler="Latent")), []
    enlarge = second_pass.enlarge_latents
    monkeypatch.setattr(second_pass, "enlarge_latents", lambda *each: seen.append(enlarge(*each)) or seen[-1])
    drawn = draw(sd15_engine, request)
    parts = load_diffusers_sd15(sd15_folder)
    embedded = embed_style_by_diffusers(parts, sd15_folder / "ip_adapter" / "models" / "image_encoder", style.image)
    stock = StableDiffusionControlNetImg2ImgPipeline(**parts.components, requires_safety_checker=False)
    second = make_second_request(request)
    expected = stock(
        image=seen[0],
        control_image=Image.fromarray(request.edges.pixels).convert("RGB"),
        strength=second.sampling.strength,
        **prepare_stock(stock, second, embedded),
    ).images[0]
    assert np.abs(drawn - np.asarray(expected)).max() <= 1


def test_without_a_second_pass_nothing_changes(sd15_engine: Engine, style: Any) -> None:
    request = ask(sd15_engine, style, HiresFix())
    assert not is_drawn_twice(request) and make_first_request(request) is request
    set_otherwise = replace(request, hires=HiresFix(scale=1, strength=0.9, upscaler="Latent"))
    assert np.array_equal(draw(sd15_engine, request), draw(sd15_engine, set_otherwise))
    start = StartPicture(np.full((128, 128, 3), 120, np.uint8))
    from_picture = replace(request, start=start).with_settings(strength=0.7)
    assert np.array_equal(draw(sd15_engine, from_picture), draw(sd15_engine, replace(from_picture, hires=TWICE)))


def test_a_batch_is_its_pictures_and_equal_requests_give_equal_pixels(sd15_engine: Engine, style: Any) -> None:
    request = ask(sd15_engine, style, sampler="Euler a")
    for one, each in zip(sd15_engine.draw(request, 2).images, request.batch(2), strict=True):
        assert one.size == (128, 128) and np.array_equal(np.asarray(one), draw(sd15_engine, each))


def test_steps_of_both_passes_are_told_with_their_share_of_the_work(sd15_engine: Engine, style: Any) -> None:
    seen: list[StepPreview] = []
    drawn = sd15_engine.draw(ask(sd15_engine, style), on_step=seen.append)
    assert [(each.step, each.of, each.is_second) for each in seen] == [
        *((step, 4, False) for step in range(1, 5)),
        *((step, 3, True) for step in range(1, 4)),
    ]
    shares = [each.share for each in seen]
    assert shares == pytest.approx([1 / 16, 2 / 16, 3 / 16, 4 / 16, 8 / 16, 12 / 16, 1])  # four times the px a step
    assert seen[-1].image.width > seen[0].image.width and {"enlarging", "second_pass"} <= set(drawn.milliseconds)


@pytest.mark.parametrize("after", [2, 5])
def test_either_pass_ends_within_a_step_of_being_stopped(sd15_engine: Engine, style: Any, after: int) -> None:
    seen: list[StepPreview] = []
    with pytest.raises(Cancelled):
        sd15_engine.draw(ask(sd15_engine, style), on_step=seen.append, is_cancelled=lambda: len(seen) >= after)
    assert len(seen) == after


def test_lines_stay_whole_and_colours_stay_theirs_in_the_first_pass(sd15_engine: Engine, style: Any) -> None:
    request = ask(sd15_engine, style)
    pixels, greys = np.full((128, 128, 3), 255, np.uint8), np.zeros((128, 128), np.uint8)
    pixels[32:96, 32:96], greys[:16] = (230, 40, 30), 200
    hints = tuple(make_hint(name, 128, 128) for name in ("scribble", "depth"))
    small = make_first_request(replace(request, colours=Drawing(pixels, greys), hints=hints))
    assert (small.width, small.height) == find_first_size(request) == (64, 64)
    assert (small.edges.pixels[16, 5:59] == 255).all() and set(np.unique(small.edges.pixels)) == {0, 255}
    assert small.colours is not None and small.colours.greys is not None
    assert (small.colours.pixels[20:44, 20:44] == (230, 40, 30)).all() and set(np.unique(small.colours.greys)) == {
        0,
        200,
    }
    assert [each.pixels.shape for each in small.hints] == [(64, 64, 3)] * 2
    assert (shrink_lines(np.eye(9, dtype=np.uint8) * 255, (3, 3)) == np.eye(3) * 255).all()


def test_painted_colours_are_kept_through_both_passes(sd15_engine: Engine, style: Any) -> None:
    """The second pass starts from the picture that started from them, and a low strength leaves that one's colours."""
    painted = np.full((128, 128, 3), 255, np.uint8)
    painted[24:104, 24:104] = (220, 40, 40)
    request = replace(ask(sd15_engine, style, strength=0.3), colours=Drawing(painted))
    first = draw(sd15_engine, make_first_request(request))[12:52, 12:52]
    bare = draw(sd15_engine, make_first_request(replace(request, colours=None)))[12:52, 12:52]
    assert np.abs(first - bare).mean() > 8  # paint decides the first picture

    def measure_distance(strength: float) -> float:
        large = draw(sd15_engine, replace(request, hires=replace(TWICE, strength=strength, num_inference_steps=10)))
        cells = large[24:104, 24:104].reshape(40, 2, 40, 2, 3).mean((1, 3))
        return float(np.abs(cells - first).mean())

    assert measure_distance(0.1) < measure_distance(0.45) < measure_distance(1.0)


def test_the_settings_say_what_they_take() -> None:
    with pytest.raises(SettingError, match=r"Draw smaller first \(scale\) is a number from 1 to 4"):
        HiresFix(scale=5)
    with pytest.raises(SettingError, match="upscaler is one of waifu2x, Lanczos, Latent"):
        HiresFix(upscaler="ESRGAN")  # type: ignore[arg-type]


def test_a_second_pass_takes_a_step_at_least(sd15_engine: Engine, style: Any) -> None:
    few = ask(sd15_engine, style, HiresFix(scale=2, strength=0.1), num_inference_steps=2)
    assert count_second_steps(few.hires, few.sampling) == 10
    seen: list[StepPreview] = []
    sd15_engine.draw(few, on_step=seen.append)
    assert [each.is_second for each in seen] == [False, False, True]


def test_pictures_are_enlarged_to_any_size() -> None:
    picture = Image.fromarray(torch.randint(0, 255, (24, 40, 3), dtype=torch.uint8).numpy())
    for upscaler in ("waifu2x", "Lanczos"):
        assert enlarge_picture(picture, (136, 80), upscaler).size == (136, 80)
    with pytest.raises(Cancelled):
        enlarge_picture(picture, (80, 48), "waifu2x", lambda: True)
