"""Measure what two pictures have in common whatever the places: a distance between their patches as a crowd.

Halftone dots half a period off are wrong in every pixel and right to the eye; a loss by places would rather have none.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

FILTERS = 8  # a scale, drawn anew each time
COLORED = FILTERS // 4  # of these see mean colours too, the others contrast only
SIZE = 5  # px
STRIDES = (2, 1, 1)  # of the patches at each scale, half the size of the one before; the finest has enough of them


def measure_patch_difference(found: Tensor, wanted: Tensor, generator: torch.Generator) -> Tensor:
    """Measure the sliced Wasserstein distance between 5 x 5 patches of pictures (B, 3, H, W) and of their pairs.

    By the mean over random directions of the distance between sorted projections, at three scales (Elnekave & Weiss
    2022, "Generating natural images with direct Patch Distributions Matching", arXiv:2203.11862).
    """
    total = found.new_zeros(())
    for scale, stride in enumerate(STRIDES):
        if scale:
            found, wanted = functional.avg_pool2d(found, 2), functional.avg_pool2d(wanted, 2)
        filters = draw_filters(generator).to(found.device)
        top, left = torch.randint(stride, (2,), generator=generator).tolist()
        one, other = (
            functional.conv2d(pictures[..., top:, left:], filters, stride=stride).flatten(2).sort(-1).values
            for pictures in (found, wanted)
        )
        total = total + (one - other).abs().mean()
    return total / len(STRIDES)


def draw_filters(generator: torch.Generator) -> Tensor:
    """Draw filters (FILTERS, 3, SIZE, SIZE) of unit length; all but the first COLORED ignore a flat colour."""
    filters = torch.randn(FILTERS, 3, SIZE, SIZE, generator=generator)
    filters[COLORED:] -= filters[COLORED:].mean((2, 3), keepdim=True)
    return functional.normalize(filters.flatten(1), dim=1).view_as(filters)
