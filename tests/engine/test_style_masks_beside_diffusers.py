"""A style on a part draws what diffusers' pipeline draws with IP-Adapter masks, within 1/255."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionControlNetImg2ImgPipeline, StableDiffusionControlNetInpaintPipeline
from diffusers.image_processor import IPAdapterMaskProcessor
from PIL import Image
from transformers import CLIPVisionModelWithProjection

from pipeline.controls import Shortcuts
from pipeline.engine.engine import Engine
from pipeline.models.checks import compute_sha256
from pipeline.own_weights import Adapter
from pipeline.values import EdgeMap, GenerationRequest, StartPicture, Style, StyleMask, StyleMix
from tests.conftest import MakeStyle
from tests.tools.diffusers_reference import load_diffusers_sd15, prepare_stock
from tests.tools.drawing_requests import make_request
from tests.tools.ip_adapter import write_plus_adapter
from tests.tools.models import make_tiny_sd15_profile, write_shallow_sd15
from tests.tools.requests import change_request

USUAL, PLUS = "ip-adapter_sd15.safetensors", "ip-adapter-plus_sd15.safetensors"
SIZES = [(64, 64), (128, 64), (64, 128), (128, 96)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_shallow_sd15(tmp_path_factory.mktemp("masks") / "sd15")
    models = folder / "ip_adapter" / "models"
    write_plus_adapter(models / PLUS, models / USUAL, hidden_width=32)
    return folder


@pytest.fixture(scope="module")
def engine(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine.load(
        make_tiny_sd15_profile(), folder=folder, device="cpu", cache_dir=tmp_path_factory.mktemp("cache")
    )


@pytest.fixture(scope="module")
def styles(make_style: MakeStyle) -> tuple[Style, Style]:
    return make_style("neon", 1), make_style("felt", 2)


def make_soft_mask(width: int, height: int) -> np.ndarray:
    """Make a part that begins softly in the middle and takes the right half."""
    ramp = np.clip((np.arange(width) / width - 0.4) * 5, 0, 1) * 255
    return np.broadcast_to(ramp, (height, width)).astype(np.uint8).copy()


def make_masked(engine: Engine, styles: tuple[Style, Style], width: int = 64, height: int = 64, **changed: Any) -> Any:
    """Make a request of that size whose right half wears the second style."""
    pixels = np.zeros((height, width), np.uint8)
    pixels[height // 4, width // 8 : -width // 8] = 255
    part = StyleMask(make_soft_mask(width, height), StyleMix.of(styles[1]))
    sized = {"width": width, "height": height, "edges": EdgeMap(pixels, "lines")}
    return make_request(engine, styles[0], **sized, mask=part, **{"ip_adapter_scale": 1.5, **changed})


@torch.no_grad()
def see_styles(pipeline: Any, encoder: Path, request: GenerationRequest, in_patches: bool) -> torch.Tensor:
    """Return diffusers' own embeds of both styles' pictures, (2, 2, ...) with those of no picture first."""
    pipeline.image_encoder = CLIPVisionModelWithProjection.from_pretrained(encoder, dtype=torch.float32)
    seen = []
    for mix in (request.styles, request.mask.styles):
        picture = Image.open(mix.parts[0][0].image).convert("RGB")
        shown, nothing = pipeline.encode_image(picture, "cpu", 1, output_hidden_states=in_patches or None)
        seen.append(torch.stack([nothing, shown]) if in_patches else torch.stack([torch.zeros_like(shown), shown]))
    pipeline.image_encoder = None
    return torch.cat(seen, dim=1)


def draw_stock(folder: Path, request: GenerationRequest, adapter: str = USUAL, subfolder: str = "models") -> np.ndarray:
    """Return what diffusers draws with both styles' pictures and a mask for each."""
    load_diffusers_sd15.cache_clear()
    pipeline, models = load_diffusers_sd15(folder), folder / "ip_adapter"
    pipeline.load_ip_adapter(str(models), subfolder=subfolder, weight_name=adapter, image_encoder_folder=None)
    pipeline.to(dtype=torch.float32)
    embeds = see_styles(pipeline, models / "models" / "image_encoder", request, adapter != USUAL)
    size = {"height": request.height, "width": request.width}
    shares = [Image.fromarray(each) for each in (255 - request.mask.pixels, request.mask.pixels)]
    masks = IPAdapterMaskProcessor(do_binarize=False).preprocess(shares, **size)
    given = prepare_stock(pipeline, request, embeds[1, :1])
    given["ip_adapter_image_embeds"] = [embeds if request.sampling.guidance_scale > 1 else embeds[1:]]
    given["cross_attention_kwargs"] = {"ip_adapter_masks": [masks.reshape(1, 2, *masks.shape[-2:])]}
    lines = Image.fromarray(request.edges.pixels).convert("RGB")
    load_diffusers_sd15.cache_clear()
    start = request.start
    if start is None:
        return np.asarray(pipeline(image=lines, **given).images[0]).astype(int)
    kind = StableDiffusionControlNetImg2ImgPipeline if start.mask is None else StableDiffusionControlNetInpaintPipeline
    begun = {"image": Image.fromarray(start.pixels), "control_image": lines, "strength": request.sampling.strength}
    part = {} if start.mask is None else {"mask_image": Image.fromarray(start.mask)}
    stock = kind(**pipeline.components, requires_safety_checker=False)
    return np.asarray(stock(**begun, **part, **given).images[0]).astype(int)


def draw(engine: Engine, request: GenerationRequest) -> np.ndarray:
    return np.asarray(engine.draw(request).images[0]).astype(int)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("guidance_scale", [7.0, 1.0])
def test_a_part_equals_stock(
    engine: Engine, folder: Path, styles: tuple[Style, Style], size: tuple[int, int], guidance_scale: float
) -> None:
    request = make_masked(engine, styles, *size, guidance_scale=guidance_scale)
    drawn, expected = draw(engine, request), draw_stock(folder, request)
    assert expected.std() > 20 and np.abs(drawn - expected).max() <= 1
    for mix in (request.styles, request.mask.styles):
        assert np.abs(drawn - draw(engine, change_request(request, styles=mix, mask=None))).max() > 2


@pytest.mark.parametrize("guidance_scale", [7.0, 1.0])
def test_plus_equals_stock(engine: Engine, folder: Path, styles: tuple[Style, Style], guidance_scale: float) -> None:
    request = make_masked(engine, styles, 128, 64, guidance_scale=guidance_scale, ip_adapter="plus")
    drawn = draw(engine, request)
    assert np.abs(drawn - draw_stock(folder, request, PLUS)).max() <= 1
    assert np.abs(drawn - draw(engine, change_request(request, mask=None))).max() > 2


def test_an_adapter_of_one_s_own_equals_stock(engine: Engine, folder: Path, styles: tuple[Style, Style]) -> None:
    models = folder / "ip_adapter" / "models"
    file = write_plus_adapter(models / "own" / "mine.safetensors", models / USUAL, 32, tokens=8)
    own = Adapter("mine", compute_sha256(file), file)
    request = make_masked(engine, styles, ip_adapter="mine", own_adapter=own)
    assert np.abs(draw(engine, request) - draw_stock(folder, request, file.name, "models/own")).max() <= 1


@pytest.mark.parametrize("anew", [False, True], ids=["image to image", "a part anew"])
def test_it_equals_stock_from_a_picture(engine: Engine, folder: Path, styles: tuple[Style, Style], anew: bool) -> None:
    pixels = np.random.default_rng(4).integers(0, 255, (64, 128, 3), np.uint8)
    free = np.zeros((64, 128), np.uint8)
    free[16:48, 32:112] = 255
    request = make_masked(engine, styles, 128, 64, strength=0.75)
    request = change_request(request, start=StartPicture(pixels, free if anew else None))
    drawn, expected = draw(engine, request), draw_stock(folder, request)
    inside = free == 255 if anew else np.ones_like(free, bool)  # outside, the picture stays to the last bit
    assert np.abs(drawn - expected)[inside].max() <= 1
    assert np.abs(drawn - draw(engine, change_request(request, mask=None))).max() > 2


def test_no_part_and_no_style_are_as_they_were(engine: Engine, styles: tuple[Style, Style]) -> None:
    request = make_masked(engine, styles, ip_adapter_scale=0.0)
    assert np.array_equal(draw(engine, request), draw(engine, change_request(request, mask=None)))
    worn = make_masked(engine, styles)
    nothing = StyleMask(np.zeros((64, 64), np.uint8), worn.mask.styles)
    plain = draw(engine, change_request(worn, mask=None))
    assert np.abs(plain - draw(engine, change_request(worn, mask=nothing))).max() <= 1


@pytest.mark.parametrize("mode", ["fp8", "streamed"])
def test_memory_modes_draw_it_too(folder: Path, styles: tuple[Style, Style], mode: str) -> None:
    engine = Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu", memory=mode)
    request = make_masked(engine, styles)
    drawn, plain = draw(engine, request), draw(engine, change_request(request, mask=None))
    assert np.abs(drawn - plain).max() > 2
    if mode == "streamed":
        assert np.abs(drawn - draw_stock(folder, request)).max() <= 1
    quick = change_request(request, shortcuts=Shortcuts(cache_interval=2))
    assert np.abs(draw(engine, quick) - draw(engine, change_request(quick, mask=None))).max() > 2
