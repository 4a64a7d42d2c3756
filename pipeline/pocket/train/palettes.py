"""Give some lessons a palette that no style of the library has: a picture and its style reference, recoloured alike.

Forty styles in a few draws each can be learnt by heart, and were: a result in a style that training never showed wore
the nearest known one. Colours turned at random leave nothing to remember: they have to be read from the reference.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from diffusers import AutoencoderTiny
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from pipeline.pocket.model import TOWER_SIDE, to_pixels
from pipeline.pocket.train.denoiser_data import Batch, Prepared, choose_same_look
from pipeline.pocket.train.tower import Tower

RECOLORED_SHARE = 0.25  # of the pictures that are shown and wear a style
SWAPPED_SHARE = 0.25  # of palettes have their light for dark
LUMA = np.array([0.299, 0.587, 0.114])


class Pictures(Protocol):
    """Pictures gives training pictures by their row."""

    def __getitem__(self, row: int) -> NDArray[np.uint8]:
        """Return one picture, (256, 256, 3)."""


def draw_palette(rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a palette (3, 4): what RGB in [0, 1] and a 1 are multiplied by.

    Lightness becomes a ramp between two colours, on which the hues stay, turned by any angle, from as strong as they
    were to hardly there.
    """

    def color(value: tuple[float, float], saturation: float) -> NDArray[np.float64]:
        return np.array(colorsys.hsv_to_rgb(rng.random(), saturation * rng.random(), rng.uniform(*value)))

    dark, light = color((0.0, 0.3), 1.0), color((0.7, 1.0), 0.6)
    if rng.random() < SWAPPED_SHARE:
        dark, light = light, dark
    lightness = np.outer(light - dark, LUMA)
    hues = rng.uniform(0, 1.3) * rotate_hues(rng.uniform(0, 2 * np.pi)) @ (np.eye(3) - np.outer(np.ones(3), LUMA))
    return np.column_stack([lightness + hues, dark])


def rotate_hues(angle: float) -> NDArray[np.float64]:
    """Return the rotation (3, 3) of RGB about its greys (Rodrigues)."""
    across = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    matrix: NDArray[np.float64] = np.eye(3) + np.sin(angle) * across + (1 - np.cos(angle)) * across @ across
    return matrix


def apply_palettes(pixels: Tensor, palettes: Tensor) -> Tensor:
    """Apply palettes (B, 3, 4) to pictures (B, 3, H, W) in [-1, 1]."""
    made = torch.einsum("bij,bjhw->bihw", palettes[..., :3], pixels / 2 + 0.5) + palettes[..., 3, None, None]
    return made.clamp(0, 1) * 2 - 1


@dataclass(frozen=True)
class Palettes:
    """Palettes recolours some pictures of a batch with a palette of their own."""

    data: Prepared
    pictures: Pictures  # of all its rows
    vae: AutoencoderTiny  # that made the latents of `data`; it and the tower on the device that trains
    tower: Tower
    empty: Tensor  # (32, 384) tokens of no words

    @torch.no_grad()
    def recolor_batch(self, batch: Batch, pixels: Tensor, rng: np.random.Generator) -> tuple[Batch, Tensor]:
        """Recolour a share of a batch's first n pictures.

        `pixels`: (n, 3, 256, 256) in [-1, 1]. Returns batch and pixels. Words that name a colour or a style would be
        untrue and are left out. Who sees no style keeps the palette.
        """
        wearing = batch.style[: len(pixels)].any(1).cpu().numpy()
        chosen = np.flatnonzero(wearing & (rng.random(len(pixels)) < RECOLORED_SHARE))
        if not len(chosen):
            return batch, pixels
        device, rows = pixels.device, batch.rows[chosen]
        drawn = np.stack([draw_palette(rng) for _ in rows])
        palettes = torch.from_numpy(drawn).to(device=device, dtype=pixels.dtype)
        worn = np.stack([self.pictures[choose_same_look(self.data, row, rng)] for row in rows])
        own, shown = apply_palettes(pixels[chosen], palettes), apply_palettes(to_pixels(worn, device), palettes)
        latents, tokens, style, pixels = (one.clone() for one in (batch.latents, batch.tokens, batch.style, pixels))
        pixels[chosen] = own
        latents[chosen] = self.vae.encode(own).latents * self.vae.config.scaling_factor
        small = functional.avg_pool2d(shown, shown.shape[-1] // TOWER_SIDE)
        style[chosen] = self.tower.encoder(pixel_values=small).image_embeds
        tokens[chosen[self.data.bound[rows]]] = self.empty
        return replace(batch, latents=latents, tokens=tokens, style=style), pixels
