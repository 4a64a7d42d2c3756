"""LoRAs under ComfyUI's names, with differences of whole weights, and what is told of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional
from transformers import CLIPTextConfig, CLIPTextModel

from pipeline.engine.adapters import AddedLayer, join_pairs
from pipeline.engine.lora_weights import list_layers, read_lora
from pipeline.models.compvis_names import map_compvis_names
from pipeline.models.file_kinds import identify_file
from tests.tools.models import make_sd15_modules, write_lora


@pytest.fixture(scope="module")
def networks() -> dict[str, Any]:
    words = CLIPTextConfig(
        vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2
    )
    return {"unet": make_sd15_modules(levels=2).unet, "text_encoder": CLIPTextModel(words)}


@pytest.mark.parametrize("form", ["comfy", "comfy peft", "kohya"])
def test_compvis_names_are_read_as_diffusers_are(networks: dict[str, Any], tmp_path: Path, form: str) -> None:
    plain = write_lora(tmp_path / "plain.safetensors", networks["unet"], "peft")
    named = {path: name for name, path in map_compvis_names(list_layers(networks["unet"])).items()}
    tensors = {}
    for key, tensor in load_file(plain).items():
        path, _, side = key.removeprefix("unet.").rpartition(".lora_")
        layer = f"diffusion_model.{named[path]}"
        if form == "kohya":
            layer = "lora_unet_" + named[path].replace(".", "_")
        half = side if form == "comfy peft" else {"A": "down", "B": "up"}[side[0]] + ".weight"
        tensors[f"{layer}.lora_{half}"] = tensor
    if form == "comfy":
        words = next(path for path in list_layers(networks["text_encoder"]) if path.endswith("q_proj"))
        layer = f"text_encoders.clip_l.transformer.{words}"
        side = networks["text_encoder"].get_submodule(words).in_features
        tensors |= {f"{layer}.lora_down.weight": torch.ones(2, side), f"{layer}.lora_up.weight": torch.ones(side, 2)}
    save_file(tensors, tmp_path / "compvis.safetensors")
    assert identify_file(tmp_path / "compvis.safetensors").kind == "lora"
    expected, read = (read_lora(tmp_path / f"{name}.safetensors", networks) for name in ("plain", "compvis"))
    assert expected["unet"].keys() == read["unet"].keys() and len(read["text_encoder"]) == (form == "comfy")
    for path, one in expected["unet"].items():
        other = read["unet"][path]
        assert torch.equal(one.down, other.down) and torch.equal(one.up, other.up) and one.scale == other.scale


@pytest.mark.parametrize("path", ["conv_in", "time_embedding.linear_1", "down_blocks.0.resnets.0.conv1"])
def test_a_difference_of_a_whole_weight_is_added(networks: dict[str, Any], tmp_path: Path, path: str) -> None:
    file = write_lora(tmp_path / "ink.safetensors", networks["unet"], "peft")
    layer = networks["unet"].get_submodule(path)
    pairs = join_pairs([(read_lora(file, networks)["unet"], 0.5)], torch.device("cpu"), torch.float32)
    base = AddedLayer(layer, *pairs[path]) if path in pairs else layer
    difference = torch.randn(layer.weight.shape)
    save_file({**load_file(file), f"lora_unet_{path.replace('.', '_')}.diff": difference}, file)
    pairs = join_pairs([(read_lora(file, networks)["unet"], 0.5)], torch.device("cpu"), torch.float32)
    x = torch.randn(1, *layer.weight.shape[1:2], *[8] * (layer.weight.ndim - 2))
    if isinstance(layer, nn.Conv2d):
        added = functional.conv2d(x, 0.5 * difference, None, layer.stride, layer.padding)
    else:
        added = functional.linear(x, 0.5 * difference)
    torch.testing.assert_close(AddedLayer(layer, *pairs[path])(x), base(x) + added, rtol=1e-4, atol=1e-4)


def test_what_is_not_read_is_listed_by_kind(networks: dict[str, Any], tmp_path: Path) -> None:
    file = write_lora(tmp_path / "ink.safetensors", networks["unet"], "kohya")
    assert identify_file(file).unread == ()
    more = {
        "lora_unet_conv_in.diff_b": torch.ones(4),
        "lora_unet_conv_out.diff_b": torch.ones(4),
        "lora_unet_conv_out.diff": torch.ones(4, 4, 3, 3),
        "lora_unet_conv_norm_out.diff": torch.ones(4),
        "lora_unet_conv_norm_out.w_norm": torch.ones(4),
        "bundle_emb.fox.string_to_param.*": torch.ones(2, 768),
    }
    save_file({**load_file(file), **more}, file)
    assert identify_file(file).unread == ("bundle_emb", "diff_b", "norm.diff", "w_norm")
