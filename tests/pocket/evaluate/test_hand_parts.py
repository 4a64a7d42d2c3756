from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.pocket.data.colors import COLORS, draw_paint
from pipeline.pocket.evaluate.drawings import SKETCHES, Drawing, load_drawings
from pipeline.pocket.evaluate.hand_parts import (
    HandPart,
    find_masks,
    load_hand_parts,
    run_hand_part_trial,
    score_apart,
    score_natural,
)
from pipeline.values import GenerationRequest, Sketch
from tests.tools.draw_functions import draw_white, make_bench, read_values
from tests.tools.sample_things import make_pack

APART, NATURAL = "parts of hand drawings told apart", "parts of hand drawings in colours that suit them"


def house() -> Drawing:
    """A wall with a door."""
    pixels = np.full((512, 512, 3), 255, np.uint8)
    for left, top, right, bottom in ((100, 100, 400, 400), (200, 250, 300, 400)):
        pixels[top : top + 6, left:right] = pixels[bottom - 6 : bottom, left:right] = 0
        pixels[top:bottom, left : left + 6] = pixels[top:bottom, right - 6 : right] = 0
    return Drawing("house", "a house", "house", "careful", Sketch(pixels, is_drawing=True))


PARTS = (
    HandPart("wall", ((150, 150),), ("red", "white")),
    HandPart("door", ((250, 350),), ("brown",)),
    HandPart("sky", ((20, 20),), ("blue", "white")),
)


def write_parts(folder: Path) -> Path:
    entries = [{"part": part.name, "at": part.points, "colours": part.colours} for part in PARTS]
    (folder / "parts.json").write_text(json.dumps({"house": entries}))
    return folder


def paint_parts(colours: dict[str, str]) -> np.ndarray:
    picture = np.full((128, 128, 3), 120, np.uint8)
    for mask, part in zip(find_masks(house(), PARTS, 128), PARTS, strict=True):
        picture[mask] = draw_paint(colours[part.name], np.random.default_rng(0)) * 255
    return picture


def test_masks_are_what_lines_close_around_points() -> None:
    wall, door, sky = find_masks(house(), PARTS, 256)
    assert wall[75, 75] and door[160, 125] and sky[5, 5] and not (wall & door).any() and not (wall & sky).any()
    assert 1500 < door.sum() < 3750 < wall.sum() < 20000 < sky.sum()
    with pytest.raises(ValueError, match="lies on a line"):
        find_masks(house(), (HandPart("line", ((102, 102),), ("red",)),), 256)


def test_only_words_that_suit_count_and_only_pairs_that_must_differ() -> None:
    masks = find_masks(house(), PARTS, 128)
    right = paint_parts({"wall": "red", "door": "brown", "sky": "blue"})
    assert score_natural(right, masks, PARTS) == [1, 1, 1] and score_apart(right, masks, PARTS) == [1, 1]
    wrong = paint_parts({"wall": "green", "door": "green", "sky": "white"})
    assert score_natural(wrong, masks, PARTS) == [0, 0, 1]
    assert score_apart(wrong, masks, PARTS) == [0, 1]  # wall and sky may look alike


def test_good_pictures_and_blanks_are_told_apart(tmp_path: Path) -> None:
    folder, right = write_parts(tmp_path), paint_parts({"wall": "red", "door": "brown", "sky": "blue"})

    def paint(request: GenerationRequest) -> np.ndarray:
        assert request.conditioning.lines == 0 and request.prompt.text == "a house"
        return right

    stranger = Drawing("other", "a cat", "cat", "usual", house().sketch)
    good = run_hand_part_trial(make_bench(paint, tmp_path / "made"), [house(), stranger], folder, make_pack().things)
    found = read_values(good)
    assert found[APART] == found[NATURAL] == 1 and len(good.strips) == 1
    assert [line.bars for line in good.figures] == [(0.85,), (), (0.75,), ()]
    bad = read_values(run_hand_part_trial(make_bench(draw_white, tmp_path), [house()], folder, make_pack().things))
    assert bad[APART] == 0 and bad[NATURAL] == pytest.approx(2 / 3)


def test_files_are_checked(tmp_path: Path) -> None:
    (tmp_path / "parts.json").write_text('{"house": [{"part": "wall", "at": [[1, 2]]}]}')
    with pytest.raises(ValueError, match="expected the keys"):
        load_hand_parts(tmp_path)
    with pytest.raises(ValueError, match="needs points and colours"):
        HandPart("wall", ((1, 2),), ("beautiful",))


@pytest.mark.slow
def test_every_part_of_the_set_has_a_mask() -> None:
    known, drawings = load_hand_parts(SKETCHES), {drawing.id: drawing for drawing in load_drawings()}
    assert len(known) >= 20 and set(known) <= set(drawings)
    for id, parts in known.items():
        masks = find_masks(drawings[id], parts, 512)
        assert min(mask.sum() for mask in masks) > 100, id
        assert not (np.sum(masks, axis=0) > 1).any(), f"{id}: two parts share a place"
        said = set(drawings[id].prompt.split()) & set(COLORS)
        assert all(any(word in part.colours for part in parts) for word in said - {"grey"}), id
