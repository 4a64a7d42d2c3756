"""Writes SD 1.5's parts as the one file that most tuned models come as: CompVis' names in place of diffusers'."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from pipeline.models.compvis_names import ENDS, RESNET

Tensors = dict[str, NDArray[np.generic]]

VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def write_single_file(base: Path, file: Path) -> Path:
    """Write one file from `base`, diffusers' layout of SD 1.5, of any size."""
    layers = json.loads((base / "unet" / "config.json").read_text())["layers_per_block"]
    unet = read_tensors(base / "unet" / "diffusion_pytorch_model.fp16.safetensors")
    vae = read_tensors(base / "vae" / "diffusion_pytorch_model.fp16.safetensors")
    text = read_tensors(base / "text_encoder" / "model.fp16.safetensors")
    tensors = {f"model.diffusion_model.{rename_unet_tensor(name, layers, unet)}": value for name, value in unet.items()}
    tensors |= {
        f"first_stage_model.{rename_vae_tensor(name)}": reshape_vae_tensor(name, value) for name, value in vae.items()
    }
    tensors |= {f"cond_stage_model.transformer.{rename_text_tensor(name)}": value for name, value in text.items()}
    safetensors.numpy.save_file(tensors, file)
    return file


def write_original_controlnet(folder: Path, file: Path) -> Path:
    """Write a ControlNet's folder as lllyasviel's own files hold it: every name behind "control_model."."""
    layers = json.loads((folder / "config.json").read_text())["layers_per_block"]
    net = read_tensors(folder / "diffusion_pytorch_model.fp16.safetensors")
    named = {f"control_model.{rename_controlnet_tensor(name, layers, net)}": value for name, value in net.items()}
    assert len(named) == len(net)
    safetensors.numpy.save_file(named, file)
    return file


def rename_controlnet_tensor(name: str, layers: int, net: Tensors) -> str:
    name = re.sub(r"^controlnet_down_blocks\.(\d+)", r"zero_convs.\1.0", name)
    name = name.replace("controlnet_mid_block", "middle_block_out.0")
    if not name.startswith("controlnet_cond_embedding."):
        return name if name.startswith(("zero_convs", "middle_block_out")) else rename_unet_tensor(name, layers, net)
    blocks = sum(key.startswith("controlnet_cond_embedding.blocks.") and key.endswith("weight") for key in net)
    inner = (
        name.removeprefix("controlnet_cond_embedding.").replace("conv_in", "0").replace("conv_out", str(2 * blocks + 2))
    )
    inner = re.sub(r"^blocks\.(\d+)", lambda match: str(2 * int(match[1]) + 2), inner)
    return f"input_hint_block.{inner}"


def read_tensors(file: Path) -> Tensors:
    return dict(safetensors.numpy.load_file(file))


def rename_parts(name: str, names: Mapping[str, str]) -> str:
    for ours, theirs in names.items():
        name = re.sub(rf"(?<![\w.]){re.escape(ours)}(?=\.)|(?<=\.){re.escape(ours)}(?=\.)", theirs, name)
    return name


def rename_unet_tensor(name: str, layers: int, unet: Tensors) -> str:
    if match := re.match(r"(down|up)_blocks\.(\d+)\.(resnets|attentions)\.(\d+)\.(.+)", name):
        side, block, kind, place = match[1], int(match[2]), match[3], int(match[4])
        number = (layers + 1) * block + place + (side == "down")
        inner = rename_parts("." + match[5], RESNET)[1:] if kind == "resnets" else match[5]
        return f"{'input' if side == 'down' else 'output'}_blocks.{number}.{int(kind == 'attentions')}.{inner}"
    if match := re.match(r"down_blocks\.(\d+)\.downsamplers\.0\.conv\.(.+)", name):
        return f"input_blocks.{(layers + 1) * (int(match[1]) + 1)}.0.op.{match[2]}"
    if match := re.match(r"up_blocks\.(\d+)\.upsamplers\.0\.(.+)", name):
        place = 2 if any(key.startswith(f"up_blocks.{match[1]}.attentions.") for key in unet) else 1
        return f"output_blocks.{(layers + 1) * int(match[1]) + layers}.{place}.{match[2]}"
    if match := re.match(r"mid_block\.(resnets|attentions)\.(\d)\.(.+)", name):
        number = 1 if match[1] == "attentions" else 2 * int(match[2])
        return (
            f"middle_block.{number}.{rename_parts('.' + match[3], RESNET)[1:] if match[1] == 'resnets' else match[3]}"
        )
    return rename_parts(name, ENDS)


def rename_vae_tensor(name: str) -> str:
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda match: f"mid.block_{int(match[1]) + 1}", name)
    if "mid_block.attentions" in name:
        name = rename_parts(name.replace("mid_block.attentions.0", "mid.attn_1"), VAE_ATTENTION)
    name = re.sub(r"down_blocks\.(\d)\.resnets\.", r"down.\1.block.", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0\.", r"down.\1.downsample.", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets\.", lambda match: f"up.{3 - int(match[1])}.block.", name)
    name = re.sub(r"up_blocks\.(\d)\.upsamplers\.0\.", lambda match: f"up.{3 - int(match[1])}.upsample.", name)
    return name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")


def reshape_vae_tensor(name: str, value: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return the value as 1 x 1 convolutions, of which the attention was made."""
    linear = "attentions" in name and name.endswith("weight") and value.ndim == 2
    return np.ascontiguousarray(value[:, :, None, None] if linear else value)


def rename_text_tensor(name: str) -> str:
    return name if name.startswith("text_model.") else f"text_model.{name}"
