"""A person's own ControlNet, a single file in either layout, draws what diffusers draws with from_single_file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import ControlNetModel
from safetensors.torch import load_file, save_file

from pipeline.engine.engine import Engine
from pipeline.errors import ModelError
from pipeline.hints import ControlHint, HintSettings, OwnControlNet
from pipeline.models.file_kinds import identify_file
from pipeline.models.own_files import hash_tensors
from tests.conftest import MakeStyle
from tests.engine.test_controlnets_beside_diffusers import draw, draw_stock, load_stock
from tests.tools.controlnets import make_hint, write_controlnets
from tests.tools.drawing_requests import make_request
from tests.tools.ldm_layout import write_original_controlnet
from tests.tools.models import make_tiny_sd15_profile
from tests.tools.requests import change_request

WEIGHTS = "diffusion_pytorch_model.fp16.safetensors"


@pytest.fixture(scope="module")
def folder(sd15_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    own = shutil.copytree(sd15_folder, tmp_path_factory.mktemp("nets") / "sd15")
    write_controlnets(own)
    return own


@pytest.fixture(scope="module")
def engine(folder: Path) -> Engine:
    return Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu")


@pytest.fixture(scope="module")
def files(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files with the weights of the folder's ControlNet for scribbles, in both layouts."""
    place = tmp_path_factory.mktemp("ControlNet")
    shutil.copy(folder / "controlnet_scribble" / WEIGHTS, place / "diffusers.safetensors")
    write_original_controlnet(folder / "controlnet_scribble", place / "original.safetensors")
    return {name: place / f"{name}.safetensors" for name in ("diffusers", "original")}


def make_own_hint(file: Path, name: Any = "depth", **settings: float) -> ControlHint:
    pixels = make_hint(name, 64, 64).pixels
    return ControlHint(name, pixels, HintSettings(**settings, model=file.stem), OwnControlNet(hash_tensors(file), file))


@pytest.mark.parametrize("layout", ["diffusers", "original"])
def test_a_single_file_equals_the_stock_pipeline(
    engine: Engine, folder: Path, files: dict[str, Path], make_style: MakeStyle, layout: str
) -> None:
    file = files[layout]
    assert identify_file(file).kind == "controlnet"
    hints = (make_own_hint(file, controlnet_conditioning_scale=0.7), make_hint("canny", 64, 64))
    request = make_request(engine, make_style("neon", 1), hints=hints)
    stock = load_stock(folder, ("depth", "canny"))
    before = stock.controlnet.nets[0]
    stock.controlnet.nets[0] = ControlNetModel.from_single_file(str(file), config=str(folder / "controlnet"))
    try:
        expected = draw_stock(folder, request)
    finally:
        stock.controlnet.nets[0] = before
    drawn = draw(engine, request)
    assert expected.std() > 20 and np.abs(drawn - expected).max() <= 1
    published = change_request(request, hints=(make_hint("depth", 64, 64, controlnet_conditioning_scale=0.7), hints[1]))
    assert np.abs(drawn - draw(engine, published)).max() > 4


def test_both_layouts_hold_the_network_of_the_folder(
    engine: Engine, folder: Path, files: dict[str, Path], make_style: MakeStyle
) -> None:
    request = make_request(engine, make_style("neon", 1))
    expected = ControlNetModel.from_pretrained(folder / "controlnet_scribble", variant="fp16").state_dict()
    for file in files.values():
        network, stack = engine._controlnets.provide(change_request(request, hints=(make_own_hint(file),)))["depth"]
        held = network.state_dict() | {f"controlnet_cond_embedding.{k}": v for k, v in stack.state_dict().items()}
        assert set(held) == set(expected)
        assert all(torch.equal(held[name], value) for name, value in expected.items())
    assert len([name for name in engine._controlnets.list_loaded() if len(name) == 64]) >= 2


def test_the_published_one_need_not_be_here(sd15_engine: Engine, files: dict[str, Path], make_style: MakeStyle) -> None:
    request = make_request(sd15_engine, make_style("neon", 1), hints=(make_own_hint(files["original"], "openpose"),))
    assert sd15_engine.draw(request).images
    assert "controlnet_openpose" not in sd15_engine.revisions


def test_it_goes_where_memory_is_short(
    engine: Engine, files: dict[str, Path], make_style: MakeStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = make_request(engine, make_style("neon", 1), num_inference_steps=1)
    own = change_request(request, hints=(make_own_hint(files["original"]),))
    before = draw(engine, own)
    assert hash_tensors(files["original"]) in engine._controlnets.list_loaded()
    monkeypatch.setattr(engine._controlnets, "_measure", lambda plan: 0)
    engine.draw(change_request(request, hints=(make_hint("softedge", 64, 64),)))
    assert engine._controlnets.list_loaded() == ("controlnet_softedge",)
    assert np.array_equal(before, draw(engine, own))  # and comes again


def test_a_file_that_is_not_whole_is_told(
    engine: Engine, files: dict[str, Path], make_style: MakeStyle, tmp_path: Path
) -> None:
    tensors = load_file(files["diffusers"])
    half = {name: value for name, value in tensors.items() if not name.startswith("mid_block")}
    save_file(half, tmp_path / "half.safetensors")
    request = make_request(engine, make_style("neon", 1), hints=(make_own_hint(tmp_path / "half.safetensors"),))
    with pytest.raises(ModelError, match=r"half\.safetensors"):
        engine.draw(request)
    wide = {name: torch.cat([value, value]) if "conv_in" in name else value for name, value in tensors.items()}
    save_file(wide, tmp_path / "wide.safetensors")
    request = make_request(engine, make_style("neon", 1), hints=(make_own_hint(tmp_path / "wide.safetensors"),))
    with pytest.raises(ModelError, match=r"wide\.safetensors"):
        engine.draw(request)
