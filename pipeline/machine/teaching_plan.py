"""Plan how much memory the teaching of a style needs, by sizes and constants alone, before anything is learnt.

Beside the weights that drawing keeps anyway, a step holds the LoRA with its gradients and its optimizer's two moments,
and the activations that gradients need; computed again in place of kept, these are a third as many.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import OutOfMemory
from pipeline.machine.figures import read_figures
from pipeline.machine.memory import FreeMemory
from pipeline.machine.plan import NUMBER_BYTES, format_gigabytes, plan_memory
from pipeline.models.profile import ModelProfile

COPIES = 4  # of the LoRA in 32 bits: itself, its gradients, AdamW's two moments
NO_ROOM = (
    "There is not enough memory to teach a style here: it takes {needed} at least, and {free} are free. Close other "
    "programs, or teach it with the pocket model."
)


@dataclass(frozen=True)
class TeachingPlan:
    """TeachingPlan is what a step of teaching needs. All in bytes."""

    weights: int  # of the model, that are there for drawing too
    steps: int  # held in a step beside them
    runtime: int  # that the runtime takes for itself
    checkpointing: bool  # activations are computed again

    @property
    def peak(self) -> int:
        """Bytes needed at once where it is taught."""
        return self.weights + self.steps + self.runtime


def plan_teaching(
    profile: ModelProfile, side: int, device: str, dtype: str, *, checkpointing: bool, rank: int = 8
) -> TeachingPlan:
    """Plan a step on squares of `side` px in the device's numbers called `dtype`, one square at a time."""
    mode = "cpu" if device == "cpu" else "full"
    drawing = plan_memory(profile, profile.width, profile.height, 1, mode, device, dtype)
    figures = read_figures()["teaching"]
    kind = "recomputed" if checkpointing else "kept"
    share = NUMBER_BYTES[dtype] / 4
    activations = share * (side * side * figures[f"{kind}_bytes_per_px"] + figures[f"{kind}_bytes"])
    lora = COPIES * 4 * rank * figures["lora_parameters_per_rank"]
    return TeachingPlan(drawing.weights, round(activations + lora), drawing.runtime, checkpointing)


def choose_checkpointing(profile: ModelProfile, side: int, device: str, dtype: str, free: FreeMemory) -> bool:
    """Return whether activations have to be computed again for a step to fit beside what is loaded already.

    Raises OutOfMemory where it does not fit even so.
    """
    have = free.main if device != "cuda" or free.gpu is None else free.gpu
    plans = [plan_teaching(profile, side, device, dtype, checkpointing=each) for each in (False, True)]
    for plan in plans:
        if plan.steps <= have:
            return plan.checkpointing
    raise OutOfMemory(NO_ROOM.format(needed=format_gigabytes(plans[-1].steps), free=format_gigabytes(have)))
