"""Draw the noise that pictures are made from, the same for every device."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def draw_noise(
    shape: tuple[int, ...],
    generators: Sequence[torch.Generator],
    *,
    variation_seed: int = 0,
    variation_strength: float = 0.0,
) -> Tensor:
    """Draw noise (n, *shape) for n generators, in fp32 on the CPU. A variation turns it towards another seed's."""
    drawn = torch.stack([torch.randn(shape, generator=each) for each in generators])
    if variation_strength:
        other = torch.randn(shape, generator=torch.Generator().manual_seed(variation_seed))
        drawn = torch.stack([turn_noise(each, other, variation_strength) for each in drawn])
    return drawn


def turn_noise(noise: Tensor, other: Tensor, strength: float) -> Tensor:
    """Turn noise towards other noise of its shape: 0 leaves it, 1 gives the other (slerp, Shoemake 1985).

    Both are taken as one vector each, so that what comes has their length and is noise as they are.
    """
    if torch.equal(noise, other):
        return noise
    near, far = noise.flatten().double(), other.flatten().double()
    angle = torch.acos((near @ far / (near.norm() * far.norm())).clamp(-1, 1))
    turned = (torch.sin((1 - strength) * angle) * near + torch.sin(strength * angle) * far) / torch.sin(angle)
    return turned.reshape(noise.shape).to(noise.dtype)
