"""The image encoder that reads styles for the adapter."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from pipeline.loading import loading
from pipeline.profiles import ModelProfile
from pipeline.weights import LocatedPart, locate


class Vision:
    """Located and loaded when the first style needs it: SD 1.5's is 2.5 GB. Speaks through the pipeline's processor."""

    def __init__(self, profile: ModelProfile, folder: Path | None, pipeline: Any) -> None:
        self._profile, self._folder, self._pipeline = profile, folder, pipeline

    @cached_property
    def located(self) -> LocatedPart:
        return locate(self._profile, "image_encoder", self._folder)

    @property
    def revision(self) -> str:
        """Of the pinned encoder where it would come from the Hub, so that asking does not fetch it."""
        pinned = self._profile.parts["image_encoder"].revision
        at_hand = self._folder or self._profile.home
        return self.located.revision if at_hand or pinned is None else pinned

    @cached_property
    def _encoder(self) -> Any:
        import transformers

        with loading(self.located.path, transformers.utils.logging):
            encoder = transformers.CLIPVisionModelWithProjection.from_pretrained(
                self.located.path, local_files_only=True, dtype=self._pipeline.dtype
            )
        return encoder.to(self._pipeline.device).eval()

    @torch.inference_mode()
    def encode(self, image: Image.Image) -> Tensor:
        """RGB -> (1, d)."""
        pixels = self._pipeline.feature_extractor(image, return_tensors="pt").pixel_values
        embeds: Tensor = self._encoder(pixels.to(self._pipeline.device, self._pipeline.dtype)).image_embeds
        return embeds
