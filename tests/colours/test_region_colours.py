from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pipeline.colours.hint import find_regions, make_proposed_hint
from pipeline.colours.region_colours import (
    CODES,
    RegionColours,
    load_region_colours,
    nearest_codes,
    paint_surroundings,
    propose_colours,
)
from pipeline.colours.region_features import FEATURES, WIDE, read_features, region_means

WORDS = torch.zeros(1, 39, 384)


@pytest.fixture(scope="module")
def network() -> RegionColours:
    torch.manual_seed(0)
    made = RegionColours()
    made.codes.copy_(torch.rand(CODES, 3, generator=torch.Generator().manual_seed(1)))
    return made.eval()


def draw_house() -> np.ndarray:
    lines = np.zeros((256, 256), np.uint8)
    cv2.rectangle(lines, (60, 100), (200, 230), 255, 1)
    cv2.rectangle(lines, (110, 160), (150, 230), 255, 1)
    cv2.polylines(lines, [np.array([[50, 100], [130, 30], [210, 100]])], True, 255, 1)
    return lines


def test_regions_are_described_the_largest_first_and_the_surroundings_in_cells() -> None:
    lines = draw_house()
    seen = read_features(lines, find_regions(lines))
    assert seen.outside.tolist() == [True, False, False, False] and set(seen.homes) == {seen.numbers[0]}
    assert seen.values.shape == (4 + len(seen.homes), FEATURES) and seen.whole.shape == (WIDE * WIDE,)
    assert (np.diff(seen.values[:4, 10]) <= 0).all() and np.isfinite(seen.values).all()
    assert seen.values[1, :4] == pytest.approx([60 / 256, 100 / 256, 200 / 256, 230 / 256], abs=0.02)
    assert seen.values[:, 18].tolist() == [0] * 4 + [1] * len(seen.homes)
    assert seen.cells.max() == len(seen.homes) > 15 and seen.cells[2, 2] == 1 and seen.cells[200, 130] == 0


def test_surroundings_run_smoothly_from_cell_to_cell() -> None:
    spots = np.array([[0, 0], [0, 1], [0, 2], [7, 0], [7, 2]], np.int32)
    tones = np.array([[0, 0, 1]] * 3 + [[0, 1, 0]] * 2, np.float32)
    made = paint_surroundings(tones, spots)
    assert made.shape == (256, 256, 3) and np.allclose(made[2, 128], [0, 0, 1], atol=0.05)
    assert np.allclose(made[-2, 20], [0, 1, 0], atol=0.05)
    assert np.abs(np.diff(made, axis=0)).max() < 0.05


def test_a_regions_mean_takes_the_pixels_that_lie_whole_in_it() -> None:
    lines = draw_house()
    regions = find_regions(lines)
    numbers = read_features(lines, regions).numbers
    truth = np.stack([(regions == number) * (n + 1) / 10 for n, number in enumerate(numbers)]).sum(0)
    field = cv2.resize(truth, (64, 64), interpolation=cv2.INTER_AREA)[..., None].repeat(3, 2).astype(np.float32)
    means, sure = region_means(regions, numbers, field)
    assert means[:, 0] == pytest.approx([0.1, 0.2, 0.3, 0.4], abs=0.01) and (sure == 1).all()


def test_each_inner_region_gets_a_colour_of_the_codes_by_the_seed(network: RegionColours) -> None:
    lines = draw_house()
    one = propose_colours(network, lines, WORDS, WORDS, 1)
    again, other = propose_colours(network, lines, WORDS, WORDS, 1), propose_colours(network, lines, WORDS, WORDS, 2)
    assert np.array_equal(one.colours, again.colours) and not np.array_equal(one.colours, other.colours)
    assert not one.proposed[2, 2] and one.proposed[120, 70] and one.proposed[200, 130]
    assert len(np.unique(one.colours[one.proposed], axis=0)) <= 3


def test_what_the_person_painted_is_taken_over(network: RegionColours) -> None:
    lines = draw_house()
    colours, painted = np.zeros((256, 256, 3), np.uint8), np.zeros((256, 256), bool)
    painted[170:220, 120:140] = True
    colours[painted] = (network.codes[7].numpy() * 255).round().astype(np.uint8)
    made = propose_colours(network, lines, WORDS, WORDS, 3, colours=colours, painted=painted)
    assert np.abs(made.colours[200, 130].astype(int) - colours[200, 130]).max() <= 30
    hint = make_proposed_hint(lines, colours, painted, made)
    assert hint[7, 60, 40] == 1 and hint[7, 1, 1] == 0
    assert hint[4:7, 97, 65] == pytest.approx(colours[195, 130] / 255, abs=0.12)


def test_words_and_known_colours_change_the_answer(network: RegionColours) -> None:
    features, whole = torch.rand(1, 5, FEATURES), torch.rand(1, WIDE * WIDE)
    there, known = torch.ones(1, 5, dtype=torch.bool), torch.full((1, 5), CODES)
    plain = network(features, whole, there, known, WORDS)
    told = known.clone()
    told[0, 0] = 3
    assert plain.shape == (1, 5, CODES)
    assert not torch.allclose(plain[:, 1:], network(features, whole, there, told, WORDS)[:, 1:])
    assert not torch.allclose(plain, network(features, whole, there, known, torch.randn(1, 39, 384)))


def test_missing_regions_are_not_looked_at(network: RegionColours) -> None:
    features, whole, known = torch.rand(1, 6, FEATURES), torch.rand(1, WIDE * WIDE), torch.full((1, 6), CODES)
    there = torch.tensor([[True] * 4 + [False] * 2])
    changed = features.clone()
    changed[:, 4:] = 9
    one, other = (network(some, whole, there, known, WORDS)[:, :4] for some in (features, changed))
    assert torch.allclose(one, other, atol=1e-5)


def test_weights_survive_the_disk_and_an_empty_drawing_is_no_trouble(network: RegionColours, tmp_path: Path) -> None:
    save_file({name: value.half() for name, value in network.state_dict().items()}, tmp_path / "regions.safetensors")
    read = load_region_colours(tmp_path / "regions.safetensors")
    assert torch.allclose(read.codes, network.codes, atol=1e-3)
    assert not propose_colours(read, np.zeros((300, 300), np.uint8), WORDS, WORDS, 0).proposed.any()
    assert nearest_codes(read, np.full((2, 3), np.nan, np.float32)).tolist() == [CODES, CODES]
