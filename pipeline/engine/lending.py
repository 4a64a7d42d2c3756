"""Lend an engine's networks for a step of training, as they were read."""

from __future__ import annotations

from typing import Any

from pipeline.engine.conditioning import RequestEncoder
from pipeline.engine.placement import Placement
from pipeline.engine.weight_modes import IRREVERSIBLE
from pipeline.errors import OutOfMemory
from pipeline.prompt_syntax import Prompt
from pipeline.teaching.networks import LentNetworks

TOO_SMALL = (
    "A style is taught where all of the model's weights fit into memory; here they are kept more sparingly ({mode}). "
    "Close other programs, or run Croquis where there is more memory."
)


def lend_networks(pipeline: Any, placement: Placement, conditioning: RequestEncoder) -> LentNetworks:
    """Return the networks in the engine's usual mode. Raises OutOfMemory where that keeps weights in 8 bits or streams
    them, since nothing can be learnt through those.
    """
    mode = placement.choice.mode
    if mode in IRREVERSIBLE:
        raise OutOfMemory(TOO_SMALL.format(mode=mode))
    placement.switch_mode(mode)
    placement.free_spare()  # learning takes the room
    return LentNetworks(
        unet=pipeline.unet,
        vae=pipeline.vae,
        scheduler=pipeline.scheduler,
        encode_words=lambda words: conditioning.encode_prompt(Prompt(words)),  # another one once widened
        device=placement.device,
        dtype=placement.dtype,
        widen_encoder=placement.widen_decoder,
        widen_numbers=placement.widen_numbers,
    )
