"""The denoising loop by itself: which passes run, in which order, and what it says of each step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from diffusers import DPMSolverMultistepScheduler

from pipeline.engine.deep_features import SplitUNet
from pipeline.engine.denoise import Conditions, denoise, estimate_clean_latents, make_generators
from pipeline.errors import Cancelled
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine


class Recorder:
    """Stands for UNet and ControlNet: the output is a known function of what goes in, and calls are kept."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def __call__(self, sample: torch.Tensor, time: torch.Tensor, **given: Any) -> Any:
        self.calls.append({"sample": sample, **given})
        if "controlnet_cond" in given:
            return [sample * 0], sample * 0
        return (sample * 0.1 + given["encoder_hidden_states"].mean(dim=(1, 2))[:, None, None, None],)


def steps(n: int) -> DPMSolverMultistepScheduler:
    scheduler = DPMSolverMultistepScheduler()
    scheduler.set_timesteps(n)
    return scheduler


def conditions(guidance_scale: float, controlnet_scale: float = 1.0) -> Conditions:
    halves = 2 if guidance_scale > 1 else 1
    return Conditions(
        torch.arange(halves).float()[:, None, None].expand(halves, 3, 4),
        torch.zeros(halves, 1, 5),
        torch.zeros(1, 2, 4, 4),
        guidance_scale,
        controlnet_scale,
    )


@pytest.mark.parametrize(("guidance_scale", "halves"), [(1.0, 1), (0.5, 1), (1.01, 2), (7.0, 2)])
def test_the_unconditional_half_runs_only_with_guidance(guidance_scale: float, halves: int) -> None:
    unet, controlnet = Recorder(), Recorder()
    denoise(SplitUNet(unet), controlnet, steps(3), torch.zeros(1, 2, 4, 4), conditions(guidance_scale))
    assert [len(call["sample"]) for call in unet.calls] == [halves] * 3
    assert [len(call["controlnet_cond"]) for call in controlnet.calls] == [halves] * 3


def test_controlnet_does_not_run_at_scale_zero() -> None:
    unet, controlnet = Recorder(), Recorder()
    denoise(SplitUNet(unet), controlnet, steps(3), torch.zeros(1, 2, 4, 4), conditions(3.0, controlnet_scale=0.0))
    assert controlnet.calls == []
    assert all("mid_block_additional_residual" not in call for call in unet.calls)


def test_conditions_of_the_wrong_batch_are_refused() -> None:
    with pytest.raises(ValueError, match=r"prompt_embeds has shape \(1, 3, 4\); expected \(2, n, d\)"):
        Conditions(torch.zeros(1, 3, 4), torch.zeros(2, 1, 5), None, 3.0, 1.0)


@pytest.mark.parametrize("stop_after", [0, 1, 3])
def test_cancel_stops_before_the_next_step(stop_after: int) -> None:
    unet = Recorder()
    with pytest.raises(Cancelled):
        denoise(
            SplitUNet(unet),
            Recorder(),
            steps(5),
            torch.zeros(1, 2, 4, 4),
            conditions(3.0),
            is_cancelled=lambda: len(unet.calls) >= stop_after,
        )
    assert len(unet.calls) == stop_after


def test_steps_are_reported_in_order() -> None:
    seen: list[tuple[int, int]] = []
    denoise(
        SplitUNet(Recorder()),
        Recorder(),
        steps(4),
        torch.zeros(1, 2, 4, 4),
        conditions(3.0),
        on_step=lambda step, of, clean: seen.append((step, of)),
    )
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction", "sample"])
def test_clean_estimate_finds_the_picture_behind_a_perfect_prediction(kind: str) -> None:
    scheduler = DPMSolverMultistepScheduler(prediction_type=kind, beta_schedule="scaled_linear")
    clean, noise = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    time = torch.tensor(400)
    alpha = scheduler.alphas_cumprod[400].sqrt()
    sigma = (1 - alpha**2).sqrt()
    perfect = {"epsilon": noise, "v_prediction": alpha * noise - sigma * clean, "sample": clean}[kind]
    found = estimate_clean_latents(scheduler, perfect, time, alpha * clean + sigma * noise)
    torch.testing.assert_close(found, clean, atol=1e-4, rtol=0)


def test_a_seed_means_the_same_noise_in_each_number_format(
    sd15_engine: Engine, make_style: MakeStyle, monkeypatch: pytest.MonkeyPatch
) -> None:
    starter, request = sd15_engine._denoiser.starter, make_request(sd15_engine, make_style("neon", 1))
    start = starter.encode_start(request)
    full = starter.begin(request, start, steps(2), make_generators([7])).latents
    other = starter.begin(request, start, steps(2), make_generators([8])).latents
    assert full.shape == (1, 4, 8, 8) and not torch.equal(full, other)
    monkeypatch.setattr(sd15_engine._placement, "dtype", torch.float16)
    half = starter.begin(request, start, steps(2), make_generators([7])).latents
    assert half.dtype == torch.float16
    torch.testing.assert_close(half.float(), full, atol=2e-3, rtol=0)
