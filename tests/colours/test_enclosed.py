"""Ground that lines enclose looks like what lies around it, at its own height; things and painted places stay."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from pipeline.colours.enclosed import (
    EVIDENCE,
    UNITS,
    load_enclosed_ground,
    save_enclosed_ground,
    set_apart,
)
from pipeline.colours.region_colours import measure_inner_areas, propose_colours
from pipeline.colours.region_features import RegionFeatures, read_features
from pipeline.colours.region_network import CODES, WIDTH, RegionColours
from pipeline.colours.regions import find_regions
from pipeline.values import PaintedColours
from tests.colours.drawings import make_enclosed_ground

NOTHING = torch.zeros(1, 39, 384)
HOLE, SKY, LAND = (210, 128), (40, 20), (210, 20)  # y, x


ALL, NONE = (make_enclosed_ground(bias) for bias in (9.0, -9.0))


@pytest.fixture(scope="module")
def network() -> RegionColours:
    torch.manual_seed(0)
    made = RegionColours()
    made.codes.copy_(torch.rand(CODES, 3, generator=torch.Generator().manual_seed(1)))
    return made.eval()


def draw_gate() -> np.ndarray:
    """Draw a house before a horizon, (256, 256): through its gate land is seen, though there is more sky."""
    lines = np.zeros((256, 256), np.uint8)
    cv2.line(lines, (0, 160), (255, 160), 255, 2)
    cv2.rectangle(lines, (60, 60), (200, 240), 0, -1)
    cv2.rectangle(lines, (60, 60), (200, 240), 255, 2)
    cv2.rectangle(lines, (100, 180), (160, 240), 255, 2)
    return lines


def read_gate() -> tuple[np.ndarray, RegionFeatures, np.ndarray]:
    """Return the gate's regions, its tokens, and which of them is what it frames."""
    lines = draw_gate()
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    return regions, seen, seen.numbers == regions[HOLE]


def test_enclosed_ground_lies_in_what_is_beside_it() -> None:
    regions, seen, is_hole = read_gate()
    apart = set_apart(regions, seen, is_hole)
    assert apart.lies_in == {regions[HOLE]: regions[LAND]} and regions[SKY] != regions[LAND]
    assert apart.outside[is_hole].all() and np.array_equal(apart.outside[~is_hole], seen.outside[~is_hole])
    assert not seen.outside[is_hole].any() and not seen.lies_in


def test_enclosed_ground_is_no_part_of_the_thing() -> None:
    regions, seen, is_hole = read_gate()
    areas, less = (measure_inner_areas(regions, one) for one in (seen, set_apart(regions, seen, is_hole)))
    assert (areas - less).nonzero().flatten().tolist() == np.flatnonzero(is_hole).tolist()


def test_where_nothing_lies_around_nothing_is_set_apart() -> None:
    regions, seen, is_hole = read_gate()
    alone = RegionFeatures(
        seen.numbers, seen.outside, seen.cells, seen.homes[:0], seen.spots[:0], seen.values, seen.whole
    )
    assert set_apart(regions, alone, is_hole) is alone


def test_evidence_decides_for_each_region(network: RegionColours) -> None:
    regions, seen, is_hole = read_gate()
    ground = make_enclosed_ground(-2.0)
    ground.units[3, 0], ground.thresholds[3], ground.weights[3] = 2.0, 1.0, 4.0
    minds = np.zeros((len(seen.numbers), WIDTH), np.float32)
    minds[is_hole, 0] = 1.0
    likely = ground.estimate(minds, regions, seen)
    assert likely[is_hole] == pytest.approx(0.881, abs=1e-3) and likely[~is_hole] == pytest.approx(0.119, abs=1e-3)


def test_what_is_taken_for_ground_shows_what_lies_beside_it(network: RegionColours) -> None:
    made = propose_colours(network, draw_gate(), NOTHING, NOTHING, 1, enclosed=ALL).colours.astype(int)
    assert np.abs(made[HOLE] - made[HOLE[0], 30]).max() <= 12  # the land beside the house
    things = propose_colours(network, draw_gate(), NOTHING, NOTHING, 1, enclosed=NONE).colours
    assert np.array_equal(things, propose_colours(network, draw_gate(), NOTHING, NOTHING, 1).colours)
    assert np.abs(things[HOLE].astype(int) - things[HOLE[0], 30]).max() > 12


def test_what_the_person_painted_is_no_ground(network: RegionColours) -> None:
    colours, mask = np.zeros((256, 256, 3), np.uint8), np.zeros((256, 256), bool)
    mask[190:230, 110:150] = True
    colours[mask] = np.round(255 * network.codes[7].numpy())
    painted = PaintedColours(colours, mask)
    made = propose_colours(network, draw_gate(), NOTHING, NOTHING, 1, enclosed=ALL, painted=painted).colours
    assert np.abs(made[HOLE].astype(int) - colours[HOLE]).max() <= 30


def test_the_table_comes_back_equal_and_strange_ones_are_refused(tmp_path: Path) -> None:
    ground = make_enclosed_ground(-2.5)
    ground.units[:] = np.linspace(-1, 1, EVIDENCE)
    save_enclosed_ground(ground, tmp_path / "a.npz")
    read = load_enclosed_ground(tmp_path / "a.npz")
    assert np.allclose(read.units, ground.units, atol=1e-3) and read.bias == -2.5
    arrays = dict(np.load(tmp_path / "a.npz"))
    for weights, named in ((np.ones(3), r"\(3,\)"), (np.full(UNITS, np.nan), "finite weights")):
        np.savez(tmp_path / "b.npz", **{**arrays, "weights": weights})
        with pytest.raises(ValueError, match=named):
            load_enclosed_ground(tmp_path / "b.npz")
    np.savez(tmp_path / "b.npz", units=ground.units)
    with pytest.raises(ValueError, match="lacks bias, thresholds, weights"):
        load_enclosed_ground(tmp_path / "b.npz")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bias, likely", [(-500.0, 0.0), (500.0, 1.0)])
def test_overwhelming_evidence_is_sure_without_an_overflow(bias: float, likely: float) -> None:
    assert make_enclosed_ground(bias).judge(np.zeros((1, EVIDENCE), np.float32)) == pytest.approx([likely])
