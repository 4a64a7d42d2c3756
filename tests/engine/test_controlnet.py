from __future__ import annotations

from typing import Any

import pytest
import torch

from pipeline.controls import Shortcuts
from pipeline.engine.controlnet import Residuals, is_within_interval, repeat_for_batch

STEPS = 6
NOTHING = torch.zeros(1, 2, 4, 4)


class Net:
    """Stands for ControlNet: its residuals are the call's number plus the row's prompt."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, sample: torch.Tensor, time: Any, **given: Any) -> Any:
        assert len(sample) == len(given["encoder_hidden_states"]) == len(given["controlnet_cond"])
        self.batches.append(len(sample))
        rows = 10.0 * len(self.batches) + given["encoder_hidden_states"][:, :1, :1, None]
        return [rows, rows], rows


def run(levers: Shortcuts, halves: list[int], count: int = 1) -> tuple[list[int], list[list[float]]]:
    """Batches that ControlNet saw, and what the UNet got at each step, a number for each row; [] for nothing."""
    net = Net()
    residuals = Residuals(net, NOTHING, 1.0, levers)
    got = []
    for step, half in enumerate(halves):
        prompts = torch.tensor([1.0, 2.0])[-half:, None, None]
        given = residuals.compute(step, len(halves), NOTHING.expand(count, -1, -1, -1), torch.tensor(1), prompts)
        if given:
            assert len(given["down_block_additional_residuals"]) == 2
            assert all(
                torch.equal(each, given["mid_block_additional_residual"])
                for each in given["down_block_additional_residuals"]
            )
        got.append(given["mid_block_additional_residual"].flatten().tolist() if given else [])
    return net.batches, got


def test_every_lever_off_runs_each_step_for_both_halves() -> None:
    batches, got = run(Shortcuts(), [2] * 3)
    assert batches == [2, 2, 2]
    assert got == [[11, 12], [21, 22], [31, 32]]


def test_outside_of_its_interval_it_does_not_run() -> None:
    batches, got = run(Shortcuts(control_guidance_start=0.25, control_guidance_end=0.75), [2] * 4)
    assert batches == [2, 2]
    assert got == [[], [11, 12], [21, 22], []]


def test_residuals_serve_several_steps() -> None:
    batches, got = run(Shortcuts(controlnet_every=2), [2] * 5)
    assert batches == [2, 2, 2]
    assert got == [[11, 12], [11, 12], [21, 22], [21, 22], [31, 32]]


def test_one_half_may_serve_both_or_itself_alone() -> None:
    assert run(Shortcuts(controlnet_half="shared"), [2, 2]) == ([1, 1], [[12, 12], [22, 22]])
    assert run(Shortcuts(controlnet_half="conditional"), [2, 2]) == ([1, 1], [[0, 12], [0, 22]])


@pytest.mark.parametrize("half", ["both", "shared", "conditional"])
def test_kept_residuals_are_cut_when_guidance_ends(half: str) -> None:
    batches, got = run(Shortcuts(controlnet_half=half, controlnet_every=4), [2, 2, 1, 1])
    assert len(batches) == 1
    assert got[2:] == [[12], [12]]  # the conditional row


def test_guidance_that_begins_midway_has_both_halves_read() -> None:
    assert run(Shortcuts(controlnet_every=4), [1, 1, 2, 2]) == ([1, 2], [[12], [12], [21, 22], [21, 22]])


def test_the_rows_of_a_batch_keep_their_order() -> None:
    assert run(Shortcuts(), [2, 1], count=2) == ([4, 2], [[11, 11, 12, 12], [22, 22]])
    assert run(Shortcuts(controlnet_half="conditional", controlnet_every=2), [2, 1], count=2) == (
        [2],
        [[0, 0, 12, 12], [12, 12]],
    )


def test_nothing_to_follow_runs_nothing() -> None:
    for hint, scale in ((None, 1.0), (NOTHING, 0.0)):
        net = Net()
        assert (
            Residuals(net, hint, scale, Shortcuts()).compute(0, 1, NOTHING, torch.tensor(1), torch.zeros(2, 1, 1)) == {}
        )
        assert net.batches == []


def test_a_step_lies_within_when_all_of_it_does() -> None:
    assert [is_within_interval(step, 4, 0.0, 0.5) for step in range(4)] == [True, True, False, False]
    assert [is_within_interval(step, 3, 0.0, 0.5) for step in range(3)] == [True, False, False]
    assert [is_within_interval(step, 10, 0.3, 0.7) for step in range(10)] == [False] * 3 + [True] * 4 + [False] * 3
    assert all(is_within_interval(step, 7, 0.0, 1.0) for step in range(7))


def test_halves_stay_apart_when_spread() -> None:
    embeds = torch.tensor([1.0, 2.0])[:, None, None]
    assert repeat_for_batch(embeds, 3).flatten().tolist() == [1, 1, 1, 2, 2, 2]
    assert repeat_for_batch(embeds, 1) is embeds
