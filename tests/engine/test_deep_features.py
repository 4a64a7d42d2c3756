"""Deep features are kept and used again: the same picture where nothing is left out, ControlNet's part included."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from pipeline.controls import Shortcuts
from pipeline.engine.deep_features import SHALLOW_LAYERS, DeepFeatures, SplitUNet
from pipeline.engine.denoise import Conditions, denoise
from pipeline.engine.diffusers_pipeline import detach_hint_stack
from tests.engine.test_denoise import Recorder, conditions, steps
from tests.tools.models import Modules, make_sd15_modules


@pytest.fixture(scope="module")
def modules() -> Modules:
    made = make_sd15_modules()
    detach_hint_stack(made.controlnet)
    for each in made:
        each.eval().requires_grad_(False)
    return made


def make_inputs(modules: Modules, rows: int = 2, height: int = 8, width: int = 8) -> tuple[torch.Tensor, Any]:
    noise = torch.Generator().manual_seed(3)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(rows, *shape, generator=noise)

    given = {"encoder_hidden_states": draw(7, 32), "added_cond_kwargs": {"image_embeds": [draw(1, 48)]}}
    return draw(4, height, width), given


def run_lines(modules: Modules, sample: torch.Tensor, time: torch.Tensor, given: Any) -> dict[str, Any]:
    hint = torch.ones(len(sample), 16, *sample.shape[-2:])
    down, middle = modules.controlnet(
        sample, time, given["encoder_hidden_states"], hint, conditioning_scale=1.0, return_dict=False
    )
    return {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("size", [(8, 8), (16, 8), (9, 11), (10, 12)])
@torch.inference_mode()
def test_a_whole_pass_is_the_unets_own_and_its_deep_features_give_it_again(
    modules: Modules, size: tuple[int, int], lines: bool
) -> None:
    sample, given = make_inputs(modules, 2, *size)
    time = torch.tensor(500)
    residuals = run_lines(modules, sample, time, given) if lines else {}
    split = SplitUNet(modules.unet)
    plain = split(sample, time, **given, **residuals)
    output, deep = split.run_whole(sample, time, **given, **residuals)
    assert torch.equal(output, plain)
    shallow = (
        {"down_block_additional_residuals": residuals["down_block_additional_residuals"][:SHALLOW_LAYERS]}
        if lines
        else {}
    )
    again = split.run_shallow(sample, time, deep, **given, **shallow)
    assert torch.equal(again, plain)  # at the same step nothing is lost
    later = torch.tensor(300)
    reused = split.run_shallow(sample * 0.9, later, deep, **given, **shallow)
    assert not torch.equal(reused, plain)  # the latents and the time are its own
    kept = SplitUNet(modules.unet, skips=False).run_shallow(sample * 0.9, later, deep, **given, **shallow)
    assert torch.equal(kept, reused)


@torch.inference_mode()
def test_controlnets_shallow_residual_is_added_on_reuse(modules: Modules) -> None:
    sample, given = make_inputs(modules)
    time = torch.tensor(500)
    residuals = run_lines(modules, sample, time, given)
    features = DeepFeatures(SplitUNet(modules.unet), 2)
    whole = features.predict_whole(sample, time, **given, **residuals)
    assert torch.equal(features.predict_again(sample, time, **given), whole)


def test_an_interval_of_one_leaves_the_unet_as_it_is() -> None:
    unet = Recorder()
    denoise(SplitUNet(unet), Recorder(), steps(4), torch.zeros(1, 2, 4, 4), conditions(3.0))
    assert len(unet.calls) == 4 and all(call["return_dict"] is False for call in unet.calls)


FRESH = ["whole 1", "shallow 1"]


class Counter:
    """Stands for SplitUNet: writes down each kind of pass and its rows."""

    def __init__(self) -> None:
        self.passes: list[str] = []

    def run_whole(self, sample: torch.Tensor, time: torch.Tensor, **given: Any) -> tuple[torch.Tensor, torch.Tensor]:
        self.passes.append(f"whole {len(sample)}")
        return sample, sample

    def run_shallow(self, sample: torch.Tensor, time: torch.Tensor, deep: torch.Tensor, **given: Any) -> torch.Tensor:
        residuals = given.get("down_block_additional_residuals", [])
        assert len(deep) == len(sample) and [len(each) for each in residuals] == [len(sample)]
        self.passes.append(f"shallow {len(sample)}")
        return sample


@pytest.mark.parametrize(
    ("levers", "expected"),
    [
        (Shortcuts(cache_interval=2), ["whole 2", "shallow 2"] * 3),
        (Shortcuts(cache_interval=3), ["whole 2", "shallow 2", "shallow 2"] * 2),
        # guidance ends: the half of the kept features serves; it begins: there is no other half
        (
            Shortcuts(cache_interval=4, guidance_end=0.34),
            ["whole 2", "shallow 2"] + ["shallow 1"] * 2 + ["whole 1", "shallow 1"],
        ),
        (Shortcuts(cache_interval=4, guidance_start=0.33), ["whole 1", "shallow 1", "whole 2"] + ["shallow 2"] * 3),
    ],
)
def test_the_interval_says_which_steps_are_whole(levers: Shortcuts, expected: list[str]) -> None:
    unet, controlnet = Counter(), Recorder()
    denoise(unet, controlnet, steps(6), torch.zeros(1, 2, 4, 4), conditions(3.0), shortcuts=levers)
    assert unet.passes == expected
    assert len(controlnet.calls) == sum(each.startswith("whole") for each in expected)


@torch.inference_mode()
def test_pictures_change_little_by_little_with_the_interval(modules: Modules) -> None:
    noise = torch.Generator().manual_seed(4)
    latents = torch.randn(1, 4, 8, 8, generator=noise)
    steering = Conditions(
        torch.randn(2, 7, 32, generator=noise),
        torch.randn(2, 1, 48, generator=noise),
        torch.ones(1, 16, 8, 8),
        3.0,
        1.0,
    )

    def draw(interval: int) -> torch.Tensor:
        levers = Shortcuts(cache_interval=interval)
        return denoise(SplitUNet(modules.unet), modules.controlnet, steps(12), latents, steering, shortcuts=levers)

    exact, near, far = draw(1), draw(2), draw(6)
    assert 0 < (near - exact).square().mean() < (far - exact).square().mean()
