"""Colours that were asked for stay in a painted picture; everything else stays as the style painted it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.painters.asked import keep_asked_colours
from pipeline.painters.source import Source
from pipeline.values import Painting

SIDE = 64
RED, SAND, WHITE, BLACK = (200, 45, 40), (240, 230, 200), (250, 250, 248), (30, 30, 34)
THING = (slice(16, 48), slice(16, 48))
NOWHERE = np.zeros((SIDE, SIDE), np.bool_)
NOTHING = np.zeros((0, 3), np.uint8)


def make_painting(colour: tuple[int, int, int]) -> Painting:
    colours = np.full((SIDE, SIDE, 3), SAND, np.uint8)
    regions = np.zeros((SIDE, SIDE), np.int32)
    colours[THING], regions[THING] = colour, 1
    return Painting(colours, np.zeros((SIDE, SIDE), np.uint8), regions)


def paint_murk() -> np.ndarray:
    """A picture of a style that turned everything to a grainy blue grey."""
    grain = np.random.default_rng(0).normal(0, 12, (SIDE, SIDE, 1))
    return np.clip(np.array([90, 105, 130]) + grain, 0, 255).astype(np.uint8)


def measure_middle(picture: np.ndarray) -> np.ndarray:
    """The mean of the thing's inner part in CIELAB."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[20:44, 20:44].mean(axis=(0, 1)))


def hue_of(colour: np.ndarray) -> float:
    return float(np.degrees(np.arctan2(colour[2], colour[1])))


def test_a_named_colour_has_its_hue_again_and_the_rest_stays() -> None:
    murk, painting = paint_murk(), make_painting(RED)
    kept = keep_asked_colours(murk, Source(painting), np.array([[210, 59, 51]], np.uint8), NOWHERE)
    assert abs(hue_of(measure_middle(kept)) - hue_of(measure_middle(painting.colours))) < 10
    assert np.abs(kept[:8].astype(int) - murk[:8]).max() <= 1


def test_texture_stays_on_what_was_moved() -> None:
    murk = paint_murk()
    kept = keep_asked_colours(murk, Source(make_painting(RED)), np.array([RED], np.uint8), NOWHERE)
    assert kept[20:44, 20:44].std(axis=(0, 1)).max() > 0.6 * murk[20:44, 20:44].std(axis=(0, 1)).max()


@pytest.mark.parametrize("named", [NOTHING, np.array([[60, 160, 80]], np.uint8)])
def test_a_colour_that_nobody_asked_for_is_the_style_s_own(named: np.ndarray) -> None:
    murk = paint_murk()
    assert np.array_equal(keep_asked_colours(murk, Source(make_painting(RED)), named, NOWHERE), murk)


def test_what_the_person_painted_keeps_its_hue_without_a_word() -> None:
    painted = NOWHERE.copy()
    painted[THING] = True
    kept = keep_asked_colours(paint_murk(), Source(make_painting(RED)), NOTHING, painted)
    assert abs(hue_of(measure_middle(kept)) - hue_of(measure_middle(make_painting(RED).colours))) < 10


@pytest.mark.parametrize("colour", [(240, 140, 45), (245, 205, 60)])
def test_orange_does_not_become_red_nor_yellow_orange(colour: tuple[int, int, int]) -> None:
    glow = np.full((SIDE, SIDE, 3), (235, 70, 30), np.uint8)
    kept = keep_asked_colours(glow, Source(make_painting(colour)), np.array([colour], np.uint8), NOWHERE)
    assert abs(hue_of(measure_middle(kept)) - hue_of(measure_middle(make_painting(colour).colours))) < 7


def test_a_slate_roof_of_a_blue_house_was_asked_for_and_brown_does_not_become_tan() -> None:
    slate, blue = (53, 84, 118), np.array([(58, 102, 201)], np.uint8)
    rust = np.full((SIDE, SIDE, 3), (120, 80, 60), np.uint8)
    assert measure_middle(keep_asked_colours(rust, Source(make_painting(slate)), blue, NOWHERE))[2] < -10
    brown, pale = (110, 70, 45), np.full((SIDE, SIDE, 3), (220, 200, 180), np.uint8)
    kept = keep_asked_colours(pale, Source(make_painting(brown)), np.array([brown], np.uint8), NOWHERE)
    assert measure_middle(kept)[0] < measure_middle(make_painting(brown).colours)[0] + 12


@pytest.mark.parametrize(("colour", "least", "most"), [(WHITE, 88, 100), (BLACK, 0, 24)])
def test_white_stays_light_and_black_stays_dark(colour: tuple[int, int, int], least: float, most: float) -> None:
    kept = keep_asked_colours(paint_murk(), Source(make_painting(colour)), np.array([colour], np.uint8), NOWHERE)
    light, a, b = measure_middle(kept)
    assert least < light < most
    assert np.hypot(a, b) < 11
