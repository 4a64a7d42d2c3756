"""Our denoising loop over diffusers' modules and schedulers.

With equal settings it gives what `StableDiffusionControlNetPipeline` gives (tests/test_denoise.py compares them), and
it leaves out what cannot change the picture: the unconditional half without guidance, the ControlNet at scale 0, its
hint stack after the first time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pipeline.errors import Cancelled

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


def denoise(
    unet: Any,
    controlnet: Any,
    scheduler: Any,
    latents: Tensor,
    conditions: Conditions,
    *,
    on_step: OnStep | None = None,
    is_cancelled: IsCancelled | None = None,
) -> Tensor:
    """Noise (1, c, h, w) -> clean latents, over the scheduler's timesteps, which are set already.

    `controlnet` takes an embedded hint: its own hint stack is out of the way (see diffusion.take_hint_stack).
    Raises Cancelled before the step that follows `is_cancelled()` turning true.
    """
    of = len(scheduler.timesteps)
    for step, time in enumerate(scheduler.timesteps, start=1):
        stop_if(is_cancelled)
        prediction = predict(unet, controlnet, scheduler.scale_model_input(latents, time), time, conditions)
        clean = clean_estimate(scheduler, prediction, time, latents) if on_step else None
        latents = scheduler.step(prediction, time, latents, return_dict=False)[0]
        if on_step and clean is not None:
            on_step(step, of, clean)
    stop_if(is_cancelled)
    return latents


def predict(unet: Any, controlnet: Any, sample: Tensor, time: Tensor, conditions: Conditions) -> Tensor:
    """The model's output at one timestep (1, c, h, w), guidance applied."""
    sample = torch.cat([sample] * len(conditions.prompt_embeds))
    output = unet(
        sample,
        time,
        encoder_hidden_states=conditions.prompt_embeds,
        added_cond_kwargs={"image_embeds": [conditions.image_embeds]},
        return_dict=False,
        **residuals(controlnet, sample, time, conditions),
    )[0]
    if not conditions.guided:
        return output  # type: ignore[no-any-return]
    unconditional, conditional = output.chunk(2)
    return unconditional + conditions.guidance_scale * (conditional - unconditional)  # type: ignore[no-any-return]


def residuals(controlnet: Any, sample: Tensor, time: Tensor, conditions: Conditions) -> dict[str, Any]:
    """What ControlNet adds to the UNet; nothing at scale 0, where it would add zeros."""
    if conditions.hint is None or conditions.controlnet_conditioning_scale == 0:
        return {}
    down, middle = controlnet(
        sample,
        time,
        encoder_hidden_states=conditions.prompt_embeds,
        controlnet_cond=conditions.hint.expand(len(sample), -1, -1, -1),
        conditioning_scale=conditions.controlnet_conditioning_scale,
        return_dict=False,
    )
    return {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}


def initial_noise(
    shape: tuple[int, ...], seed: int, scheduler: Any, device: torch.device, dtype: torch.dtype
) -> Tensor:
    """Noise drawn on the CPU in fp32, so that a seed means the same on each device."""
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return noise.to(device, dtype) * scheduler.init_noise_sigma  # type: ignore[no-any-return]


def clean_estimate(scheduler: Any, prediction: Tensor, time: Tensor, latents: Tensor) -> Tensor:
    """Where the latents are heading, as this step sees it: x0 by the scheduler's prediction type."""
    kept: Tensor = scheduler.alphas_cumprod[time.long().cpu()].to(latents.device, torch.float32)
    alpha, sigma = kept.sqrt(), (1 - kept).sqrt()
    sample, output = latents.float(), prediction.float()
    if scheduler.config.prediction_type == "v_prediction":
        return alpha * sample - sigma * output
    if scheduler.config.prediction_type == "epsilon":
        return (sample - sigma * output) / alpha
    return output


def stop_if(is_cancelled: IsCancelled | None) -> None:
    if is_cancelled is not None and is_cancelled():
        raise Cancelled("Stopped.")
