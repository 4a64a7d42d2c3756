from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.controls import Shortcuts
from pipeline.engine.acceleration import Compiler, ScaledValues, choose_attention
from pipeline.engine.engine import Engine
from pipeline.errors import SettingError
from pipeline.request.presets import get_menu
from pipeline.values import StyleMask, StyleMix
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_sd15_modules, make_tiny_sd15_profile
from tests.tools.requests import change_request

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


class CountingBackend:
    """Stands for torch's compiler: runs what it is given as it is, and counts how often it is asked to compile."""

    def __init__(self) -> None:
        self.graphs = 0

    def __call__(self, graph: torch.fx.GraphModule, inputs: Sequence[Any]) -> Any:
        self.graphs += 1
        return graph.forward


Counted = tuple[Engine, CountingBackend, int]  # and the graphs of the warm-up


@pytest.fixture(scope="module")
def counted(shallow_folder: Path) -> Counted:
    """Load an engine whose networks are compiled by the counting backend."""
    torch._dynamo.reset()
    backend = CountingBackend()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.engine.engine.Compiler", lambda on: Compiler(on, backend))
        engine = Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu", compile=True)
    return engine, backend, backend.graphs


def test_the_warm_up_compiles_what_balanced_runs(counted: Counted, make_style: MakeStyle) -> None:
    engine, backend, compiled = counted
    balanced = replace(get_menu("sd15").find_preset("balanced").shortcuts, decoder="full", controlnet_half="both")
    given = {"num_inference_steps": 12, "guidance_scale": 7.0, "sampler": "UniPC", "shortcuts": balanced}
    engine.draw(change_request(make_request(engine, make_style("neon", 1)), **given))
    assert backend.graphs == compiled > 0


def test_compiled_networks_draw_what_plain_ones_draw_and_no_strength_compiles_anew(
    counted: Counted, shallow_engine: Engine, make_style: MakeStyle
) -> None:
    engine, backend, compiled = counted
    plain = make_request(engine, make_style("neon", 1), num_inference_steps=4, guidance_scale=3.0)
    for number in range(10):
        given = {"ip_adapter_scale": number / 10, "controlnet_conditioning_scale": 1 - number / 20}
        levers = Shortcuts(guidance_end=0.5, cache_interval=2) if number % 2 else Shortcuts()
        request = change_request(plain, **given, shortcuts=levers)
        drawn, expected = (np.asarray(each.draw(request).images[0]).astype(int) for each in (engine, shallow_engine))
        assert np.abs(drawn - expected).max() <= 1
    assert backend.graphs == compiled


def test_a_compiler_that_is_off_changes_nothing(sd15_engine: Engine) -> None:
    networks, compiler = sd15_engine._pipeline, Compiler(False)
    assert compiler.split_unet(networks.unet, skips=True).unet is networks.unet
    assert compiler.wrap_controlnet(networks.controlnet) is networks.controlnet
    compiler.hold_style_scales(networks.unet)
    assert not any(isinstance(each, ScaledValues) for each in networks.unet.modules())


def test_another_network_is_compiled_anew() -> None:
    modules, compiler = make_sd15_modules(levels=2, layers=1), Compiler(True, CountingBackend())
    made = compiler.wrap_controlnet(modules.controlnet), compiler.split_unet(modules.unet, skips=True)
    assert made == (compiler.wrap_controlnet(modules.controlnet), compiler.split_unet(modules.unet, skips=True))
    other = make_sd15_modules(levels=2, layers=1)
    assert compiler.wrap_controlnet(other.controlnet) is not made[0]
    assert compiler.split_unet(other.unet, skips=True).unet is other.unet


def test_a_styled_part_is_compiled_once_and_drawn_as_the_plain_networks_draw_it(
    counted: Counted, shallow_engine: Engine, make_style: MakeStyle
) -> None:
    engine, backend, _ = counted
    plain = make_request(engine, make_style("neon", 1), num_inference_steps=4, guidance_scale=3.0)
    levers, graphs = Shortcuts(cache_interval=2, guidance_end=0.5), []  # the last steps without guidance
    for number in range(3):
        mask = np.zeros((64, 64), np.uint8)
        mask[:, : 20 * number + 10] = 80 * number + 60
        part = StyleMask(mask, StyleMix.of(make_style("felt", 2)))
        given = {"ip_adapter_scale": 0.6 + number / 5, "mask": part, "shortcuts": levers}
        request = change_request(plain, **given)
        drawn, expected = (np.asarray(each.draw(request).images[0]).astype(int) for each in (engine, shallow_engine))
        assert np.abs(drawn - expected).max() <= 1
        graphs.append(backend.graphs)
    assert len(set(graphs)) == 1, "neither the part nor the strength compiles anew"
