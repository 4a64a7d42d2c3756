"""An inpainting model in one file is read, and draws what diffusers draws that read the same file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import ControlNetModel, StableDiffusionControlNetPipeline

from pipeline.engine.engine import Engine
from pipeline.engine.own_base import BaseWish
from pipeline.models.checks import compute_sha256
from pipeline.models.file_kinds import identify_file
from pipeline.values import StartPicture
from tests.conftest import MakeStyle
from tests.tools.diffusers_reference import embed_style_by_diffusers, load_adapter
from tests.tools.drawing_requests import make_request
from tests.tools.ldm_layout import write_single_file
from tests.tools.models import make_tiny_sd15_profile
from tests.tools.requests import change_request
from tests.tools.stock_starts import draw_from_picture_by_diffusers, write_inpainting_unet


@pytest.mark.parametrize("mode", ["auto", "fp8"])
def test_it_equals_stock_and_the_model_before_comes_back(
    shallow_folder: Path, make_style: MakeStyle, tmp_path: Path, mode: str
) -> None:
    folder = write_inpainting_unet(shallow_folder, tmp_path / "nine")
    file = write_single_file(folder / "base", tmp_path / "filling.safetensors")
    assert identify_file(file).kind == "checkpoint"
    engine = Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu", memory=mode)
    request = make_request(engine, make_style("neon", 1))
    before = np.asarray(engine.draw(request).images[0])
    engine.own_base.change(BaseWish("filling", file, compute_sha256(file)))
    assert engine._pipeline.unet.config.in_channels == 9
    picture = np.random.default_rng(3).integers(0, 256, (request.height, request.width, 3), dtype=np.uint8)
    mask = np.zeros((request.height, request.width), np.uint8)
    mask[16:40, 8:48] = 255
    part = change_request(request, start=StartPicture(picture, mask), strength=0.7, num_inference_steps=6)
    drawn = np.asarray(engine.draw(part).images[0]).astype(int)
    if mode == "auto":
        stock = StableDiffusionControlNetPipeline.from_single_file(
            str(file),
            config=str(folder / "base"),
            local_files_only=True,
            controlnet=ControlNetModel.from_pretrained(folder / "controlnet", variant="fp16"),
            safety_checker=None,
            requires_safety_checker=False,
            torch_dtype=torch.float32,
        )
        load_adapter(stock, folder / "ip_adapter", "models", "ip-adapter_sd15.safetensors")
        image = part.styles.parts[0][0].image
        style = embed_style_by_diffusers(stock, folder / "ip_adapter" / "models" / "image_encoder", image)
        expected = draw_from_picture_by_diffusers(stock, part, picture, mask, style).astype(int)
        shown = mask > 0  # the rest is laid back as it came
        assert np.abs(drawn - expected)[shown].max() <= 1
    engine.own_base.change(BaseWish())
    assert engine._pipeline.unet.config.in_channels == 4
    assert np.array_equal(np.asarray(engine.draw(request).images[0]), before)
