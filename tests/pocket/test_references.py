"""Test the style folders: complete, of one size, remade by the code that made them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.painters import PAINTERS
from pipeline.pocket.references import SCENES, SITTINGS, draw_scene, paint_reference

pytestmark = pytest.mark.slow

STYLES = Path(__file__).resolve().parents[2] / "styles"
FOLDERS = tuple(sorted(folder for folder in STYLES.iterdir() if folder.is_dir()))


def read_reference(folder: Path) -> np.ndarray:
    """Read a style's reference as float32 (512, 512, 3) RGB in [0, 1]."""
    with Image.open(folder / "reference.webp") as image:
        assert image.mode == "RGB"
        return np.asarray(image, np.float32) / 255


def test_every_painter_has_a_folder_and_a_scene() -> None:
    assert len(FOLDERS) >= 32
    assert {folder.name for folder in FOLDERS} == set(PAINTERS) == set(SITTINGS)
    assert {sitting.scene for sitting in SITTINGS.values()} <= set(SCENES)
    assert {"cyberpunk", "ghibli", "industrial", "sketch"} <= {folder.name for folder in FOLDERS}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_folder_holds_words_a_template_and_a_square_picture(folder: Path) -> None:
    data = json.loads((folder / "style.json").read_text())
    assert list(data) == ["id", "name", "words", "template", "licence", "credit"]
    assert data["id"] == folder.name
    assert data["name"].strip() == data["name"] != ""
    assert 4 <= len(data["words"]) <= 40
    assert len(set(data["words"])) == len(data["words"])
    assert data["template"].count("{prompt}") == 1
    assert data["licence"] == "CC0-1.0"
    assert read_reference(folder).shape == (512, 512, 3)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_reference_shows_the_scene_in_the_colours_that_the_code_paints(folder: Path) -> None:
    """The painters are newer than the pictures, which the shipped weights were trained with.

    So large areas agree and outlines lie in the same places, not every pixel is the same.
    """
    both = (read_reference(folder), paint_reference(folder.name))
    shown, painted = (picture.reshape(16, 32, 16, 32, 3).mean(axis=(1, 3)) for picture in both)
    assert np.abs(shown - painted).mean() < 0.24
    assert np.corrcoef(*(outlines(picture).ravel() for picture in both))[0, 1] > 0.2


def outlines(picture: np.ndarray) -> np.ndarray:
    """Return how much the colours change around each of 64 x 64 places."""
    small = picture.reshape(64, 8, 64, 8, 3).mean(axis=(1, 3))
    down, across = np.gradient(small, axis=(0, 1))
    return np.hypot(down, across).max(axis=2)


def test_references_differ_from_each_other() -> None:
    small = np.stack([read_reference(folder)[4::8, 4::8] for folder in FOLDERS])
    for k, one in enumerate(small):
        assert min(np.abs(one - other).mean() for j, other in enumerate(small) if j != k) > 0.05


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_a_picture_and_always_the_same(name: str) -> None:
    scene = draw_scene(name)
    assert np.array_equal(scene, draw_scene(name))
    assert np.array_equal(scene[:, ::-1], draw_scene(name, mirrored=True))
    light = scene.mean(axis=2)
    assert light.std() > 0.1
    assert np.abs(np.diff(light, axis=1)).max() > 0.3  # shapes with borders, not a swatch
    assert len(np.unique((scene[::8, ::8] * 15).astype(int).reshape(-1, 3), axis=0)) > 40
