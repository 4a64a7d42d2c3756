import cv2
import numpy as np
import pytest

from pipeline.pocket.data.grounds import COMPOSED_GROUNDS, draw_ground, draw_plain_ground


@pytest.mark.parametrize(
    "draw", [*(draw for draw, _ in COMPOSED_GROUNDS), draw_plain_ground], ids=lambda draw: draw.__name__
)
def test_grounds_are_whole_and_said(draw) -> None:
    said = set()
    for seed in range(25):
        ground = draw(96, np.random.default_rng(seed))
        assert ground.image.shape == (96, 96, 3) and ground.image.dtype == np.float32
        assert np.isfinite(ground.image).all() and ground.image.min() >= -1e-5 and ground.image.max() <= 1 + 1e-5
        said.add(ground.words)
    assert len(said) > 1


def test_grounds_are_calm() -> None:
    """Few strong edges, so that the thing in front is what one would draw."""
    busy = []
    for seed in range(80):
        image = draw_ground(128, np.random.default_rng(seed)).image
        pixels = cv2.GaussianBlur((image * 255).astype(np.uint8), (0, 0), 1)
        busy.append((cv2.Canny(pixels, 40, 100, L2gradient=True) > 0).mean())
    assert np.mean(busy) < 0.02 and max(busy) < 0.12


def test_a_plain_share_of_one_gives_plain_grounds_only() -> None:
    for seed in range(30):
        image = draw_ground(64, np.random.default_rng(seed), plain_share=1.0).image
        assert image.std(axis=1).max() < 1e-5  # rows of one tone
