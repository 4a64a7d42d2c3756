"""Predict one step of a large picture in overlapping windows, and average them: no window ends in a seam.

MultiDiffusion (Bar-Tal et al. 2023, arXiv:2302.08113): at each step all windows are denoised, and each latent is the
average of what its windows say of it. As in Mixture of Diffusers (Barbero Jiménez 2023, arXiv:2302.02412) the
average is of the predicted noise, with weights that fall off towards a window's edges; the sampler then takes one step
for the whole picture, whatever it remembers of the steps before. Image-to-image of one tile after the other, as
Ultimate SD upscale does it, would need its seams mended afterwards, and tells of no step of the whole picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

import torch
from torch import Tensor

from pipeline.engine.controlnet import Control
from pipeline.machine.tiles import Window

PredictWindow = Callable[[int, Tensor], Tensor]  # number of the window, its latents (n, c, h, w)


def average_windows(sample: Tensor, windows: Sequence[Window], predict: PredictWindow) -> Tensor:
    """Return what is predicted for latents (n, c, h, w) in windows, averaged where they overlap."""
    total: Tensor | None = None
    weights = torch.zeros(1, 1, *sample.shape[-2:], device=sample.device)
    for number, window in enumerate(windows):
        soft = make_weights(window.height, window.width).to(sample.device)
        predicted = predict(number, cut_window(sample, window))
        if total is None:
            total = torch.zeros(*predicted.shape[:2], *sample.shape[-2:], device=sample.device)
        cut_window(total, window).add_(predicted.float() * soft)
        cut_window(weights, window).add_(soft)
    assert total is not None  # noqa: S101 - there is a window
    return (total / weights).to(sample.dtype)


@lru_cache(maxsize=8)
def make_weights(height: int, width: int) -> Tensor:
    """Return weights (1, 1, h, w) that rise in a straight line from a window's edges to its middle."""
    down, across = (torch.minimum(torch.arange(1, n + 1), torch.arange(n, 0, -1)).float() for n in (height, width))
    return (down[:, None] * across[None])[None, None] / (down.max() * across.max())


def cut_window(values: Tensor, window: Window) -> Tensor:
    """Return the window's part of values (..., h, w), as a view."""
    return values[..., window.top : window.top + window.height, window.left : window.left + window.width]


def cut_controls(controls: Sequence[Control], window: Window) -> tuple[Control, ...]:
    """Return ControlNets that see the window's part of their hints."""
    return tuple(replace(each, hint=cut_window(each.hint, window)) for each in controls)
