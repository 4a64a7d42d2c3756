"""The planner of the page counts what is chosen on the page, for the engine that draws."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.machine.memory import FreeMemory
from pipeline.models.catalog import POCKET, SD15
from pipeline.models.own_files import OwnFiles
from pipeline.page import memory_panel
from pipeline.page.memory_need import MemoryNeed
from pipeline.page.memory_panel import COUNTED, UNCOUNTED, answer_plan
from pipeline.page.page_need import read_page_need
from tests.conftest import MakeStyle
from tests.models.wrong_files import lora
from tests.page.test_quality import page_settings

SIZE = (512, 512)
SHEET = {"version": 4, "width": 512, "height": 512, "picture": None, "strokes": []}
EMPTY = json.dumps(SHEET)
STARTED = json.dumps(SHEET | {"picture": "data:image/png;base64,", "placement": {"strength": 0.5}})


@pytest.fixture
def studio(make_style: MakeStyle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A studio that draws by Stable Diffusion, with two LoRAs on this machine."""
    lora()(tmp_path / "ink.safetensors")
    lora()(tmp_path / "glow.safetensors")
    monkeypatch.setattr(memory_panel, "measure_free_memory", lambda device: FreeMemory(None, int(64e9)))
    return SimpleNamespace(
        profile=SD15,
        settings=SimpleNamespace(device="cpu", dtype="float32", compile="off"),
        own_files=OwnFiles([tmp_path]),
        find_style=make_style,
        find_engine=lambda: None,
    )


def read(studio: Any, canvas: str = EMPTY, size: tuple[int, int] = SIZE, **chosen: object) -> MemoryNeed:
    return read_page_need(studio, size, page_settings(SD15, **chosen), canvas)


def test_nothing_chosen_needs_what_every_picture_does(studio: Any) -> None:
    assert read(studio) == read(studio, canvas="") == MemoryNeed()


def test_readings_count_unless_they_steer_nothing(studio: Any) -> None:
    chosen = {"depth": {"controlnet_conditioning_scale": 0.6}, "canny": 1, "scribble": 0}
    assert read(studio, controlnets=json.dumps(chosen)).controlnets == 2


def test_loras_of_the_list_and_of_the_words_count_once(studio: Any) -> None:
    one = read(studio, loras="ink:0.5").loras
    assert one == read(studio, prompt="a fox <lora:ink:0.7>").loras > 0
    assert read(studio, loras="ink:0.5", prompt="a fox <lora:ink:0.7> <lora:glow:1> <lora:gone:1>").loras == 2 * one
    quick = json.dumps({"few_steps": "lcm"})
    assert read(studio, loras="ink:0.5", levers=quick).loras == read(studio, levers=quick).loras + one > one + 1e8
    assert read(studio, preset="draft").loras == read(studio, levers=quick).loras


def test_another_look_at_the_style_counts(studio: Any) -> None:
    assert read(studio, ip_adapter="plus").adapter > 0


def test_a_style_that_nobody_wore_yet_is_looked_at(studio: Any, make_style: MakeStyle) -> None:
    """Where Croquis chooses, any style of the library may be it."""
    known, asked = {"neon"}, list[str]()

    def knows_styles(styles: Any, ip_adapter: str) -> bool:
        asked.append(ip_adapter)
        return all(style.id in known for style in styles)

    studio.library = SimpleNamespace(all=lambda: (make_style("neon"), make_style("ink")))
    engine = SimpleNamespace(
        profile=SD15, revisions={}, present_revisions={}, knows_styles=knows_styles, fills_parts=False
    )
    studio.find_engine = lambda: engine
    assert [read(studio, style=style).new_style for style in ("neon", "ink", "auto")] == [False, True, True]
    assert not read(studio, style="ink", ip_adapter_scale=0).new_style
    known.add("ink")
    assert not read(studio, style="auto", ip_adapter="plus").new_style and set(asked) == {"", "plus"}


def test_what_becomes_latents_encodes(studio: Any) -> None:
    assert read(studio, canvas=STARTED).encodes
    assert read(studio, size=(1024, 1024)).encodes and not read(studio, size=(1024, 1024), hires='{"scale": 1}').encodes
    assert read(studio, canvas=STARTED, hires='{"scale": 2}').encodes
    named = {"profile": SD15, "present_revisions": {}, "knows_styles": lambda styles, ip_adapter: True}
    studio.find_engine = lambda: SimpleNamespace(fills_parts=True, **named)
    assert read(studio).encodes


def test_the_answer_says_what_is_counted_and_grows_with_it(studio: Any) -> None:
    bare, more = (
        answer_plan(studio, "sd15", *SIZE, 1, EMPTY, *page_settings(SD15, controlnets=chosen).values())
        for chosen in ("", '{"depth": 1, "canny": 1, "scribble": 1}')
    )
    assert COUNTED in bare and bare.split("<table>")[1] != more.split("<table>")[1]
    other = answer_plan(studio, "pocket", 256, 256, 1, EMPTY, *page_settings(SD15).values())
    assert UNCOUNTED in other and "<table>" in other
    studio.profile = POCKET
    assert COUNTED in answer_plan(studio, "pocket", 256, 256, 1, EMPTY, *page_settings(SD15, loras="ink:1").values())


def test_what_cannot_be_drawn_is_told(studio: Any) -> None:
    wrong = page_settings(SD15, loras="gone:1")
    assert 'role="alert"' in answer_plan(studio, "sd15", *SIZE, 1, EMPTY, *wrong.values())
    assert 'role="alert"' in answer_plan(studio, None, *SIZE, 1, EMPTY, *page_settings(SD15).values())
