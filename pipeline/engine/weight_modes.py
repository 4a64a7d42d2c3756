"""Put one network's weights where a memory mode wants them: whole, in 8 bits, or streamed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from pipeline.freed_memory import give_memory_back
from pipeline.machine.plan import MemoryMode

# What stays as it is in 8 bits: norms, which are small and sensitive, and the style's projection, which casts what it
# is given to the type of its own weights and would then compute in 8 bits itself.
NEVER_FP8 = ("pos_embed", "patch_embed", "norm", "^proj_in$", "^proj_out$", "encoder_hid_proj")


@contextmanager
def allow_weight_changes() -> Iterator[None]:
    """Let weights that are made here be written to later, which those made in inference mode may not."""
    with torch.inference_mode(False), torch.no_grad():
        yield


def place_module(module: nn.Module, device: torch.device, dtype: torch.dtype, *, channels_last: bool = False) -> None:
    """Move a module to its device and number format, ready to run, with memory in channels-last order if asked.

    For a VAE on a processor channels last pays in all numbers: fp32 -30 %, bf16 -60 %.
    """
    nn.Module.to(module, device=device, dtype=dtype).eval().requires_grad_(False)  # diffusers' own warns of nothing
    if channels_last:
        order_channels_last(module)


def order_channels_last(module: nn.Module) -> None:
    """Put a module's weights into channels-last order, part by part: the copies of all would be as large as it is."""
    for part in (inner for child in module.children() for inner in (list(child.children()) or [child])):
        part.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        give_memory_back()
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def is_channels_last_faster(device: torch.device, dtype: torch.dtype, compiled: bool = False) -> bool:
    """Return whether channels last pays for a UNet: on a GPU where it is compiled, which lays out all between the
    convolutions so, too; in bf16 on a processor (-20 to -30 %), while in fp32 there it is all the same.
    """
    return compiled if device.type == "cuda" else dtype == torch.bfloat16


def store_in_8_bits(network: Any, device: torch.device, dtype: torch.dtype, *, channels_last: bool = False) -> None:
    """Store a network's weights in 8 bits (float8_e4m3fn) and compute in `dtype`. It is cast before it moves, so that
    the device never holds both.
    """
    place_module(network, torch.device("cpu"), dtype, channels_last=channels_last)
    network.enable_layerwise_casting(
        storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype, skip_modules_pattern=NEVER_FP8
    )
    network.to(device)


def stream_weights(network: Any, device: torch.device, dtype: torch.dtype, *, channels_last: bool = False) -> None:
    """Stream a network's weights to the device leaf by leaf, the next one on its way while one computes; without CUDA
    streams where the device has none.
    """
    place_module(network, torch.device("cpu"), dtype, channels_last=channels_last)
    streams = device.type == "cuda"
    network.enable_group_offload(
        onload_device=device, offload_type="leaf_level", use_stream=streams, record_stream=streams
    )


NETWORK_PLACERS: Mapping[MemoryMode, Callable[..., None]] = {
    "fp8": store_in_8_bits,
    "streamed": stream_weights,
}
IRREVERSIBLE = frozenset(NETWORK_PLACERS)


def release_memory() -> None:
    """Collect garbage, empty the device's cache, and give the system back what lies freed in main memory."""
    gc.collect()
    give_memory_back()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
