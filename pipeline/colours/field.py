"""The colour field as the networks see it, and the noise that it is made out of.

A field is 64 x 64 RGB. Its "latents" are its own pixels, 2 x 2 of them packed into one place: (12, 32, 32) in [-1, 1].
No autoencoder: decoding is unpacking.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

FIELD = 64  # px of a colour field
PACKED = 2  # px of a field that share one place, in each direction
LATENT_CHANNELS = 3 * PACKED**2
LATENT_SIDE = FIELD // PACKED
STEPS = 1000
LOUDEST, QUIETEST = 0.008, 3.0  # signal to noise, as amplitudes, at the first and the last step
END = 16  # last steps, within which the noise goes altogether: diffusers may end on any of them


def noise_betas() -> list[float]:
    """Betas whose signal-to-noise ratio grows by the same factor in each step.

    A region of n pixels drowns its noise n times as well as one pixel does, and what the regions' colours become is
    decided while the ratio is tiny. The usual schedules pass through that within one of six steps, which mixes all
    possible colours into a muddy one; here four of six steps lie there.
    """
    ratio = np.exp(np.linspace(np.log(QUIETEST), np.log(LOUDEST), STEPS))
    ratio[:END] *= np.linspace(60, 1, END)
    kept = ratio**2 / (1 + ratio**2)
    before = np.concatenate([[1.0], kept[:-1]])
    return [float(beta) for beta in 1 - kept / before]


NOISE = {
    "num_train_timesteps": STEPS,
    "trained_betas": noise_betas(),
    "prediction_type": "sample",  # a field is calm: no network needs to say its noise again
    "timestep_spacing": "trailing",
    "rescale_betas_zero_snr": True,
}


def pack_field(field: Tensor) -> Tensor:
    """(B, 3, 64, 64) in [0, 1] -> latents (B, 12, 32, 32) in [-1, 1]."""
    return functional.pixel_unshuffle(field * 2 - 1, PACKED)


def unpack_field(latents: Tensor) -> Tensor:
    """Latents (B, 12, 32, 32) -> (B, 3, 64, 64) in [0, 1]."""
    return (functional.pixel_shuffle(latents.float(), PACKED) / 2 + 0.5).clamp(0, 1)


def to_picture(field: Tensor) -> NDArray[np.uint8]:
    """(3, 64, 64) in [0, 1] -> (64, 64, 3) RGB."""
    return np.asarray((field * 255).round().byte().permute(1, 2, 0).numpy(), np.uint8)
