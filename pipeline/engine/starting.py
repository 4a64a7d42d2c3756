"""Make the first latents of a picture: noise, or another picture with noise over it, of which a part may stay.

With equal settings they are those of diffusers' StableDiffusionControlNetImg2ImgPipeline and
StableDiffusionControlNetInpaintPipeline (0.42.1), draw by draw of the generator; tests/engine/test_starting.py compares
the pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTinyOutput
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from pipeline.engine.decoding import TiledDecoding
from pipeline.engine.ink import read_painted
from pipeline.engine.noise import draw_noise
from pipeline.engine.placement import Placement
from pipeline.engine.preview import get_latents
from pipeline.errors import Overflow
from pipeline.values import GenerationRequest, PaintedColours

INPAINTING_CHANNELS = 9  # of a UNet that was trained to fill a part: latents, mask, latents of what stays
HALF = 0.5  # from this share of a cell on, a UNet that takes a mask is told to fill it
Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class KeptLatents:
    """KeptLatents holds latents that stay where nothing is drawn anew: they are laid back after each step, with the
    noise that is left then.
    """

    latents: Tensor  # (1, c, h, w), clean
    noise: Tensor  # (n, c, h, w)
    free: Tensor  # (1, 1, h, w), 0 what stays .. 1 what is drawn anew
    until: int  # steps after which all is free

    def lay(self, scheduler: Any, latents: Tensor, step: int, timesteps: Tensor) -> Tensor:
        """Return the latents (n, c, h, w) after a step (from 0) over `timesteps`, with what stays laid in."""
        if step >= self.until:
            return latents
        kept = self.latents
        if step + 1 < len(timesteps):
            kept = scheduler.add_noise(kept, self.noise, timesteps[step + 1].reshape(1))
        return (1 - self.free) * kept + self.free * latents


@dataclass(frozen=True, eq=False)
class Beginning:
    """Beginning holds what the denoising of one picture begins with."""

    latents: Tensor  # (1, c, h, w), as noisy as the first step takes them
    first: int = 0  # which of the scheduler's timesteps that is
    kept: KeptLatents | None = None
    more_channels: Tensor | None = None  # (1, m, h, w) beside the latents, where the UNet takes them


@dataclass(frozen=True, eq=False)
class Encoded:
    """Encoded holds the VAE's answer to a picture, from which latents are drawn."""

    distribution: Any  # diffusers' DiagonalGaussianDistribution, or an AutoencoderTiny's output
    scaling_factor: float

    def draw(self, generator: torch.Generator | None) -> Tensor:
        """Draw scaled latents (1, c, h, w); their mean without a generator."""
        latent_dist = getattr(self.distribution, "latent_dist", None)
        drawn = (
            get_latents(self.distribution)
            if generator is None or latent_dist is None
            else latent_dist.sample(generator)
        )
        return self.scaling_factor * drawn


@dataclass(frozen=True, eq=False)
class Start:
    """Start holds what one request's pictures start from, encoded once for all of them."""

    picture: Encoded | None  # None: noise alone
    free: Tensor | None  # (1, 1, h, w), what is drawn anew from the beginning; None: everything is, at strength
    rest: Encoded | None  # the picture without what is drawn anew, for a UNet that takes it beside the latents
    is_masked: bool  # what is not free stays to the end; else it is free too once the strength's steps begin


class Starter:
    """Starter makes the beginnings of an engine's pictures, on the device where its placement draws."""

    def __init__(self, pipeline: Any, placement: Placement) -> None:
        self._pipeline, self._placement = pipeline, placement

    @property
    def factor(self) -> int:
        """Return how many px a latent cell is wide."""
        return int(self._pipeline.vae_scale_factor)

    @property
    def fills_parts(self) -> bool:
        """Return whether the UNet was trained to fill a part, and takes mask and rest beside the latents."""
        return int(self._pipeline.unet.config.in_channels) == INPAINTING_CHANNELS

    def encode_start(self, request: GenerationRequest) -> Start:
        """Encode what a request's pictures start from. Raises Overflow where its latents are not finite."""
        pixels, free = find_start(request)
        cells = None if free is None else self._shrink_mask(free)
        is_masked = request.start is not None and request.start.mask is not None
        rest = self._encode_rest(request, pixels, free if is_masked else None) if self.fills_parts else None
        return Start(None if pixels is None else self._encode(scale_pixels(pixels)), cells, rest, is_masked)

    def start_from_latents(self, request: GenerationRequest, latents: Tensor) -> Start:
        """Return the start from scaled latents (1, c, h, w), which need no encoding."""
        rest = self._encode_rest(request, None, None) if self.fills_parts else None
        return Start(Encoded(AutoencoderTinyOutput(latents=latents), 1.0), None, rest, is_masked=False)

    def begin(
        self, request: GenerationRequest, start: Start, scheduler: Any, generators: Sequence[torch.Generator]
    ) -> Beginning:
        """Return what the pictures of these generators begin with; sets the scheduler to the first step."""
        sampling, total = request.sampling, len(scheduler.timesteps)
        is_noise = start.is_masked and sampling.strength == 1
        is_unread = is_noise and start.rest is not None  # the rest says all that stays
        latents = None if is_unread or start.picture is None else self._draw_latents(start.picture, generators)
        noise = self._draw_noise(request, generators)
        more = self._add_channels(start, noise, generators)
        first = find_first_step(sampling.num_inference_steps, sampling.strength, total)
        pure = noise * scheduler.init_noise_sigma
        if latents is None:
            return Beginning(pure, more_channels=more)
        if start.free is not None and not start.is_masked:  # all of the painted colours is kept until they may change
            set_first_step(scheduler, 0)
            return Beginning(pure, kept=KeptLatents(latents, noise, start.free, first), more_channels=more)
        first = min(first, total - 1)
        set_first_step(scheduler, first)
        kept = KeptLatents(latents, noise, start.free, total) if start.free is not None and more is None else None
        if is_noise:
            return Beginning(pure, first, kept, more)
        return Beginning(scheduler.add_noise(latents, noise, scheduler.timesteps[first].reshape(1)), first, kept, more)

    def _draw_noise(self, request: GenerationRequest, generators: Sequence[torch.Generator]) -> Tensor:
        """Draw the noise (n, c, h, w) of a request's pictures."""
        factor = self._pipeline.vae_scale_factor
        shape = (self._pipeline.vae.config.latent_channels, request.height // factor, request.width // factor)
        drawn = draw_noise(
            shape,
            generators,
            variation_seed=request.sampling.variation_seed,
            variation_strength=request.sampling.variation_strength,
        )
        return drawn.to(self._placement.device, self._placement.dtype)

    def _draw_latents(self, encoded: Encoded, generators: Sequence[torch.Generator]) -> Tensor:
        """Draw latents (n, c, h, w) of an encoded picture."""
        drawn = torch.cat([encoded.draw(each) for each in generators])
        return drawn.to(self._placement.device, self._placement.dtype)

    def _add_channels(self, start: Start, noise: Tensor, generators: Sequence[torch.Generator]) -> Tensor | None:
        """Return the mask and the latents of what stays, (n, 1 + c, h, w), where the UNet takes them."""
        if start.rest is None:
            if (
                start.is_masked
            ):  # the stock pipeline draws them all the same: later noise of the sampler is another then
                for each in generators:
                    torch.randn(noise.shape[1:], generator=each)
            return None
        mask = torch.ones_like(noise[:, :1])
        if start.is_masked and start.free is not None:
            mask = (start.free >= HALF).to(noise).expand_as(mask)
        return torch.cat([mask, self._draw_latents(start.rest, generators)], dim=1)

    def _shrink_mask(self, free: Pixels) -> Tensor:
        """Return a mask (H, W) as shares of latent cells (1, 1, h, w): an edge within a cell is soft."""
        shares = torch.from_numpy(free.astype(np.float32) / 255)[None, None]
        cells = functional.avg_pool2d(shares, self._pipeline.vae_scale_factor)
        return cells.to(self._placement.device, self._placement.dtype)

    def _encode_rest(self, request: GenerationRequest, pixels: Pixels | None, free: Pixels | None) -> Encoded:
        """Encode the picture without what is drawn anew, which is grey; all of it where nothing stays."""
        if pixels is None or free is None:
            return self._encode(torch.zeros(1, 3, request.height, request.width))
        kept = torch.from_numpy(free < 128)[None, None]
        return self._encode(scale_pixels(pixels) * kept)

    def _encode(self, pixels: Tensor) -> Encoded:
        """Encode (1, 3, H, W) in [-1, 1], once more in float32 where numbers overflow. Raises Overflow."""
        encoded = self._encode_once(pixels)
        if not torch.isfinite(get_latents(encoded)).all():
            encoded = self._encode_once(pixels) if self._placement.widen_decoder() else encoded
        if not torch.isfinite(get_latents(encoded)).all():
            raise Overflow("The picture to start from could not be read: numbers overflowed.")
        return Encoded(encoded, float(self._pipeline.vae.config.scaling_factor))

    def _encode_once(self, pixels: Tensor) -> Any:
        """Encode a picture (1, 3, H, W) in [-1, 1] in the decoder's present numbers, a large one in tiles."""
        vae, (height, width) = self._pipeline.vae, pixels.shape[-2:]
        with TiledDecoding(vae, width, height):
            return vae.encode(pixels.to(self._placement.device, self._placement.decoder_dtype))


def find_first_step(num_inference_steps: int, strength: float, total: int) -> int:
    """Return which of `total` timesteps comes first at a strength, as the stock pipelines count it."""
    return min(max(0, total - int(num_inference_steps * strength)), total)


def set_first_step(scheduler: Any, first: int) -> None:
    """Tell a scheduler which of its timesteps comes first, where it counts them; the others go by the time alone."""
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)


def find_start(request: GenerationRequest) -> tuple[Pixels | None, Pixels | None]:
    """Return the picture (H, W, 3) that a request starts from, and what of it is free from the first step on, (H, W)
    from 0 to 255; None for noise, and where the strength alone says how free it is.

    Where the person painted in colour, the paper beside it is free: it would make each picture pale.
    """
    if request.start is not None:
        return request.start.pixels, request.start.mask
    if request.colours is None or request.sampling.strength == 1:
        return None, None
    painted = read_painted(request)
    if not painted.mask.any():
        return None, None
    return fill_paper(painted), None if painted.mask.all() else np.where(painted.mask, 0, 255).astype(np.uint8)


def fill_paper(painted: PaintedColours) -> Pixels:
    """Return painted colours (H, W, 3) with each place beside them in the nearest one's colour, so that no paper mixes
    into the latents at their edges.
    """
    from scipy import ndimage

    nearest = ndimage.distance_transform_edt(~painted.mask, return_distances=False, return_indices=True)
    return np.ascontiguousarray(painted.colours[tuple(nearest)])


def scale_pixels(pixels: Pixels) -> Tensor:
    """Return RGB (H, W, 3) as (1, 3, H, W) in [-1, 1], fp32."""
    return torch.from_numpy(pixels.astype(np.float32) / 255).permute(2, 0, 1)[None] * 2 - 1


def lay_rest(picture: Image.Image, request: GenerationRequest) -> Image.Image:
    """Lay what stays of the picture that a request starts from over the finished one: to the last bit what it was."""
    if request.start is None or request.start.mask is None:
        return picture
    free = request.start.mask.astype(np.float32)[..., None] / 255
    mixed = free * np.asarray(picture.convert("RGB"), np.float32) + (1 - free) * request.start.pixels
    return Image.fromarray((mixed + 0.5).astype(np.uint8))
