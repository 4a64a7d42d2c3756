"""Test that a picture finds the styles it looks like."""

from __future__ import annotations

import numpy as np
from PIL import Image

from pipeline.settings import ROOT
from pipeline.studio.likeness import Likeness, measure_distances
from pipeline.studio.thumbnails import FILE
from pipeline.styles.library import StyleLibrary


def test_another_picture_in_a_style_finds_it() -> None:
    """A style's thumbnail shows another thing than its reference; by chance its style would be first once in 46."""
    styles = StyleLibrary(ROOT / "styles", ROOT / "styles" / ".none").all()
    likeness, ranks = Likeness(), []
    for style in styles:
        with Image.open(style.image.with_name(FILE)) as picture:
            ranks.append(likeness.find_similar(picture, styles).index(style))
    assert sum(rank == 0 for rank in ranks) >= 25
    assert sum(rank < 5 for rank in ranks) >= 36
    assert len(ranks) == len(styles)


def test_distances_lie_between_nothing_and_two() -> None:
    known = np.random.default_rng(2).normal(size=(9, 100)).astype(np.float32)
    distances = measure_distances(known[4], known)
    assert distances.argmin() == 4 and abs(distances[4]) < 1e-5
    assert distances.max() <= 2.0001
