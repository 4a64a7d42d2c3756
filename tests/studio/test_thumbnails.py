"""Test the styles' thumbnails: those that ship are what the model draws now; added styles get theirs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.settings import Settings
from pipeline.studio.studio import Studio
from pipeline.studio.thumbnails import FILE, SIDE, Thumbnails, draw_thumbnail, encode_thumbnail

pytestmark = pytest.mark.slow
SHIPPED_LIMIT = 300_000  # bytes of all that ship


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    studio = Studio(Settings(profile="pocket", user_dir=tmp_path_factory.mktemp("user")))
    _ = studio.engine
    yield studio


def read(file: Path | io.BytesIO) -> np.ndarray:
    """Read a thumbnail as float32 (SIDE, SIDE, 3) in [0, 1]."""
    with Image.open(file) as image:
        assert (image.format, image.mode, image.size) == ("WEBP", "RGB", (SIDE, SIDE))
        return np.asarray(image, np.float32) / 255


def test_every_style_that_ships_has_its_own_small_thumbnail(studio: Studio) -> None:
    files = [style.image.with_name(FILE) for style in studio.library.all() if style.builtin]
    assert sum(file.stat().st_size for file in files) < SHIPPED_LIMIT
    small = np.stack([read(file)[2::4, 2::4] for file in files])
    apart = [np.abs(small[k] - np.delete(small, k, 0)).mean(axis=(1, 2, 3)).min() for k in range(len(small))]
    assert min(apart) > 0.02


def test_the_thumbnails_are_what_the_model_draws_now(studio: Studio) -> None:
    """Equal up to how processors round; another style's is at least 0.02 away."""
    for style in studio.library.all():
        if style.builtin:
            drawn = encode_thumbnail(draw_thumbnail(studio, style))
            shipped = read(style.image.with_name(FILE))
            assert np.abs(shipped - read(io.BytesIO(drawn))).mean() < 0.005, style.id


def test_an_added_style_gets_its_thumbnail_in_the_background(studio: Studio) -> None:
    thumbnails = Thumbnails(studio)
    rng = np.random.default_rng(3)
    picture = Image.fromarray(rng.integers(0, 255, (6, 6, 3), np.uint8)).resize((300, 300))
    style = studio.add_style(picture, "Patches")
    assert thumbnails.find(style) is None and thumbnails.is_coming(style)
    thumbnails.draw_in_background([style]).join(60)
    file = thumbnails.find(style)
    assert file is not None and not thumbnails.is_coming(style)
    drawn = encode_thumbnail(draw_thumbnail(studio, style))
    assert np.abs(read(file) - read(io.BytesIO(drawn))).mean() < 0.005
    before = file.stat().st_mtime_ns
    thumbnails.draw_missing(studio.library.all())
    assert file.stat().st_mtime_ns == before
    assert list(thumbnails.folder.iterdir()) == [file]
    studio.remove_style(style.id)
