"""Prepare what is learnt: latents of squares cut from the pictures, and the captions that stand beside them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from pipeline.errors import Overflow
from pipeline.teaching.checked_file import are_finite, read_tensors, write_tensors
from pipeline.teaching.lesson import Lesson
from pipeline.teaching.networks import OVERFLOWED, Lend, LentNetworks
from pipeline.teaching.pictures import Pixels, cut_squares

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Material:
    """Material is what a training learns from, float32 on the CPU."""

    means: Tensor  # (squares, c, h, w), of the latents' distribution as the VAE gives it, scaled
    spreads: Tensor  # the same, its standard deviation
    captions: Tensor  # (pictures + 1, tokens, width); the last is of no words
    owners: Tensor  # (squares,), int64: the picture of each square


def prepare_material(
    images: Sequence[Image.Image],
    captions: Sequence[str],
    lesson: Lesson,
    lend: Lend,
    folder: Path,
    on_picture: Callable[[int, int], None] = lambda done, of: None,
) -> Material:
    """Encode the squares and the caption of every picture, one a turn; what `folder` holds of an earlier start is not
    encoded again. Raises Overflow where numbers are not finite, not even in float32.

    `on_picture` is called with how many pictures are done, of how many; it may raise to end it.
    """
    encoded = []
    for number, (image, caption) in enumerate(zip(images, captions, strict=True)):
        file = folder / f"picture-{number:02d}.tensors"
        encoded.append(load_picture(file) or encode_picture(image, caption, lesson, number, lend, file))
        on_picture(number + 1, len(images))
    silence = lend(partial(encode_words, words=""))
    owners = [torch.full((len(each["means"]),), number) for number, each in enumerate(encoded)]
    return Material(
        torch.cat([each["means"] for each in encoded]),
        torch.cat([each["spreads"] for each in encoded]),
        torch.cat([*(each["caption"] for each in encoded), silence]),
        torch.cat(owners),
    )


def load_picture(file: Path) -> dict[str, Tensor] | None:
    """Return what an earlier start encoded of a picture; None where that is absent, damaged or not finite."""
    read = read_tensors(file)
    return None if read is None else read[0]


def encode_picture(
    image: Image.Image, caption: str, lesson: Lesson, number: int, lend: Lend, file: Path
) -> dict[str, Tensor]:
    """Encode one picture's squares and caption, and keep them in `file`."""
    rng = np.random.default_rng([lesson.seed, number])
    squares = cut_squares(image, lesson.resolution, lesson.crops, rng)
    found = [lend(partial(encode_square, pixels=pixels)) for pixels in squares]
    made = {
        "means": torch.cat([mean for mean, _ in found]),
        "spreads": torch.cat([spread for _, spread in found]),
        "caption": lend(partial(encode_words, words=caption)),
    }
    write_tensors(file, made, {})
    return made


@torch.no_grad()
def encode_words(networks: LentNetworks, words: str) -> Tensor:
    """Return the words as the UNet hears them, (1, tokens, width). Raises Overflow where they are not finite, not even
    in float32.
    """
    encode = lambda: (networks.encode_words(words).to("cpu", torch.float32, copy=True).clone(),)  # noqa: E731
    return encode_finite(encode, networks.widen_numbers)[0]


@torch.no_grad()
def encode_square(networks: LentNetworks, pixels: Pixels) -> tuple[Tensor, Tensor]:
    """Return mean and spread of a square's latents, each (1, c, h, w), scaled as the UNet sees them. Raises Overflow
    where they are not finite, not even in float32.
    """
    mean, spread = encode_finite(lambda: encode_in_numbers(networks.vae, pixels), networks.widen_encoder)
    return mean, spread


def encode_finite(encode: Callable[[], tuple[Tensor, ...]], widen: Callable[[], bool]) -> tuple[Tensor, ...]:
    """Return what `encode` returns, encoded once more in wider numbers where it is not finite. Raises Overflow."""
    made = encode()
    if not are_finite(made) and widen():
        log.warning("Numbers overflowed in what is learnt from, so it is computed in float32 from now on.")
        made = encode()
    if not are_finite(made):
        raise Overflow(OVERFLOWED)
    return made


def encode_in_numbers(vae: Any, pixels: Pixels) -> tuple[Tensor, Tensor]:
    """Return mean and spread of a square's latents as the VAE's present numbers give them."""
    picture = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    parameter = next(vae.parameters())
    found = vae.encode(picture.to(parameter.device, parameter.dtype)).latent_dist
    scale = float(vae.config.scaling_factor)
    mean, spread = ((part * scale).to("cpu", torch.float32) for part in (found.mean, found.std))
    return mean.contiguous(), spread.contiguous()  # as they come out of a file: another order is summed otherwise
