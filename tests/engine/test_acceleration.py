from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch

from pipeline.engine.acceleration import Compiler, choose_attention
from pipeline.errors import SettingError

CPU = torch.device("cpu")


def test_attention_is_torchs_unless_asked_for() -> None:
    assert choose_attention("auto", CPU, torch.float32) == choose_attention("sdpa", CPU, torch.float32) == "sdpa"
    with pytest.raises(SettingError, match="auto, sdpa, xformers; 'flash'"):
        choose_attention("flash", CPU, torch.float32)


def test_xformers_is_refused_where_it_has_no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingError, match="pip install xformers"):
        choose_attention("xformers", CPU, torch.float32)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())  # it imports without CUDA, and runs nowhere
    with pytest.raises(SettingError, match="no kernel for cpu"):
        choose_attention("xformers", CPU, torch.float32)


class Net(torch.nn.Module):
    """Stands for the UNet: counts how often Python runs it."""

    device = CPU

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 4)

    def forward(self, sample: torch.Tensor, *, return_dict: bool) -> tuple[torch.Tensor]:
        return (self.layer(sample).relu(),)


def test_the_compiled_network_gives_what_the_plain_one_gives() -> None:
    unet, sample = Net(), torch.arange(8.0).reshape(2, 4)
    assert Compiler(False)(unet) is unet
    compiler = Compiler(True, backend="eager")
    made = compiler(unet)
    assert made is not unet and compiler(unet) is made  # compiled once
    with torch.inference_mode():
        assert torch.equal(made(sample, return_dict=False)[0], unet(sample, return_dict=False)[0])
        unet.layer.weight.data.add_(1)  # as few-step weights are fused in
        assert np.array_equal(made(sample, return_dict=False)[0], unet(sample, return_dict=False)[0])
    assert compiler(Net()) is not made
