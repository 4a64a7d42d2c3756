"""Denoise latents with our own loop over diffusers' modules and schedulers.

With equal settings it gives what `StableDiffusionControlNetPipeline` gives (tests/engine/test_denoise.py compares
them), and it leaves out what cannot change the picture: the unconditional half without guidance, the ControlNet at
scale 0 or outside of its interval, its hint stack after the first time. `Shortcuts` leave out more, at a price.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from pipeline.controls import Shortcuts
from pipeline.engine.controlnet import Control, Residuals, SummedResiduals, is_within_interval, repeat_for_batch
from pipeline.engine.deep_features import DeepFeatures
from pipeline.engine.style_masks import StyleShares
from pipeline.engine.tiles import average_windows, cut_controls, cut_window
from pipeline.errors import IsCancelled, raise_if_cancelled
from pipeline.machine.tiles import Window

if TYPE_CHECKING:
    from pipeline.engine.starting import KeptLatents

AnyResiduals = Residuals | SummedResiduals
RANKS = {"prompt_embeds": (3,), "image_embeds": (3, 4)}
OnStep = Callable[[int, int, Tensor], None]  # step (1-based, just finished), of, estimate of the clean latents


@dataclass(frozen=True, eq=False)
class Conditions:
    """Conditions steer each step: B is 2 with guidance, the unconditional half first, and 1 without. Raises ValueError
    for embeddings of another batch size or rank.
    """

    prompt_embeds: Tensor  # (B, tokens, width)
    image_embeds: Tensor  # (B, n, d), zeros in the unconditional half; or hidden states (B, n, patches, d)
    hint: Tensor | None  # (1, channels, h, w): the edges after ControlNet's hint stack; None draws without edges
    guidance_scale: float
    controlnet_conditioning_scale: float
    controls: tuple[Control, ...] = ()  # these ControlNets in place of the one that sees `hint`
    more_channels: Tensor | None = None  # (1, m, h, w) beside the latents, where the UNet takes them
    shares: StyleShares | None = None  # where each of the n styles is worn; None: the one style is, everywhere

    def __post_init__(self) -> None:
        halves = 2 if self.guided else 1
        for name, tensor in (("prompt_embeds", self.prompt_embeds), ("image_embeds", self.image_embeds)):
            if tensor.ndim not in RANKS[name] or tensor.shape[0] != halves:
                raise ValueError(f"{name} has shape {tuple(tensor.shape)}; expected ({halves}, n, d).")

    @property
    def guided(self) -> bool:
        """Return whether guidance is on: diffusers' rule, a guidance scale above 1."""
        return self.guidance_scale > 1

    @property
    def halves(self) -> int:
        """Return how many halves each embedding has: 2 with guidance, 1 without."""
        return 2 if self.guided else 1

    def take_conditional_half(self) -> Conditions:
        """Return the conditional half alone, without guidance. Every embedding is cut: one left whole would be read as
        more tokens.
        """
        return replace(
            self, prompt_embeds=self.prompt_embeds[-1:], image_embeds=self.image_embeds[-1:], guidance_scale=1.0
        )

    def cut(self, window: Window) -> Conditions:
        """Return what steers a window of the picture; words and style are the whole picture's."""
        more = self.more_channels
        return replace(
            self,
            hint=None if self.hint is None else cut_window(self.hint, window),
            controls=cut_controls(self.controls, window),
            more_channels=None if more is None else cut_window(more, window),
            shares=self.shares and self.shares.cut(window),
        )


@dataclass(frozen=True, eq=False)
class Part:
    """Part holds what predicts one window of a picture, or all of it, from step to step."""

    features: DeepFeatures
    residuals: AnyResiduals
    conditions: Conditions


def denoise(
    unet: Any,
    controlnet: Any,
    scheduler: Any,
    latents: Tensor,
    conditions: Conditions,
    *,
    shortcuts: Shortcuts | None = None,
    generators: Sequence[torch.Generator] = (),
    on_step: OnStep | None = None,
    is_cancelled: IsCancelled | None = None,
    first: int = 0,
    kept: KeptLatents | None = None,
    windows: Sequence[Window] = (),
) -> Tensor:
    """Denoise latents (n, c, h, w) over the scheduler's timesteps, which are set already, and return the clean ones.

    The latents are as noisy as the timestep number `first` takes them; `kept` is laid in after each step. Each step is
    predicted in `windows`, in latent cells, where there are several.

    `unet` is a deep_features.SplitUNet. `controlnet` takes an embedded hint: its own hint stack was detached
    (diffusers_pipeline.detach_hint_stack).
    `generators` holds one for each of the n pictures, for samplers that add noise as they go.

    Raises Cancelled before the step, or the window of one, that follows `is_cancelled()` turning true.
    """
    shortcuts, timesteps = shortcuts or Shortcuts(), scheduler.timesteps[first:]
    total = len(timesteps)
    parts = make_parts(unet, controlnet, conditions, shortcuts, windows)
    more = make_step_arguments(scheduler, generators)
    on_host = timesteps.cpu() if on_step else ()  # once: asking the device at each step would hold it up
    for step, time in enumerate(timesteps):
        raise_if_cancelled(is_cancelled)
        sample = scheduler.scale_model_input(latents, time)
        guided = is_within_interval(step, total, shortcuts.guidance_start, shortcuts.guidance_end)
        predict = partial(predict_part, parts, guided, step, total, time, is_cancelled)
        prediction = average_windows(sample, windows, predict) if len(parts) > 1 else predict(0, sample)
        clean = estimate_clean_latents(scheduler, prediction, on_host[step], sample) if on_step else None
        latents = scheduler.step(prediction, time, latents, return_dict=False, **more)[0]
        latents = latents if kept is None else kept.lay(scheduler, latents, step, timesteps)
        if on_step and clean is not None:
            on_step(step + 1, total, clean)
    raise_if_cancelled(is_cancelled)
    return latents


def make_parts(
    unet: Any, controlnet: Any, conditions: Conditions, shortcuts: Shortcuts, windows: Sequence[Window]
) -> list[Part]:
    """Make what predicts each window; one for the whole picture where there are not several."""
    cut = [conditions.cut(window) for window in windows] if len(windows) > 1 else [conditions]
    return [
        Part(DeepFeatures(unet, shortcuts.cache_interval), make_residuals(controlnet, each, shortcuts), each)
        for each in cut
    ]


def predict_part(
    parts: Sequence[Part],
    guided: bool,
    step: int,
    total: int,
    time: Tensor,
    is_cancelled: IsCancelled | None,
    number: int,
    sample: Tensor,
) -> Tensor:
    """Predict the window of that number. Raises Cancelled before it."""
    raise_if_cancelled(is_cancelled)
    part = parts[number]
    conditions = part.conditions if guided else part.conditions.take_conditional_half()
    predicted = predict_with_guidance(part.features, part.residuals, sample, step, total, time, conditions)
    if len(parts) > 1:  # what one window keeps would lie beside all others'
        part.residuals.forget()
    return predicted


def make_residuals(controlnet: Any, conditions: Conditions, shortcuts: Shortcuts) -> AnyResiduals:
    """Make what computes the ControlNets' part of each step."""
    if conditions.controls:
        return SummedResiduals(conditions.controls, shortcuts)
    return Residuals(controlnet, conditions.hint, conditions.controlnet_conditioning_scale, shortcuts)


def predict_with_guidance(
    features: DeepFeatures,
    residuals: AnyResiduals,
    sample: Tensor,
    step: int,
    total: int,
    time: Tensor,
    conditions: Conditions,
) -> Tensor:
    """Return the UNet's output (n, c, h, w) at one step (from 0) of `total`, with classifier-free guidance applied (Ho
    & Salimans 2022, arXiv:2207.12598). Where deep features serve again, ControlNet does not run.
    """
    count = len(sample)
    batch = widen_input(torch.cat([sample] * conditions.halves), conditions.more_channels)
    given = {
        "encoder_hidden_states": repeat_for_batch(conditions.prompt_embeds, count),
        "added_cond_kwargs": {"image_embeds": [repeat_for_batch(conditions.image_embeds, count)]},
        **({} if conditions.shares is None else {"style_masks": conditions.shares.by_level}),
    }
    if features.can_serve(len(batch)):
        output = features.predict_again(batch, time, **given)
    else:
        lines = residuals.compute(step, total, sample, time, conditions.prompt_embeds)
        output = features.predict_whole(batch, time, **given, **lines)
    if not conditions.guided:
        return output
    unconditional, conditional = output.chunk(2)
    return unconditional + conditions.guidance_scale * (conditional - unconditional)


def widen_input(batch: Tensor, more_channels: Tensor | None) -> Tensor:
    """Return latents (n, c, h, w) with more channels (1, m, h, w) beside each, where there are some."""
    if more_channels is None:
        return batch
    return torch.cat([batch, more_channels.expand(len(batch), -1, -1, -1)], dim=1)


def make_generators(seeds: Sequence[int]) -> list[torch.Generator]:
    """Make one random generator for each picture of a batch, on the CPU, where a seed means the same for every
    device.
    """
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def make_step_arguments(scheduler: Any, generators: Sequence[torch.Generator]) -> dict[str, Any]:
    """Return the generators as `scheduler.step` takes them, or nothing where it takes none. A single generator goes in
    bare: a list of one would be drawn from in another shape.
    """
    if not generators or "generator" not in inspect.signature(scheduler.step).parameters:
        return {}
    return {"generator": generators[0] if len(generators) == 1 else list(generators)}


def estimate_clean_latents(scheduler: Any, prediction: Tensor, time: Tensor, sample: Tensor) -> Tensor:
    """Return the clean latents (fp32) that the model's output stands for, by the scheduler's prediction type.

    `time` lies on the processor. `sample` is what the model saw: Euler's own latents are scaled otherwise.
    """
    kept = float(scheduler.alphas_cumprod[int(time)])
    alpha, sigma = math.sqrt(kept), math.sqrt(1 - kept)
    sample, output = sample.float(), prediction.float()
    if scheduler.config.prediction_type == "v_prediction":
        return alpha * sample - sigma * output
    if scheduler.config.prediction_type == "epsilon":
        return (sample - sigma * output) / alpha
    return output
