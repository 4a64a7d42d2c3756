"""Pictures drawn from another picture are those of diffusers' image-to-image and inpainting pipelines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from pipeline.controls import Shortcuts
from pipeline.engine.starting import find_start, lay_rest
from pipeline.errors import SettingError
from pipeline.prompt_syntax import Prompt
from pipeline.values import Drawing, GenerationRequest, StartPicture
from tests.conftest import MakeStyle
from tests.tools.diffusers_reference import SCHEDULERS, embed_style_by_diffusers, load_diffusers_sd15
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile
from tests.tools.stock_starts import draw_from_picture_by_diffusers, write_inpainting_unet

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine

CASES = [  # strength, steps, guidance_scale, ip_adapter_scale, controlnet_conditioning_scale
    (0.75, 8, 3.0, 1.0, 1.0),
    (0.3, 10, 1.0, 0.0, 0.0),
    (1.0, 4, 5.0, 0.6, 0.5),
    (0.5, 5, 3.0, 0.0, 1.0),
]
NAMES = ("strength", "num_inference_steps", "guidance_scale", "ip_adapter_scale", "controlnet_conditioning_scale")


def make_picture(width: int, height: int, seed: int = 3) -> np.ndarray:
    patches = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(patches).resize((width, height), Image.Resampling.BILINEAR))


def make_mask(width: int, height: int, step: int = 8) -> np.ndarray:
    """Return a mask whose edges lie on latent cells, or beside them."""
    mask = np.zeros((height, width), np.uint8)
    mask[2 * step : 5 * step, step : 6 * step] = 255
    return mask


@pytest.fixture
def request_(shallow_engine: Engine, make_style: MakeStyle) -> GenerationRequest:
    return make_request(shallow_engine, make_style("neon", 1))


def start_from(
    request: GenerationRequest, mask: np.ndarray | None = None, prompt: Prompt | None = None, **settings: Any
) -> GenerationRequest:
    start = StartPicture(make_picture(request.width, request.height), mask, prompt)
    return replace(request, start=start).with_settings(**settings)


def draw(engine: Engine, request: GenerationRequest) -> np.ndarray:
    return np.asarray(engine.draw(request).images[0]).astype(int)


def expect_stock(engine: Engine, folder: Path, request: GenerationRequest) -> None:
    stock = load_diffusers_sd15(folder)
    encoder = folder / "ip_adapter" / "models" / "image_encoder"
    style = embed_style_by_diffusers(stock, encoder, request.styles.parts[0][0].image)
    picture, mask = find_start(request)
    assert picture is not None
    expected = draw_from_picture_by_diffusers(stock, request, picture, mask, style)
    assert expected.std() > 20  # a flat picture would be equal to anything
    kept = np.asarray(lay_rest(Image.fromarray(expected), request)).astype(int)
    assert np.abs(draw(engine, request) - kept).max() <= 1


@pytest.mark.parametrize("values", CASES)
@pytest.mark.parametrize("masked", [False, True])
def test_a_start_equals_the_stock_pipelines(
    shallow_engine: Engine, shallow_folder: Path, request_: GenerationRequest, values: Any, masked: bool
) -> None:
    mask = make_mask(request_.width, request_.height) if masked else None
    expect_stock(shallow_engine, shallow_folder, start_from(request_, mask, **dict(zip(NAMES, values, strict=True))))


@pytest.mark.parametrize("sampler", list(SCHEDULERS))
@pytest.mark.parametrize("masked", [False, True])
def test_a_start_equals_the_stock_pipelines_with_each_sampler(
    shallow_engine: Engine, shallow_folder: Path, request_: GenerationRequest, sampler: str, masked: bool
) -> None:
    mask = make_mask(request_.width, request_.height) if masked else None
    expect_stock(
        shallow_engine,
        shallow_folder,
        start_from(request_, mask, sampler=sampler, strength=0.7, num_inference_steps=6),
    )


def test_controlnets_interval_counts_the_steps_that_are_taken(
    shallow_engine: Engine, shallow_folder: Path, request_: GenerationRequest
) -> None:
    levers = Shortcuts(control_guidance_start=0.2, control_guidance_end=0.8)
    request = replace(start_from(request_, strength=0.6, num_inference_steps=10), shortcuts=levers)
    expect_stock(shallow_engine, shallow_folder, request)


def test_words_of_the_part_are_what_is_drawn(
    shallow_engine: Engine, shallow_folder: Path, request_: GenerationRequest
) -> None:
    mask = make_mask(request_.width, request_.height)
    request = start_from(request_, mask, Prompt("a blue boat"), strength=1.0)
    expect_stock(shallow_engine, shallow_folder, request)
    other = draw(shallow_engine, start_from(request_, mask, strength=1.0))
    assert np.abs(draw(shallow_engine, request) - other)[mask > 0].max() > 8


def test_all_beside_the_mask_stays_to_the_last_bit(shallow_engine: Engine, request_: GenerationRequest) -> None:
    mask = make_mask(request_.width, request_.height, step=7)  # its edges lie within latent cells
    mask[20, 20:30] = 128
    request = start_from(request_, mask, strength=1.0, lines=1.0)
    drawn, before = draw(shallow_engine, request), make_picture(request_.width, request_.height)
    assert np.array_equal(drawn[mask == 0], before[mask == 0])
    assert np.abs(drawn - before)[mask == 255].mean() > 10


def test_strength_says_how_far_the_picture_goes(shallow_engine: Engine, request_: GenerationRequest) -> None:
    near, far = (
        draw(shallow_engine, start_from(request_, strength=each, num_inference_steps=10)) for each in (0.1, 0.9)
    )
    base = draw(shallow_engine, start_from(request_, strength=0.1, num_inference_steps=10, seed=5))
    assert np.abs(near - base).mean() < np.abs(far - base).mean()


def paint(request: GenerationRequest, painted: tuple[slice, slice], **settings: Any) -> GenerationRequest:
    """Return the request with a red area on white paper."""
    pixels = np.full((request.height, request.width, 3), 255, np.uint8)
    pixels[painted] = (230, 40, 30)
    return replace(request, colours=Drawing(pixels)).with_settings(**settings)


def test_painted_colours_are_where_the_picture_starts(
    shallow_engine: Engine, shallow_folder: Path, request_: GenerationRequest
) -> None:
    """A sheet that is painted to its borders is image-to-image of its colours; beside paint everything is free."""
    whole = paint(request_, np.s_[:, :], strength=0.6, num_inference_steps=5)
    expect_stock(shallow_engine, shallow_folder, whole)
    plain = draw(shallow_engine, request_.with_settings(num_inference_steps=5))
    part = paint(request_, np.s_[16:48, 16:48], strength=0.6, num_inference_steps=5)
    assert np.abs(draw(shallow_engine, part) - plain).max() > 8
    off = part.with_settings(strength=1.0)
    assert np.array_equal(draw(shallow_engine, off), plain)
    paper = replace(request_, colours=Drawing(np.full((request_.height, request_.width, 3), 255, np.uint8)))
    assert np.array_equal(draw(shallow_engine, paper.with_settings(strength=0.6, num_inference_steps=5)), plain)


def test_paper_beside_paint_is_free_and_has_the_nearest_paint_beneath_it(request_: GenerationRequest) -> None:
    picture, free = find_start(paint(request_, np.s_[16:48, 16:48], strength=0.5))
    assert picture is not None and free is not None
    assert (free[20:44, 20:44] == 0).all() and (free[:12] == 255).all()
    assert (picture.reshape(-1, 3) == picture[30, 30]).all() and picture[0, 0, 0] > 200


def test_equal_starts_give_equal_pixels_and_a_batch_is_its_pictures(
    shallow_engine: Engine, request_: GenerationRequest
) -> None:
    request = start_from(request_, strength=0.75, num_inference_steps=8, sampler="Euler a")
    together = shallow_engine.draw(request, 2).images
    for one, each in zip(together, request.batch(2), strict=True):
        assert np.array_equal(np.asarray(one), draw(shallow_engine, each))


def test_previews_count_the_steps_that_are_taken(shallow_engine: Engine, request_: GenerationRequest) -> None:
    steps = []
    shallow_engine.draw(start_from(request_, strength=0.75, num_inference_steps=8), on_step=steps.append)
    assert [(each.step, each.of) for each in steps] == [(step, 6) for step in range(1, 7)]


@pytest.fixture(scope="module")
def filling_folder(shallow_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_inpainting_unet(shallow_folder, tmp_path_factory.mktemp("filling") / "sd15")


@pytest.fixture(scope="module")
def filling_engine(filling_folder: Path) -> Engine:
    from pipeline.engine.engine import Engine

    return Engine.load(make_tiny_sd15_profile(), folder=filling_folder, device="cpu")


@pytest.mark.parametrize("sampler", ["DPM++ 2M", "Euler a", "DDIM"])
@pytest.mark.parametrize("strength", [1.0, 0.7])
def test_a_unet_of_nine_channels_equals_the_stock_pipeline(
    filling_engine: Engine, filling_folder: Path, make_style: MakeStyle, strength: float, sampler: str
) -> None:
    request = make_request(filling_engine, make_style("neon", 1))
    mask = make_mask(request.width, request.height)
    expect_stock(
        filling_engine,
        filling_folder,
        start_from(request, mask, strength=strength, sampler=sampler, num_inference_steps=6),
    )


def test_a_unet_of_nine_channels_draws_without_a_picture_as_with_all_of_it_masked(
    filling_engine: Engine, filling_folder: Path, make_style: MakeStyle
) -> None:
    """As the stock pipeline fills a grey picture whose every px is masked."""
    request = make_request(filling_engine, make_style("neon", 1))
    everywhere = np.full((request.height, request.width), 255, np.uint8)
    whole = start_from(request, everywhere, strength=1.0)
    expect_stock(filling_engine, filling_folder, whole)
    assert np.abs(draw(filling_engine, request) - draw(filling_engine, whole)).max() <= 1
    part = start_from(request, strength=0.5)
    assert np.abs(draw(filling_engine, part) - draw(filling_engine, request)).max() > 8


def test_wrong_starts_are_refused_before_anything_is_computed(
    shallow_engine: Engine, request_: GenerationRequest
) -> None:
    with pytest.raises(SettingError, match="leaves none of 4 steps"):
        shallow_engine.draw(start_from(request_, strength=0.2))
    with pytest.raises(SettingError, match="picture to start from must be"):
        replace(request_, start=StartPicture(np.zeros((8, 8, 3), np.uint8)))
    with pytest.raises(SettingError, match=r"as large as its picture, 8 x 8: \(4, 8\) came"):
        StartPicture(np.zeros((8, 8, 3), np.uint8), np.zeros((4, 8), np.uint8))
