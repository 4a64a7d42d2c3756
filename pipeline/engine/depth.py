"""Read near and far of a picture (Depth Anything V2 small, Yang et al. 2024, arXiv:2406.09414)."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from pipeline.models.loading import guard_loading

SIDE, STEP = 518, 14  # px: the shorter side that the network sees, and what both sides are multiples of
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of its pictures' RGB in [0, 1]
FLAT = 0.02  # of the largest depth: less between near and far is none


@torch.inference_mode()
def estimate_depth(folder: Path, pixels: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return how near each place of a picture (H, W, 3) is, (H, W) from 0 far to 255 near; None where all of it is
    equally far.

    The network is read for the while, on the processor in 32 bits. Raises ModelError for files of another kind.
    """
    height, width = pixels.shape[:2]
    network = load_network(folder)
    seen = network(scale_picture(pixels)).predicted_depth[None]
    del network
    gc.collect()
    near = torch.nn.functional.interpolate(seen, (height, width), mode="bicubic", align_corners=False)[0, 0].numpy()
    least, most = float(near.min()), float(near.max())
    if not np.isfinite(near).all() or most - least <= FLAT * max(abs(most), 1e-6):
        return None
    return np.asarray(((near - least) / (most - least) * 255).round(), np.uint8)


def load_network(folder: Path) -> Any:
    """Load the network from its folder."""
    import transformers

    with guard_loading(folder, transformers.utils.logging):
        network = transformers.AutoModelForDepthEstimation.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32
        )
    return network.eval()


def scale_picture(pixels: NDArray[np.uint8]) -> torch.Tensor:
    """Scale a picture (H, W, 3) as the network takes it: (1, 3, h, w), its shorter side 518 px, normalised."""
    height, width = pixels.shape[:2]
    scale = SIDE / min(height, width)
    size = tuple(max(STEP, round(side * scale / STEP) * STEP) for side in (width, height))
    small = Image.fromarray(pixels).resize((size[0], size[1]), Image.Resampling.BICUBIC)
    values = torch.from_numpy(np.asarray(small, np.float32) / 255)
    return ((values - torch.tensor(MEAN)) / torch.tensor(STD)).permute(2, 0, 1)[None]
