from collections.abc import Sequence

import cv2
import numpy as np
import pytest
import torch

from pipeline.colours.behind import MOST, find_behind, lean_on_pale_grounds, penalise_unlike_ground, snap_to_ground
from pipeline.colours.kin import count_borders
from pipeline.colours.oklab import to_oklab
from pipeline.colours.region_colours import nearest_codes, propose_colours
from pipeline.colours.region_features import COLUMNS, ROWS, read_features
from pipeline.colours.region_network import CODES, GROUNDS, RegionColours
from pipeline.colours.regions import find_regions
from pipeline.colours.rounds import (
    KNOWN_PUSH,
    PUSH,
    TEMPERATURE,
    Groups,
    State,
    draw_codes,
    draw_tastes,
    find_neighbours,
    push_apart,
)
from pipeline.colours.surroundings import drop_bands, even_out, paint_surroundings
from pipeline.errors import Cancelled
from pipeline.values import PaintedColours
from tests.colours.drawings import draw_house

WORDS = torch.zeros(1, 39, 384)


@pytest.fixture(scope="module")
def network() -> RegionColours:
    torch.manual_seed(0)
    made = RegionColours()
    made.codes.copy_(torch.rand(CODES, 3, generator=torch.Generator().manual_seed(1)))
    return made.eval()


def paint_door(network: RegionColours) -> PaintedColours:
    colours, mask = np.zeros((256, 256, 3), np.uint8), np.zeros((256, 256), bool)
    mask[170:220, 120:140] = True
    colours[mask] = (network.codes[7].numpy() * 255).round().astype(np.uint8)
    return PaintedColours(colours, mask)


def test_each_inner_region_gets_one_colour_by_the_seed(network: RegionColours) -> None:
    lines = draw_house()
    one = propose_colours(network, lines, WORDS, WORDS, 1)
    again, other = propose_colours(network, lines, WORDS, WORDS, 1), propose_colours(network, lines, WORDS, WORDS, 2)
    assert np.array_equal(one.colours, again.colours) and not np.array_equal(one.colours, other.colours)
    for number in {one.regions[y, x] for y, x in ((120, 70), (200, 130), (60, 130))}:
        assert len(np.unique(one.colours[one.regions == number], axis=0)) == 1


def test_drawings_of_all_proportions_are_read(network: RegionColours) -> None:
    wide = cv2.resize(draw_house(), (768, 384), interpolation=cv2.INTER_NEAREST)
    assert propose_colours(network, wide, WORDS, WORDS, 1).colours.shape == (256, 256, 3)


def test_what_the_person_painted_is_taken_over(network: RegionColours) -> None:
    painted = paint_door(network)
    made = propose_colours(network, draw_house(), WORDS, WORDS, 3, painted=painted)
    plain = propose_colours(network, draw_house(), WORDS, WORDS, 3)
    assert np.abs(made.colours[200, 130].astype(int) - painted.colours[200, 130]).max() <= 30
    others = made.regions != made.regions[200, 130]
    assert not np.array_equal(made.colours[others], plain.colours[others])  # they go with it


@pytest.mark.parametrize(
    "change",
    [
        {"guidance_scale": 1.0},
        {"guidance_scale": 5.0},
        {"num_inference_steps": 2},
        {"controlnet_conditioning_scale": 0.0},
        {"controlnet_conditioning_scale": 1.5},
    ],
)
def test_every_control_acts(network: RegionColours, change: dict[str, float]) -> None:
    wanted = torch.randn(1, 39, 384, generator=torch.Generator().manual_seed(2))
    plain = propose_colours(network, draw_house(), wanted, WORDS, 1)
    made = propose_colours(network, draw_house(), wanted, WORDS, 1, **change)  # type: ignore[arg-type]
    assert not np.array_equal(plain.colours, made.colours)


def test_unwanted_words_act_only_with_guidance(network: RegionColours) -> None:
    other = torch.randn(1, 39, 384, generator=torch.Generator().manual_seed(2))
    for scale, same in ((1.0, True), (3.0, False)):
        one, two = (
            propose_colours(network, draw_house(), WORDS, unwanted, 1, guidance_scale=scale).colours
            for unwanted in (WORDS, other)
        )
        assert np.array_equal(one, two) == same


def test_shapes_that_are_not_seen_do_not_act(network: RegionColours) -> None:
    features, whole = torch.rand(2, 1, 5, 531).unbind(0), torch.rand(2, 1, 1024).unbind(0)
    there, known, ground = torch.ones(1, 5, dtype=torch.bool), torch.full((1, 5), CODES), torch.tensor([GROUNDS])
    for scale, same in ((0.0, True), (1.0, False)):
        one, two = (
            network(some, all_, there, known, ground, network.hear(WORDS), scale)[0]
            for some, all_ in zip(features, whole, strict=True)
        )
        assert torch.allclose(one, two) == same


def test_each_round_is_shown_and_can_be_the_last(network: RegionColours) -> None:
    steps: list[tuple[int, int]] = []
    shown: list[np.ndarray] = []

    def on_step(step: int, of: int, colours: np.ndarray) -> None:
        steps.append((step, of))
        shown.append(colours)

    whole = propose_colours(network, draw_house(), WORDS, WORDS, 1, num_inference_steps=4, on_step=on_step)
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert all(one.shape == (256, 256, 3) and one.dtype == np.uint8 for one in shown)
    assert np.abs(shown[-1].astype(int) - whole.colours).mean() < np.abs(shown[0].astype(int) - whole.colours).mean()
    with pytest.raises(Cancelled):
        propose_colours(network, draw_house(), WORDS, WORDS, 1, is_cancelled=lambda: len(steps) > 5, on_step=on_step)
    assert len(steps) == 6


def test_no_rounds_are_refused_and_an_empty_drawing_is_all_ground(network: RegionColours) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        propose_colours(network, draw_house(), WORDS, WORDS, 1, num_inference_steps=0)
    made = propose_colours(network, np.zeros((300, 300), np.uint8), WORDS, WORDS, 0)
    assert (made.regions == 1).all() and made.colours.shape == (256, 256, 3)


@pytest.mark.parametrize(("left", "cells"), [(3, False), (1, True)])
def test_cells_wait_for_the_ground_and_what_runs_off_has_no_colour(left: int, cells: bool) -> None:
    lines = draw_house()
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    groups, count = Groups.find(seen, count_borders(regions, seen)), len(seen.values)
    state = State(torch.full((count,), CODES), GROUNDS)
    made = draw_codes(state, torch.zeros(count, CODES), torch.zeros(GROUNDS), left, groups, draw_tastes(1, 0)[0])
    assert made.ground < GROUNDS and made.known[0] == CODES
    assert bool((made.known[len(seen.numbers) :] < CODES).any()) == cells
    assert int((made.known[1 : len(seen.numbers)] < CODES).sum()) == (3 if cells else 1)


def test_regions_of_like_chances_get_one_colour_and_each_has_its_own_chances() -> None:
    lines = draw_house()
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    count, inner = len(seen.values), slice(1, len(seen.numbers))
    groups = Groups.find(seen, count_borders(regions, seen))
    logits = torch.randn(CODES, generator=torch.Generator().manual_seed(7)).expand(count, -1)
    open_ones = State(torch.full((count,), CODES), 0)
    drawn = [
        draw_codes(open_ones, logits, torch.zeros(GROUNDS), 1, groups, draw_tastes(1, seed)[0]).known
        for seed in range(400)
    ]
    assert all(len(set(known[inner].tolist())) == 1 for known in drawn)
    found = torch.bincount(torch.stack([known[1] for known in drawn]), minlength=CODES) / len(drawn)
    expected = (logits[0] / TEMPERATURE).softmax(-1)
    assert (found - expected).abs().max() < 0.08 and len({int(known[1]) for known in drawn}) > 5


def test_neighbours_are_inner_regions_with_a_common_border() -> None:
    lines = draw_house()
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    wall, roof, door = (
        int(np.flatnonzero(seen.numbers == regions[y, x])[0]) for y, x in ((120, 70), (60, 130), (200, 130))
    )
    beside = find_neighbours(regions, seen, count_borders(regions, seen))
    assert beside[wall, door] == beside[door, wall] == beside[wall, roof] == 1 and beside[roof, door] == 0
    assert not beside[0].any() and not beside.diagonal().any() and not beside[len(seen.numbers) :].any()


def test_a_neighbours_colour_is_less_likely_and_others_are_not(network: RegionColours) -> None:
    known = torch.full((3,), CODES)
    known[0] = 7
    beside = torch.tensor([[0.0, 1, 0], [1, 0, 0], [0, 0, 0]])
    made = push_apart(torch.zeros(3, CODES), known, beside, torch.cdist(network.codes, network.codes) ** 2)
    far = int(torch.cdist(network.codes[7:8], network.codes).argmax())
    assert made[1, 7] == pytest.approx(-PUSH, abs=1e-3) and made[1, far] == pytest.approx(0, abs=0.01)
    assert not made[2].any() and not made[0].any()


def test_a_known_thing_s_neighbours_are_pushed_apart_more_and_petals_of_one_size_are_not() -> None:
    lines = np.zeros((256, 256), np.uint8)
    for left, right in ((40, 130), (130, 170), (170, 210)):
        cv2.rectangle(lines, (left, 80), (right, 160), 255, 1)
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    large, one, other = (int(np.flatnonzero(seen.numbers == regions[120, x])[0]) for x in (90, 150, 190))
    beside = find_neighbours(regions, seen, count_borders(regions, seen))
    assert beside[large, one] == 1 and beside[one, other] == 0
    known = torch.full((len(seen.values),), CODES)
    known[large] = 7
    soft, hard = (
        push_apart(torch.zeros(len(known), CODES), known, beside, torch.full((CODES, CODES), 9.0).fill_diagonal_(0), by)
        for by in (PUSH, KNOWN_PUSH)
    )
    assert hard[one, 7] == pytest.approx(-KNOWN_PUSH) and soft[one, 7] == pytest.approx(-PUSH) and KNOWN_PUSH > PUSH


def test_cells_take_on_the_clear_colours_of_their_ground_and_strange_ones_stay() -> None:
    sky, grass, painted = (0.7, 0.85, 1.0), (0.5, 0.8, 0.35), (0.9, 0.1, 0.1)
    ground = to_oklab(np.array([sky] * 8 + [grass] * 4, np.float32))
    muddy = np.array([(0.72, 0.8, 0.9), (0.55, 0.75, 0.4), painted], np.float32)
    made = snap_to_ground(muddy, np.array([2, 5, 3]), ground)
    assert made[0] == pytest.approx(sky, abs=0.03) and made[1] == pytest.approx(grass, abs=0.03)
    assert made[2] == pytest.approx(painted, abs=0.03)


def test_clear_cells_take_on_no_muddy_colour_of_a_kind_that_stands_for_two_places() -> None:
    teal, grey = (0.25, 0.6, 0.68), (0.42, 0.55, 0.6)
    ground = to_oklab(np.array([grey] * 12, np.float32))
    made = snap_to_ground(np.array([teal, (0.42, 0.56, 0.62)], np.float32), np.array([2, 5]), ground)
    assert made[0] == pytest.approx(teal, abs=0.01), "or under water is a rainy city"
    assert made[1] == pytest.approx(grey, abs=0.01)


def test_colours_unlike_the_kind_of_ground_lose_behind_everything_alone() -> None:
    cream, sky, navy = (0.98, 0.97, 0.92), (0.8, 0.9, 0.97), (0.16, 0.16, 0.32)
    ground = to_oklab(np.array([cream] * 12, np.float32))
    made = penalise_unlike_ground(to_oklab(np.array([cream, sky, navy], np.float32)), np.array([0, 11]), ground)
    assert made[0, 0] == 0 and made[0, 2] == -MOST
    assert -MOST < made[0, 1] < 0
    regions = np.ones((256, 256), np.int32)
    regions[150:] = 2  # a hill in front
    assert find_behind(regions, np.array([1, 2, 1], np.int32)).tolist() == [True, False, True]


def test_without_words_a_dark_kind_of_ground_is_not_drawn_though_the_drawing_likes_it() -> None:
    torch.manual_seed(0)
    network = RegionColours().eval()
    network.grounds.copy_(torch.zeros(GROUNDS, 12, 3))
    network.grounds[5, :, 0] = 0.95
    torch.nn.init.zeros_(network.answer_ground.weight)
    torch.nn.init.constant_(network.answer_ground.bias, -9.0)
    network.answer_ground.bias.data[[5, 6]] = torch.tensor([0.0, 3.0])  # a pale and a dark one
    lean = lean_on_pale_grounds(network.grounds.numpy())
    assert lean[5] == 0 and (np.delete(lean, 5) < -3).all()
    network.codes.copy_(torch.linspace(0, 1, CODES)[:, None].expand(CODES, 3))
    silent, asked = (
        propose_colours(network, draw_house(), WORDS, WORDS, 1, is_silent=one).colours[:3].mean()
        for one in (True, False)
    )
    assert silent > asked + 60


def at_cells(rows: Sequence[int], tone: tuple[int, int, int]) -> tuple[list[tuple[int, int]], list[tuple[int, ...]]]:
    spots = [(row, column) for row in rows for column in range(COLUMNS)]
    return spots, [tone] * len(spots)


def test_surroundings_meet_at_a_soft_horizon_and_like_cells_run_into_each_other() -> None:
    sky, blue = at_cells(range(5), (0, 0, 1))
    land, green = at_cells(range(5, ROWS), (0, 1, 0))
    made = paint_surroundings(np.array(blue + green, np.float32), np.array(sky + land, np.int32))
    assert made.shape == (256, 256, 3) and np.allclose(made[2, 128], [0, 0, 1], atol=0.02)
    assert np.allclose(made[-2, 20], [0, 1, 0], atol=0.02)
    between = (made[:, 128, 1] > 0.05) & (made[:, 128, 1] < 0.95)
    assert 2 <= between.sum() <= 10 and 100 < np.flatnonzero(between).mean() < 114
    pale = np.array([(0.9, 0.9, 1 - 0.004 * row) for row, _ in sky + land], np.float32)
    assert np.abs(np.diff(paint_surroundings(pale, np.array(sky + land, np.int32)), axis=0)).max() < 0.002


def test_cells_that_hardly_differ_are_evened_out_and_others_are_not() -> None:
    grid = np.full((ROWS, COLUMNS, 3), 0.7, np.float32)
    grid[:, 1] += 0.03
    grid[6:, :, 0] = 0.1
    made = even_out(even_out(grid))
    assert np.abs(made[:, 1] - made[:, 0]).max() < 0.015
    assert np.abs(made[5, :, 0] - made[6, :, 0]).min() > 0.5


def test_a_single_strange_row_is_dropped_and_a_horizon_is_not() -> None:
    grid = np.full((ROWS, COLUMNS, 3), 0.8, np.float32)
    grid[4], grid[8:] = (0.9, 0.3, 0.4), (0.4, 0.7, 0.3)
    made = drop_bands(grid)
    assert np.allclose(made[4], 0.8) and np.array_equal(np.delete(made, 4, 0), np.delete(grid, 4, 0))


def test_hidden_cells_take_the_colours_beside_them() -> None:
    spots = np.array([(row, 0) for row in range(ROWS)], np.int32)
    tones = np.array([(0, 0, 1)] * 6 + [(0, 1, 0)] * (ROWS - 6), np.float32)
    made = paint_surroundings(tones, spots)
    assert np.allclose(made[2, 250], [0, 0, 1], atol=0.02) and np.allclose(made[-2, 250], [0, 1, 0], atol=0.02)


def test_nothing_given_is_no_code(network: RegionColours) -> None:
    assert nearest_codes(network, np.full((2, 3), np.nan, np.float32)).tolist() == [CODES, CODES]
    assert nearest_codes(network, network.codes[3:5].numpy()).tolist() == [3, 4]
