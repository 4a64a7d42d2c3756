"""Other IP-Adapters than the model's own draw what diffusers draws with them, within 1/255, and come off again."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPVisionModelWithProjection

from pipeline.engine import image_encoder as vision
from pipeline.engine import style_adapters
from pipeline.engine.engine import Engine
from pipeline.engine.own_base import BaseWish
from pipeline.errors import ModelError
from pipeline.models.checks import compute_sha256
from pipeline.own_weights import Adapter
from pipeline.values import GenerationRequest
from tests.conftest import MakeStyle
from tests.tools.diffusers_reference import load_diffusers_sd15, prepare_stock
from tests.tools.drawing_requests import make_request
from tests.tools.ip_adapter import write_plus_adapter
from tests.tools.models import make_tiny_sd15_profile, write_shallow_sd15
from tests.tools.own_files import write_other_model
from tests.tools.requests import change_request

PUBLISHED = "ip-adapter-plus_sd15.safetensors"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_shallow_sd15(tmp_path_factory.mktemp("plus") / "sd15")
    models = folder / "ip_adapter" / "models"
    write_plus_adapter(models / PUBLISHED, models / "ip-adapter_sd15.safetensors", hidden_width=32)
    return folder


@pytest.fixture(scope="module")
def engine(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    cache = tmp_path_factory.mktemp("cache")
    return Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu", cache_dir=cache)


@torch.no_grad()
def see_patches(pipeline: Any, folder: Path, image: Path) -> torch.Tensor:
    """Return diffusers' own embeds of a picture, those of no picture first, as its `encode_image` computes them."""
    pipeline.image_encoder = CLIPVisionModelWithProjection.from_pretrained(folder, dtype=torch.float32)
    shown, nothing = pipeline.encode_image(Image.open(image).convert("RGB"), "cpu", 1, output_hidden_states=True)
    return torch.cat([nothing[None], shown[None]])


def draw_stock(folder: Path, request: GenerationRequest, adapter: str, subfolder: str = "models") -> Any:
    """Return what diffusers draws with the adapter loaded, (H, W, 3)."""
    load_diffusers_sd15.cache_clear()
    pipeline, models = load_diffusers_sd15(folder), folder / "ip_adapter"
    pipeline.load_ip_adapter(str(models), subfolder=subfolder, weight_name=adapter, image_encoder_folder=None)
    pipeline.to(dtype=torch.float32)
    embeds = see_patches(pipeline, models / "models" / "image_encoder", request.styles.parts[0][0].image)
    given = prepare_stock(pipeline, request, embeds[1])
    given["ip_adapter_image_embeds"] = [embeds if request.sampling.guidance_scale > 1 else embeds[1:]]
    load_diffusers_sd15.cache_clear()
    lines = Image.fromarray(request.edges.pixels).convert("RGB")
    return np.asarray(pipeline(image=lines, **given).images[0]).astype(int)


def draw(engine: Engine, request: GenerationRequest) -> Any:
    return np.asarray(engine.draw(request).images[0]).astype(int)


@pytest.mark.parametrize("guidance_scale", [7.0, 1.0])
def test_plus_equals_stock(engine: Engine, folder: Path, make_style: MakeStyle, guidance_scale: float) -> None:
    request = make_request(engine, make_style("neon", 1), ip_adapter="plus", guidance_scale=guidance_scale)
    drawn = draw(engine, request)
    assert np.abs(drawn - draw_stock(folder, request, PUBLISHED)).max() <= 1
    usual = draw(engine, change_request(request, ip_adapter=""))
    assert np.abs(drawn - usual).max() > 8
    assert np.array_equal(draw(engine, request), drawn), "on again, it draws the same"


def test_the_usual_one_comes_back_as_it_was(engine: Engine, folder: Path, make_style: MakeStyle) -> None:
    request = make_request(engine, make_style("neon", 1))
    fresh = Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu")
    draw(engine, change_request(request, ip_adapter="plus"))
    assert np.array_equal(draw(engine, request), draw(fresh, request))


def test_no_style_changes_no_adapter(engine: Engine, make_style: MakeStyle) -> None:
    request = make_request(engine, make_style("neon", 1), ip_adapter_scale=0.0)
    usual = draw(engine, request)
    draw(engine, change_request(request, ip_adapter_scale=0.6, ip_adapter="plus"))
    plus = engine.draw(change_request(request, ip_adapter="plus"))
    assert "adapter" not in plus.milliseconds
    assert np.array_equal(np.asarray(plus.images[0]).astype(int), usual)


def test_a_file_of_one_s_own_equals_stock(engine: Engine, folder: Path, make_style: MakeStyle) -> None:
    models = folder / "ip_adapter" / "models"
    file = write_plus_adapter(models / "own" / "mine.safetensors", models / "ip-adapter_sd15.safetensors", 32, tokens=8)
    own = Adapter("mine", compute_sha256(file), file)
    request = make_request(engine, make_style("neon", 1), ip_adapter="mine", own_adapter=own)
    assert np.abs(draw(engine, request) - draw_stock(folder, request, file.name, "models/own")).max() <= 1
    assert engine.revisions["ip_adapter:mine"] == own.sha256[:12]


@pytest.mark.parametrize("mode", ["fp8", "streamed"])
def test_memory_modes_exchange_it_too(folder: Path, make_style: MakeStyle, mode: str) -> None:
    engine = Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu", memory=mode)
    request = make_request(engine, make_style("neon", 1))
    usual, plus = draw(engine, request), draw(engine, change_request(request, ip_adapter="plus"))
    assert np.abs(plus - usual).max() > 8
    assert np.array_equal(draw(engine, request), usual)


def test_another_checkpoint_keeps_the_adapter_that_is_asked_for(
    folder: Path, make_style: MakeStyle, tmp_path: Path
) -> None:
    engine = Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu")
    request = make_request(engine, make_style("neon", 1), ip_adapter="plus")
    usual = change_request(request, ip_adapter="")
    before = draw(engine, request), draw(engine, usual)
    draw(engine, request)
    file = write_other_model(folder, tmp_path / "dreamy.safetensors")
    engine.own_base.change(BaseWish("dreamy", file, compute_sha256(file)))
    assert np.abs(draw(engine, request) - before[0]).max() > 8
    engine.own_base.change(BaseWish())
    assert np.array_equal(draw(engine, usual), before[1])
    assert np.array_equal(draw(engine, request), before[0])


def test_what_cannot_be_worn_is_told_and_the_next_picture_is_as_before(
    engine: Engine, folder: Path, make_style: MakeStyle, tmp_path: Path
) -> None:
    request = make_request(engine, make_style("neon", 1))
    before = draw(engine, request)
    with pytest.raises(ModelError, match="The IP-Adapter “gone” is not here"):
        engine.draw(change_request(request, ip_adapter="gone"))
    tensors = load_file(folder / "ip_adapter" / "models" / PUBLISHED)
    short = {name: value for name, value in tensors.items() if not name.startswith("image_proj.layers.3")}
    save_file(short, tmp_path / "short.safetensors")
    save_file({"a": torch.zeros(2)}, tmp_path / "other.safetensors")
    for name, words in (("short", "could not be loaded"), ("other", "no IP-Adapter that takes the look")):
        own = Adapter(name, name.ljust(64), tmp_path / f"{name}.safetensors")
        with pytest.raises(ModelError, match=words):
            engine.draw(change_request(request, ip_adapter=name, own_adapter=own))
    assert np.array_equal(draw(engine, request), before)


def test_an_encoder_that_is_not_here_is_told_before_the_turn(
    folder: Path, make_style: MakeStyle, tmp_path: Path
) -> None:
    engine = Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu", cache_dir=tmp_path)
    request = make_request(engine, make_style("neon", 1), ip_adapter="plus")
    plus = draw(engine, request)
    (folder / "ip_adapter" / "models" / "image_encoder").rename(tmp_path / "away")
    try:
        assert np.array_equal(draw(engine, request), plus), "its patches were kept"
        with pytest.raises(ModelError, match="files are not in"):
            engine.draw(make_request(engine, make_style("other", 2), ip_adapter="plus"))
    finally:
        (tmp_path / "away").rename(folder / "ip_adapter" / "models" / "image_encoder")


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was read of the image encoder, which is given back like one of full size."""
    read, load = list[object](), CLIPVisionModelWithProjection.from_pretrained

    def note(path: object, **options: Any) -> Any:
        read.append(path)
        return load(path, **options)

    monkeypatch.setattr(vision, "KEPT_LIMIT", 1)
    monkeypatch.setattr(CLIPVisionModelWithProjection, "from_pretrained", note)
    return read


def wait_for_styles() -> None:
    for each in threading.enumerate():
        if each.name == "croquis-styles":
            each.join(60)


def test_the_encoder_is_read_once_for_all_styles_of_another_adapter(
    folder: Path, make_style: MakeStyle, loads: list[object]
) -> None:
    engine = Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu")
    styles = [make_style("neon", 1), make_style("ink", 2)]
    assert engine.embed_styles(styles) == 2
    loads.clear()
    draw(engine, make_request(engine, styles[0], ip_adapter="plus"))
    wait_for_styles()
    assert engine._adapters._model.image_encoder.__dict__.get("_encoder") is None, "it was not let go"
    draw(engine, make_request(engine, styles[1]))
    draw(engine, make_request(engine, styles[1], ip_adapter="plus"))
    wait_for_styles()
    assert len(loads) == 1


@pytest.mark.parametrize("fits", [True, False])
def test_the_encoder_goes_where_a_picture_does_not_fit_beside_it(
    engine: Engine, make_style: MakeStyle, loads: list[object], monkeypatch: pytest.MonkeyPatch, fits: bool
) -> None:
    """It stays while all styles are embedded in the background, and is read again for the rest of them."""
    encoder, style = engine._adapters._model.image_encoder, make_style("fits" if fits else "short", 3 + fits)
    request = make_request(engine, style)
    needed = engine._controlnets.count_needed(request)
    monkeypatch.setattr(style_adapters, "measure_main_memory", lambda: needed if fits else needed - 1)
    encoder.release()
    assert engine._embed_style.hold_encoder()
    try:
        drawn = draw(engine, request)
        assert encoder.is_loaded == fits
        encoder.encode(Image.new("RGB", (8, 8)))  # as the background does between two pictures
        assert np.array_equal(draw(engine, request), drawn)
        assert encoder.is_loaded == fits and len(loads) == (1 if fits else 2)
    finally:
        engine._embed_style._holders.clear()
        encoder.release()


def test_what_a_picture_needs_is_its_largest_stage_and_the_networks_that_it_reads(
    engine: Engine, make_style: MakeStyle
) -> None:
    nets, request = engine._controlnets, make_request(engine, make_style("neon", 1))
    plan, main = nets._plan(request, 1), engine._pipeline.controlnet
    assert nets.count_needed(request) == max(plan.steps, plan.decode)
    engine._pipeline.controlnet = None
    assert nets.count_needed(request) == max(plan.steps, plan.decode) + plan.controlnet
    engine._pipeline.controlnet = main


def test_an_engine_tells_which_styles_it_has_looked_at(folder: Path, make_style: MakeStyle) -> None:
    engine = Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu")
    neon, ink = make_style("neon", 1), make_style("ink", 2)
    engine.embed_styles([neon])
    assert engine.knows_styles([neon]) and not engine.knows_styles([neon, ink])
    assert not engine.knows_styles([neon], "plus") and not engine.knows_styles([neon], "mine")
    draw(engine, make_request(engine, neon, ip_adapter="plus"))
    wait_for_styles()
    assert engine.knows_styles([neon], "plus")
