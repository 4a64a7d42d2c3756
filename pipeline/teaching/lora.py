"""Give a UNet LoRA layers of its own without touching it: a second one over the very same weights carries them.

LoRA: Hu et al. 2021, arXiv:2106.09685, by peft, on the attention's projections as diffusers'
train_text_to_image_lora has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

TARGETS = ("to_q", "to_k", "to_v", "to_out.0")
ADAPTER = "taught"
LEFT_OUT = ("encoder_hid_dim", "encoder_hid_dim_type")  # what an IP-Adapter adds to a UNet's config


def share_unet(unet: Any) -> Any:
    """Return a second UNet over the first one's weights, without its adapters; it takes no memory of its own.

    Both hold the same parameters, so that one follows where the other is moved.
    """
    config = {name: value for name, value in unet.config.items() if name not in LEFT_OUT and name[:1] != "_"}
    with torch.device("meta"):
        second = type(unet).from_config(config)
    held = {name.replace(".base_layer.", "."): parameter for name, parameter in unet.named_parameters()}
    for path, module in second.named_modules():
        for name in module._parameters:
            if module._parameters[name] is not None:
                module._parameters[name] = held[f"{path}.{name}" if path else name]
    return second


def add_lora(unet: Any, rank: int, seed: int) -> Any:
    """Give a UNet's attention projections LoRA layers in float32, which alone learn; they begin as the seed says."""
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=list(TARGETS))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(config, unet, adapter_name=ADAPTER)
    for _, parameter in list_lora(unet):
        parameter.data = parameter.data.float()
    return unet.train()


def list_lora(unet: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """List the LoRA's parameters with their names."""
    return ((name, value) for name, value in unet.named_parameters() if ".lora_A." in name or ".lora_B." in name)


def export_lora(unet: nn.Module) -> dict[str, Tensor]:
    """Return the LoRA as diffusers' loader reads it, in 16 bits on the CPU."""
    return {
        f"unet.{name.replace(f'.{ADAPTER}.', '.')}": value.detach().to("cpu", torch.float16)
        for name, value in list_lora(unet)
    }


def is_lora_of_unet(tensors: Mapping[str, Tensor]) -> bool:
    """Return whether tensors are such an export: pairs of matrices of finite numbers, nothing else."""
    stems = {name.rsplit(".lora_", 1)[0] for name in tensors}
    wanted = {f"{stem}.lora_{part}.weight" for stem in stems for part in "AB"}
    return (
        bool(tensors)
        and set(tensors) == wanted
        and all(stem.startswith("unet.") and stem.endswith(TARGETS) for stem in stems)
        and all(value.ndim == 2 and bool(value.isfinite().all()) for value in tensors.values())
    )
