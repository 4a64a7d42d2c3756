"""Decode latents into pictures and previews, with the full decoder or with the profile's small one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from pipeline.controls import Decoder
from pipeline.engine.diffusers_pipeline import load_small_vae
from pipeline.engine.drawing_engine import OnStep
from pipeline.engine.placement import Placement
from pipeline.engine.preview import LinearPreview, PreviewQueue, choose_zoom, convert_to_picture, shrink_pixels
from pipeline.errors import ModelError, Overflow, look_for_cancel
from pipeline.machine.memory import is_out_of_memory
from pipeline.machine.plan import is_tiled
from pipeline.models.locate import PresentParts
from pipeline.models.profile import ModelProfile
from pipeline.values import StepPreview

log = logging.getLogger(__name__)


class Decoders:
    """Decoders holds one engine's decoders, on the device where its placement draws."""

    def __init__(
        self,
        pipeline: Any,
        profile: ModelProfile,
        placement: Placement,
        previews: str,
        small_decoder: str | None,
        files: PresentParts,
        compile_decoder: Callable[[Any], None] = lambda vae: None,
    ) -> None:
        """Take the pipeline and choose how previews are made: "linear", or "small" by the part `small_decoder` (None
        for a profile without one). `compile_decoder` is called with the small autoencoder once it is loaded.
        """
        self._compile_decoder = compile_decoder
        self._pipeline, self._profile, self._placement = pipeline, profile, placement
        self._previews, self._small_decoder, self._files = previews, small_decoder, files

    def clear(self) -> None:
        """Drop what was computed on another device or stayed on it."""
        for name in ("make_preview", "_small_vae"):
            self.__dict__.pop(name, None)

    def decode_pictures(self, latents: Tensor, decoder: Decoder) -> list[Image.Image]:
        """Decode scaled latents (n, c, h, w) into RGB pictures, one at a time, which keeps the peak of memory low.

        Where a decoder overflows in its numbers it decodes once more in float32, and goes on in it.
        Raises Overflow where the latents are not finite, or a picture is not even so.
        """
        if not torch.isfinite(latents).all():
            raise Overflow(self._describe_overflow())
        try:
            return self._decode_all(latents, decoder)
        except Overflow:
            self.__dict__.pop("_small_vae", None)
            if not self._placement.widen_decoder():
                raise
        return self._decode_all(latents, decoder)

    def _decode_all(self, latents: Tensor, decoder: Decoder) -> list[Image.Image]:
        """Decode scaled latents (n, c, h, w) with one decoder. Raises Overflow."""
        factor, vae = self._pipeline.vae_scale_factor, self.choose_vae(decoder)
        with TiledDecoding(vae, latents.shape[-1] * factor, latents.shape[-2] * factor), watch_decoding(vae):
            return [self._decode_picture(each[None], vae) for each in latents]

    def watch_steps(self, on_step: OnStep) -> Callable[[int, int, Tensor], None]:
        """Make a callback for step, number of steps and clean latents that gives `on_step` the first one's preview."""
        queue = PreviewQueue(
            self.make_preview,
            lambda step, of, image: on_step(StepPreview(step, of, image)),
            lags=self._placement.device.type == "cuda",
        )
        return lambda step, of, clean: queue(step, of, clean[:1])

    @cached_property
    def make_preview(self) -> Callable[[Tensor], Tensor]:
        """Return the function that makes small pixels (1, 3, h, w) in [0, 1] of clean scaled latents (1, c, h, w)."""
        if (small := self._find_small_vae()) is not None:
            return lambda clean: shrink_pixels(self._decode_pixels(clean, small))
        cells = self._profile.width // self._pipeline.vae_scale_factor
        return LinearPreview.fit(self._pipeline.vae, choose_zoom(cells))

    def choose_vae(self, decoder: Decoder) -> Any:
        """Return the full decoder or the small one. Raises ModelError where the small one is missing or broken."""
        return self._pipeline.vae if decoder == "full" else self._small_vae

    def _find_small_vae(self) -> Any:
        """Return the small decoder where previews by it are wanted, else None.

        That it is missing or broken costs no one the picture itself; that there is no memory for it is raised, for the
        caller makes room.
        """
        if self._previews != "small" or self._small_decoder is None:
            return None
        try:
            return self._small_vae
        except ModelError as error:
            if is_out_of_memory(error):
                raise
            log.warning("Previews are linear for now. %s", error)
            return None

    @cached_property
    def _small_vae(self) -> Any:
        """Load the small decoder when something first asks for it."""
        assert self._small_decoder is not None  # noqa: S101 - Menu.check saw to it
        file = self._files.locate(self._small_decoder)
        vae = load_small_vae(file, self._placement.decoder_dtype).to(self._placement.device)
        self._compile_decoder(vae)
        return vae

    def _decode_picture(self, latents: Tensor, vae: Any) -> Image.Image:
        """Decode one picture's latents (1, c, h, w). Raises Overflow."""
        pixels = self._decode_pixels(latents, vae)
        if not torch.isfinite(pixels).all():
            raise Overflow(self._describe_overflow())
        return convert_to_picture(pixels)

    def _decode_pixels(self, latents: Tensor, vae: Any) -> Tensor:
        """Decode one picture's latents (1, c, h, w) into (1, 3, H, W) in [0, 1]."""
        latents = latents.to(self._placement.decoder_dtype)
        pixels: Tensor = vae.decode(latents / vae.config.scaling_factor, return_dict=False)[0]
        return pixels / 2 + 0.5

    def _describe_overflow(self) -> str:
        return f"{self._profile.title} gave no picture: its numbers overflowed on {self._placement.device}."


@contextmanager
def watch_decoding(vae: Any) -> Iterator[None]:
    """Look for a cancel before each convolution of a decoder, which takes seconds on a processor.

    One that is compiled is one piece; it runs where a picture takes less than a step did.
    """
    parts = () if vae.decoder._compiled_call_impl else vae.decoder.modules()
    convolutions = [part for part in parts if isinstance(part, nn.Conv2d)]
    hooks = [each.register_forward_pre_hook(lambda *_: look_for_cancel()) for each in convolutions]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


class TiledDecoding:
    """TiledDecoding turns the VAE's tiling on for as long as it is open, where the picture is large."""

    def __init__(self, vae: Any, width: int, height: int) -> None:
        self._vae, self._wanted = vae, is_tiled(width, height)

    def __enter__(self) -> None:
        if self._wanted:
            self._vae.enable_tiling()

    def __exit__(self, *raised: object) -> None:
        if self._wanted:
            self._vae.disable_tiling()
