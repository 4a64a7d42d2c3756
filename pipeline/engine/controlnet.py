"""Compute what ControlNet adds to the UNet at each step, and leave out or reuse what may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from pipeline.controls import Shortcuts

Outputs = list[Tensor]  # the down blocks' residuals and the middle one's last, each (n or 2n, c, h, w)


@dataclass(frozen=True, eq=False)
class Control:
    """Control is one ControlNet, what it sees, and how it steers."""

    network: Any  # its hint stack taken out
    hint: Tensor  # (1, channels, h, w): what went through its hint stack
    controlnet_conditioning_scale: float
    control_guidance_start: float  # share of the steps
    control_guidance_end: float  # share of the steps


class Residuals:
    """Residuals computes ControlNet's additions for one picture or batch. ControlNet runs inside its interval, as often
    as the shortcuts say.
    """

    def __init__(self, controlnet: Any, hint: Tensor | None, conditioning_scale: float, shortcuts: Shortcuts) -> None:
        self._controlnet, self._hint, self._scale, self._shortcuts = controlnet, hint, conditioning_scale, shortcuts
        self._kept: Outputs = []
        self._uses = 0  # steps that the kept ones have served

    def compute(self, step: int, total: int, sample: Tensor, time: Tensor, prompt_embeds: Tensor) -> dict[str, Any]:
        """Return the UNet's residual arguments at a step (from 0), for noisy latents (n, c, h, w) and a prompt of 1 or
        2 halves.

        Nothing outside of the interval, and nothing at scale 0, where ControlNet would add zeros.
        """
        shortcuts = self._shortcuts
        holds = is_within_interval(step, total, shortcuts.control_guidance_start, shortcuts.control_guidance_end)
        if self._hint is None or self._scale == 0 or not holds:
            return {}
        halves = len(prompt_embeds)
        if not self._can_be_reused(halves * len(sample)):
            half = halves if shortcuts.controlnet_half == "both" else 1
            self._kept, self._uses = self._run_controlnet(sample, time, prompt_embeds[-half:]), 0
        self._uses += 1
        *down, middle = (self._fit_batch(kept, len(sample), halves) for kept in self._kept)
        return {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}

    def forget(self) -> None:
        """Let go of the kept residuals, where the next step computes its own anyway."""
        if self._shortcuts.controlnet_every == 1:
            self._kept = []

    def _can_be_reused(self, rows: int) -> bool:
        """Return whether the kept residuals serve one step more. Guidance that begins midway asks for a half that they
        lack.
        """
        enough = bool(self._kept) and (self._shortcuts.controlnet_half != "both" or len(self._kept[-1]) >= rows)
        return enough and self._uses < self._shortcuts.controlnet_every

    def _run_controlnet(self, sample: Tensor, time: Tensor, prompt_embeds: Tensor) -> Outputs:
        """Run ControlNet on the given halves of the prompt; return all its outputs."""
        count, halves = len(sample), len(prompt_embeds)
        assert self._hint is not None  # noqa: S101 - `at` saw to it
        down, middle = self._controlnet(
            torch.cat([sample] * halves),
            time,
            encoder_hidden_states=repeat_for_batch(prompt_embeds, count),
            controlnet_cond=self._hint.expand(count * halves, -1, -1, -1),
            conditioning_scale=self._scale,
            return_dict=False,
        )
        return [*down, middle]

    def _fit_batch(self, kept: Tensor, count: int, halves: int) -> Tensor:
        """Fit kept residuals to the UNet's batch: cut when guidance has ended since, doubled when only one half was
        computed.
        """
        if len(kept) == count * halves:
            return kept
        if len(kept) > count * halves:
            return kept[-count:]
        first = kept if self._shortcuts.controlnet_half == "shared" else torch.zeros_like(kept)
        return torch.cat([first, kept])


class SummedResiduals:
    """SummedResiduals adds up what several ControlNets compute, as diffusers' MultiControlNetModel does.

    Each has its own scale and interval; what the shortcuts say of halves and reuse holds for all of them.
    """

    def __init__(self, controls: Sequence[Control], shortcuts: Shortcuts) -> None:
        self._each = [
            Residuals(
                control.network,
                control.hint,
                control.controlnet_conditioning_scale,
                replace(
                    shortcuts,
                    control_guidance_start=control.control_guidance_start,
                    control_guidance_end=control.control_guidance_end,
                ),
            )
            for control in controls
        ]

    def compute(self, step: int, total: int, sample: Tensor, time: Tensor, prompt_embeds: Tensor) -> dict[str, Any]:
        """Return the UNet's residual arguments at a step, as Residuals.compute does; nothing where none runs."""
        summed: dict[str, Any] = {}
        for residuals in self._each:
            given = residuals.compute(step, total, sample, time, prompt_embeds)
            residuals.forget()
            summed = add_residuals(summed, given) if summed and given else summed or given
        return summed

    def forget(self) -> None:
        """Let go of the kept residuals of all of them, where the next step computes its own anyway."""
        for residuals in self._each:
            residuals.forget()


def add_residuals(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Add up two networks' residual arguments."""
    down, middle = "down_block_additional_residuals", "mid_block_additional_residual"
    return {down: [a + b for a, b in zip(one[down], other[down], strict=True)], middle: one[middle] + other[middle]}


def is_within_interval(step: int, total: int, start: float, end: float) -> bool:
    """Return whether all of a step (from 0) lies in [start, end], shares of all steps, as diffusers decides it."""
    return step / total >= start and (step + 1) / total <= end


def repeat_for_batch(embeds: Tensor, count: int) -> Tensor:
    """Repeat embeddings (B, n, d) for each picture of a batch: (B * count, n, d), the halves kept apart."""
    return embeds if count == 1 else embeds.repeat_interleave(count, dim=0)
