"""Continue from the shipped weights: the way back from `assets/pocket` to what training holds."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from safetensors.torch import load_file
from torch import Tensor
from transformers import CLIPVisionModelWithProjection

from pipeline.pocket.train.denoiser import Denoiser
from pipeline.pocket.train.export import list_ip_layers
from pipeline.pocket.train.tower import Tower


def load_shipped_denoiser(folder: Path) -> Denoiser:
    """Load UNet, ControlNet and IP-Adapter of a shipped folder, in fp32, ready to train."""
    model = Denoiser()
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32)
    controlnet = ControlNetModel.from_pretrained(folder / "controlnet", torch_dtype=torch.float32)
    model.unet.load_state_dict(unet.state_dict(), strict=False)  # the adapter's keys come from its own file
    model.controlnet.load_state_dict(controlnet.state_dict())
    load_shipped_adapter(model, load_file(folder / "ip_adapter" / "ip_adapter.safetensors"))
    return model


def load_shipped_adapter(model: Denoiser, tensors: dict[str, Tensor]) -> None:
    """Load an adapter by undoing `export.write_ip_adapter`'s naming; a missing or strange key raises."""
    projection = {
        name.removeprefix("image_proj.").replace("proj", "image_embeds"): value.float()
        for name, value in tensors.items()
        if name.startswith("image_proj.")
    }
    layers = {}
    for name, value in tensors.items():  # "ip_adapter.1.to_k_ip.weight" -> "0.to_k_ip.0.weight"
        if name.startswith("ip_adapter."):
            _, odd, key, kind = name.split(".")
            layers[f"{int(odd) // 2}.{key}.0.{kind}"] = value.float()
    model.unet.encoder_hid_proj.image_projection_layers[0].load_state_dict(projection)
    list_ip_layers(model.unet).load_state_dict(layers)


def unpack_shipped(folder: Path, runs: Path) -> None:
    """Put the shipped autoencoder and image tower where the stages `prepare` and `denoiser` look for them."""
    runs.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder / "vae", runs / "autoencoder", dirs_exist_ok=True)
    tower = Tower()
    shipped = CLIPVisionModelWithProjection.from_pretrained(folder / "image_encoder", dtype=torch.float32)
    tower.encoder.load_state_dict(shipped.state_dict())
    torch.save({"ema": tower.state_dict()}, runs / "tower.pt")
