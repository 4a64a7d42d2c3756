import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler

from pipeline.colours.field import NOISE, STEPS, pack_field, to_picture, unpack_field
from pipeline.colours.oklab import from_oklab, to_oklab


def test_packing_loses_nothing() -> None:
    field = torch.rand(2, 3, 64, 64)
    latents = pack_field(field)
    assert latents.shape == (2, 12, 32, 32) and latents.min() >= -1 and latents.max() <= 1
    assert torch.allclose(unpack_field(latents), field, atol=1e-6)
    assert to_picture(field[0]).shape == (64, 64, 3)


def test_signal_grows_evenly_and_begins_with_none() -> None:
    kept = DDIMScheduler(**NOISE).alphas_cumprod.double()
    ratio = (kept / (1 - kept)).sqrt()
    assert ratio[-1] < 1e-4 and ratio[0] > 2.5 and bool((ratio.diff() < 0).all())
    growth = ratio[20 : STEPS // 2].log().diff()
    assert float(growth.std()) < 0.2 * float(-growth.mean())


@pytest.mark.parametrize("steps", [1, 4, 6, 7, 8])
def test_a_scheduler_that_is_told_the_truth_arrives_at_it(steps: int) -> None:
    scheduler = DDIMScheduler(**NOISE, clip_sample=False)
    scheduler.set_timesteps(steps)
    clean = pack_field(torch.rand(1, 3, 64, 64))
    latents = torch.randn(clean.shape)
    for time in scheduler.timesteps:
        latents = scheduler.step(clean, time, latents).prev_sample
    assert torch.allclose(latents, clean, atol=0.04)


@pytest.mark.parametrize("rgb", [(255, 0, 0), (255, 255, 255), (0, 0, 0), (12, 200, 90)])
def test_oklab_and_back(rgb: tuple[int, int, int]) -> None:
    colour = np.array([rgb], np.uint8)
    assert np.allclose(from_oklab(to_oklab(colour)) * 255, colour, atol=1)


def test_oklab_of_white() -> None:
    assert to_oklab(np.array([255, 255, 255], np.uint8)) == pytest.approx([1, 0, 0], abs=1e-3)
