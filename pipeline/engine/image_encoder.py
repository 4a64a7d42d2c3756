"""Encode style images for the IP-Adapter."""

from __future__ import annotations

import gc
import logging
import math
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from pipeline.errors import ModelError, OutOfMemory, phrase
from pipeline.freed_memory import give_memory_back
from pipeline.machine.memory import measure_main_memory
from pipeline.machine.plan import format_gigabytes
from pipeline.models.hub_cache import find_cached_revision
from pipeline.models.loading import guard_loading
from pipeline.models.locate import LocatedPart, expect_present, locate_part
from pipeline.models.profile import ModelProfile
from pipeline.models.safetensors_header import read_shapes

log = logging.getLogger(__name__)

ROLE = "image_encoder"  # in a profile's parts
ALTERNATIVE = phrase("draw in a style that was drawn before, or with Style strength at 0")
KEPT_LIMIT = 100_000_000  # bytes; a smaller encoder is not worth loading twice


class ImageEncoder:
    """ImageEncoder is located and loaded when a new style needs it, on the processor in 32 bits, and released
    afterwards.

    SD 1.5's is 2.5 GB, needed for a second or two per style, so it takes no room on the GPU. It reads pictures through
    the pipeline's image processor.
    """

    def __init__(self, profile: ModelProfile, folder: Path | None, pipeline: Any) -> None:
        self._profile, self._folder, self._pipeline = profile, folder, pipeline
        self.holders: set[object] = set()  # what embeds all styles, and needs the encoder again at once

    def expect_files(self) -> None:
        """Raise ModelError with the fix unless its files are on this machine. Reads none, asks no network."""
        expect_present(self._profile, [ROLE], self._folder, instead=ALTERNATIVE)

    def fetch_files(self) -> None:
        """Fetch its files where the Hub gives them and they are not here, while the models load and nobody's picture
        waits.

        Where that fails, styles that were drawn before can be drawn all the same.
        """
        part, own = self._profile.parts[ROLE], self._folder is not None and self._folder.is_dir()
        if own or self._profile.home or find_cached_revision(part) is not None:
            return
        from pipeline.models.hub import fetch_part

        try:
            fetch_part(part)
        except ModelError as error:
            log.warning("No new style can be drawn yet. %s", error)

    @cached_property
    def located(self) -> LocatedPart:
        """Locate the part on this machine; a download would hold up everyone who draws. Raises ModelError, also for
        damaged files.
        """
        self.expect_files()
        return locate_part(self._profile, ROLE, self._folder)

    @property
    def revision(self) -> str:
        """Return the pinned revision where the encoder would come from the Hub, so that asking does not fetch it."""
        pinned = self._profile.parts[ROLE].revision
        at_hand = self._folder or self._profile.home
        return self.located.revision if at_hand or pinned is None else pinned

    def release(self) -> None:
        """Release a large encoder's memory; a small one, as the pocket model's, stays for the next style."""
        encoder = self.__dict__.get("_encoder")
        if encoder is not None and encoder.get_memory_footprint() > KEPT_LIMIT:
            del self.__dict__["_encoder"], encoder
            gc.collect()
            give_memory_back()

    @property
    def is_loaded(self) -> bool:
        """Return whether the encoder is in memory."""
        return "_encoder" in self.__dict__

    def count_bytes(self) -> int:
        """Count the bytes that it takes in 32 bits, by its files' headers."""
        shapes = (shape for file in self.located.path.glob("*.safetensors") for shape in read_shapes(file).values())
        return 4 * sum(math.prod(shape) for shape in shapes)

    def _expect_room(self) -> None:
        """Raise OutOfMemory, as memory that ran out, where main memory does not hold it."""
        needed, free = self.count_bytes(), measure_main_memory()
        if needed > free:
            raise OutOfMemory(
                f"There is not enough memory to look at a new style: that takes {format_gigabytes(needed)} for a "
                f"while, and {format_gigabytes(free)} are free. Close other programs, or {ALTERNATIVE}."
            ) from MemoryError()

    @cached_property
    def _encoder(self) -> Any:
        import transformers

        self._expect_room()
        with guard_loading(self.located.path, transformers.utils.logging):
            encoder = transformers.CLIPVisionModelWithProjection.from_pretrained(
                self.located.path, local_files_only=True, dtype=torch.float32
            )
        return encoder.eval()

    def encode(self, image: Image.Image) -> Tensor:
        """Encode an RGB picture of any size into an embedding (1, d), fp32 on the CPU."""
        embeds: Tensor = self._see(self._read_pixels(image)).image_embeds
        return embeds

    def encode_patches(self, image: Image.Image) -> Tensor:
        """Encode an RGB picture of any size into the hidden states (1, patches, d) before the last layer."""
        return self._see_patches(self._read_pixels(image))

    def encode_no_patches(self) -> Tensor:
        """Encode nothing: pixels of 0 once they are scaled, as diffusers' pipelines give the half without a style."""
        return self._see_patches(torch.zeros_like(self._read_pixels(Image.new("RGB", (8, 8)))))

    def _read_pixels(self, image: Image.Image) -> Tensor:
        pixels: Tensor = self._pipeline.feature_extractor(image, return_tensors="pt").pixel_values
        return pixels.float()

    def _see_patches(self, pixels: Tensor) -> Tensor:
        states: Tensor = self._see(pixels, output_hidden_states=True).hidden_states[-2]
        return states

    @torch.inference_mode()
    def _see(self, pixels: Tensor, **options: bool) -> Any:
        return self._encoder(pixels, **options)
