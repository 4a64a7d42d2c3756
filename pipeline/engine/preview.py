"""A cheap look at unfinished latents: one 3 x 3 convolution to RGB, fitted once to the autoencoder that is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

PREVIEW_SIDE = 128  # px at most
FIT_PICTURES = 48
FIT_LATENTS = 8  # latent cells along a side of a picture to fit on
RIDGE = 1e-3


@dataclass(frozen=True, eq=False)
class LinearPreview:
    """Latents -> RGB in [0, 1], `zoom` px for each latent cell."""

    weight: Tensor  # (3 * zoom * zoom, c * 9 + 1), the bias last
    zoom: int

    @classmethod
    def fit(cls, vae: Any, zoom: int) -> LinearPreview:
        """Least squares from the latents of made-up pictures to the pictures themselves."""
        factor = 2 ** (len(vae.config.block_out_channels) - 1)
        pictures = made_up_pictures(FIT_LATENTS * factor)
        latents = encode(vae, pictures)
        small = functional.avg_pool2d(pictures, factor // zoom)
        cells = functional.pixel_unshuffle(small, zoom).flatten(2)  # (n, 3 * zoom * zoom, cells)
        known = neighbourhoods(latents).double()
        gram = known.T @ known
        gram += RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=torch.float64)
        answer = torch.linalg.solve(gram, known.T @ cells.transpose(1, 2).flatten(0, 1).double())
        return cls(answer.T.float().to(vae.device), zoom)

    def __call__(self, latents: Tensor) -> Image.Image:
        """Scaled latents (1, c, h, w) -> RGB, (h * zoom, w * zoom) px."""
        height, width = latents.shape[-2:]
        cells = (neighbourhoods(latents) @ self.weight.T).T.reshape(1, -1, height, width)
        return to_picture(functional.pixel_shuffle(cells, self.zoom))


def neighbourhoods(latents: Tensor) -> Tensor:
    """(n, c, h, w) -> (n * h * w, c * 9 + 1): each cell with those around it, and a one."""
    around = functional.unfold(latents.float(), 3, padding=1).transpose(1, 2).flatten(0, 1)
    return functional.pad(around, (0, 1), value=1.0)


def made_up_pictures(side: int) -> Tensor:
    """(n, 3, side, side) in [0, 1]: soft colour fields with flat boxes on them, always the same ones."""
    noise = torch.Generator().manual_seed(0)
    fields = torch.rand(FIT_PICTURES, 3, 4, 4, generator=noise)
    pictures = functional.interpolate(fields, (side, side), mode="bilinear", align_corners=True)
    for picture in pictures:
        for _ in range(4):
            left, top = torch.randint(0, side * 3 // 4, (2,), generator=noise).tolist()
            wide, high = torch.randint(side // 8, side // 2, (2,), generator=noise).tolist()
            picture[:, top : top + high, left : left + wide] = torch.rand(3, 1, 1, generator=noise)
    return pictures


def encode(vae: Any, pictures: Tensor) -> Tensor:
    """RGB (n, 3, h, w) in [0, 1] -> scaled latents (n, c, h / f, w / f), f the VAE's factor, fp32 on the CPU."""
    pixels = (pictures * 2 - 1).to(vae.device, vae.dtype)
    latents = torch.cat([latents_of(vae.encode(part)) for part in torch.split(pixels, 8)])
    return latents.float().cpu() * float(vae.config.scaling_factor)


def latents_of(encoded: Any) -> Tensor:
    """Of an AutoencoderTiny's output, or the mean of an AutoencoderKL's."""
    latents: Tensor = encoded.latents if hasattr(encoded, "latents") else encoded.latent_dist.mean
    return latents


def preview_zoom(latent_side: int) -> int:
    """The largest power of two up to 8 that keeps a preview within PREVIEW_SIDE."""
    return max(zoom for zoom in (1, 2, 4, 8) if zoom == 1 or latent_side * zoom <= PREVIEW_SIDE)


def shrunk(picture: Image.Image) -> Image.Image:
    """Within PREVIEW_SIDE, its proportions kept."""
    small = picture.copy()
    small.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    return small


def to_picture(pixels: Tensor) -> Image.Image:
    """(1, 3, h, w) in [0, 1] -> RGB; values outside are cut off."""
    array = pixels[0].clamp(0, 1).permute(1, 2, 0).float().cpu().numpy()
    return Image.fromarray((array * 255).round().astype("uint8"))
