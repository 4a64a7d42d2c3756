"""Write models of a person's own that are made otherwise than the tree's: an inpainting model of nine channels, one in
8 bits, one in a folder as diffusers lays it out, and an IP-Adapter.

They are made from the other files, so that each draws another picture than those.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

FIRST_LAYER = "model.diffusion_model.input_blocks.0.0.weight"  # in CompVis' names
MORE_CHANNELS = 5  # of an inpainting model: the mask, and the rest of the picture as latents
PLACES = {
    "inpainting": "models/Stable-diffusion/forge-inpainting.safetensors",
    "8 bits": "models/Stable-diffusion/forge-fp8.safetensors",
    "folder": "models/diffusers/forge-folder",
    "adapter": "models/ipadapter/forge-adapter.safetensors",
}


def write_own_models(folder: Path, sd15: Path, checkpoint: Path, vae: Path) -> Path:
    """Write them into a folder, from a tree of SD 1.5 and from two of a person's files; one that is there stays.

    A folder that could not be written whole is not there.
    """
    if not folder.exists():
        begun = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(begun, ignore_errors=True)
        for place in PLACES.values():
            (begun / place).parent.mkdir(parents=True, exist_ok=True)
        change_tensors(checkpoint, begun / PLACES["inpainting"], widen)
        change_tensors(checkpoint, begun / PLACES["8 bits"], round_to_8_bits)
        write_model_folder(begun / PLACES["folder"], sd15, vae)
        published = sd15 / "ip_adapter" / "models" / "ip-adapter_sd15.safetensors"
        change_tensors(published, begun / PLACES["adapter"], lambda _, value: (1.2 * value).to(value.dtype))
        begun.rename(folder)
    return folder


def change_tensors(source: Path, file: Path, change: Callable[[str, Tensor], Tensor]) -> None:
    """Write a .safetensors file with each tensor of another one changed."""
    save_file({name: change(name, value).contiguous() for name, value in load_file(source).items()}, file)


@torch.no_grad()
def widen(name: str, value: Tensor) -> Tensor:
    """Give a UNet's first layer the channels of an inpainting model."""
    if name != FIRST_LAYER:
        return value
    shape = value.shape[0], MORE_CHANNELS, *value.shape[2:]
    more = torch.randn(shape, generator=torch.Generator().manual_seed(6)) * value.float().std()
    return torch.cat([value, more.to(value.dtype)], dim=1)


def round_to_8_bits(name: str, value: Tensor) -> Tensor:
    """Round a UNet's matrices to 8 bits (float8_e4m3fn), as the small checkpoints of ComfyUI's users have them."""
    fits = value.is_floating_point() and value.ndim > 1 and name.startswith("model.diffusion_model.")
    return value.to(torch.float8_e4m3fn) if fits else value


def write_model_folder(folder: Path, sd15: Path, vae: Path) -> None:
    """Write a model's folder: the tree's UNet and text encoder, linked, with another VAE in 16 bits."""
    base = sd15 / "base"
    for part in ("unet", "text_encoder", "tokenizer", "scheduler", "feature_extractor", "vae"):
        (folder / part).mkdir(parents=True)
        for file in (base / part).iterdir():
            if part != "vae" or file.suffix == ".json":
                os.link(file, folder / part / file.name)
    shutil.copy(vae, folder / "vae" / "diffusion_pytorch_model.fp16.safetensors")
    index = json.loads((base / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"_class_name": "StableDiffusionPipeline"}))
