"""What a person chooses of two passes is what an order takes, and a picture that is brought back shows how it was
drawn.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from pipeline.controls import HiresFix
from pipeline.models.catalog import SD15
from pipeline.page.hires_choice import ONCE, USUAL, follow_written, read_choice, restore_hires
from pipeline.page.view import build_preview_picture
from pipeline.request.hires import parse_hires, write_hires
from pipeline.request.presets import get_menu
from pipeline.values import StepPreview
from tests.conftest import MakeStyle
from tests.tools.image_files import draw_fox
from tests.tools.requests import change_request
from tests.tools.small_results import make_small_result


def parse(written: str, size: tuple[int, int] = (1024, 1024)) -> HiresFix:
    return parse_hires(SD15, get_menu("sd15"), written, size, False)


def test_what_is_chosen_is_what_an_order_takes() -> None:
    assert read_choice("") == ("auto", USUAL)
    assert parse(ONCE) == HiresFix() and read_choice(ONCE) == ("once", USUAL)
    twice = '{"scale":1.5,"strength":0.6,"num_inference_steps":12,"upscaler":"Latent"}'  # as browsers write it
    assert parse(twice) == HiresFix(scale=1.5, strength=0.6, num_inference_steps=12, upscaler="Latent")
    assert read_choice(twice) == ("twice", parse(twice))


def test_what_is_shown_follows_what_is_written_and_disturbs_no_hand() -> None:
    shown = ("twice", 2, 0.45, 0, "waifu2x")
    assert follow_written(write_hires(HiresFix(scale=2.0)), *shown) == [gr.skip()] * 5
    assert follow_written(ONCE, "once", *shown[1:]) == follow_written("", "auto", *shown[1:]) == [gr.skip()] * 5
    other = HiresFix(scale=3.0, strength=0.2)
    way, *rest = follow_written(write_hires(other), "auto", *shown[1:])
    assert way == "twice" and [each["value"] for each in rest] == [3.0, 0.2, 0, "waifu2x"]
    assert all(each["visible"] for each in rest)
    way, *rest = follow_written("", *shown)
    assert way == "auto" and not any(each["visible"] for each in rest)


@pytest.fixture
def request_(make_style: MakeStyle) -> Any:
    return replace(make_small_result(make_style("a"), "a moon").request, engine="sd15")


def test_a_picture_brings_back_how_it_was_drawn(request_: Any) -> None:
    assert restore_hires(request_) == ""
    twice = change_request(request_, hires=HiresFix(scale=1.5, strength=0.6))
    assert parse(restore_hires(twice), (request_.width, request_.height)) == twice.hires


def test_the_second_pass_is_told_with_its_share_of_the_work() -> None:
    image = draw_fox().resize((8, 8))
    plain = build_preview_picture(StepPreview(3, 4, image), "t")
    assert plain["message"] == "Step 3 of 4" and "share" not in plain
    second = build_preview_picture(StepPreview(1, 3, image, 0.5, is_second=True), "t")
    assert second["message"] == "Second pass: step 1 of 3" and (second["share"], second["second"]) == (0.5, True)
    json.dumps(second)
