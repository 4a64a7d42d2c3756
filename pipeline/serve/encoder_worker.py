"""Encode words and pictures for the style search of a cluster: the deployment of retrieval, and who asks it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PIL import Image

from pipeline.machine.threads import calm_threads
from pipeline.metrics.gathered import Measured
from pipeline.metrics.worker_measurements import EncoderMeasurements
from pipeline.serve.names import find_own_name
from pipeline.settings import Settings
from pipeline.studio.opening import choose_profile, open_encoder
from pipeline.styles.encoders import Vectors

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle


class EncoderWorker:
    """EncoderWorker holds one encoder of words and pictures."""

    def __init__(self, settings: Settings) -> None:
        calm_threads(os.environ)
        profile, _ = choose_profile(settings.profile, settings.device, settings.sd15)
        self._encoder = open_encoder(profile, settings)
        self._measured, self._name = EncoderMeasurements(), find_own_name()

    def describe(self) -> tuple[str, str, int]:
        """Return the encoder's name, revision and dimension."""
        return self._encoder.name, self._encoder.revision, self._encoder.dimension

    def encode_text(self, texts: Sequence[str]) -> Vectors:
        """Return a vector for each text."""
        with self._measured.follow("text"):
            return self._encoder.encode_text(texts)

    def encode_image(self, images: Sequence[Image.Image]) -> Vectors:
        """Return a vector for each picture."""
        with self._measured.follow("image"):
            return self._encoder.encode_image(images)

    async def measure(self) -> Measured:
        """Return this encoder's name and what was counted here, for the fronts' /metrics."""
        return self._name, self._measured.collect()


class RemoteEncoder:
    """RemoteEncoder is an encoder (`pipeline/styles/encoders.py`) whose work is done by an EncoderWorker."""

    def __init__(self, handle: DeploymentHandle[Any], seconds: float) -> None:
        """Wait until the first worker is there. Then an answer may take `seconds`, or TimeoutError is raised."""
        self._handle, self._seconds = handle, seconds
        self.name, self.revision, self.dimension = handle.describe.remote().result()

    def encode_text(self, texts: Sequence[str]) -> Vectors:
        """Return (n, d) float32 rows of length 1."""
        return self._ask("encode_text", list(texts))  # type: ignore[no-any-return]

    def encode_image(self, images: Sequence[Image.Image]) -> Vectors:
        """Return (n, d) float32 rows of length 1. Raises ModelError where there is no image tower."""
        return self._ask("encode_image", list(images))  # type: ignore[no-any-return]

    def _ask(self, method: str, *inputs: object) -> Any:
        return getattr(self._handle, method).remote(*inputs).result(timeout_s=self._seconds)
