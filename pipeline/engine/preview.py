"""Preview unfinished latents cheaply: by one 3 x 3 convolution to RGB, fitted once to the autoencoder in use."""

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
    """LinearPreview turns latents into RGB by a linear map, `zoom` px for each latent cell."""

    weight: Tensor  # (3 * zoom * zoom, c * 9 + 1), the bias last
    zoom: int

    @classmethod
    def fit(cls, vae: Any, zoom: int) -> LinearPreview:
        """Fit the map by least squares from the latents of synthetic pictures to the pictures themselves."""
        factor = 2 ** (len(vae.config.block_out_channels) - 1)
        pictures = make_synthetic_pictures(FIT_LATENTS * factor)
        latents = encode_pictures(vae, pictures)
        small = functional.avg_pool2d(pictures, factor // zoom)
        cells = functional.pixel_unshuffle(small, zoom).flatten(2)  # (n, 3 * zoom * zoom, cells)
        inputs = unfold_neighbourhoods(latents).double()
        gram = inputs.T @ inputs
        gram += RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=torch.float64)
        weight = torch.linalg.solve(gram, inputs.T @ cells.transpose(1, 2).flatten(0, 1).double())
        return cls(weight.T.float().to(vae.device), zoom)

    def __call__(self, latents: Tensor) -> Image.Image:
        """Turn scaled latents (1, c, h, w) into an RGB picture of (w * zoom, h * zoom) px."""
        height, width = latents.shape[-2:]
        cells = (unfold_neighbourhoods(latents) @ self.weight.T).T.reshape(1, -1, height, width)
        return convert_to_picture(functional.pixel_shuffle(cells, self.zoom))


def unfold_neighbourhoods(latents: Tensor) -> Tensor:
    """Return each cell with those around it, and a one: (n, c, h, w) -> (n * h * w, c * 9 + 1)."""
    around = functional.unfold(latents.float(), 3, padding=1).transpose(1, 2).flatten(0, 1)
    return functional.pad(around, (0, 1), value=1.0)


def make_synthetic_pictures(side: int) -> Tensor:
    """Make soft colour fields with flat boxes on them, always the same: (FIT_PICTURES, 3, side, side) in [0, 1]."""
    noise = torch.Generator().manual_seed(0)
    fields = torch.rand(FIT_PICTURES, 3, 4, 4, generator=noise)
    pictures = functional.interpolate(fields, (side, side), mode="bilinear", align_corners=True)
    for picture in pictures:
        for _ in range(4):
            left, top = torch.randint(0, side * 3 // 4, (2,), generator=noise).tolist()
            wide, high = torch.randint(side // 8, side // 2, (2,), generator=noise).tolist()
            picture[:, top : top + high, left : left + wide] = torch.rand(3, 1, 1, generator=noise)
    return pictures


def encode_pictures(vae: Any, pictures: Tensor) -> Tensor:
    """Encode RGB (n, 3, h, w) in [0, 1] into scaled latents (n, c, h / f, w / f), f the VAE's factor; fp32, CPU."""
    pixels = (pictures * 2 - 1).to(vae.device, vae.dtype)
    latents = torch.cat([get_latents(vae.encode(part)) for part in torch.split(pixels, 8)])
    return latents.float().cpu() * float(vae.config.scaling_factor)


def get_latents(encoded: Any) -> Tensor:
    """Return the latents of an AutoencoderTiny's output, or the mean of an AutoencoderKL's."""
    latents: Tensor = encoded.latents if hasattr(encoded, "latents") else encoded.latent_dist.mean
    return latents


def choose_zoom(latent_side: int) -> int:
    """Choose the largest power of two up to 8 that keeps a preview within PREVIEW_SIDE."""
    return max(zoom for zoom in (1, 2, 4, 8) if zoom == 1 or latent_side * zoom <= PREVIEW_SIDE)


def shrink_preview(picture: Image.Image) -> Image.Image:
    """Return the picture shrunk to lie within PREVIEW_SIDE, its proportions kept."""
    small = picture.copy()
    small.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    return small


def convert_to_picture(pixels: Tensor) -> Image.Image:
    """Convert (1, 3, h, w) in [0, 1] into an RGB picture; values outside are cut off."""
    array = pixels[0].clamp(0, 1).permute(1, 2, 0).float().cpu().numpy()
    return Image.fromarray((array * 255).round().astype("uint8"))
