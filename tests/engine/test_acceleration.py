from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch

from pipeline.controls import Shortcuts
from pipeline.engine.acceleration import (
    COMPILED,
    COMPILING,
    UNCOMPILED,
    VARIANTS,
    Compiler,
    ScaledValues,
    choose_attention,
)
from pipeline.engine.controlnet import Control
from pipeline.engine.diffusers_pipeline import detach_hint_stack
from pipeline.engine.engine import Engine
from pipeline.errors import SettingError
from pipeline.own_weights import Lora
from pipeline.request.presets import get_menu
from pipeline.settings import ROOT
from pipeline.values import Drawn, EdgeMap, Style, StyleMask, StyleMix
from tests.conftest import MakeStyle
from tests.tools.drawing_requests import make_request
from tests.tools.models import make_sd15_modules, make_tiny_sd15_profile, write_lora
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


@pytest.mark.parametrize("decoder", ["small", "full"])
def test_the_warm_up_compiles_what_balanced_runs(
    counted: Counted, make_style: MakeStyle, decoder: Literal["small", "full"]
) -> None:
    engine, backend, compiled = counted
    balanced = replace(get_menu("sd15").find_preset("balanced").shortcuts, decoder=decoder, controlnet_half="both")
    given = {"num_inference_steps": 12, "guidance_scale": 7.0, "sampler": "UniPC", "shortcuts": balanced}
    drawn = engine.draw(change_request(make_request(engine, make_style("neon", 1)), **given))
    assert backend.graphs == compiled > 0
    assert drawn.notices == (), "the start told that it compiles"
    assert engine._decoding.choose_vae(decoder).decoder._compiled_call_impl is not None


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


def test_another_unet_is_compiled_anew() -> None:
    modules, compiler = make_sd15_modules(levels=2, layers=1), Compiler(True, CountingBackend())
    assert compiler.split_unet(modules.unet, skips=True) is compiler.split_unet(modules.unet, skips=True)
    other = make_sd15_modules(levels=2, layers=1)
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


def test_the_warm_up_is_told_and_translated(shallow_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(Engine, "compile_ahead", lambda engine: told.append("compiles"))
    report: Any = lambda stage, fraction: told.append(stage)  # noqa: E731
    Engine.load(make_tiny_sd15_profile(), folder=shallow_folder, device="cpu", compile=True, on_progress=report)
    assert told[-3:] == [COMPILING, "compiles", "Ready"]
    for file in (ROOT / "assets" / "languages").glob("*.json"):
        assert json.loads(file.read_text("utf-8"))[COMPILING] != COMPILING, file.name


def read_seconds(notice: str) -> float:
    """Return the seconds that a notice says were spent on compiling."""
    before, after = COMPILED.split("{seconds}")
    assert notice.startswith(before) and notice.endswith(after)
    return float(notice.removeprefix(before).removesuffix(after))


def test_a_first_lora_compiles_within_a_picture_and_is_told_once(
    counted: Counted, make_style: MakeStyle, tmp_path: Path
) -> None:
    engine, backend, _ = counted
    file = write_lora(tmp_path / "ink.safetensors", engine._pipeline.unet, "kohya")
    plain = make_request(engine, make_style("neon", 1), num_inference_steps=2)
    worn = change_request(plain, loras=(Lora("ink", 0.6, "1" * 64, file),))
    graphs = backend.graphs
    assert engine.draw(plain).notices == () and backend.graphs == graphs
    (told,) = engine.draw(worn).notices
    assert read_seconds(told) > 0 and backend.graphs > graphs
    graphs = backend.graphs
    assert engine.draw(worn).notices == () and backend.graphs == graphs


SIZES = ((64, 64), (96, 64), (64, 96), (96, 96), (128, 64), (64, 128), (128, 96), (96, 128), (80, 64))


def load_counted(folder: Path, limit: int) -> tuple[Engine, CountingBackend]:
    """Load an engine that compiles nothing ahead and keeps so many variants."""
    torch._dynamo.reset()
    backend, engine = CountingBackend(), Engine.load(make_tiny_sd15_profile(), folder=folder, device="cpu")
    compiler = engine._denoiser.compiler = Compiler(True, backend, limit)
    engine._conditioning._hold_style_scales = compiler.hold_style_scales
    compiler.compile_decoder(engine._pipeline.vae)
    return engine, backend


def draw_size(engine: Engine, style: Style, size: tuple[int, int], **given: Any) -> Drawn:
    """Draw two steps without guidance: a variant each of UNet, ControlNet and decoder."""
    lines = EdgeMap(np.zeros(size[::-1], np.uint8), "lines")
    plain = make_request(engine, style, num_inference_steps=2, guidance_scale=1.0)
    return engine.draw(change_request(plain, edges=lines, width=size[0], height=size[1], **given))


def test_nine_sizes_compile_once_each_and_no_strength_or_repetition_compiles_anew(
    shallow_folder: Path, make_style: MakeStyle
) -> None:
    (engine, backend), style, graphs = load_counted(shallow_folder, VARIANTS), make_style("neon", 1), [0]
    for turn in range(2):
        for number, size in enumerate(SIZES):
            drawn = draw_size(engine, style, size, ip_adapter_scale=0.3 + (turn + number) / 20)
            graphs.append(backend.graphs)
            assert [read_seconds(each) > 0 for each in drawn.notices] == [True] * (turn == 0), "told where it compiles"
    added = np.diff(graphs)
    assert len(set(added[: len(SIZES)])) == 1 and added[0] >= 3, "each size adds as many as the first"
    assert not added[len(SIZES) :].any(), "what was compiled serves again, for any strength"


def test_what_runs_uncompiled_is_told_and_drawn_the_same(
    shallow_folder: Path, shallow_engine: Engine, make_style: MakeStyle
) -> None:
    (engine, backend), style = load_counted(shallow_folder, 2), make_style("neon", 1)
    told, graphs = [], []
    for size in (*SIZES[:3], SIZES[2], SIZES[0]):
        drawn, expected = draw_size(engine, style, size), draw_size(shallow_engine, style, size)
        difference = np.asarray(drawn.images[0]).astype(int) - np.asarray(expected.images[0])
        assert np.abs(difference).max() <= 1
        told.append(drawn.notices)
        graphs.append(backend.graphs)
    assert [len(each) for each in told] == [1, 1, 1, 1, 0] and read_seconds(told[0][0]) > 0 < read_seconds(told[1][0])
    assert told[2:4] == [(UNCOMPILED.format(limit=2),)] * 2
    assert graphs[1] == graphs[-1] > graphs[0]


def test_torchs_own_compiler_keeps_to_the_limit_and_what_is_beyond_is_told() -> None:
    """With kernels that are really compiled, of a function as small as can be: SD 1.5's take minutes."""
    torch._dynamo.reset()
    compiler, stats = Compiler(True, limit=2), torch._dynamo.utils.counters["stats"]
    stats.clear()
    run, told = compiler._compile(lambda x: torch.sin(x) * 2 + 1, device=CPU), []
    for side in (8, 16, 24, 16, 8):
        given = torch.rand(side, side)
        assert torch.allclose(run(given), torch.sin(given) * 2 + 1)
        told.append(compiler.take_notices())
    uncompiled = (UNCOMPILED.format(limit=2),)
    assert [read_seconds(each[0]) > 0 for each in told[:2]] == [True, True], "seconds of each that was compiled"
    assert told[2:] == [uncompiled, (), ()]
    assert stats["unique_graphs"] == 2


def test_readings_own_controlnets_run_compiled_and_share_what_was_compiled() -> None:
    backend = CountingBackend()
    compiler, networks = Compiler(True, backend), [make_sd15_modules(levels=2, layers=1).controlnet for _ in range(3)]
    controls = [Control(each, torch.zeros(1, 16, 8, 8), 0.5, 0.0, 1.0) for each in networks]
    for control, network in zip(compiler.wrap_controls(controls), networks, strict=True):
        detach_hint_stack(network)
        given = {"encoder_hidden_states": torch.randn(1, 4, network.config.cross_attention_dim)}
        given |= {"controlnet_cond": control.hint, "return_dict": False, "conditioning_scale": 0.5}
        inputs = torch.randn(1, 4, 8, 8), torch.tensor(500)
        with torch.inference_mode():
            quick, plain = control.network(*inputs, **given), network(*inputs, **given)
        assert torch.allclose(quick[1], plain[1], atol=1e-5)
    assert backend.graphs == 1
