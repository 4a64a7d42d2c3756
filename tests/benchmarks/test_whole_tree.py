"""Every feature of Stable Diffusion 1.5 through the running app on the small tree, and what the looks at it find."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.benchmarks.kept_rows import KeptRows
from tests.benchmarks.tree_features import MODELS, PLAIN, Feature, Sent, list_features, list_of_model
from tests.benchmarks.tree_files import Files, Picture
from tests.benchmarks.whole_tree import Run, draw_all, is_told, read_options
from tests.models.wrong_files import WRONG_FILES
from tests.tools.sd15_tree import write_sd15_tree

SIDE = 256


def test_every_feature_draws_on_the_small_tree(tmp_path: Path) -> None:
    """In brief, without twelve rows and a model of one's own alone; what each of those has of its own is tested where
    `Feature.repeats` and `change_models` say: few-step weights from other files, folders that differ in their names,
    another upscaler of pixels, a strength between two others, and one enlarging more. Two taught steps are enough to
    stop between them, for a sample is drawn after each.
    """
    folder = write_sd15_tree(tmp_path / "sd15", small=True)
    rows = list(draw_all(read_options([str(folder), "--brief", "--lesson", "2"]), tmp_path))
    assert [row for row in rows if "wrong" in row] == []
    named = [row["what"] for row in rows]
    features = {each.name for each in list_features(SIDE, False) if not each.repeats}
    models = {each.name for name in MODELS.keys() - {"own model"} for each in list_of_model(name)}
    assert features | models | {"the taught style worn"} <= set(named) and len(features) > 60 and len(models) == 7
    assert named[-1] == "the first one again"


def make_picture(folder: Path, name: str, pixels: np.ndarray, **details: object) -> Picture:
    """Write a picture as /draw gives one."""
    text = PngInfo()
    text.add_text("croquis", json.dumps({"own_weights": [{"name": "ink"}]}))
    Image.fromarray(pixels).save(folder / f"{name}.png", pnginfo=text)
    return Picture(folder / f"{name}.png", {"notices": [], **details})


@pytest.fixture
def noise() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


def test_a_picture_of_another_size_empty_or_otherwise_told_is_a_fault(tmp_path: Path, noise: np.ndarray) -> None:
    asked = Feature("a", told={"levers.decoder": "small"}, own=("ink",))
    right = make_picture(tmp_path, "right", noise, levers={"decoder": "small"})
    assert right.list_faults(asked, (SIDE, SIDE)) == []
    wrong = make_picture(tmp_path, "wrong", np.full((64, SIDE, 3), 90, np.uint8), levers={"decoder": "full"})
    found = wrong.list_faults(replace(asked, own=("glow",)), (SIDE, SIDE))
    assert len(found) == 4 and "levers.decoder is 'full'" in found[2] and "glow" in found[3]


def test_a_feature_that_changes_nothing_and_a_part_that_moves_are_faults(tmp_path: Path, noise: np.ndarray) -> None:
    files = Files(tmp_path, SIDE)
    files.keep(PLAIN, make_picture(tmp_path, "plain", noise))
    same = make_picture(tmp_path, "same", noise)
    assert files.compare(Feature("b"), same) == [f"it is the same picture as “{PLAIN}”"]
    assert files.compare(Feature("b", unlike=(), like=PLAIN), same) == []
    part = Feature("c", {"mask_image": Sent("mask")}, keeps=PLAIN, unlike=())
    assert files.compare(part, same) == ["what was to change is as it was"]
    mask = np.asarray(Image.open(tmp_path / "sent" / "mask.png"))[..., None]
    moved = np.where(mask == 255, 255 - noise, noise)
    assert files.compare(part, make_picture(tmp_path, "moved", moved)) == []
    assert "what was to stay moved" in files.compare(part, make_picture(tmp_path, "other", 255 - noise))[0]


def test_a_wrong_file_is_told_by_its_own_sentence() -> None:
    first, second = WRONG_FILES[:2]
    assert is_told(first, [f"{first.name} {first.said}"]) and not is_told(first, [f"{first.name} {second.said}"])


def test_what_was_drawn_right_is_kept_and_what_was_wrong_is_drawn_again(tmp_path: Path, noise: np.ndarray) -> None:
    drawn = []

    def open_run(wrong: list[str]) -> Run:
        """Return a run as it is once its app answers, which draws noise and finds `wrong` in it."""
        run = Run.__new__(Run)
        room = tmp_path / str(len(list(tmp_path.iterdir())))
        room.mkdir()
        run.files, run.kept = Files(room, SIDE), KeptRows(tmp_path / "kept")

        def measure(name: str, work: object) -> dict[str, object]:
            drawn.append(name)
            run.files.keep(name, make_picture(room, "made", noise, seed=7))
            return {"what": name, "s": 1.0} | ({"wrong": "; ".join(wrong)} if wrong else {})

        run.measure = measure  # type: ignore[method-assign, assignment]
        return run

    assert "wrong" in open_run(["empty"]).draw_row(Feature("a"))
    row = open_run([]).draw_row(Feature("a"))
    again = open_run(["never asked"])
    assert again.draw_row(Feature("a")) == row == {"what": "a", "s": 1.0} and drawn == ["a", "a"]
    found = again.files.find("a")
    assert found is not None and np.array_equal(found.pixels, noise) and found.details["seed"] == 7
