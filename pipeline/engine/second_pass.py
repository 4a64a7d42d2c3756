"""Draw a picture small, enlarge it and redraw it at its own size, its lines, style and LoRAs on: "hires fix".

The second pass is image-to-image from the enlarged first picture: with equal settings what diffusers'
StableDiffusionControlNetImg2ImgPipeline draws from that one (tests/engine/test_second_pass.py compares them).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from pipeline.controls import HiresFix, Upscaler
from pipeline.engine.decoding import Decoders
from pipeline.engine.denoise import Conditions
from pipeline.engine.denoiser import Denoiser
from pipeline.engine.drawing_engine import OnStep
from pipeline.engine.starting import Start
from pipeline.errors import IsCancelled
from pipeline.hints import ControlHint
from pipeline.hires import count_second_steps, find_first_size, is_drawn_twice
from pipeline.timing import Clock
from pipeline.values import Drawing, EdgeMap, GenerationRequest, StartPicture, StepPreview

Pixels = NDArray[np.uint8]
SMOOTH_HINTS = ("depth",)  # hints whose px may be averaged; the others are lines, which would fade


class TwoPasses:
    """TwoPasses draws one request's pictures, small and then at their own size."""

    def __init__(
        self,
        request: GenerationRequest,
        denoiser: Denoiser,
        decoding: Decoders,
        make_conditions: Callable[[GenerationRequest, Clock], Conditions],
        clock: Clock,
    ) -> None:
        """Encode what steers and starts both passes; `clock` gets the stages."""
        self._denoiser, self._decoding, self._clock = denoiser, decoding, clock
        self._request = request
        self._small = make_first_request(request)
        self._conditions = make_conditions(self._small, clock)
        self._start = denoiser.starter.encode_start(self._small)
        if self._start.picture is not None:
            clock.mark("start")
        self._larger = make_conditions(make_second_request(request), clock) if is_drawn_twice(request) else None

    def denoise(self, seeded: GenerationRequest, on_step: OnStep | None, is_cancelled: IsCancelled | None) -> Tensor:
        """Return the clean latents (1, c, h, w) of a picture of the request's batch. Raises Cancelled."""
        small = replace(self._small, sampling=seeded.sampling)
        tell_first, tell_second = self._share_progress(on_step)
        latents = self._denoiser.denoise(small, self._start, self._conditions, tell_first, is_cancelled)
        self._clock.mark("steps")
        if self._larger is None:
            return latents
        second = replace(make_second_request(seeded), start=None)
        start = self._enlarge(latents, second, seeded, is_cancelled)
        self._clock.mark("enlarging")
        latents = self._denoiser.denoise(second, start, self._larger, tell_second, is_cancelled)
        self._clock.mark("second_pass")
        return latents

    def _enlarge(
        self, latents: Tensor, second: GenerationRequest, seeded: GenerationRequest, is_cancelled: IsCancelled | None
    ) -> Start:
        """Make what the second pass starts from. Raises Cancelled, Overflow."""
        starter = self._denoiser.starter
        if seeded.hires.upscaler == "Latent":
            return starter.start_from_latents(second, enlarge_latents(latents, second, starter.factor))
        picture = self._decoding.decode_pictures(latents, seeded.shortcuts.decoder)[0]
        size = second.width, second.height
        enlarged = enlarge_picture(picture, size, seeded.hires.upscaler, is_cancelled)
        return starter.encode_start(replace(second, start=StartPicture(np.asarray(enlarged, np.uint8))))

    def _share_progress(self, on_step: OnStep | None) -> tuple[OnStep | None, OnStep | None]:
        """Share the work among both passes: a step of the second one takes several times as long."""
        if on_step is None or self._larger is None:
            return on_step, None
        second = make_second_request(self._request)
        before, small_area = self._denoiser.measure_work(self._small)
        after, large_area = self._denoiser.measure_work(second, second.sampling.strength)
        small, total = before * small_area, before * small_area + after * large_area

        def tell_first(shown: StepPreview) -> None:
            on_step(replace(shown, share=shown.step * small_area / total))

        def tell_second(shown: StepPreview) -> None:
            on_step(replace(shown, share=(small + shown.step * large_area) / total, is_second=True))

        return tell_first, tell_second


def make_first_request(request: GenerationRequest) -> GenerationRequest:
    """Return the request of the first pass: all of the picture smaller; the request itself where it is the only one."""
    if not is_drawn_twice(request):
        return request
    size = find_first_size(request)
    return replace(
        request,
        width=size[0],
        height=size[1],
        edges=EdgeMap(shrink_lines(request.edges.pixels, size), request.edges.reading),
        colours=None if request.colours is None else shrink_drawing(request.colours, size),
        mask=request.mask and replace(request.mask, pixels=shrink_pixels(request.mask.pixels, size)),
        hints=tuple(shrink_hint(each, size) for each in request.hints),
        hires=HiresFix(),
    )


def make_second_request(request: GenerationRequest) -> GenerationRequest:
    """Return the request of the second pass, which starts from the enlarged first picture instead of paint."""
    steps = count_second_steps(request.hires, request.sampling)
    sampling = replace(request.sampling, strength=request.hires.strength, num_inference_steps=steps)
    return replace(request, sampling=sampling, colours=None, hires=HiresFix())


def shrink_lines(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Return lines (H, W) or (H, W, 3) at `size` (width, height): each px has the brightest of those that it covers, so
    that a line one px wide stays whole.
    """
    planes = torch.from_numpy(pixels.copy()).float().reshape(*pixels.shape[:2], -1).permute(2, 0, 1)
    shrunk = functional.adaptive_max_pool2d(planes[None], (size[1], size[0]))[0].permute(1, 2, 0)
    return np.ascontiguousarray(shrunk.to(torch.uint8).numpy().reshape(size[1], size[0], *pixels.shape[2:]))


def shrink_hint(hint: ControlHint, size: tuple[int, int]) -> ControlHint:
    """Return a hint at `size` (width, height)."""
    shrink = shrink_pixels if hint.controlnet in SMOOTH_HINTS else shrink_lines
    return replace(hint, pixels=shrink(hint.pixels, size))


def shrink_drawing(drawing: Drawing, size: tuple[int, int]) -> Drawing:
    """Return a drawing at `size` (width, height)."""
    greys = drawing.greys
    if greys is not None:  # 0 says that nothing was painted there: such px are not averaged
        greys = np.asarray(Image.fromarray(greys).resize(size, Image.Resampling.NEAREST), np.uint8)
    return replace(drawing, pixels=shrink_pixels(drawing.pixels, size), greys=greys)


def shrink_pixels(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Return pixels at `size` (width, height), each the mean of those that it covers."""
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX), np.uint8)


def enlarge_latents(latents: Tensor, request: GenerationRequest, factor: int) -> Tensor:
    """Return latents (1, c, h, w) at the request's size, bilinear between them, as A1111's "Latent" does."""
    size = request.height // factor, request.width // factor
    return functional.interpolate(latents.float(), size, mode="bilinear").to(latents.dtype)


def enlarge_picture(
    picture: Image.Image, size: tuple[int, int], upscaler: Upscaler, is_cancelled: IsCancelled | None = None
) -> Image.Image:
    """Return a picture at `size` (width, height); waifu2x doubles it as often as it takes. Raises Cancelled."""
    if upscaler == "waifu2x":
        from pipeline.engine.enlarger import double_picture

        while picture.width < size[0] or picture.height < size[1]:
            picture = double_picture(picture, is_cancelled=is_cancelled)
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)
