from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from pipeline.pocket.data.grounds import draw_ground
from pipeline.pocket.data.scenes import compose_picture, draw_cutout, find_rim, place_cutout, stack_layers
from pipeline.pocket.evaluate.bench import (
    CachedDrawing,
    draw_pen,
    make_case,
    make_case_from,
    widen_lines,
)
from pipeline.pocket.evaluate.measures import measure_line_distance
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


def test_a_thing_is_outlined_whole_whatever_its_ground(tmp_path: Path) -> None:
    """A ghost on a ground of its own colour has no contour to read, and a person draws it all the same."""
    thing = make_pack().things[1]
    picture = compose_picture([thing], np.random.default_rng(3), 256, color=None, alone=True)
    hidden = replace(picture, image=np.full_like(picture.image, 0.98))
    case = make_case_from(hidden, np.random.default_rng(0), 0)
    assert measure_line_distance(case.lines)[picture.outlines].max() < 8
    inside = flood_outside(case.lines) == 0
    assert inside[picture.subject_mask].mean() > 0.95


def test_what_lies_under_another_thing_has_no_outline_there() -> None:
    ghost, house = make_pack().things[1], make_pack().things[3]
    rng = np.random.default_rng(0)
    under, over = (
        place_cutout(*draw_cutout(thing, rng), rng, 128, 0.6, np.array(middle, np.float32))
        for thing, middle in ((ghost, (54, 64)), (house, (74, 64)))
    )
    _, _, outlines = stack_layers(draw_ground(128, rng), under, [over], in_front=False)
    hidden = (over.alpha > 0.5) & ~find_rim(over.alpha > 0.5)
    assert find_rim(under.alpha > 0.5)[hidden].any() and not outlines[hidden].any()
    assert outlines[find_rim(over.alpha > 0.5)].all()


def flood_outside(lines: np.ndarray) -> np.ndarray:
    """Mark with 1 what lies outside of closed lines."""
    walls = (lines > 0).astype(np.uint8) * 2
    cv2.floodFill(walls, None, (0, 0), 1)
    return walls == 1
