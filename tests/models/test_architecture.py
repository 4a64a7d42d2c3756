from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from pipeline.errors import ModelError
from pipeline.models.architecture import CHECKPOINT_TEXT, expect_sd15, expect_sd15_checkpoint
from pipeline.models.safetensors_header import read_shapes


def write(path: Path, config: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(config))


def tensors(path: Path, **shapes: tuple[int, ...]) -> Path:
    safetensors.numpy.save_file({name: np.zeros(shape, np.float16) for name, shape in shapes.items()}, path)
    return path


@pytest.mark.parametrize(
    ("unet", "what"),
    [
        ({"cross_attention_dim": 1024, "in_channels": 4}, "Stable Diffusion 2"),
        ({"cross_attention_dim": 2048, "in_channels": 4}, "Stable Diffusion XL"),
        ({"cross_attention_dim": [1280, 1280], "in_channels": 4}, "refiner"),
        ({"cross_attention_dim": 768, "in_channels": 8}, "InstructPix2Pix"),
    ],
)
def test_a_relative_is_named_by_its_unet(tmp_path: Path, unet: dict[str, Any], what: str) -> None:
    write(tmp_path / "unet" / "config.json", unet)
    with pytest.raises(ModelError, match=f"{what}.*Stable Diffusion 1.5 and models tuned from it"):
        expect_sd15("base", tmp_path)


def test_a_relative_is_named_by_its_index(tmp_path: Path) -> None:
    write(tmp_path / "model_index.json", {"_class_name": "StableDiffusionXLPipeline"})
    with pytest.raises(ModelError, match="Stable Diffusion XL"):
        expect_sd15("base", tmp_path)


@pytest.mark.parametrize(
    "unet", [*({"cross_attention_dim": 768, "in_channels": count} for count in (4, 9)), {"cross_attention_dim": 32}, {}]
)
def test_sd15_and_what_does_not_tell_pass(tmp_path: Path, unet: dict[str, Any]) -> None:
    write(tmp_path / "unet" / "config.json", unet)
    write(tmp_path / "config.json", unet)
    for role in ("base", "controlnet", "ip_adapter", "taesd"):
        expect_sd15(role, tmp_path)


def test_a_controlnet_and_an_adapter_of_another_model_are_named(tmp_path: Path) -> None:
    write(tmp_path / "config.json", {"cross_attention_dim": 1024})
    with pytest.raises(ModelError, match="a ControlNet for Stable Diffusion 2"):
        expect_sd15("controlnet", tmp_path)
    tensors(tmp_path / "ip-adapter_sdxl.safetensors", **{"ip_adapter.1.to_k_ip.weight": (640, 2048)})
    with pytest.raises(ModelError, match="an IP-Adapter for Stable Diffusion XL"):
        expect_sd15("ip_adapter", tmp_path)


def test_a_config_that_is_not_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "config.json").write_text("<html>")
    with pytest.raises(ModelError, match=r"config\.json is not JSON"):
        expect_sd15("base", tmp_path)


@pytest.mark.parametrize(
    ("shapes", "what"),
    [
        ({CHECKPOINT_TEXT: (320, 1024)}, "Stable Diffusion 2"),
        ({"conditioner.embedders.1.model.ln_final.weight": (8,), CHECKPOINT_TEXT: (320, 2048)}, "Stable Diffusion XL"),
        ({"model.diffusion_model.double_blocks.0.img_attn.proj.weight": (8, 8)}, "FLUX"),
        ({"model.diffusion_model.joint_blocks.0.x": (8, 8)}, "Stable Diffusion 3"),
        ({"control_model.input_blocks.0.0.weight": (8, 4)}, "a ControlNet alone"),
        ({"lora_unet_down_blocks_0.lora_down.weight": (8, 4)}, "a LoRA alone"),
        ({"weight": (8, 4)}, "not a whole Stable Diffusion checkpoint"),
        (
            {CHECKPOINT_TEXT: (320, 768), "model.diffusion_model.input_blocks.0.0.weight": (320, 5, 3, 3)},
            "a depth model",
        ),
    ],
)
def test_a_single_file_of_another_kind_is_named(tmp_path: Path, shapes: dict[str, Any], what: str) -> None:
    with pytest.raises(ModelError, match=what):
        expect_sd15_checkpoint(tensors(tmp_path / "model.safetensors", **shapes))


def test_a_single_file_of_sd15_passes(tmp_path: Path) -> None:
    shapes = {CHECKPOINT_TEXT: (320, 768), "model.diffusion_model.input_blocks.0.0.weight": (320, 4, 3, 3)}
    assert expect_sd15_checkpoint(tensors(tmp_path / "model.safetensors", **shapes)) == shapes


@pytest.mark.parametrize("cut", [0, 5, 60, -1])
def test_a_file_cut_off_anywhere_is_told(tmp_path: Path, cut: int) -> None:
    path = tensors(tmp_path / "model.safetensors", weight=(64, 64))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ModelError, match=r"model\.safetensors is (cut off|no whole)"):
        read_shapes(path)


def test_a_renamed_pickle_is_told(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"PK\3\4" + bytes(60) + b"archive/data.pkl" * 9)
    with pytest.raises(ModelError, match="renamed"):
        read_shapes(path)
