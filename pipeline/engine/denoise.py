"""Our denoising loop over diffusers' modules and schedulers.

With equal settings it gives what `StableDiffusionControlNetPipeline` gives (tests/engine/test_denoise.py compares
them), and it leaves out what cannot change the picture: the unconditional half without guidance, the ControlNet at
scale 0 or outside of its interval, its hint stack after the first time. `Levers` leave out more, at a price.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from pipeline.engine.controlnet import Residuals, spread, within
from pipeline.errors import Cancelled
from pipeline.values import Levers

OnStep = Callable[[int, int, Tensor], None]  # step (1-based, just finished), of, estimate of the clean latents
IsCancelled = Callable[[], bool]


@dataclass(frozen=True, eq=False)
class Conditions:
    """What steers each step. B is 2 with guidance, the unconditional half first, and 1 without."""

    prompt_embeds: Tensor  # (B, tokens, width)
    image_embeds: Tensor  # (B, 1, d); zeros in the unconditional half
    hint: Tensor | None  # (1, channels, h, w): the edges after ControlNet's hint stack; None draws without edges
    guidance_scale: float
    controlnet_conditioning_scale: float

    def __post_init__(self) -> None:
        halves = 2 if self.guided else 1
        for name, tensor in (("prompt_embeds", self.prompt_embeds), ("image_embeds", self.image_embeds)):
            if tensor.ndim != 3 or tensor.shape[0] != halves:
                raise ValueError(f"{name} has shape {tuple(tensor.shape)}; expected ({halves}, n, d).")

    @property
    def guided(self) -> bool:
        return self.guidance_scale > 1

    @property
    def halves(self) -> int:
        return 2 if self.guided else 1

    def unguided(self) -> Conditions:
        """The conditional half alone. Every embedding is cut: one left whole would be read as more tokens."""
        return replace(
            self, prompt_embeds=self.prompt_embeds[-1:], image_embeds=self.image_embeds[-1:], guidance_scale=1.0
        )


def denoise(
    unet: Any,
    controlnet: Any,
    scheduler: Any,
    latents: Tensor,
    conditions: Conditions,
    *,
    levers: Levers | None = None,
    noise: Sequence[torch.Generator] = (),
    on_step: OnStep | None = None,
    is_cancelled: IsCancelled | None = None,
) -> Tensor:
    """Noise (n, c, h, w) -> clean latents, over the scheduler's timesteps, which are set already.

    `controlnet` takes an embedded hint: its own hint stack is out of the way (see stock.take_hint_stack). `noise`
    holds a generator for each of the n pictures, for samplers that add noise as they go.
    Raises Cancelled before the step that follows `is_cancelled()` turning true.
    """
    levers, of = levers or Levers(), len(scheduler.timesteps)
    residuals = Residuals(controlnet, conditions.hint, conditions.controlnet_conditioning_scale, levers)
    more = noise_for_steps(scheduler, noise)
    for step, time in enumerate(scheduler.timesteps):
        stop_if(is_cancelled)
        sample = scheduler.scale_model_input(latents, time)
        guided = within(step, of, levers.guidance_start, levers.guidance_end)
        prediction = predict(unet, residuals, sample, step, of, time, conditions if guided else conditions.unguided())
        clean = clean_estimate(scheduler, prediction, time, sample) if on_step else None
        latents = scheduler.step(prediction, time, latents, return_dict=False, **more)[0]
        if on_step and clean is not None:
            on_step(step + 1, of, clean)
    stop_if(is_cancelled)
    return latents


def predict(
    unet: Any, residuals: Residuals, sample: Tensor, step: int, of: int, time: Tensor, conditions: Conditions
) -> Tensor:
    """The model's output (n, c, h, w) at one step of `of`, from 0, guidance applied."""
    count = len(sample)
    output = unet(
        torch.cat([sample] * conditions.halves),
        time,
        encoder_hidden_states=spread(conditions.prompt_embeds, count),
        added_cond_kwargs={"image_embeds": [spread(conditions.image_embeds, count)]},
        return_dict=False,
        **residuals.at(step, of, sample, time, conditions.prompt_embeds),
    )[0]
    if not conditions.guided:
        return output  # type: ignore[no-any-return]
    unconditional, conditional = output.chunk(2)
    return unconditional + conditions.guidance_scale * (conditional - unconditional)  # type: ignore[no-any-return]


def generators(seeds: Sequence[int]) -> list[torch.Generator]:
    """One for each picture of a batch, on the CPU, where a seed means the same for every device."""
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def initial_noise(
    shape: tuple[int, ...],
    noise: Sequence[torch.Generator],
    scheduler: Any,
    device: torch.device,
    dtype: torch.dtype,
) -> Tensor:
    """(n, *shape) for n generators, drawn in fp32."""
    drawn = torch.stack([torch.randn(shape, generator=each) for each in noise])
    return drawn.to(device, dtype) * scheduler.init_noise_sigma  # type: ignore[no-any-return]


def noise_for_steps(scheduler: Any, noise: Sequence[torch.Generator]) -> dict[str, Any]:
    """The generators as `step` takes them, where it does: a list of one would be drawn from in another shape."""
    if not noise or "generator" not in inspect.signature(scheduler.step).parameters:
        return {}
    return {"generator": noise[0] if len(noise) == 1 else list(noise)}


def clean_estimate(scheduler: Any, prediction: Tensor, time: Tensor, sample: Tensor) -> Tensor:
    """Where the latents are heading, as this step sees it: x0 by the scheduler's prediction type.

    `sample` is what the model saw: Euler's own latents are scaled otherwise.
    """
    kept: Tensor = scheduler.alphas_cumprod[time.long().cpu()].to(sample.device, torch.float32)
    alpha, sigma = kept.sqrt(), (1 - kept).sqrt()
    sample, output = sample.float(), prediction.float()
    if scheduler.config.prediction_type == "v_prediction":
        return alpha * sample - sigma * output
    if scheduler.config.prediction_type == "epsilon":
        return (sample - sigma * output) / alpha
    return output


def stop_if(is_cancelled: IsCancelled | None) -> None:
    if is_cancelled is not None and is_cancelled():
        raise Cancelled("Stopped.")
