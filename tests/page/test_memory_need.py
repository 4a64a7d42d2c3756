"""What a picture loads beside the usual networks, as the memory plan counts it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pipeline.controls import Shortcuts
from pipeline.errors import SettingError, StyleError
from pipeline.hints import ControlHint, HintSettings
from pipeline.machine.memory import FreeMemory
from pipeline.models.catalog import POCKET, SD15
from pipeline.models.own_files import OwnFiles
from pipeline.page import memory_panel
from pipeline.page.memory_need import MemoryNeed, find_numbers, plan_need, read_need
from pipeline.page.memory_panel import describe_need, plan_memory_modes
from pipeline.taught import Look, Taught
from pipeline.values import NUMBER_FORMAT, GenerationResult, StyleMix
from tests.conftest import MakeStyle
from tests.models.wrong_files import hold, lora
from tests.tools.small_results import make_small_result

LOOK = Look((0.0,) * 100, 50.0, 10.0, 0.0)
NUMBERS = 1000  # of a taught LoRA
PLANNED = {"modes": [{"mode": "cpu", "peak": 1}], "chosen": {"mode": "cpu"}}


@pytest.fixture
def taught(make_style: MakeStyle, tmp_path: Path) -> Any:
    """A style with a LoRA in 32 bits."""
    file = tmp_path / "taught" / "lora.safetensors"
    file.parent.mkdir()
    save_file({"unet.x.lora_A.weight": torch.zeros(NUMBERS)}, file)
    return replace(make_style("mine"), taught=Taught(LOOK, 3, "0" * 64, file))


@pytest.fixture
def result(taught: Any) -> GenerationResult:
    """A finished picture of Stable Diffusion in a taught style."""
    made = make_small_result(taught, "a fox")
    return replace(made, request=replace(made.request, engine="sd15"))


def steer(result: GenerationResult, *scales: float) -> GenerationResult:
    """Return the picture steered by as many ControlNets, each at its scale."""
    pixels = np.zeros((result.request.height, result.request.width, 3), np.uint8)
    hints = tuple(
        ControlHint(name, pixels, HintSettings(scale))  # type: ignore[arg-type]
        for name, scale in zip(("scribble", "lineart", "depth"), scales, strict=False)
    )
    return replace(result, request=replace(result.request, hints=hints))


def test_three_controlnets_are_three_and_one_at_scale_0_is_none(result: GenerationResult) -> None:
    counts = [read_need(steer(result, *scales)).controlnets for scales in ((), (1.0, 0.5, 1.0), (1, 0))]
    assert counts == [1, 3, 1]


def test_a_taught_lora_is_counted_in_16_bits_unless_it_is_not_worn(result: GenerationResult) -> None:
    assert read_need(result).loras == 2 * NUMBERS
    off = replace(result, request=result.request.with_settings(ip_adapter_scale=0.0))
    assert read_need(off).loras == 0
    gone = replace(result.request.styles.parts[0][0], taught=Taught(LOOK, 3, "0" * 64, None))
    assert read_need(replace(result, request=replace(result.request, styles=StyleMix.of(gone)))).loras == 0


def test_few_step_weights_are_counted(result: GenerationResult) -> None:
    quick = replace(result, request=replace(result.request, shortcuts=Shortcuts(few_steps="lcm")))
    assert read_need(quick).loras == 2 * NUMBERS + 134_621_556


def test_a_model_that_fills_parts_encodes_for_every_picture(
    result: GenerationResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [read_need(result, fills).encodes for fills in (False, True)] == [False, True]
    needs = list[MemoryNeed]()
    monkeypatch.setattr(memory_panel, "plan_memory_modes", lambda *given: needs.append(given[-1]) or PLANNED)
    settings = SimpleNamespace(device="cpu", dtype="float32")
    for profile in (SD15, POCKET):
        engine = SimpleNamespace(profile=profile, fills_parts=True)
        describe_need(result, SimpleNamespace(settings=settings, find_engine=lambda engine=engine: engine))  # type: ignore[arg-type]
    assert [need.encodes for need in needs] == [True, False], "another engine has taken over since"


def test_what_is_told_grows_with_what_is_loaded(result: GenerationResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_panel, "measure_free_memory", lambda device: FreeMemory(None, int(64e9)))
    studio: Any = SimpleNamespace(settings=SimpleNamespace(device="cpu", dtype="float32"), find_engine=lambda: None)
    one, three = (float(describe_need(each, studio).split()[0]) for each in (result, steer(result, 1.0, 1.0, 1.0)))
    assert three - one == pytest.approx(2 * 4 * 361_279_120 / 1e9, abs=0.11)


def test_a_plan_is_asked_for_in_the_words_of_draw(taught: Any, tmp_path: Path) -> None:
    lora()(tmp_path / "ink.safetensors")

    def find_style(id: str) -> Any:
        if id != "mine":
            raise StyleError(f"There is no style {id!r}.")
        return taught

    studio: Any = SimpleNamespace(own_files=OwnFiles([tmp_path]), find_style=find_style, find_engine=lambda: None)
    given = {"controlnet_count": 3, "loras": "ink:0.5", "style": "mine", "starts": True, "new_style": True}
    need, bare = plan_need(studio, "sd15", **given), plan_need(studio, "sd15", loras="ink:0.5")
    assert (need.controlnets, need.encodes, need.new_style) == (3, True, True)
    assert need.loras == 2 * NUMBERS + bare.loras > 2 * NUMBERS
    assert plan_need(studio, "pocket") == plan_need(studio, "sd15") == MemoryNeed()
    peaks = [
        plan_memory_modes("sd15", 512, 512, 1, "cpu", "float32", each)["modes"][0]["peak"] for each in (bare, need)
    ]
    assert peaks[1] - peaks[0] > 2 * 4 * 361_000_000
    for wrong in ({"controlnet_count": 7}, {"loras": "glow"}, {"few_steps": "x"}, {"starts": "yes"}, {"new_style": 1}):
        with pytest.raises(SettingError):
            plan_need(studio, "sd15", **wrong)
    with pytest.raises(StyleError):
        plan_need(studio, "sd15", style="yours")


def test_another_adapter_is_planned_as_a_finished_picture_counts_it(result: GenerationResult, tmp_path: Path) -> None:
    own = tmp_path / "close.safetensors"
    hold("image_proj.proj.weight", "image_proj.norm.weight", **{"ip_adapter.1.to_k_ip.weight": (30_000, 768)})(own)
    studio: Any = SimpleNamespace(own_files=OwnFiles([tmp_path]), find_engine=lambda: None)
    usual = SD15.parts["ip_adapter"].size
    more = SD15.parts["ip_adapter_plus"].size - usual
    assert plan_need(studio, "sd15", ip_adapter="plus").adapter == more > 50e6
    worn = replace(result, request=result.request.with_settings(ip_adapter="plus"))
    assert read_need(worn).adapter == more
    assert plan_need(studio, "sd15", ip_adapter="close").adapter == own.stat().st_size - usual > 0
    assert plan_need(studio, "sd15", ip_adapter="auto").adapter == 0
    for engine, wrong in (("sd15", "nobody"), ("pocket", "plus"), ("sd15", 1)):
        with pytest.raises(SettingError):
            plan_need(studio, engine, ip_adapter=wrong)


def test_what_is_told_is_in_the_numbers_that_the_picture_was_drawn_in(
    result: GenerationResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_panel, "measure_free_memory", lambda device: FreeMemory(None, int(64e9)))
    studio: Any = SimpleNamespace(settings=SimpleNamespace(device="cpu", dtype="bfloat16"), find_engine=lambda: None)
    usual, widened = (
        float(describe_need(replace(result, revisions=revisions), studio).split()[0])
        for revisions in ({NUMBER_FORMAT: "bfloat16, weights in 8 bits"}, {})
    )
    assert widened > 1.5 * usual


def test_a_plan_is_in_the_numbers_that_the_engine_draws_in_now() -> None:
    engine = SimpleNamespace(profile=SD15, present_revisions={})
    studio: Any = SimpleNamespace(
        settings=SimpleNamespace(device="cpu", dtype="bfloat16"), find_engine=lambda: engine, profile=SD15
    )
    assert find_numbers(studio, "sd15") == "float32", "it overflowed, and draws in what is usual here since"
    engine.present_revisions = {NUMBER_FORMAT: "bfloat16"}
    assert find_numbers(studio, "sd15") == "bfloat16"
    engine.present_revisions = {NUMBER_FORMAT: "float16"}  # of a device that it left
    assert find_numbers(studio, "sd15") == "bfloat16"
    assert find_numbers(studio, "pocket") == "bfloat16"


def test_a_decoder_that_overflowed_is_planned_in_32_bits(result: GenerationResult) -> None:
    widened = {NUMBER_FORMAT: "bfloat16, decoded in float32"}
    drawn = replace(result, revisions=widened)
    assert read_need(drawn).float32_decoder and not read_need(result).float32_decoder
    engine = SimpleNamespace(profile=SD15, present_revisions=widened)
    studio: Any = SimpleNamespace(own_files=OwnFiles(()), find_engine=lambda: engine)
    assert plan_need(studio, "sd15").float32_decoder and not plan_need(studio, "pocket").float32_decoder
    plain, wide, exact = (
        plan_memory_modes("sd15", 512, 512, 1, "cpu", dtype, need)["modes"][0]
        for dtype, need in (("bfloat16", MemoryNeed()), ("bfloat16", read_need(drawn)), ("float32", MemoryNeed()))
    )
    assert wide["decode"] == exact["decode"] > plain["decode"] and wide["steps"] == plain["steps"]
