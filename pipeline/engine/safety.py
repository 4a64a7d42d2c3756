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


class SafetyChecker:
    """SafetyChecker says which pictures to withhold. It is loaded for the first picture: on the GPU where there is room
    beside the engine, else on the processor in 32 bits, for a second or two per picture.

    `processor` is the pipeline's feature_extractor: the checker sees what diffusers' pipeline shows it.
    """

    def __init__(self, located: LocatedPart, processor: Any, variant: str | None) -> None:
        self._path, self._processor, self._variant = located.path, processor, variant

    @torch.inference_mode()
    def __call__(self, image: Image.Image, device: torch.device) -> Verdict:
        """Return the verdict on an RGB picture that was drawn on `device`. Raises ModelError for damaged files."""
        pixels = self._processor(image, return_tensors="pt").pixel_values
        try:
            indecent = self._run_checker(pixels, choose_checker_device(device))
        except torch.OutOfMemoryError:
            log.warning("No room for the safety checker on %s; it runs on the processor.", device)
            indecent = self._run_checker(pixels, torch.device("cpu"))
        return Verdict(withheld=indecent, words=WITHHELD if indecent else PASSED)

    def _run_checker(self, pixels: torch.Tensor, device: torch.device) -> bool:
        """Return whether the checker takes the preprocessed picture (1, 3, h, w) for an indecent one."""
        import diffusers

        dtype = torch.float16 if device.type == "cuda" else torch.float32
        checker = self._checker.to(device, dtype)
        blackened = [np.zeros(1)]  # it paints over what it finds; ours is shown as a drawing instead
        with silence_logs([diffusers.utils.logging]):  # it would log that a black picture is returned
            _, found = checker(clip_input=pixels.to(device, dtype), images=blackened)
        return bool(found[0])

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
