"""How networks lie in memory: channels last where that was seen to pay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from pipeline.engine import placement
from pipeline.engine.placement import Placement
from pipeline.engine.weight_modes import NETWORK_PLACERS, is_channels_last_faster, place_module
from pipeline.models.catalog import SD15
from tests.tools.models import make_sd15_modules

CUDA, CPU = torch.device("cuda"), torch.device("cpu")


def test_a_gpu_lays_networks_out_channels_last_only_where_they_are_compiled() -> None:
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        assert not is_channels_last_faster(CUDA, dtype) and is_channels_last_faster(CUDA, dtype, compiled=True)
    assert is_channels_last_faster(CPU, torch.bfloat16) and not is_channels_last_faster(CPU, torch.float32)


@pytest.mark.parametrize("compiled", [False, True])
def test_the_placement_lays_out_every_network_as_its_device_wants_it(
    monkeypatch: pytest.MonkeyPatch, compiled: bool, tmp_path: Path
) -> None:
    """A GPU is not here: what each network is placed with is written down instead."""
    placed: list[tuple[str, bool]] = []

    def note(module: Any, device: torch.device, dtype: torch.dtype, *, channels_last: bool = False) -> None:
        placed.append((type(module).__name__, channels_last))

    monkeypatch.setattr(placement, "place_module", note)
    modules = make_sd15_modules()

    class Pipeline:
        unet, controlnet, vae, text_encoder = modules.unet, modules.controlnet, modules.vae, nn.Linear(1, 1)

    here = Placement(
        Pipeline(), nn.Conv2d(1, 1, 3), SD15, CUDA, torch.float16, lambda: pytest.fail("read again"), compiled=compiled
    )
    here.switch_mode("full")
    assert dict(placed) == {
        "Linear": False,
        "AutoencoderKL": compiled,
        "Conv2d": compiled,
        "ControlNetModel": compiled,
        "UNet2DConditionModel": compiled,
    }
    placed.clear()
    assert here.widen_decoder() and placed == [("AutoencoderKL", compiled)]


@pytest.mark.parametrize("channels_last", [False, True])
def test_a_network_in_8_bits_lies_as_it_is_told(channels_last: bool) -> None:
    unet = make_sd15_modules().unet
    NETWORK_PLACERS["fp8"](unet, CPU, torch.float32, channels_last=channels_last)
    assert unet.conv_in.weight.is_contiguous() != channels_last
    place_module(convolution := nn.Conv2d(2, 2, 3), CPU, torch.float32, channels_last=channels_last)
    assert convolution.weight.is_contiguous() != channels_last
