"""What a picture may leave out is chosen lever by lever, follows what the levers say, and is what an order takes."""

from __future__ import annotations

import json
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.controls import Shortcuts
from pipeline.models.catalog import POCKET, SD15
from pipeline.page.left_out import LEFT_OUT, OTHERWISE, LeftOut, show_left_out
from pipeline.page.quick_steps import choose_steps
from pipeline.request.notation import parse_shortcuts

STUDIO: Any = SimpleNamespace(profile=SD15)
NAMES = [each.elem_id for each in LEFT_OUT]


def read_shown(levers: str, studio: Any = STUDIO) -> dict[str, Any]:
    """Return what the dropdowns show, by their ids."""
    return dict(zip(NAMES, show_left_out(studio, levers), strict=True))


@pytest.mark.parametrize("each", LEFT_OUT, ids=NAMES)
def test_each_choice_is_an_order_and_is_shown_again(each: LeftOut) -> None:
    wanted = [asdict(parse_shortcuts(held, Shortcuts())) for held in each.choices.values()]
    assert [{name: one[name] for name in each.levers} for one in wanted] == list(each.choices.values())
    assert wanted[0] == asdict(Shortcuts()), "the first leaves nothing out"
    for label, held in each.choices.items():
        written = json.dumps({**held, "decoder": "small"}).replace(".0", "")  # browsers write no 0.0
        shown = read_shown(written)[each.elem_id]
        assert dict(shown["choices"])[label] == shown["value"] != ""


def test_what_no_lever_says_is_the_presets() -> None:
    assert {shown["value"] for shown in read_shown("").values()} == {""}
    shown = read_shown('{"cache_interval": 2}')
    assert [name for name in NAMES if shown[name]["value"]] == ["cache-interval"]


def test_levers_that_are_no_choice_are_shown_as_the_pictures_own() -> None:
    picture = Shortcuts(guidance_end=0.3, cache_interval=7)
    shown = read_shown(json.dumps(asdict(picture)))
    assert json.loads(shown["cache-interval"]["value"]) == {"cache_interval": 7}
    assert shown["cache-interval"]["choices"][-1] == (OTHERWISE, shown["cache-interval"]["value"])
    assert json.loads(shown["guidance-interval"]["value"]) == {"guidance_start": 0.0, "guidance_end": 0.3}
    assert OTHERWISE not in dict(shown["controlnet-half"]["choices"])
    assert all(OTHERWISE not in dict(each["choices"]) for each in read_shown("").values()), "it goes with the picture"


def test_quick_steps_compute_all_layers_in_every_step() -> None:
    levers = choose_steps(SD15, "lcm", '{"cache_interval": 3, "controlnet_every": 2}', "balanced")[0]
    shown = read_shown(levers)
    assert json.loads(shown["cache-interval"]["value"]) == {"cache_interval": 1}
    assert json.loads(shown["controlnet-every"]["value"]) == {"controlnet_every": 2}


def test_the_pocket_engine_leaves_nothing_out() -> None:
    shown = read_shown("", SimpleNamespace(profile=POCKET))
    assert [each["visible"] for each in shown.values()] == [False] * len(NAMES)
