from __future__ import annotations

import itertools

import diffusers
import numpy as np
import pytest
import torch
from diffusers.schedulers import AysSchedules

from pipeline.engine.diffusers_pipeline import make_sampler_scheduler
from pipeline.engine.schedules import compute_sigmas, find_ays_timesteps, set_steps
from pipeline.request.samplers import find_sampler

CPU = torch.device("cpu")
SD15 = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
PUBLISHED = AysSchedules["StableDiffusionTimesteps"]


def make(name: str, steps: int) -> diffusers.SchedulerMixin:
    sampler = find_sampler(name)
    made = make_sampler_scheduler(sampler, diffusers.DPMSolverMultistepScheduler(**SD15).config)
    set_steps(made, sampler, steps, CPU)
    return made


def test_ten_steps_are_the_published_ones_as_diffusers_takes_them() -> None:
    own = make("DPM++ 2M AYS", 10)
    given = make("DPM++ 2M", 10)
    given.set_timesteps(timesteps=PUBLISHED)
    assert own.timesteps.tolist() == given.timesteps.tolist() == PUBLISHED
    torch.testing.assert_close(own.sigmas, given.sigmas)
    latents, outputs = (torch.randn(10, 1, 4, 4, 4, generator=torch.Generator().manual_seed(n)) for n in (1, 2))
    for scheduler in (own, given):
        drawn = latents[0]
        for time, output in zip(scheduler.timesteps, outputs, strict=True):
            drawn = scheduler.step(output, time, drawn).prev_sample
        latents[1 if scheduler is own else 2] = drawn
    torch.testing.assert_close(latents[1], latents[2])


def test_the_published_sigmas_are_those_of_the_timesteps() -> None:
    sigmas = make("UniPC AYS", 10).sigmas[:-1]
    np.testing.assert_allclose(sigmas, AysSchedules["StableDiffusionSigmas"][:-1], rtol=0.02)


@pytest.mark.parametrize("steps", [1, 4, 8, 12, 20, 50])
@pytest.mark.parametrize("name", ["DPM++ 2M AYS", "UniPC AYS"])
def test_other_numbers_of_steps_lie_between(name: str, steps: int) -> None:
    made = make(name, steps)
    times = made.timesteps.tolist()
    assert len(times) == steps == len(made.sigmas) - 1 and times[0] == 999 and made.sigmas[-1] == 0
    assert all(later < earlier for earlier, later in itertools.pairwise(times))
    drawn = torch.randn(1, 4, 4, 4, generator=torch.Generator().manual_seed(3))
    for time in made.timesteps:
        drawn = made.step(drawn * 0.1, time, drawn).prev_sample
    assert drawn.isfinite().all()


def test_twenty_steps_keep_the_ten() -> None:
    sigmas = compute_sigmas(make("DPM++ 2M", 2))
    assert find_ays_timesteps(sigmas, 20)[::2].tolist() == PUBLISHED
