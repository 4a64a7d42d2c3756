"""Measure how far a UNet's output is from what it should have said, each noise level with its fair say."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


def compute_target(scheduler: Any, latents: Tensor, noise: Tensor, times: Tensor) -> Tensor:
    """Return what the UNet should say: the noise, or the velocity (Salimans & Ho 2022, arXiv:2202.00512)."""
    if scheduler.config.prediction_type != "v_prediction":
        return noise
    alpha, sigma = compute_signal_and_noise(scheduler, times)
    return alpha * noise - sigma * latents


def add_noise(scheduler: Any, latents: Tensor, noise: Tensor, times: Tensor) -> Tensor:
    """Return latents (n, c, h, w) as noisy as they are at `times` (n,)."""
    alpha, sigma = compute_signal_and_noise(scheduler, times)
    return alpha * latents + sigma * noise


def compute_signal_and_noise(scheduler: Any, times: Tensor) -> tuple[Tensor, Tensor]:
    """Return how much signal and how much noise there is at `times`, (n, 1, 1, 1) each, float32 on the CPU."""
    kept = scheduler.alphas_cumprod.cpu().float()[times.cpu()].view(-1, 1, 1, 1)
    return kept.sqrt(), (1 - kept).sqrt()


def compute_loss(scheduler: Any, output: Tensor, target: Tensor, times: Tensor, gamma: float) -> Tensor:
    """Return the mean squared error, weighted by min-SNR (Hang et al. 2023, arXiv:2303.09556) as diffusers'
    train_text_to_image_lora does: min(SNR, gamma) / SNR for noise, / (SNR + 1) for velocity.
    """
    alpha, sigma = compute_signal_and_noise(scheduler, times)
    ratio = (alpha / sigma).square().flatten()
    below = ratio + 1 if scheduler.config.prediction_type == "v_prediction" else ratio
    weights = (torch.clamp(ratio, max=gamma) / below).to(output.device)
    errors = functional.mse_loss(output.float(), target.to(output.device).float(), reduction="none")
    return (errors.mean(dim=(1, 2, 3)) * weights).mean()
