"""Eyes, wheels and windows side by side are found as twins, and have the same chances of a colour."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from pipeline.colours.kin import count_borders
from pipeline.colours.region_features import read_features
from pipeline.colours.region_network import CODES
from pipeline.colours.regions import find_regions
from pipeline.colours.rounds import Groups
from pipeline.colours.twins import find_twins

ONE, OTHER = (90, 110), (166, 110)  # middles of the eyes


def draw_face(other: tuple[int, int] = OTHER, radius: int = 14, pupil: int = 4) -> np.ndarray:
    """Draw a head with two eyes that look the same way, (256, 256) white on black; the second eye as told."""
    lines = np.zeros((256, 256), np.uint8)
    cv2.circle(lines, (128, 128), 100, 255, 2)
    for (x, y), size, inner in ((ONE, 14, 4), (other, radius, pupil)):
        cv2.circle(lines, (x, y), size, 255, 2)
        cv2.circle(lines, (x + 3, y), inner, 255, -1)
    return lines


def are_twins(lines: np.ndarray, one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Tell whether two points lie in different regions that are twins."""
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    twins = dict(zip(seen.numbers.tolist(), find_twins(seen).tolist(), strict=True))
    first, second = (int(regions[y, x - 8]) for x, y in (one, other))
    assert first != second
    return twins[first] == twins[second]


def test_two_eyes_are_twins_and_the_head_is_by_itself() -> None:
    lines = draw_face()
    assert are_twins(lines, ONE, OTHER)
    assert not are_twins(lines, ONE, (128, 190))


def test_an_eye_with_a_mirrored_glance_is_a_twin() -> None:
    lines = draw_face()
    lines[:, 128:] = lines[:, 127::-1]  # they look at each other
    assert are_twins(lines, ONE, (OTHER[0] + 15, OTHER[1]))


@pytest.mark.parametrize(
    "changed", [{"other": (166, 140)}, {"radius": 24}, {"pupil": 0, "radius": 11}], ids=["lower", "larger", "blank"]
)
def test_what_lies_lower_or_is_larger_or_has_no_pupil_is_none(changed: dict[str, int]) -> None:
    lines = draw_face(**changed)  # type: ignore[arg-type]
    assert not are_twins(lines, ONE, changed.get("other", OTHER))  # type: ignore[arg-type]


def test_twins_have_the_same_chances() -> None:
    lines = draw_face()
    regions = find_regions(lines)
    seen = read_features(lines, regions)
    given = torch.rand(len(seen.values), CODES, generator=torch.Generator().manual_seed(1))
    pooled = Groups.find(seen, count_borders(regions, seen)).pool(given)
    one, other, head = (seen.numbers.tolist().index(regions[y, x - 8]) for x, y in (ONE, OTHER, (128, 190)))
    assert torch.equal(pooled[one], pooled[other]) and torch.allclose(pooled[one], given[[one, other]].mean(0))
    assert torch.equal(pooled[head], given[head])
