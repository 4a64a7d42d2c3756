"""Train UNet, ControlNet and IP-Adapter together on prepared latents, captions, line drawings and style references."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import ControlNetModel, DDPMScheduler, UNet2DConditionModel
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pipeline.pocket.model import (
    LATENT_CHANNELS,
    LATENT_SIDE,
    SIDE,
    UNET_WIDTHS,
    make_controlnet,
    make_scheduler,
    make_training_noise,
    make_unet,
)
from pipeline.pocket.train.export import attach_ip_adapter
from pipeline.pocket.train.loop import Plan, seed_from_here, train
from pipeline.pocket.train.precision import half_denoiser


@dataclass(frozen=True)
class Scheme:
    """What the lessons leave out, and whose picture each sees as its style reference.

    Left out, so that guidance and each control at 0 are in the training distribution. One draw a picture.
    """

    no_words_no_style: float = 0.07  # what guidance compares with: the drawing stays
    no_words: float = 0.05
    no_style: float = 0.13
    no_edges: float = 0.08  # residuals of the ControlNet times 0
    library: float = 0.5  # of the pictures in a library look see the library's own reference, as the app shows it
    own: bool = False  # a picture is its own style reference, which tells more than a style


SCHEME = Scheme()
# How often a picture is drawn, against 1, by its style, as last measured on held-out drawings: often where the
# autoencoder carries a look that results did not wear; seldom where all of them did, where the autoencoder carries
# nothing of it (what it has in its place must not become a habit), and where there is no style to learn.
DRAWN_OFTEN = (
    "art-deco",
    "clay",
    "cross-stitch",
    "felt",
    "industrial",
    "ink-wash",
    "linocut",
    "oil-painting",
    "pop-art",
    "risograph",
    "sketch",
    "stone-relief",
    "ukiyo-e",
    "watercolor",
)
DRAWN_SELDOM = (
    "plain",
    "blueprint",
    "cyberpunk",
    "gold-lacquer",
    "golden-hour",
    "handheld",
    "ice",
    "manga",
    "misty",
    "moonlight",
    "mosaic",
    "pixel-art",
    "pointillism",
    "pyrography",
    "sepia-photo",
    "thermal",
)
SHARES: Mapping[str, float] = {**dict.fromkeys(DRAWN_OFTEN, 2.5), **dict.fromkeys(DRAWN_SELDOM, 0.5)}
# Of a batch, at pure noise (timestep 999): the shipped model draws in one step. There words, style and lines alone
# decide, and there they are learnt fastest. The rest is drawn anywhere, so that more steps keep their meaning.
AT_ONCE = 0.85


@dataclass(frozen=True)
class Prepared:
    """Pictures ready for the denoiser, on the device that trains: 60,000 take 4 GB."""

    latents: Tensor  # (N, 24, 16, 16) fp16
    edges: Tensor  # (N, 2, 256, 32) uint8, bit-packed
    tokens: Tensor  # (N, 32, 384) fp16
    styles: Tensor  # (N + L, 384) fp16, image tower: of the pictures, then of the library's references
    looks: NDArray[np.int64]  # (N,) number of the look
    library: Mapping[int, int]  # look -> row in `styles` of the library's reference for it
    shares: NDArray[np.float64]  # (N,) how often each is drawn, against 1
    bound: NDArray[np.bool_]  # (N,) whether the caption names a colour or the style

    @cached_property
    def members(self) -> dict[int, NDArray[np.int64]]:
        """Look -> the rows that wear it."""
        return {look: np.flatnonzero(self.looks == look) for look in np.unique(self.looks)}


def load_prepared(
    folders: Sequence[Path], references: Mapping[str, NDArray[np.float16]], device: torch.device
) -> Prepared:
    """`references`: style id -> embedding (384,) of its reference image."""
    looks: dict[str, int] = {}
    parts: dict[str, list[NDArray[Any]]] = defaultdict(list)
    for folder in folders:
        records = json.loads((folder / "records.json").read_text())
        parts["looks"].append(np.array([looks.setdefault(record["look"], len(looks)) for record in records]))
        parts["shares"].append(np.array([SHARES.get(record["look"].rpartition("/")[0], 1.0) for record in records]))
        for name in ("latents", "edges", "tokens", "styles", "bound"):
            parts[name].append(np.load(folder / f"{name}.npy"))
    count = sum(map(len, parts["looks"]))
    library: dict[int, int] = {}
    for key, number in looks.items():
        id, _, draw = key.rpartition("/")
        if draw == "0" and id in references:
            library[number] = count + len(library)
            parts["styles"].append(references[id][None])
    known = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    tensors = {name: torch.from_numpy(known[name]).to(device) for name in ("latents", "edges", "tokens", "styles")}
    return Prepared(looks=known["looks"], library=library, shares=known["shares"], bound=known["bound"], **tensors)


class Denoiser(nn.Module):
    """The three parts that are trained together, so that one optimizer and one average hold them."""

    def __init__(self, widths: tuple[int, ...] = UNET_WIDTHS) -> None:
        super().__init__()
        self.unet: UNet2DConditionModel = make_unet(widths)
        self.controlnet: ControlNetModel = make_controlnet(self.unet)
        attach_ip_adapter(self.unet)

    def forward(
        self, noisy: Tensor, times: Tensor, tokens: Tensor, style: Tensor, hint: Tensor, edges_scale: Tensor
    ) -> Tensor:
        """v-prediction (B, 24, 16, 16); `edges_scale` (B, 1, 1, 1) multiplies the ControlNet's residuals."""
        down, middle = self.controlnet(
            noisy, times, encoder_hidden_states=tokens, controlnet_cond=hint, return_dict=False
        )
        made: Tensor = self.unet(
            noisy,
            times,
            encoder_hidden_states=tokens,
            added_cond_kwargs={"image_embeds": [style[:, None]]},
            down_block_additional_residuals=[one * edges_scale for one in down],
            mid_block_additional_residual=middle * edges_scale,
            return_dict=False,
        )[0]
        return made


@dataclass
class Batch:
    latents: Tensor  # (B, 24, 16, 16)
    tokens: Tensor  # (B, 32, 384)
    style: Tensor  # (B, 384)
    hint: Tensor  # (B, 3, 256, 256) in {0, 1}
    edges_scale: Tensor  # (B, 1, 1, 1) in {0, 1}
    rows: NDArray[np.int64]  # (B,) which pictures these are


def unpack_hint(packed: Tensor) -> Tensor:
    """(B, 256, 32) bits -> (B, 3, 256, 256)."""
    bits = packed[..., None] >> torch.arange(7, -1, -1, dtype=torch.uint8, device=packed.device) & 1
    return bits.flatten(2).float()[:, None].expand(-1, 3, SIDE, SIDE)


def batches(data: Prepared, empty: Tensor, size: int, seed: int, scheme: Scheme = SCHEME) -> Iterator[Batch]:
    """Endless batches on the data's device; `empty`: tokens (32, 384) of no words.

    The style reference is another picture of the same look wherever there is one.
    """
    rng, device = np.random.default_rng(seed), data.latents.device
    reached = np.cumsum(data.shares)

    def there(chosen: NDArray[Any]) -> Tensor:
        return torch.from_numpy(chosen).to(device)

    while True:
        rows = np.searchsorted(reached, rng.random(size) * reached[-1], "right")
        style = data.styles[there(references_for(data, rows, rng, scheme))].float()
        tokens = data.tokens[there(rows)].float()
        dropped = rng.random(size)
        neither = dropped < scheme.no_words_no_style
        no_words = dropped < scheme.no_words_no_style + scheme.no_words
        no_style = neither | ((dropped > 0.5) & (dropped < 0.5 + scheme.no_style))
        tokens[there(no_words)], style[there(no_style)] = empty, 0
        kept = (rng.random((size, 1, 1, 1)) >= scheme.no_edges).astype(np.float32)
        hint = unpack_hint(data.edges[there(rows), there(rng.integers(2, size=size))])
        yield Batch(
            data.latents[there(rows)].float(),
            tokens,
            style,
            hint.contiguous(memory_format=torch.channels_last),
            there(kept),
            rows,
        )


def references_for(
    data: Prepared, rows: NDArray[np.int64], rng: np.random.Generator, scheme: Scheme
) -> NDArray[np.int64]:
    """(B,) rows of `styles`."""
    return np.array([reference_for(data, row, rng, scheme) for row in rows])


def reference_for(data: Prepared, row: int, rng: np.random.Generator, scheme: Scheme) -> int:
    """Another picture of the row's look, or the library's reference for it."""
    if scheme.own:
        return row
    look = int(data.looks[row])
    if look in data.library and rng.random() < scheme.library:
        return data.library[look]
    return another(data, row, rng)


def another(data: Prepared, row: int, rng: np.random.Generator) -> int:
    """Another picture of the row's look, wherever there is one."""
    return other_of(data.members[int(data.looks[row])], row, rng)


def other_of(members: NDArray[np.int64], row: int, rng: np.random.Generator) -> int:
    """One of `members`, sorted, that is not `row`; `row` where it stands alone."""
    if len(members) < 2:
        return row
    drawn = int(rng.integers(len(members) - 1))
    return int(members[drawn + (drawn >= np.searchsorted(members, row))])


def draw_times(count: int, generator: torch.Generator) -> Tensor:
    """Timesteps (count,): at pure noise and anywhere."""
    at_once = torch.rand(count, generator=generator) < AT_ONCE
    return torch.where(at_once, 999, torch.randint(0, 1000, (count,), generator=generator))


@dataclass(frozen=True)
class Attempt:
    """The denoiser's answers at timesteps drawn for a batch."""

    times: Tensor  # (B,)
    noisy: Tensor  # (B, 24, 16, 16)
    made: Tensor  # (B, 24, 16, 16) v-prediction
    wanted: Tensor  # (B, 24, 16, 16)


def attempt(
    model: Denoiser, batch: Batch, noise_maker: DDPMScheduler, generator: torch.Generator, tries: int = 1
) -> Attempt:
    """With `tries` above 1, pictures at pure noise by the best of so many noises."""
    device = batch.latents.device
    times = draw_times(len(batch.latents), generator).to(device)
    noises = torch.randn((tries, *batch.latents.shape), generator=generator).to(device)
    noise = noises[0] if tries == 1 else nearest_noise(model, batch, noise_maker, times, noises)
    noisy = noise_maker.add_noise(batch.latents, noise, times).contiguous(memory_format=torch.channels_last)
    made = answer(model, noisy, times, batch)
    return Attempt(times, noisy, made, noise_maker.get_velocity(batch.latents, noise, times))


@torch.no_grad()
def nearest_noise(model: Denoiser, batch: Batch, noise_maker: DDPMScheduler, times: Tensor, noises: Tensor) -> Tensor:
    """(B, 24, 16, 16): of the noises (n, B, 24, 16, 16), for pictures at pure noise the one from which their estimate
    lies nearest the truth, for the others the first.

    One answer to all noises has to be the mean of what could be. Taught by its best of several, a model gives each
    noise something of its own to draw (implicit maximum likelihood, Li & Malik 2018, arXiv:1809.09087).
    """
    away = []
    for noise in noises:
        noisy = noise_maker.add_noise(batch.latents, noise, times).contiguous(memory_format=torch.channels_last)
        clean = clean_estimate(noise_maker, answer(model, noisy, times, batch), noisy, times)
        away.append((clean - batch.latents).square().mean((1, 2, 3)))
    best = torch.stack(away).argmin(0) * (times == 999)  # below, the truth is in what the model is given
    return noises[best, torch.arange(len(times), device=times.device)]


def answer(model: Denoiser, noisy: Tensor, times: Tensor, batch: Batch) -> Tensor:
    """v-prediction (B, 24, 16, 16) in fp32, computed in bf16 where that is faster."""
    with half_denoiser(noisy.device):
        made: Tensor = model(noisy, times, batch.tokens, batch.style, batch.hint, batch.edges_scale)
    return made.float()


def train_denoiser(
    model: Denoiser,
    data: Prepared,
    empty: Tensor,
    plan: Plan,
    folder: Path,
    *,
    size: int = 32,
    seed: int = 0,
    scheme: Scheme = SCHEME,
    on_save: Any = None,
) -> Denoiser:
    """v-prediction with a flat weight (Salimans & Ho 2022): it keeps the noisiest steps, which set the composition."""
    noise_maker, seed = make_training_noise(), seed_from_here(seed, plan, folder)
    generator = torch.Generator().manual_seed(seed)
    series = batches(data, empty, size, seed, scheme)

    def loss_of(batch: object, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(batch, Batch)
        tried = attempt(model, batch, noise_maker, generator)
        errors = functional.mse_loss(tried.made, tried.wanted, reduction="none").mean((1, 2, 3))
        late = errors[tried.times == 999]
        figures = {"error": float(errors.mean().detach())}
        if len(late):
            figures["pure_noise"] = float(late.mean().detach())
        return errors.mean(), figures

    return train(plan, model, series, loss_of, folder=folder, on_save=on_save)  # type: ignore[return-value]


def clean_estimate(noise_maker: DDPMScheduler, made: Tensor, noisy: Tensor, times: Tensor) -> Tensor:
    """Clean latents that a v-prediction (B, 24, 16, 16) at these timesteps stands for."""
    kept = noise_maker.alphas_cumprod.to(made.device)[times][:, None, None, None]
    clean: Tensor = kept.sqrt() * noisy - (1 - kept).sqrt() * made
    return clean


@torch.inference_mode()
def sample(
    model: Denoiser,
    tokens: Tensor,
    style: Tensor,
    hint: Tensor,
    empty: Tensor,
    *,
    guidance: float,
    steps: int = 1,
    seed: int = 0,
) -> Tensor:
    """Latents (B, 24, 16, 16) for training's contact sheets; the app draws through pipeline/engine/denoise.py."""
    scheduler = make_scheduler()
    scheduler.set_timesteps(steps)
    device, count = tokens.device, len(tokens)
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn((count, LATENT_CHANNELS, LATENT_SIDE, LATENT_SIDE), generator=generator).to(device)
    nothing, no_style = empty[None].expand_as(tokens), torch.zeros_like(style)
    scale = torch.ones((count, 1, 1, 1), device=device)
    for time in scheduler.timesteps:
        times = time.expand(count).to(device)
        made = model(x, times, tokens, style, hint, scale).float()
        if guidance != 1:
            bare = model(x, times, nothing, no_style, hint, scale).float()
            made = bare + guidance * (made - bare)
        x = scheduler.step(made, time, x).prev_sample
    return x
