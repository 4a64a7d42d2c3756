"""Name what an engine lends for a step of training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")
OVERFLOWED = "The style could not be taught: numbers overflowed, in float32 too."


@dataclass(frozen=True, eq=False)
class LentNetworks:
    """LentNetworks are an engine's own, its weights as they were read; nothing of them may be changed or kept.

    Where their numbers overflow they are widened, the engine's own with them, and both stay so; the two that do it
    return False where there is nothing wider. `device` and `dtype` are those from before.
    """

    unet: Any  # diffusers' UNet2DConditionModel
    vae: Any  # diffusers' AutoencoderKL, its encoder included
    scheduler: Any  # a scheduler of diffusers, for its alphas_cumprod and prediction_type
    encode_words: Callable[[str], Tensor]  # words -> (1, tokens, width)
    device: torch.device
    dtype: torch.dtype
    widen_encoder: Callable[[], bool] = lambda: False  # the VAE computes in float32
    widen_numbers: Callable[[], bool] = lambda: False  # everything does


class Lend(Protocol):
    """Lend calls what it is given with an engine's networks, in a turn that gives way to every picture."""

    def __call__(self, work: Callable[[LentNetworks], T]) -> T:
        """Return what `work` returns. Raises EngineChanged once the engine is retired."""
