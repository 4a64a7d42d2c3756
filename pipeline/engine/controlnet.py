"""What ControlNet adds to the UNet at each step, and what of it may be left out or used again."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from pipeline.values import Levers

Outputs = list[Tensor]  # the down blocks' residuals and the middle one's last, each (n or 2n, c, h, w)


class Residuals:
    """Those of one picture or batch. ControlNet runs where its interval holds, and there as often as `levers` say."""

    def __init__(self, controlnet: Any, hint: Tensor | None, conditioning_scale: float, levers: Levers) -> None:
        self._controlnet, self._hint, self._scale, self._levers = controlnet, hint, conditioning_scale, levers
        self._kept: Outputs = []
        self._uses = 0  # steps that the kept ones have served

    def at(self, step: int, of: int, sample: Tensor, time: Tensor, prompt_embeds: Tensor) -> dict[str, Any]:
        """What to hand the UNet at a step, for the noisy latents (n, c, h, w) and the prompt of 1 or 2 halves.

        Nothing outside of the interval, and at scale 0, where ControlNet would add zeros.
        """
        levers = self._levers
        holds = within(step, of, levers.control_guidance_start, levers.control_guidance_end)
        if self._hint is None or self._scale == 0 or not holds:
            return {}
        halves = len(prompt_embeds)
        if not self._serves(halves * len(sample)):
            half = halves if levers.controlnet_half == "both" else 1
            self._kept, self._uses = self._run(sample, time, prompt_embeds[-half:]), 0
        self._uses += 1
        *down, middle = (self._fit(kept, len(sample), halves) for kept in self._kept)
        return {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}

    def _serves(self, rows: int) -> bool:
        """Whether the kept ones may be used once more. Guidance that begins midway asks for a half they lack."""
        enough = bool(self._kept) and (self._levers.controlnet_half != "both" or len(self._kept[-1]) >= rows)
        return enough and self._uses < self._levers.controlnet_every

    def _run(self, sample: Tensor, time: Tensor, prompt_embeds: Tensor) -> Outputs:
        count, halves = len(sample), len(prompt_embeds)
        assert self._hint is not None  # noqa: S101 - `at` saw to it
        down, middle = self._controlnet(
            torch.cat([sample] * halves),
            time,
            encoder_hidden_states=spread(prompt_embeds, count),
            controlnet_cond=self._hint.expand(count * halves, -1, -1, -1),
            conditioning_scale=self._scale,
            return_dict=False,
        )
        return [*down, middle]

    def _fit(self, kept: Tensor, count: int, halves: int) -> Tensor:
        """`kept` as the UNet's batch needs it: cut when guidance ended since, doubled when one half was read."""
        if len(kept) == count * halves:
            return kept
        if len(kept) > count * halves:
            return kept[-count:]
        first = kept if self._levers.controlnet_half == "shared" else torch.zeros_like(kept)
        return torch.cat([first, kept])


def within(step: int, of: int, start: float, end: float) -> bool:
    """Whether the whole of a step (from 0) lies in [start, end], shares of all steps; diffusers' rule."""
    return step / of >= start and (step + 1) / of <= end


def spread(embeds: Tensor, count: int) -> Tensor:
    """(B, n, d) -> (B * count, n, d): each half for every picture of a batch, the halves kept apart."""
    return embeds if count == 1 else embeds.repeat_interleave(count, dim=0)
