"""Tell each attention layer where each style is worn: the whole picture's where nothing is brushed, a part's own there.

The masks are those of diffusers' `ip_adapter_masks`, as IPAdapterMaskProcessor makes them with `do_binarize=False`:
each style's tokens are attended to by themselves, and the answer counts by that style's share of each place. Diffusers
scales a mask anew in each layer of each step, and guesses the layer's height and width from its number of places, which
fails for some sizes. Here it is scaled once for a picture, to the height and width that the layer has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pipeline.engine.tiles import cut_window
from pipeline.machine.tiles import Window
from pipeline.values import GenerationRequest, StyleMix

StyleMasks = Mapping[int, Tensor]  # a layer's number of places -> each style's share of them, (1, n, 1, places)


@dataclass(frozen=True, eq=False)
class StyleShares:
    """StyleShares holds how much each of n styles is worn at each place of a picture, or of a window of it."""

    pixels: Tensor  # (1, n, H, W) fp32 in [0, 1]; the n sum to 1
    factor: int  # px that a latent cell has
    levels: int  # of the UNet, each with half of the sides of the one before, rounded up

    @cached_property
    def by_level(self) -> StyleMasks:
        """Return the masks for the layers of each level."""
        count, height, width = self.pixels.shape[1:]
        height, width, masks = height // self.factor, width // self.factor, dict[int, Tensor]()
        for _ in range(self.levels):
            scaled = functional.interpolate(self.pixels, size=(height, width), mode="bicubic")
            # a single row: diffusers scales what it is given once more, and finds the size of a row without a guess
            masks[height * width] = scaled.reshape(1, count, 1, -1)
            height, width = (height + 1) // 2, (width + 1) // 2
        return masks

    def cut(self, window: Window) -> StyleShares:
        """Return the shares of a window, which is given in latent cells."""
        return replace(self, pixels=cut_window(self.pixels, Window(*(self.factor * side for side in window))))


def list_worn_mixes(request: GenerationRequest) -> tuple[StyleMix, ...]:
    """List the mixes of a request in the order of their shares: the whole picture's, then the part's, if it has one."""
    return (request.styles,) if request.mask is None else (request.styles, request.mask.styles)


def share_styles(request: GenerationRequest, factor: int, levels: int, device: torch.device) -> StyleShares | None:
    """Return the shares of `list_worn_mixes`; None where no part is brushed, or no style is worn."""
    if request.mask is None or not request.conditioning.ip_adapter_scale:
        return None
    part = torch.from_numpy(request.mask.pixels.astype(np.float32) / 255)
    return StyleShares(torch.stack([1 - part, part])[None].to(device), factor, levels)


def select_mask(masks: StyleMasks, hidden: Tensor) -> dict[str, list[Tensor]]:
    """Return what the attention over hidden states (n, c, h, w) takes as its `cross_attention_kwargs`."""
    return {"ip_adapter_masks": [masks[hidden.shape[-2] * hidden.shape[-1]]]}
