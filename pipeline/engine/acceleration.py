"""Speed up the same picture where the machine can: attention kernels, a compiled UNet."""

from __future__ import annotations

import importlib.util
import logging
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pipeline.controls import group_settings
from pipeline.errors import SettingError, quote_error
from pipeline.models.profile import ModelProfile
from pipeline.prompt_syntax import Prompt
from pipeline.values import EdgeMap, GenerationRequest, Style, StyleMix

log = logging.getLogger(__name__)

ATTENTIONS = ("auto", "sdpa", "xformers")
XFORMERS_MISSING = "xformers is not installed. Install it with: pip install xformers==0.0.35"
COMPILING = "Compiling the model, once for this start (one to several minutes)"


def choose_attention(wanted: str, device: torch.device, dtype: torch.dtype) -> str:
    """Choose the attention kernel: "sdpa", torch's own, or "xformers" where it was asked for.

    "auto" is torch's: on a T4 both are about equal, and on newer cards torch's is quicker. Raises SettingError where
    xformers has no kernel for this device: it imports on a machine without CUDA all the same.
    """
    if wanted not in ATTENTIONS:
        raise SettingError(f"attention is one of {', '.join(ATTENTIONS)}; {wanted!r} was asked for.")
    if wanted != "xformers":
        return "sdpa"
    trouble = find_xformers_problem(device, dtype)
    if trouble:
        raise SettingError(f"attention 'xformers' cannot be used: {trouble}")
    return "xformers"


def find_xformers_problem(device: torch.device, dtype: torch.dtype) -> str | None:
    """Return why xformers does not work here, by trying it; None where it does."""
    if importlib.util.find_spec("xformers") is None:
        return XFORMERS_MISSING
    if device.type != "cuda":
        return f"it has no kernel for {device.type}. Leave attention at auto."
    try:
        from xformers.ops import memory_efficient_attention

        sample = torch.zeros(1, 16, 1, 64, device=device, dtype=dtype)
        memory_efficient_attention(sample, sample, sample)
    except (ImportError, NotImplementedError, RuntimeError, ValueError) as error:
        return f"it does not run on this GPU ({quote_error(error)})."
    return None


class Compiler:
    """Compiler gives the UNet as torch.compile makes it, whole, with CUDA graphs on CUDA; unchanged when it is off.

    A network that is moved or read again is compiled anew. CUDA graphs write each output into the same memory, so it is
    copied before the next step overwrites it.
    """

    def __init__(self, on: bool, backend: str = "inductor") -> None:
        self.on, self._backend = on, backend
        self._compiled: weakref.WeakKeyDictionary[Any, Callable[..., tuple[Tensor]]] = weakref.WeakKeyDictionary()

    def __call__(self, unet: Any) -> Any:
        if not self.on:
            return unet
        if unet not in self._compiled:
            self._compiled[unet] = self._make(unet)
        return self._compiled[unet]

    def _make(self, unet: Any) -> Callable[..., tuple[Tensor]]:
        graphs = self._backend == "inductor" and unet.device.type == "cuda"
        mode = "reduce-overhead" if graphs else None
        forward: Any = torch.compile(unet.forward, dynamic=False, backend=self._backend, mode=mode)

        def run(*inputs: Any, **named: Any) -> tuple[Tensor]:
            if graphs:
                torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
            output = forward(*inputs, **named)[0]
            return (output.clone() if graphs else output,)

        return run


def make_blank_request(profile: ModelProfile) -> GenerationRequest:
    """Make a request for an empty picture of the profile's size and defaults, in two steps."""
    sampling, conditioning = group_settings(
        {**profile.defaults, "num_inference_steps": 2, "seed": 0, "variation_seed": 0}
    )
    width, height = profile.size
    edges = EdgeMap(np.zeros((height, width), np.uint8), "lines")
    nothing = StyleMix.of(Style("none", "None", (), "{prompt}", "", "", "", Path()))
    empty = Prompt("")
    return GenerationRequest(
        profile.name, empty, empty, edges, nothing, width, height, sampling=sampling, conditioning=conditioning
    )
