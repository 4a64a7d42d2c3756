"""Which ControlNets steer a picture is read once, with a sentence for each wrong input."""

from __future__ import annotations

import json

import pytest

from pipeline.controls import Conditioning, Shortcuts
from pipeline.errors import SettingError
from pipeline.hints import HintSettings
from pipeline.models.catalog import POCKET, SD15
from pipeline.request.controlnets import parse_controlnets, write_controlnets
from pipeline.request.presets import get_menu

CONDITIONING = Conditioning(ip_adapter_scale=0.6, controlnet_conditioning_scale=0.9)
SHORTCUTS = Shortcuts(control_guidance_end=0.8)


def parse(given, profile=SD15):
    return parse_controlnets(profile, get_menu(profile.name), given, CONDITIONING, SHORTCUTS)


@pytest.mark.parametrize("nothing", [None, "", "auto", {}, "{}"])
def test_nothing_lets_croquis_choose(nothing):
    assert parse(nothing) == () == parse(nothing, POCKET)


def test_what_is_left_out_is_as_the_order_says():
    assert parse({"depth": None, "canny": True}) == (
        ("depth", HintSettings(0.9, 0.0, 0.8)),
        ("canny", HintSettings(0.9, 0.0, 0.8)),
    )
    assert parse({"scribble": 1}) == (("scribble", HintSettings(1.0, 0.0, 0.8)),)
    given = {"openpose": {"controlnet_conditioning_scale": 0.5, "control_guidance_start": 0.1}}
    assert parse(given) == parse(json.dumps(given)) == (("openpose", HintSettings(0.5, 0.1, 0.8)),)


def test_what_is_written_is_read_back():
    chosen = parse({"depth": 0.35, "lineart": {"control_guidance_end": 0.45}})
    assert parse(write_controlnets(chosen)) == chosen == parse(json.dumps(write_controlnets(chosen)))


def test_a_controlnet_of_ones_own_is_named_beside_the_numbers():
    ((name, settings),) = chosen = parse({"depth": {"model": " my depth ", "controlnet_conditioning_scale": 0.5}})
    assert (name, settings) == ("depth", HintSettings(0.5, 0.0, 0.8, "my depth"))
    assert parse(write_controlnets(chosen)) == chosen
    assert parse({"depth": {"model": None}}) == parse({"depth": None})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"depth": {"model": 3}}, r"model of depth is a name of at most 300 characters; a number came"),
        ({"depth": {"model": "x" * 301}}, r"at most 300 characters; 301 characters came"),
        ({"tile": 1}, r"scribble, lineart, softedge, canny, depth, openpose; 'tile' came"),
        ({3: 1}, r"one of scribble.*; int came"),
        ({"depth": 3}, r"controlnet_conditioning_scale of depth is a number from 0 to 2; 3 came"),
        ({"depth": -0.1}, r"from 0 to 2; -0.1 came"),
        ({"depth": float("nan")}, r"from 0 to 2; nan came"),
        ({"depth": "much"}, r"from 0 to 2; str came"),
        ({"depth": [1]}, r"from 0 to 2; list came"),
        ({"depth": {"strength": 1}}, r"depth has the keys controlnet_conditioning_scale, .*; 'strength' came"),
        ({"depth": {"control_guidance_end": 1.2}}, r"control_guidance_end of depth is a number from 0 to 1; 1.2 came"),
        ({"depth": {"control_guidance_start": False}}, r"from 0 to 1; bool came"),
        ({"depth": {"control_guidance_start": 0.9}}, r"control_guidance_start may not lie above .*; 0.9 and 0.8 came"),
        ([("depth", 1)], r"controlnets is an object such as .*; a list came"),
        (7, r"controlnets is an object such as .*; a number came"),
        ("depth", r"what came is not JSON"),
        ("[1]", r"a list came"),
        ("{" * 3000, r"at most 2,000 characters of JSON; 3,000 came"),
    ],
)
def test_each_wrong_input_has_its_sentence(given, words):
    with pytest.raises(SettingError, match=words):
        parse(given)


def test_an_engine_that_reads_lines_alone_says_so():
    with pytest.raises(SettingError, match="The pocket model reads your lines alone; controlnets came"):
        parse({"depth": 1}, POCKET)
