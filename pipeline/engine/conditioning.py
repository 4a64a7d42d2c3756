"""From a request to what the networks are given: its words, its style, its lines."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from pipeline.engine.denoise import Conditions
from pipeline.engine.placement import Placement
from pipeline.engine.prompt_encoder import PromptEncoder
from pipeline.engine.style_embeddings import StyleEmbeddings
from pipeline.prompt_syntax import Prompt
from pipeline.request.presets import Menu, scaled
from pipeline.timing import Clock
from pipeline.values import GenerationRequest


class Conditioning:
    """One engine's encoders, where its placement draws."""

    def __init__(
        self, pipeline: Any, menu: Menu, placement: Placement, styles: StyleEmbeddings, hint_stack: nn.Module
    ) -> None:
        self._pipeline, self._menu, self._placement = pipeline, menu, placement
        self._embed_style, self.hint_stack = styles, hint_stack
        self.forget()

    def forget(self) -> None:
        """What was computed on another device."""
        self.encode_prompt = PromptEncoder(self._pipeline.tokenizer, self._pipeline.text_encoder)

    def notice(self, prompt: Prompt) -> str | None:
        """What to tell the person when the model cannot read all of `prompt` (as styled); None when it can."""
        return self.encode_prompt.notice(prompt)

    def conditions(self, request: GenerationRequest, clock: Clock) -> Conditions:
        guided = request.guidance_scale > 1
        prompts = self.prompts(request, guided)
        clock.mark("words")
        blocks = self._menu.style_focus[request.style_focus]
        self._pipeline.set_ip_adapter_scale(scaled(1.0 if blocks is None else blocks, request.ip_adapter_scale))
        styles = self._styles(request, guided)
        clock.mark("style")
        hint = self.hint(request)
        clock.mark("lines")
        return Conditions(prompts, styles, hint, request.guidance_scale, request.controlnet_conditioning_scale)

    def blank(self, request: GenerationRequest) -> Conditions:
        """With guidance and a style that is none, for warming up."""
        self._pipeline.set_ip_adapter_scale(request.ip_adapter_scale)
        styles = self._there(torch.zeros(2, 1, style_width(self._pipeline.unet)))
        return Conditions(self.prompts(request, guided=True), styles, self.hint(request), 2.0, 1.0)

    def prompts(self, request: GenerationRequest, guided: bool) -> Tensor:
        """(B, n, d)"""
        if not guided:
            return self._there(self.encode_prompt(request.styled_prompt))
        return self._there(self.encode_prompt.pair(request.negative_prompt, request.styled_prompt))

    def hint(self, request: GenerationRequest) -> Tensor | None:
        """(1, c, h, w), what ControlNet's hint stack makes of the lines; None at scale 0."""
        if request.controlnet_conditioning_scale == 0:
            return None
        lines = self._there(torch.from_numpy(request.edges.pixels.copy())) / 255
        return self.hint_stack(lines.expand(1, 3, -1, -1))  # type: ignore[no-any-return]

    def _styles(self, request: GenerationRequest, guided: bool) -> Tensor:
        """(B, 1, d); zeros at scale 0, where no style is read and a big encoder need not be loaded."""
        if request.ip_adapter_scale == 0:
            embeds = torch.zeros(1, style_width(self._pipeline.unet))
        else:
            embeds = self._embed_style.mix_styles(request.styles)
        embeds = self._there(embeds[:, None])
        return torch.cat([torch.zeros_like(embeds), embeds]) if guided else embeds

    def _there(self, values: Tensor) -> Tensor:
        return values.to(self._placement.device, self._placement.dtype)


def style_width(unet: Any) -> int:
    """Numbers in the image embedding that the adapter takes."""
    return int(unet.encoder_hid_proj.image_projection_layers[0].image_embeds.in_features)
