"""Put an IP-Adapter on a UNet, and write it as the published ones are written: for models with random weights.

Image embeddings go in as `added_cond_kwargs={"image_embeds": [embeds]}`, embeds (B, 1, d).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import IPAdapterAttnProcessor2_0
from diffusers.models.embeddings import ImageProjection, MultiIPAdapterImageProjection
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

IP_TOKENS = 4  # what diffusers' loader assumes of a file with image_proj.proj.weight

State = Mapping[str, Tensor]


def attach_ip_adapter(unet: UNet2DConditionModel, image_embed_dim: int) -> None:
    """Put an IP-Adapter for embeddings of `image_embed_dim` numbers on `unet`.

    It becomes part of `unet` (its parameters and state_dict); each forward then needs image embeddings. Call
    `ControlNetModel.from_unet` before this: it cannot read a UNet that has an adapter.
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
    for module in (projection, list_ip_layers(unet)):
        module.to(device=unet.device, dtype=unet.dtype)


def list_ip_layers(unet: UNet2DConditionModel) -> nn.ModuleList:
    """List the adapter's attention layers in the order of their odd numbers in the file."""
    return nn.ModuleList(unet.attn_processors[name] for name in list_cross_attention_names(unet))


def read_ip_adapter_states(unet: UNet2DConditionModel) -> tuple[State, State]:
    """Read (image_projection_state, ip_attn_state) of a UNet with an adapter attached."""
    return unet.encoder_hid_proj.image_projection_layers[0].state_dict(), list_ip_layers(unet).state_dict()


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


def write_plus_adapter(path: Path, like: Path, hidden_width: int, tokens: int = 16) -> Path:
    """Write random numbers as ip-adapter-plus_sd15 has them, for the UNet of the adapter file `like` and an image
    encoder whose hidden states have `hidden_width` numbers."""
    noise, before = torch.Generator().manual_seed(11), load_file(like)
    attention = {name: value for name, value in before.items() if name.startswith("ip_adapter.")}
    width = next(iter(attention.values())).shape[1]
    inner, hidden = 64, 32

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=noise) / shape[-1] ** 0.5

    state = {
        "image_proj.latents": draw(1, tokens, hidden),
        "image_proj.proj_in.weight": draw(hidden, hidden_width),
        "image_proj.proj_in.bias": torch.zeros(hidden),
        "image_proj.proj_out.weight": draw(width, hidden),
        "image_proj.proj_out.bias": torch.zeros(width),
        "image_proj.norm_out.weight": torch.ones(width),
        "image_proj.norm_out.bias": torch.zeros(width),
    }
    for layer in range(4):
        start = f"image_proj.layers.{layer}"
        for place in ("0.norm1", "0.norm2", "1.0"):
            state |= {f"{start}.{place}.weight": torch.ones(hidden), f"{start}.{place}.bias": torch.zeros(hidden)}
        state |= {
            f"{start}.0.to_q.weight": draw(inner, hidden),
            f"{start}.0.to_kv.weight": draw(2 * inner, hidden),
            f"{start}.0.to_out.weight": draw(hidden, inner),
            f"{start}.1.1.weight": draw(4 * hidden, hidden),
            f"{start}.1.3.weight": draw(hidden, 4 * hidden),
        }
    state |= {name: draw(*value.shape) for name, value in attention.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: value.half().contiguous() for name, value in state.items()}, path)
    return path


def copy_in_half(module: Any) -> Any:
    """Copy the module to fp16 on the CPU without its IP-Adapter."""
    state = {name: value.detach().cpu().half() for name, value in module.state_dict().items() if not is_ip_weight(name)}
    build = getattr(type(module), "from_config", type(module))  # diffusers reads a config, transformers takes one
    copy = build(module.config).half()
    copy.load_state_dict(state)
    assert all(torch.isfinite(value).all() for value in copy.state_dict().values())
    return copy


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


def is_ip_weight(name: str) -> bool:
    return name.startswith("encoder_hid_proj.") or "_ip." in name
