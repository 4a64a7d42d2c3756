"""What a person chooses is what an order takes, and a picture that is brought back chooses what read its drawing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from pipeline.controls import Conditioning, Shortcuts
from pipeline.hints import CONTROLNET_NAMES, HintSettings, OwnControlNet
from pipeline.models.catalog import SD15
from pipeline.page.reading_choice import list_intervals, restore_choice
from pipeline.page.view import build_request_strip
from pipeline.request.controlnets import parse_controlnets
from pipeline.request.presets import get_menu
from pipeline.settings import ROOT
from tests.tools.controlnets import make_hint
from tests.tools.requests import change_request
from tests.tools.small_results import make_small_result


def parse(written):
    conditioning = Conditioning(ip_adapter_scale=0.6, controlnet_conditioning_scale=0.9)
    return parse_controlnets(SD15, get_menu("sd15"), written, conditioning, Shortcuts(control_guidance_end=0.8))


def test_every_reading_can_be_chosen_and_has_a_name_on_the_page():
    (names,) = re.findall(r"const NAMES = \{(.*)\};", (ROOT / "assets" / "readings.js").read_text("utf-8"))
    assert set(re.findall(r"(\w+): say", names)) == set(CONTROLNET_NAMES) == set(get_menu("sd15").controlnets)


def test_what_is_chosen_without_numbers_follows_as_strongly_as_the_drawing():
    assert parse("") == ()
    written = json.dumps({"depth": {}, "openpose": {}})  # as the page writes what is checked and not moved
    assert parse(written) == (("depth", HintSettings(0.9, 0.0, 0.8)), ("openpose", HintSettings(0.9, 0.0, 0.8)))


def test_the_page_knows_the_presets_intervals():
    assert list_intervals()["draft"] == [0.0, 0.8]
    assert set(list_intervals()) == {preset.name for preset in get_menu("sd15").presets}


def test_a_picture_brings_its_readings_and_their_weights_back(make_style):
    request = make_small_result(make_style("a"), "a moon").request
    assert restore_choice(request) == ""
    hint = make_hint("depth", request.width, request.height, controlnet_conditioning_scale=0.35)
    written = restore_choice(change_request(request, hints=(hint,)))
    assert list(json.loads(written)) == ["depth"] and parse(written) == (("depth", HintSettings(0.35, 0.0, 1.0)),)
    own = replace(hint, settings=HintSettings(0.35, model="mine"), own=OwnControlNet("0" * 64, Path("mine")))
    assert parse(restore_choice(change_request(request, hints=(own,))))[0][1].model == "mine"


def test_how_it_was_made_holds_what_each_network_saw(make_style):
    request = make_small_result(make_style("a"), "a moon").request
    assert build_request_strip(request, ())["hints"] == []
    hint = make_hint("depth", request.width, request.height, control_guidance_end=0.4)
    (shown,) = build_request_strip(change_request(request, hints=(hint,)), ())["hints"]
    assert shown["image"].startswith("data:image/webp;base64,")
    assert {name: shown[name] for name in ("controlnet", "control_guidance_end", "model")} == {
        "controlnet": "depth",
        "control_guidance_end": 0.4,
        "model": "",
    }
