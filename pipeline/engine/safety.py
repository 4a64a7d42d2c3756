"""Ask Stable Diffusion's own safety checker about each finished picture of that engine."""

from __future__ import annotations

import logging
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from pipeline.errors import ModelError
from pipeline.models.loading import guard_loading, silence_logs
from pipeline.models.locate import LocatedPart, locate_part
from pipeline.models.profile import ModelProfile
from pipeline.values import Verdict

log = logging.getLogger(__name__)

ROLE = "safety_checker"
MIN_FREE = 2_000_000_000  # bytes free on a GPU for it to run there: it is 608 MB in 16 bits, and pictures come first
PASSED = "The safety checker found nothing against it."
WITHHELD = (
    "The safety checker took this picture for an indecent one, so it is withheld: what you see is your own drawing. "
    "It errs now and then; another seed or other words often help."
)
UNJUDGED = (
    "The safety checker could not judge this picture, for its numbers overflowed, so it is withheld: what you see is "
    "your own drawing."
)


class SafetyChecker:
    """SafetyChecker says which pictures to withhold. It is loaded for the first picture: on the GPU where there is room
    beside the engine, else on the processor, for a second or two per picture.

    `processor` is the pipeline's feature_extractor: the checker sees what diffusers' pipeline shows it.
    """

    def __init__(self, located: LocatedPart, processor: Any, variant: str | None) -> None:
        self._path, self._processor, self._variant = located.path, processor, variant
        self._has_overflowed = False  # in 16 bits: it runs in 32 from then on

    @torch.inference_mode()
    def __call__(self, image: Image.Image, device: torch.device, dtype: torch.dtype) -> Verdict:
        """Return the verdict on an RGB picture that was drawn on `device` in `dtype`. Where the checker's numbers
        overflow it is asked again in float32, and goes on in it; what overflows even so is withheld.

        Raises ModelError for damaged files.
        """
        pixels = self._processor(image, return_tensors="pt").pixel_values
        for place, numbers in list_ways(device, torch.float32 if self._has_overflowed else dtype):
            try:
                indecent = self._run_checker(pixels, place, numbers)
            except torch.OutOfMemoryError:
                log.warning("No room for the safety checker on %s in %s.", place, numbers)
                continue
            if indecent is not None:
                return Verdict(withheld=indecent, words=WITHHELD if indecent else PASSED)
            log.warning("The safety checker overflowed on %s in %s.", place, numbers)
            self._has_overflowed = True
            self.__dict__.pop("_checker", None)  # its weights were rounded to the smaller numbers
        return Verdict(withheld=True, words=UNJUDGED)

    def _run_checker(self, pixels: torch.Tensor, device: torch.device, dtype: torch.dtype) -> bool | None:
        """Return whether the checker takes the preprocessed picture (1, 3, h, w) for an indecent one; None where its
        numbers are not finite, which it would let pass.
        """
        import diffusers

        checker = self._checker.to(device, dtype)
        blackened = [np.zeros(1)]  # it paints over what it finds; ours is shown as a drawing instead
        seen = list[torch.Tensor]()
        hook = checker.visual_projection.register_forward_hook(lambda module, given, output: seen.append(output))
        try:
            with silence_logs([diffusers.utils.logging]):  # it would log that a black picture is returned
                _, found = checker(clip_input=pixels.to(device, dtype), images=blackened)
        finally:
            hook.remove()
        return bool(found[0]) if is_comparable(checker, seen[0]) else None

    @cached_property
    def _checker(self) -> Any:
        import diffusers
        import transformers
        from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker

        with guard_loading(self._path, diffusers.utils.logging, transformers.utils.logging):
            checker = StableDiffusionSafetyChecker.from_pretrained(
                self._path, variant=self._variant, use_safetensors=True, local_files_only=True
            )
        return checker.eval().requires_grad_(False)


def find_checker(profile: ModelProfile, folder: Path | None) -> LocatedPart | None:
    """Find the checker's files and check them; None for a profile that has none. It is called before models load, so
    that nothing is drawn where a file is missing.

    Raises ModelError naming the file that is missing or differs.
    """
    if ROLE not in profile.parts:
        return None
    try:
        return locate_part(profile, ROLE, folder)
    except ModelError as error:
        raise ModelError(
            f"The safety checker is missing: {error} Whoever answers for what is drawn here may start Croquis "
            "without it: CROQUIS_SAFETY=off."
        ) from error


def choose_checker_device(device: torch.device) -> torch.device:
    """Choose where the checker runs beside an engine on `device`: there with MIN_FREE bytes, else on the processor."""
    ample = device.type == "cuda" and torch.cuda.mem_get_info(device)[0] >= MIN_FREE
    return device if ample else torch.device("cpu")


def list_ways(device: torch.device, dtype: torch.dtype) -> list[tuple[torch.device, torch.dtype]]:
    """List where and in what numbers the checker is asked beside an engine on `device` in `dtype`, the first one first:
    in float16 on a GPU, except where the engine itself computes in float32.
    """
    place = choose_checker_device(device)
    processor = (torch.device("cpu"), torch.float32)
    if place.type == "cpu":
        return [processor]
    return [*([] if dtype == torch.float32 else [(place, torch.float16)]), (place, torch.float32), processor]


def is_comparable(checker: Any, embedding: torch.Tensor) -> bool:
    """Return whether a picture's embedding (1, d) and its cosines to all that the checker knows are finite; so must be
    the embedding's length, or else every cosine is 0.
    """
    from diffusers.pipelines.stable_diffusion.safety_checker import cosine_distance

    known = (checker.special_care_embeds, checker.concept_embeds)
    numbers = (embedding.norm(dim=-1), *(cosine_distance(embedding, each) for each in known))
    return all(bool(torch.isfinite(each).all()) for each in numbers)
