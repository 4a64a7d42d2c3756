"""Draw in the modes that tests/benchmarks/denoise.py compares: plain diffusers, and our engine lever by lever."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from pipeline.controls import Shortcuts
from pipeline.engine.acceleration import Compiler, find_xformers_problem
from pipeline.engine.packed_convolutions import PackedConvolutions, has_packed_convolutions
from pipeline.engine.placement import Size
from pipeline.engine.prompt_encoder import PromptEncoder
from pipeline.engine.weight_modes import allow_weight_changes, is_channels_last_faster
from pipeline.request.presets import Preset, get_menu
from pipeline.timing import Clock
from pipeline.values import GenerationRequest
from tests.benchmarks.network_passes import SHALLOW, NetworkPass, count_passes, strip_layout
from tests.tools.diffusers_reference import draw_by_diffusers
from tests.tools.full_size_modules import make_step_inputs, run_controlnet, run_shallow_layers, run_unet
from tests.tools.preset_distance import set_steps

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine

PLAIN, OFF = "plain", "off"
OTHER_LEVERS = {  # that no preset pulls
    "guidance_end=0.5": Shortcuts(guidance_end=0.5),
    "controlnet_half=shared": Shortcuts(controlnet_half="shared"),
    "controlnet_every=2": Shortcuts(controlnet_every=2),
}


@dataclass(frozen=True)
class DrawingMode:
    """This is one way for our engine to draw; by default all that the engine does by itself is switched off too."""

    preset: Preset  # the lever or levers; its name is the row's
    keeps_prompt: bool = False  # the prompt was read for an earlier picture
    channels_last: bool = False  # in the modules that the engine lays out so on this device
    unet_channels_last: bool = False  # they are UNet and ControlNet as well
    packed: bool = False  # their large convolutions in the processor's own order
    attention: str = "sdpa"
    compiled: bool = False
    graphs: bool = True  # CUDA graphs, where it is compiled and there is CUDA

    @property
    def name(self) -> str:
        return self.preset.name

    @property
    def is_exact(self) -> bool:
        """Tell whether its picture is plain's."""
        return self.preset.shortcuts == Shortcuts() and set(self.preset.numbers) <= {"num_inference_steps"}

    def count_passes(self, request: GenerationRequest) -> Counter[NetworkPass]:
        """Count the passes through each network, for the request as this mode draws it."""
        counted: Counter[NetworkPass] = Counter()
        for (network, rows), times in count_passes(
            request.shortcuts, request.sampling.num_inference_steps, request.sampling.guidance_scale
        ).items():
            counted[NetworkPass(self.name_network(network), rows)] = times
        counted[NetworkPass("hint", 1)] = 1
        counted[NetworkPass("words", 1)] = 0 if self.keeps_prompt else 1 + (request.sampling.guidance_scale > 1)
        counted[NetworkPass(self.decoder, 1)] = 1
        return counted

    @property
    def decoder(self) -> str:
        if self.preset.shortcuts.decoder == "small":
            return "small decoder"
        return "decoder, channels last" if self.channels_last else "decoder"

    def name_network(self, network: str) -> str:
        """Return the name of UNet or ControlNet with its layout: another layout, another price."""
        last = ", channels last" if self.channels_last and self.unet_channels_last else ""
        return f"{network}{last}{', packed' if self.packed else ''}"


def list_modes(steps: int, device: torch.device, dtype: torch.dtype, compiled: bool) -> list[DrawingMode]:
    """List every lever off, each alone, and the presets; what has few-step weights fused in stands together."""
    draft, balanced, best = get_menu("sd15").presets
    unet_channels_last = is_channels_last_faster(device, dtype)
    off = DrawingMode(set_steps(Preset(OFF, "", "", {}), steps))
    own = int(draft.numbers["num_inference_steps"])
    found = [
        off,
        *list_single_levers(off, (balanced, draft)),
        replace(off, preset=rename_preset(off, "words_kept"), keeps_prompt=True),
        replace(
            off, preset=rename_preset(off, "channels_last"), channels_last=True, unet_channels_last=unet_channels_last
        ),
    ]
    if device.type == "cpu" and has_packed_convolutions():
        found.append(replace(off, preset=rename_preset(off, "packed"), packed=True))
    if find_xformers_problem(device, dtype) is None:
        found.append(replace(off, preset=rename_preset(off, "xformers"), attention="xformers"))
    shipped = [make_shipped_mode(set_steps(preset, steps), unet_channels_last) for preset in (balanced, best)]
    if compiled:
        found.append(replace(off, preset=rename_preset(off, "compiled"), compiled=True))
        bare = rename_preset(off, "compiled_without_graphs")
        found.append(replace(off, preset=bare, compiled=True, graphs=False))
        shipped.append(replace(shipped[0], preset=rename_preset(shipped[0], "balanced_compiled"), compiled=True))
    return [
        *found,
        *shipped,
        make_few_steps_mode(off, draft),
        make_shipped_mode(set_steps(draft, min(own, steps)), unet_channels_last),
    ]


def make_shipped_mode(preset: Preset, unet_channels_last: bool) -> DrawingMode:
    """Return the mode that the app draws in; on a processor it packs, elsewhere `pack_convolutions` does nothing."""
    return DrawingMode(
        preset, keeps_prompt=True, channels_last=True, unet_channels_last=unet_channels_last, packed=True
    )


def rename_preset(mode: DrawingMode, name: str) -> Preset:
    return replace(mode.preset, name=name)


def list_single_levers(off: DrawingMode, presets: tuple[Preset, ...]) -> Iterator[DrawingMode]:
    """Yield each lever that one of the presets pulls, alone, as far as it is pulled there, and OTHER_LEVERS."""
    pulled = OTHER_LEVERS | {
        f"{each.name}={value}": Shortcuts(**{each.name: value})
        for preset in presets
        for each in fields(Shortcuts)
        if (value := getattr(preset.shortcuts, each.name)) != each.default and each.name != "few_steps"
    }
    for name, levers in pulled.items():
        yield replace(off, preset=replace(off.preset, name=name, shortcuts=levers))


def make_few_steps_mode(off: DrawingMode, draft: Preset) -> DrawingMode:
    """Return the mode of few-step weights alone, which are there to go without guidance."""
    numbers = {**off.preset.numbers, "guidance_scale": draft.numbers["guidance_scale"]}
    weights = draft.shortcuts.few_steps
    return DrawingMode(Preset(f"few_steps={weights}", "", "", numbers, draft.sampler, Shortcuts(few_steps=weights)))


class PlainDiffusers:
    """This is diffusers' StableDiffusionControlNetPipeline with its IP-Adapter, as it comes: one of its own over the
    very modules of our engine, with all that we do to them undone, so that two number formats fit into memory
    together."""

    def __init__(self, ours: OurEngine, style: torch.Tensor) -> None:
        engine = ours.engine
        self._ours, self._style = ours, style.to(engine.device, engine.dtype)
        self._pipeline = type(engine._pipeline)(**engine._pipeline.components, requires_safety_checker=False)
        self._pipeline.set_progress_bar_config(disable=True)

    @property
    def networks(self) -> dict[str, nn.Module]:
        return {
            "unet": self._pipeline.unet,
            "controlnet and hint": self._pipeline.controlnet,
            "words": self._pipeline.text_encoder,
            "decoder": self._pipeline.vae.decoder,
        }

    def prepare(self, request: GenerationRequest) -> None:
        self._ours.prepare(DrawingMode(Preset(OFF, "", "", {})), request)

    def draw(self, request: GenerationRequest) -> np.ndarray:
        controlnet, engine = self._pipeline.controlnet, self._ours.engine
        taken = controlnet.controlnet_cond_embedding
        controlnet.controlnet_cond_embedding = engine._conditioning.hint_stack
        try:
            return draw_by_diffusers(self._pipeline, engine.profile, request, self._style)
        finally:
            controlnet.controlnet_cond_embedding = taken


class OurEngine:
    """This puts our engine into one mode after the other."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self._pipeline = engine, engine._pipeline
        modules = (self._pipeline.unet, self._pipeline.controlnet, self._pipeline.vae, engine._conditioning.hint_stack)
        self._laid_out = [module for module in modules if is_channels_last(module)]
        kinds = ((False, True), (True, True), (True, False))
        self._compilers = {(on, graphs): Compiler(on, graphs=graphs) for on, graphs in kinds}
        self._attention = "sdpa"

    def networks(self, mode: DrawingMode) -> dict[str, nn.Module]:
        return {
            mode.name_network("unet"): self._pipeline.unet,
            mode.name_network("controlnet"): self._pipeline.controlnet,
            "hint": self.engine._conditioning.hint_stack,
            "words": self._pipeline.text_encoder,
            mode.decoder: self.engine._decoding.choose_vae(mode.preset.shortcuts.decoder).decoder,
        }

    @torch.inference_mode()
    def prepare(self, mode: DrawingMode, request: GenerationRequest) -> None:
        """Do all that lasts longer than one picture; what it takes belongs to no picture."""
        self.engine._loras.use(request, Clock(self.engine.device))
        self.lay_out(mode)
        self._set_attention(mode.attention)
        self.engine._denoiser.compiler = compiler = self._compilers[mode.compiled, mode.graphs]
        self.engine._conditioning._hold_style_scales = compiler.hold_style_scales
        self.engine._conditioning.clear()
        if mode.keeps_prompt:
            self.engine._conditioning.encode_prompts(request, request.sampling.guidance_scale > 1)

    def draw(self, request: GenerationRequest) -> np.ndarray:
        return np.asarray(self.engine.draw(request).images[0])

    def lay_out(self, mode: DrawingMode) -> None:
        """Lay the weights out in memory as the mode wants it."""
        placement = self.engine._placement
        placement.packed.unpack()
        with allow_weight_changes():
            for module in self._laid_out:
                module.to(memory_format=torch.channels_last if mode.channels_last else torch.contiguous_format)
        placement.packed = PackedConvolutions() if mode.packed else PackedConvolutions(sys.maxsize)
        size = Size(*self.engine.profile.size)
        placement.pack_convolutions((self._pipeline.unet, self._pipeline.controlnet), size)

    @torch.inference_mode()
    def run_pass(self, call: NetworkPass, request: GenerationRequest) -> None:
        """Run one pass through one network, by itself, over a request's size."""
        engine, kind = self.engine, strip_layout(call.network)
        inputs = make_step_inputs(self._pipeline, request.width, request.height, call.rows, engine.device, engine.dtype)
        if kind == SHALLOW:
            run_shallow_layers(self._pipeline.unet, inputs.take_rows(call.rows))
        elif kind == "unet":
            run_unet(self._pipeline, inputs.take_rows(call.rows))
        elif kind == "controlnet":
            run_controlnet(self._pipeline, inputs.take_rows(call.rows))
        elif kind == "hint":
            engine._conditioning.embed_hint(request)
        elif kind == "words":
            PromptEncoder(self._pipeline.tokenizer, self._pipeline.text_encoder)(request.prompt)
        else:
            engine._decoding.decode_pictures(inputs.latents[:1], request.shortcuts.decoder)

    def _set_attention(self, attention: str) -> None:
        if attention != self._attention:
            turn = ("enable" if attention == "xformers" else "disable") + "_xformers_memory_efficient_attention"
            getattr(self._pipeline, turn)()
            self._attention = attention


def is_channels_last(module: nn.Module) -> bool:
    """Tell the layout by the largest convolution; where every kernel is 1 x 1 both layouts are the same."""
    weights = [weight for weight in module.parameters() if weight.ndim == 4 and weight.shape[-1] > 1]
    return bool(weights) and not max(weights, key=torch.numel).is_contiguous()
