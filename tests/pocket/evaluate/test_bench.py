from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.pocket.evaluate.bench import (
    CachedDrawing,
    draw_pen,
    make_case,
    widen_lines,
)
from pipeline.request.presets import get_menu
from tests.tools.draw_functions import STYLES, draw_noise, draw_white, make_bench, record_requests
from tests.tools.sample_things import make_pack


def test_requests_carry_the_profile_and_what_is_turned(tmp_path: Path) -> None:
    desk, case = make_bench(draw_white, tmp_path), make_case(make_pack().held_out, 3, 128)
    usual = desk.make_request("a ghost", case.lines, 7)
    turned = desk.make_request("a ghost", case.lines, 7, controls={"num_inference_steps": 9, "guidance_scale": 3.5})
    assert usual.sampling.num_inference_steps == desk.profile.defaults["num_inference_steps"]
    assert usual.sampling.seed == 7
    assert (turned.sampling.num_inference_steps, turned.sampling.guidance_scale) == (9, 3.5)
    assert usual.styles == desk.mix and (usual.width, usual.height) == (desk.side, desk.side)


def test_requests_carry_the_persons_drawing_and_what_the_engine_offers(tmp_path: Path) -> None:
    desk, case = make_bench(draw_white, tmp_path), make_case(make_pack().held_out, 3, 128)
    pen = draw_pen(case.lines)
    asked = desk.make_request("a ghost", case.lines, 7, controls={"lines": 0.25}, drawing=pen)
    assert asked.colours is not None and np.array_equal(asked.colours.pixels, pen)
    assert asked.conditioning.lines == 0.25
    assert desk.make_request("a ghost", case.lines, 7).colours is None
    menu = get_menu(desk.profile.name)
    menu.expect_offered(asked.sampling, asked.conditioning, asked.shortcuts)


def test_lines_are_as_wide_as_an_edge_map_has_them() -> None:
    for side, width in ((128, 1), (256, 1), (512, 2), (1024, 4)):
        lines = np.zeros((side, side), np.uint8)
        lines[side // 2] = 255
        assert (widen_lines(lines)[:, 0] > 0).sum() == width


def test_a_wordless_style_is_its_picture_and_says_nothing(tmp_path: Path) -> None:
    reference = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    desk, case = make_bench(draw_white, tmp_path), make_case(make_pack().held_out, 3, 128)
    mix = desk.make_wordless_mix(reference)
    assert np.array_equal(np.asarray(Image.open(mix.parts[0][0].image)), reference)
    assert desk.make_request("a ghost", case.lines, 0, mix).styled_prompt.written == "a ghost"
    assert desk.make_request("", case.lines, 0, mix).styled_prompt.written == ""
    assert desk.make_wordless_mix(reference) == mix != desk.make_wordless_mix(255 - reference)


def test_equal_requests_are_drawn_once(tmp_path: Path) -> None:
    seen: list = []
    draw = CachedDrawing(record_requests(draw_noise, seen))
    desk, case = make_bench(draw, tmp_path), make_case(make_pack().held_out, 3, 128)
    one, again = desk.draw_prompt("a ghost", case.lines, 1), desk.draw_prompt("a ghost", case.lines, 1)
    other = desk.draw_prompt("a ghost", case.lines, 2)
    assert np.array_equal(one, again) and not np.array_equal(one, other) and len(seen) == 2
    assert STYLES[0] == seen[0].styles.parts[0][0]
