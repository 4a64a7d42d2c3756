"""What a person checks is what an order takes, and a picture that is brought back checks what read its drawing."""

from __future__ import annotations

from pipeline.controls import Conditioning, Shortcuts
from pipeline.hints import CONTROLNET_NAMES, HintSettings
from pipeline.models.catalog import SD15
from pipeline.page.reading_choice import LABELS, read_choice, restore_choice, write_choice
from pipeline.request.controlnets import parse_controlnets
from pipeline.request.presets import get_menu
from tests.tools.controlnets import make_hint
from tests.tools.requests import change_request
from tests.tools.small_results import make_small_result


def parse(written):
    conditioning = Conditioning(ip_adapter_scale=0.6, controlnet_conditioning_scale=0.9)
    return parse_controlnets(SD15, get_menu("sd15"), written, conditioning, Shortcuts(control_guidance_end=0.8))


def test_every_reading_can_be_chosen():
    assert set(LABELS) == set(CONTROLNET_NAMES) == set(get_menu("sd15").controlnets)


def test_what_is_checked_follows_as_strongly_as_the_drawing():
    assert write_choice([]) == "" and parse("") == () and read_choice("") == []
    written = write_choice(["depth", "openpose"])
    assert read_choice(written) == ["depth", "openpose"]
    assert parse(written) == (("depth", HintSettings(0.9, 0.0, 0.8)), ("openpose", HintSettings(0.9, 0.0, 0.8)))


def test_a_picture_brings_its_readings_and_their_weights_back(make_style):
    request = make_small_result(make_style("a"), "a moon").request
    assert restore_choice(request) == ""
    hint = make_hint("depth", request.width, request.height, controlnet_conditioning_scale=0.35)
    written = restore_choice(change_request(request, hints=(hint,)))
    assert read_choice(written) == ["depth"] and parse(written) == (("depth", HintSettings(0.35, 0.0, 1.0)),)
