"""Choose the timesteps that a picture goes through: a scheduler's own, or those of Align Your Steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from diffusers.schedulers import AysSchedules
from numpy.typing import NDArray

from pipeline.request.samplers import Sampler

LAST_TIMESTEP = 0  # where the published schedule ends: sigma 0.029


def set_steps(scheduler: Any, sampler: Sampler, steps: int, device: torch.device) -> None:
    """Set so many timesteps on a scheduler that was made for the sampler."""
    scheduler.set_timesteps(steps, device=device)
    if sampler.schedule == "ays":
        put_timesteps(scheduler, find_ays_timesteps(compute_sigmas(scheduler), steps), device)


def compute_sigmas(scheduler: Any) -> NDArray[np.float64]:
    """Return the noise's share of each timestep that the model was trained on, smallest first."""
    kept = scheduler.alphas_cumprod.double().numpy()
    return np.asarray(((1 - kept) / kept) ** 0.5, np.float64)


def find_ays_timesteps(sigmas: NDArray[np.float64], steps: int) -> NDArray[np.int64]:
    """Return so many timesteps, the noisiest first, of Align Your Steps (Sabour et al. 2024, arXiv:2404.14507).

    Its authors found ten for Stable Diffusion 1.5; another number lies between them, even in the logarithm of sigma,
    as they say.
    """
    published = np.array([*AysSchedules["StableDiffusionTimesteps"], LAST_TIMESTEP])
    places = np.linspace(0, len(published) - 1, steps + 1)[:-1]
    wanted = np.interp(places, np.arange(len(published)), np.log(sigmas[published]))
    return np.asarray(np.interp(wanted, np.log(sigmas), np.arange(len(sigmas))).round(), np.int64)


def put_timesteps(scheduler: Any, timesteps: NDArray[np.int64], device: torch.device) -> None:
    """Put timesteps in the place of those of a multistep solver (DPM-Solver++, UniPC), which ends at no noise."""
    sigmas = compute_sigmas(scheduler)[timesteps]
    scheduler.timesteps = torch.from_numpy(timesteps).to(device)
    scheduler.sigmas = torch.from_numpy(np.append(sigmas, 0).astype(np.float32))
    scheduler.num_inference_steps = len(timesteps)
