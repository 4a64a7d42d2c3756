"""Patches as a crowd: places do not count, contrast, direction and colour do."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pipeline.pocket.train.texture import COLORED, FILTERS, SIZE, draw_filters, measure_patch_difference

pytestmark = pytest.mark.usefixtures("one_thread")


def stripes(period: int, shift: int = 0, upright: bool = False) -> Tensor:
    """(1, 3, 48, 48) in {-1, 1}"""
    line = ((torch.arange(48) + shift) % period < period / 2).float() * 2 - 1
    return (line[None, :] if upright else line[:, None]).expand(48, 48)[None, None].repeat(1, 3, 1, 1)


def between(one: Tensor, other: Tensor) -> float:
    return float(measure_patch_difference(one, other, torch.Generator().manual_seed(0)))


def test_the_same_texture_moved_is_near_and_another_one_is_far() -> None:
    given = stripes(8)
    moved, turned, flat = stripes(8, shift=4), stripes(8, upright=True), torch.zeros_like(given)
    assert between(given, given) == 0
    assert (given - moved).abs().mean() == 2  # wrong in every place
    assert between(given, moved) < 0.25 * min(between(given, turned), between(given, flat))


def test_each_picture_is_held_against_its_own_pair() -> None:
    both = torch.cat([stripes(8), torch.zeros(1, 3, 48, 48)])
    assert between(both, both.flip(0)) > 0.1


def test_colour_counts_though_it_has_no_contrast() -> None:
    assert between(torch.zeros(1, 3, 48, 48), torch.full((1, 3, 48, 48), 0.5)) > 0.03


def test_its_gradient_sharpens_what_is_too_soft() -> None:
    soft = (stripes(8) * 0.5).requires_grad_()
    measure_patch_difference(soft, stripes(8), torch.Generator().manual_seed(0)).backward()
    assert soft.grad is not None
    assert float((soft.grad * stripes(8)).sum()) < 0  # stepping down it gives contrast


def test_filters_have_unit_length_and_most_ignore_a_flat_colour() -> None:
    filters = draw_filters(torch.Generator().manual_seed(1))
    assert filters.shape == (FILTERS, 3, SIZE, SIZE)
    torch.testing.assert_close(filters.flatten(1).norm(dim=1), torch.ones(FILTERS))
    assert filters[COLORED:].sum((2, 3)).abs().max() < 1e-5 < filters[:COLORED].sum((2, 3)).abs().min()
