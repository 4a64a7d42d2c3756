"""Encode a request for the networks: its words, its style, its lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.engine.controlnet import Control
from pipeline.engine.controlnets import ControlNets, list_steering_hints
from pipeline.engine.denoise import Conditions
from pipeline.engine.placement import Placement
from pipeline.engine.prompt_encoder import PromptEncoder
from pipeline.engine.shallow_text_encoder import ShallowTextEncoder
from pipeline.engine.style_adapters import StyleAdapters
from pipeline.engine.style_masks import StyleShares, share_styles
from pipeline.engine.textual_inversions import TextualInversions
from pipeline.errors import look_for_cancel
from pipeline.hints import HINT_LIMITS
from pipeline.prompt_syntax import Prompt
from pipeline.request.presets import Menu, scale_blocks
from pipeline.timing import Clock
from pipeline.values import GenerationRequest


class RequestEncoder:
    """RequestEncoder encodes what steers a picture, on the device where its placement draws."""

    def __init__(
        self,
        pipeline: Any,
        menu: Menu,
        placement: Placement,
        adapters: StyleAdapters,
        hint_stack: nn.Module,
        *,
        controlnets: ControlNets,
        hold_style_scales: Callable[[Any], None] = lambda unet: None,
    ) -> None:
        """Take the networks; `hold_style_scales` is called with the UNet after its style scales were set."""
        self._pipeline, self._menu, self._placement = pipeline, menu, placement
        self._adapters, self.hint_stack, self._hold_style_scales = adapters, hint_stack, hold_style_scales
        self._controlnets, self._inversions = controlnets, TextualInversions(pipeline)
        self.clear()

    def clear(self) -> None:
        """Forget what was computed on another device."""
        self.encode_prompt = PromptEncoder(self._pipeline.tokenizer, self._pipeline.text_encoder)
        self._shallow: tuple[int, PromptEncoder] | None = None  # layers left out, and what reads without them

    def _choose_prompt_encoder(self, clip_skip: int) -> PromptEncoder:
        """Return what reads words without the last `clip_skip` layers."""
        if clip_skip == 0:
            return self.encode_prompt
        if self._shallow is None or self._shallow[0] != clip_skip:
            shallow = ShallowTextEncoder(self._pipeline.text_encoder, clip_skip)
            self._shallow = clip_skip, PromptEncoder(self._pipeline.tokenizer, shallow)
        return self._shallow[1]

    def list_unread_words(self, request: GenerationRequest) -> tuple[str, ...]:
        """Return a notice, in words for the page, for each prompt of the request that is not read to its end."""
        negative, prompt = self._read_prompts(request)
        if request.negative_prompt.text == self._menu.negative_prompt:  # nobody wrote it: no news where it is not read
            negative = Prompt("")
        unread = self.encode_prompt.describe_unread(negative, request.sampling.guidance_scale)
        told = (self.encode_prompt.describe_cut(prompt), unread)
        return tuple(filter(None, (self._inversions.name_again(each, request.embeddings) for each in told)))

    def _read_prompts(self, request: GenerationRequest) -> tuple[Prompt, Prompt]:
        """Return the negative prompt and the styled one, with textual inversions in the places of their names."""
        negative, prompt = request.negative_prompt, request.styled_prompt
        if not request.embeddings:
            return negative, prompt
        return tuple(self._inversions.put_into(each, request.embeddings) for each in (negative, prompt))  # type: ignore[return-value]

    def make_conditions(self, request: GenerationRequest, clock: Clock) -> Conditions:
        """Encode all of a request; `clock` gets the stages "words", "style" and "lines"."""
        guided = request.sampling.guidance_scale > 1
        prompts = self.encode_prompts(request, guided)
        clock.mark("words")
        look_for_cancel()
        wanted = request.conditioning
        blocks = self._menu.style_focus[wanted.style_focus]
        self._set_style_scales(scale_blocks(1.0 if blocks is None else blocks, wanted.ip_adapter_scale))
        styles = self._move_to_device(self._adapters.embed(request, guided))
        clock.mark("style")
        look_for_cancel()
        controls = self.embed_hints(request)
        hint = None if request.hints else self.embed_hint(request)
        clock.mark("lines")
        scale = wanted.controlnet_conditioning_scale
        shares = self._share_styles(request)
        return Conditions(prompts, styles, hint, request.sampling.guidance_scale, scale, controls, shares=shares)

    def make_blank_conditions(self, request: GenerationRequest) -> Conditions:
        """Encode a request with guidance and a style that is none, to compile the networks with."""
        self._set_style_scales(request.conditioning.ip_adapter_scale)
        styles = self._move_to_device(self._adapters.make_zeros(2))
        return Conditions(self.encode_prompts(request, guided=True), styles, self.embed_hint(request), 2.0, 1.0)

    def _share_styles(self, request: GenerationRequest) -> StyleShares | None:
        """Return how much each style is worn at each place, on the device; None where one is, everywhere."""
        levels = len(self._pipeline.unet.config.block_out_channels)
        return share_styles(request, self._pipeline.vae_scale_factor, levels, self._placement.device)

    def _set_style_scales(self, scales: Any) -> None:
        self._pipeline.set_ip_adapter_scale(scales)
        self._hold_style_scales(self._pipeline.unet)

    def encode_prompts(self, request: GenerationRequest, guided: bool) -> Tensor:
        """Encode the words as (B, n, d): with guidance B is 2, the negative prompt first."""
        negative, prompt = self._read_prompts(request)
        reader = self._choose_prompt_encoder(request.conditioning.clip_skip)
        if not guided:
            return self._move_to_device(reader(prompt))
        return self._move_to_device(self.encode_prompt.encode_pair(negative, prompt, reader))  # as diffusers skips

    def embed_hint(self, request: GenerationRequest) -> Tensor | None:
        """Run ControlNet's hint stack on the lines, (1, c, h, w); None at scale 0, where no lines are read."""
        if request.conditioning.controlnet_conditioning_scale == 0:
            return None
        self._controlnets.provide_main(request)
        lines = self._move_to_device(torch.from_numpy(request.edges.pixels.copy())) / 255
        return self.hint_stack(lines.expand(1, 3, -1, -1))  # type: ignore[no-any-return]

    def embed_hints(self, request: GenerationRequest) -> tuple[Control, ...]:
        """Run each hint through its ControlNet's hint stack; the ControlNets are read here where they are not yet."""
        hints, networks = list_steering_hints(request), self._controlnets.provide(request)
        controls = []
        for each in hints:
            network, stack = networks[each.controlnet]
            pixels = self._move_to_device(torch.from_numpy(each.pixels.copy())).permute(2, 0, 1)[None] / 255
            numbers = (getattr(each.settings, name) for name in HINT_LIMITS)
            controls.append(Control(network, stack(pixels), *numbers))
        return tuple(controls)

    def _move_to_device(self, values: Tensor) -> Tensor:
        """Move values to the device and into the number format that pictures are drawn in."""
        return values.to(self._placement.device, self._placement.dtype)
