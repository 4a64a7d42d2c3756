"""Several ControlNets at once draw what diffusers' pipeline draws with its MultiControlNetModel."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from diffusers import ControlNetModel, StableDiffusionControlNetPipeline

from pipeline.controls import Shortcuts
from pipeline.engine.engine import Engine
from pipeline.hints import ControlHint
from pipeline.request.presets import SD15_MENU
from pipeline.values import GenerationRequest
from tests.conftest import MakeStyle
from tests.tools.controlnets import make_hint, write_controlnets
from tests.tools.diffusers_reference import draw_by_diffusers, embed_style_by_diffusers, load_adapter
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_tiny_sd15_profile, write_sd15
from tests.tools.requests import change_request

BOTH = ("scribble", "depth")
SETS: list[list[tuple[Any, dict[str, float]]]] = [
    [("scribble", {})],
    [("canny", {"controlnet_conditioning_scale": 0.8}), ("depth", {"controlnet_conditioning_scale": 0.4})],
    [("lineart", {"control_guidance_end": 0.5}), ("openpose", {"control_guidance_start": 0.5})],
    [("softedge", {"controlnet_conditioning_scale": 1.4}), ("canny", {}), ("openpose", {"control_guidance_end": 0.7})],
    [("depth", {"control_guidance_start": 0.25, "control_guidance_end": 0.75}), ("scribble", {})],
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = write_sd15(tmp_path_factory.mktemp("models") / "sd15")
    write_controlnets(made)
    return made


@pytest.fixture(scope="module")
def engine(folder: Path) -> Engine:
    return Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu")


@functools.cache
def load_stock(folder: Path, names: tuple[str, ...]) -> Any:
    nets = [ControlNetModel.from_pretrained(folder / SD15_MENU.controlnets[name], variant="fp16") for name in names]
    pipeline = StableDiffusionControlNetPipeline.from_pretrained(
        folder / "base", controlnet=nets, variant="fp16", safety_checker=None, requires_safety_checker=False
    )
    assert type(pipeline.controlnet).__name__ == "MultiControlNetModel"
    return load_adapter(pipeline, folder / "ip_adapter", "models", "ip-adapter_sd15.safetensors")


def draw_stock(folder: Path, request: GenerationRequest) -> np.ndarray:
    pipeline = load_stock(folder, tuple(hint.controlnet for hint in request.hints))
    encoder = folder / "ip_adapter" / "models" / "image_encoder"
    style = embed_style_by_diffusers(pipeline, encoder, request.styles.parts[0][0].image)
    return draw_by_diffusers(pipeline, make_tiny_sd15_profile(), request, style).astype(int)


def draw(engine: Engine, request: GenerationRequest) -> np.ndarray:
    return np.asarray(engine.draw(request).images[0]).astype(int)


def make_hints(chosen: list[tuple[Any, dict[str, float]]]) -> tuple[ControlHint, ...]:
    return tuple(make_hint(name, 64, 64, **settings) for name, settings in chosen)


@pytest.mark.parametrize("chosen", SETS, ids=lambda chosen: "+".join(name for name, _ in chosen))
@pytest.mark.parametrize(("guidance", "style"), [(4.0, 0.7), (1.0, 0.0)])
def test_several_controlnets_equal_the_stock_pipeline(
    engine: Engine, folder: Path, make_style: MakeStyle, chosen: Any, guidance: float, style: float
) -> None:
    plain = make_request(engine, make_style("neon", 1), guidance_scale=guidance, ip_adapter_scale=style)
    request = change_request(plain, hints=make_hints(chosen))
    drawn, expected = draw(engine, request), draw_stock(folder, request)
    assert expected.std() > 20 and np.abs(drawn - expected).max() <= 1
    assert np.abs(drawn - draw(engine, plain)).max() > 4  # another picture than the edge map's


def test_each_controlnet_its_weight_and_its_order_tell(engine: Engine, make_style: MakeStyle) -> None:
    request = make_request(engine, make_style("neon", 1), hints=make_hints([("scribble", {}), ("depth", {})]))
    whole = draw(engine, request)
    for hints in (
        make_hints([("scribble", {}), ("depth", {"controlnet_conditioning_scale": 0.5})]),
        make_hints([("scribble", {}), ("lineart", {})]),
        make_hints([("scribble", {})]),
        (make_hint("scribble", 64, 64, seed=9), request.hints[1]),
    ):
        assert np.abs(whole - draw(engine, change_request(request, hints=hints))).max() > 4
    turned = change_request(request, hints=request.hints[::-1])
    assert np.abs(whole - draw(engine, turned)).max() <= 1


def test_nothing_steers_where_the_drawing_is_not_followed(engine: Engine, make_style: MakeStyle) -> None:
    free = make_request(engine, make_style("neon", 1), controlnet_conditioning_scale=0.0)
    hints = make_hints([("scribble", {}), ("depth", {})])
    assert np.array_equal(draw(engine, free), draw(engine, change_request(free, hints=hints)))
    silent = make_hints([("scribble", {"controlnet_conditioning_scale": 0.0})])
    followed = make_request(engine, make_style("neon", 1), hints=silent)
    assert np.array_equal(draw(engine, free), draw(engine, followed))


@pytest.mark.parametrize("shortcuts", [Shortcuts(controlnet_every=2), Shortcuts(controlnet_half="shared")])
def test_the_levers_hold_for_each_of_them(engine: Engine, make_style: MakeStyle, shortcuts: Shortcuts) -> None:
    """One net at half its weight, twice, is the net: with the levers as without."""
    once = make_request(engine, make_style("neon", 1), hints=make_hints([("depth", {})]), shortcuts=shortcuts)
    half = make_hints([("depth", {"controlnet_conditioning_scale": 0.5})])
    assert np.abs(draw(engine, once) - draw(engine, change_request(once, hints=half * 2))).max() <= 1
    assert np.abs(draw(engine, once) - draw(engine, change_request(once, shortcuts=Shortcuts()))).max() > 0
