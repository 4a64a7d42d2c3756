"""Speed up the same picture where the machine can: attention kernels, compiled networks."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch._dynamo.exc import FailOnRecompileLimitHit
from torch.utils._pytree import tree_map

from pipeline.controls import group_settings
from pipeline.engine.controlnet import Control
from pipeline.engine.deep_features import Run, SplitUNet
from pipeline.errors import SettingError, phrase, quote_error
from pipeline.models.profile import ModelProfile
from pipeline.prompt_syntax import Prompt
from pipeline.values import EdgeMap, GenerationRequest, Style, StyleMix

log = logging.getLogger(__name__)

ATTENTIONS = ("auto", "sdpa", "xformers")
XFORMERS_MISSING = "xformers is not installed. Install it with: pip install xformers==0.0.35"
COMPILING = phrase("Compiling the model for pictures of its usual size (one to several minutes)")
COMPILED = "For this picture the model was compiled anew, which took {seconds} seconds; more of its kind do without."
VARIANTS = 64  # of each function that are compiled: 16 sizes, with guidance and without, with lines and without
COMPILATIONS = 4096  # of each function in the life of the process; torch's own bound of 256 ends in silence
UNCOMPILED = (
    "This picture ran uncompiled: {limit} kinds of pictures are compiled already, which is as many as are kept."
)


def choose_attention(wanted: str, device: torch.device, dtype: torch.dtype) -> str:
    """Choose the attention kernel: "sdpa", torch's own, or "xformers" where it was asked for.

    "auto" is torch's: on a T4 both are about equal, and on newer cards torch's is quicker; on some processors blocks of
    rows take its place as a picture is drawn (`use_quick_attention` in row_blocks.py). Raises SettingError where
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
    """Compiler gives networks as torch.compile makes them, with CUDA graphs on CUDA; unchanged when it is off.

    A UNet that is moved or read again is compiled anew. CUDA graphs write each output into the same memory, so it is
    copied before the next step overwrites it. What differs from picture to picture are tensors (`hold_style_scales`,
    `run_controlnet`): torch compiles anew for each Python number. Each size, number of halves and of tokens is a
    variant of its own; `limit` of them are kept of each function. What comes after them runs as if it was off.
    `take_notices` tells that, and what was compiled meanwhile.
    """

    def __init__(self, on: bool, backend: Any = "inductor", limit: int = VARIANTS, *, graphs: bool = True) -> None:
        """`graphs` False compiles without CUDA graphs."""
        self.on, self._backend, self._limit, self._graphs = on, backend, limit, graphs
        self._unets: dict[bool, SplitUNet] = {}  # by `skips`
        self._controlnets: dict[torch.device, Run] = {}  # what runs all ControlNets on a device
        self._missed = False  # something ran uncompiled since it was last asked
        self._seconds = 0.0  # of what was compiled since it was last asked

    def split_unet(self, unet: Any, *, skips: bool) -> SplitUNet:
        """Return the UNet as `denoise` takes it; `skips` as SplitUNet has it."""
        if not self.on:
            return SplitUNet(unet, skips=skips)
        if skips not in self._unets or self._unets[skips].unet is not unet:
            self._unets = {skips: SplitUNet(unet, skips=skips, make_quick=partial(self._compile, device=unet.device))}
        return self._unets[skips]

    def wrap_controlnet(self, controlnet: Any) -> Any:
        """Return a ControlNet as `denoise` takes it; None where it was let go. All of one layout run by one function,
        which keeps none of them in memory.
        """
        if not self.on or controlnet is None:
            return controlnet
        device = controlnet.device
        if device not in self._controlnets:
            self._controlnets[device] = self._compile(call_network, device=device)
        return partial(run_controlnet, partial(self._controlnets[device], controlnet))

    def wrap_controls(self, controls: Sequence[Control]) -> tuple[Control, ...]:
        """Return several ControlNets with their networks as `denoise` takes them."""
        return tuple(replace(each, network=self.wrap_controlnet(each.network)) for each in controls)

    def compile_decoder(self, vae: Any) -> None:
        """Compile an autoencoder's decoder where it is, once; its outputs are read before the next one is made."""
        if self.on and vae.decoder._compiled_call_impl is None:
            run = vae.decoder._call_impl
            vae.decoder._compiled_call_impl = self._watch(self._compile_function(run, vae.device), run)

    def hold_style_scales(self, unet: Any) -> None:
        """Make tensors of the style scales that diffusers has just set on the adapter's layers."""
        if self.on:
            hold_style_scales(unet)

    def take_notices(self) -> tuple[str, ...]:
        """Return notices, in words for the page, where something was compiled or ran uncompiled since the last time."""
        missed, seconds, self._missed, self._seconds = self._missed, self._seconds, False, 0.0
        compiled = (COMPILED.format(seconds=f"{seconds:.1f}"),) if seconds else ()
        return (*compiled, *((UNCOMPILED.format(limit=self._limit),) if missed else ()))

    def _choose_mode(self, device: torch.device) -> str | None:
        """Choose the mode with CUDA graphs where there is CUDA."""
        wanted = self._graphs and self._backend == "inductor" and device.type == "cuda"
        return "reduce-overhead" if wanted else None

    def _compile(self, run: Run, *, device: torch.device) -> Run:
        """Compile a function; outputs of CUDA graphs are copied."""
        watched = self._watch(self._compile_function(run, device), run)
        if not self._choose_mode(device):
            return watched

        def run_graph(*inputs: Any, **named: Any) -> Any:
            torch.compiler.cudagraph_mark_step_begin()  # type: ignore[no-untyped-call]
            return tree_map(lambda each: each.clone(), watched(*inputs, **named))

        return run_graph

    def _compile_function(self, run: Run, device: torch.device) -> Run:
        """Compile a function with a count of its own, so that another engine's variants leave it room."""
        compiled: Run = torch.compile(  # type: ignore[call-overload] # its overloads lack the last two
            run,
            dynamic=False,
            backend=self._backend,
            mode=self._choose_mode(device),
            recompile_limit=self._limit,
            isolate_recompiles=True,
        )
        return compiled

    def _watch(self, compiled: Run, plain: Run) -> Run:
        """Return a compiled function that notes how long it compiled.

        It runs as the plain one, and that is noted, where no more variants are kept.
        """

        def run(*inputs: Any, **named: Any) -> Any:
            graphs, began = count_graphs(), perf_counter()
            try:
                with torch._dynamo.config.patch(
                    fail_on_recompile_limit_hit=True, accumulated_recompile_limit=COMPILATIONS
                ):
                    made = compiled(*inputs, **named)
            except FailOnRecompileLimitHit:
                self._missed = True
                return plain(*inputs, **named)
            if count_graphs() > graphs:
                self._seconds += perf_counter() - began  # with one run, which is short beside it
            return made

        return run


def count_graphs() -> int:
    """Return how many graphs torch has compiled in this process."""
    return int(torch._dynamo.utils.counters["stats"]["unique_graphs"])


def call_network(network: Any, *inputs: Any, **named: Any) -> Any:
    """Call a network; compiled, this serves all networks of one layout."""
    return network(*inputs, **named)


def run_controlnet(run: Run, *inputs: Any, conditioning_scale: float, **named: Any) -> tuple[list[Tensor], Tensor]:
    """Run a compiled ControlNet; its scale, another number in each picture, is multiplied in outside of it."""
    down, middle = run(*inputs, conditioning_scale=1.0, **named)
    return [each * conditioning_scale for each in down], middle * conditioning_scale


class ScaledValues(nn.Module):
    """ScaledValues projects a style's tokens to attention values times a scale that is a tensor: attention is linear in
    its values, so this is the style's strength.
    """

    scale: Tensor

    def __init__(self, projection: nn.Module) -> None:
        super().__init__()
        self.projection = projection
        weight = next(projection.parameters())
        self.register_buffer("scale", torch.ones((), device=weight.device), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the scaled values of tokens (n, t, d)."""
        return self.projection(tokens) * self.scale  # type: ignore[no-any-return]


def hold_style_scales(unet: Any) -> None:
    """Move the numbers that `set_ip_adapter_scale` wrote into tensors, layer by layer, and leave 1 in their place."""
    for processor in unet.attn_processors.values():
        if not hasattr(processor, "to_v_ip"):
            continue
        for number, scale in enumerate(processor.scale):
            projection = processor.to_v_ip[number]
            if not isinstance(projection, ScaledValues):
                processor.to_v_ip[number] = projection = ScaledValues(projection)
            projection.scale.fill_(scale)
        processor.scale = [1.0] * len(processor.scale)


def make_blank_request(profile: ModelProfile) -> GenerationRequest:
    """Make a request for an empty picture of the profile's size and defaults, in four steps."""
    sampling, conditioning = group_settings(
        {**profile.defaults, "num_inference_steps": 4, "seed": 0, "variation_seed": 0}
    )
    width, height = profile.size
    edges = EdgeMap(np.zeros((height, width), np.uint8), "lines")
    nothing = StyleMix.of(Style("none", "None", (), "{prompt}", "", "", "", Path()))
    empty = Prompt("")
    return GenerationRequest(
        profile.name, empty, empty, edges, nothing, width, height, sampling=sampling, conditioning=conditioning
    )
