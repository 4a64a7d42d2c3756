"""Preview unfinished latents cheaply: by one 3 x 3 convolution to RGB, fitted once to the autoencoder in use."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

PREVIEW_SIDE = 128  # px at most
FIT_LATENTS = 8  # latent cells along a side of a picture to fit on
FIT_SAMPLES = 8  # cells to fit on for each number that the map reads
RIDGE = 1e-3

OnPreview = Callable[[int, int, Image.Image], None]  # step (from 1), of, small picture


@dataclass(frozen=True, eq=False)
class LinearPreview:
    """LinearPreview turns latents into RGB by a linear map, `zoom` px for each latent cell."""

    weight: Tensor  # (3 * zoom * zoom, c * 9 + 1), the bias last
    zoom: int

    @classmethod
    def fit(cls, vae: Any, zoom: int) -> LinearPreview:
        """Fit the map by least squares from the latents of synthetic pictures to the pictures themselves."""
        factor = 2 ** (len(vae.config.block_out_channels) - 1)
        pictures = make_synthetic_pictures(count_fit_pictures(vae.config.latent_channels), FIT_LATENTS * factor)
        latents = encode_pictures(vae, pictures)
        small = functional.avg_pool2d(pictures, factor // zoom)
        cells = functional.pixel_unshuffle(small, zoom).flatten(2)  # (n, 3 * zoom * zoom, cells)
        inputs = unfold_neighbourhoods(latents).double()
        gram = inputs.T @ inputs
        gram += RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=torch.float64)
        weight = torch.linalg.solve(gram, inputs.T @ cells.transpose(1, 2).flatten(0, 1).double())
        return cls(weight.T.float().to(vae.device), zoom)

    def __call__(self, latents: Tensor) -> Tensor:
        """Turn scaled latents (1, c, h, w) into RGB (1, 3, h * zoom, w * zoom) in about [0, 1]."""
        height, width = latents.shape[-2:]
        cells = (unfold_neighbourhoods(latents) @ self.weight.T).T.reshape(1, -1, height, width)
        return functional.pixel_shuffle(cells, self.zoom)


class PreviewQueue:
    """PreviewQueue gives out the preview of each step without waiting for a GPU: there a step's pixels are copied while
    the next one runs, and given out after it; elsewhere at once.
    """

    def __init__(self, make_pixels: Callable[[Tensor], Tensor], show: OnPreview, *, lags: bool) -> None:
        """Take how pixels (1, 3, h, w) in [0, 1] are made of latents, what is called with each preview, and whether it
        is one step behind.
        """
        self._make_pixels, self._show, self._lags = make_pixels, show, lags
        self._waiting: tuple[int, int, Tensor, Any] | None = None

    def __call__(self, step: int, of: int, clean: Tensor) -> None:
        """Take the clean latents (1, c, h, w) as they are after step `step` (from 1) of `of`."""
        pixels = round_pixels(self._make_pixels(clean))
        if not self._lags:
            self._show(step, of, make_image(pixels))
            return
        host = torch.empty(pixels.shape, dtype=pixels.dtype, pin_memory=pixels.is_cuda)
        host.copy_(pixels, non_blocking=True)
        copied = torch.cuda.Event() if pixels.is_cuda else None  # type: ignore[no-untyped-call]
        if copied is not None:
            copied.record()
        self._give_out()
        self._waiting = step, of, host, copied
        if step == of:
            self._give_out()

    def _give_out(self) -> None:
        if self._waiting is not None:
            step, of, host, copied = self._waiting
            if copied is not None:
                copied.synchronize()
            self._show(step, of, make_image(host))
            self._waiting = None


def unfold_neighbourhoods(latents: Tensor) -> Tensor:
    """Return each cell with those around it, and a one: (n, c, h, w) -> (n * h * w, c * 9 + 1)."""
    around = functional.unfold(latents.float(), 3, padding=1).transpose(1, 2).flatten(0, 1)
    return functional.pad(around, (0, 1), value=1.0)


def count_fit_pictures(channels: int) -> int:
    """Return how many pictures a map of latents with so many channels is fitted on: five for Stable Diffusion's four,
    a tenth of the work of encoding one picture of 512 px.
    """
    return math.ceil(FIT_SAMPLES * (channels * 9 + 1) / FIT_LATENTS**2)


def make_synthetic_pictures(count: int, side: int) -> Tensor:
    """Make soft colour fields with flat boxes on them, always the same: (count, 3, side, side) in [0, 1]."""
    noise = torch.Generator().manual_seed(0)
    fields = torch.rand(count, 3, 4, 4, generator=noise)
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


def shrink_pixels(pixels: Tensor) -> Tensor:
    """Return pixels (1, 3, h, w) shrunk to lie within PREVIEW_SIDE, their proportions kept."""
    scale = PREVIEW_SIDE / max(pixels.shape[-2:])
    if scale >= 1:
        return pixels
    size = [max(1, round(side * scale)) for side in pixels.shape[-2:]]
    return functional.interpolate(pixels.float(), size, mode="area")


def convert_to_picture(pixels: Tensor) -> Image.Image:
    """Convert (1, 3, h, w) in [0, 1] into an RGB picture; values outside are cut off."""
    return make_image(round_pixels(pixels))


def round_pixels(pixels: Tensor) -> Tensor:
    """Round (1, 3, h, w) in [0, 1] to whole numbers (h, w, 3), uint8, where they are."""
    array = pixels[0].clamp(0, 1).permute(1, 2, 0).float()
    return (array * 255).round().to(torch.uint8)


def make_image(rounded: Tensor) -> Image.Image:
    """Make an RGB picture of (h, w, 3) uint8."""
    return Image.fromarray(rounded.cpu().numpy())
