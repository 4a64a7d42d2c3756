"""The last stage: the decoder alone learns to finish what the app will hand it.

While denoiser and decoder learn together, the second of two steps sees true latents under its noise, and no guidance
has moved them. Drawn in earnest they are smoother: the first step's guess is under the noise, with no texture in it. So
here the decoder is given latents drawn in two steps with guidance. What it makes of them is held less to the true
pixels, which it cannot know, and more to the crowd of the true picture's patches and to a critic that knows the style.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pipeline.pocket.adversary import Adversary, balanced
from pipeline.pocket.autoencoder import CELL, reconstruction_losses, shaken
from pipeline.pocket.denoiser import Drawn
from pipeline.pocket.finish import CRITIC_SHARE, CROP, Drawer, Pages
from pipeline.pocket.loop import Plan, train
from pipeline.pocket.model import LATENT_SIDE, to_pixels
from pipeline.pocket.texture import patch_difference

DRAWN = 0.65  # of the crops; the others are as they were encoded, so that the autoencoder stays one
LOOSE = 0.4  # weight of the pixels where latents are drawn
PATCHES = 1.0  # weight of the patches as a crowd


@dataclass
class View:
    latents: Tensor  # (B, 24, 6, 6) scaled
    drawn: Tensor  # (B,) which of them are
    pixels: Tensor  # (B, 3, 96, 96) in [-1, 1], what the picture truly shows there
    style: Tensor  # (B, 384)


def views(drawn: Drawn, true: NDArray[np.float16], pictures: Pages, size: int, seed: int, device: torch.device
          ) -> Iterator[View]:
    """Endless batches of crops; row i of `drawn` and `true` (N, 24, 16, 16) belongs to picture i."""
    rng = np.random.default_rng(seed)
    while True:
        rows, own = rng.integers(len(drawn.latents), size=size), rng.random(size) < DRAWN
        corners = rng.integers(LATENT_SIDE - CROP + 1, size=(size, 2))
        latents = np.stack([(drawn.latents if mine else true)[row][:, top:top + CROP, left:left + CROP]
                            for row, mine, (top, left) in zip(rows, own, corners, strict=True)])
        pixels = np.stack([pictures[row][CELL * top:CELL * (top + CROP), CELL * left:CELL * (left + CROP)]
                           for row, (top, left) in zip(rows, corners, strict=True)])
        yield View(torch.from_numpy(latents.astype(np.float32)).to(device), torch.from_numpy(own).to(device),
                   to_pixels(pixels, device), torch.from_numpy(drawn.styles[rows].astype(np.float32)).to(device))


def finish_decoder(drawer: Drawer, drawn: Drawn, true: NDArray[np.float16], pictures: Pages, plan: Plan, folder: Path,
                   adversary: Adversary, *, size: int = 16, seed: int = 0) -> Drawer:
    """Train the decoder of `drawer`; the denoiser, and so every latent, stays as it is."""
    device, generator = next(drawer.parameters()).device, torch.Generator().manual_seed(seed)

    def loss_of(view: object, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(view, View)
        made = drawer.decode(torch.where(view.drawn[:, None, None, None], view.latents, shaken(view.latents)))
        told = adversary.learn(view.pixels, made, view.style)
        near = (torch.where(view.drawn, LOOSE, 1.0) * reconstruction_losses(made, view.pixels)).mean()
        crowd = patch_difference(made, view.pixels, generator)
        seen = balanced(near + PATCHES * crowd, adversary.judge(view.pixels, made, view.style), made, CRITIC_SHARE)
        return seen, {"critic": told, "near": float(near.detach()), "patches": float(crowd.detach())}

    def save(trained: nn.Module, step: int) -> None:
        adversary.save()

    train(plan, drawer.decoder, views(drawn, true, pictures, size, seed, device), loss_of, folder=folder, on_save=save)
    return drawer
