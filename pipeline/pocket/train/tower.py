"""Train the image tower: a picture -> the point of MiniLM's space where words for its look lie.

It serves the search over style images. It learns (1) to find the words of a picture's style among the words of the
batch's others (InfoNCE, as CLIP does, Radford et al. 2021), and (2) to keep colours and texture readable from the
embedding by a linear layer, so that two looks of one style differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from pipeline.pocket.data.dataset import PLAIN
from pipeline.pocket.train.loop import Plan, offset_seed_by_progress, train_module

TOWER_SIDE = 128  # px that the image tower sees
IMAGE_WIDTH = 384  # its projection: MiniLM's space
BATCH = 64
TEMPERATURE = 0.07
LEVELS = 6  # soft histogram bins a channel
LOOK_WEIGHT = 0.5
PLAIN_WORDS = ("a plain picture", "flat clip art", "a simple illustration", "an emoji", "a drawing")


@dataclass(frozen=True)
class Looks:
    """Looks holds pictures with the style each wears, and each style's words as unit vectors."""

    pictures: NDArray[np.uint8]  # (N, 128, 128, 3)
    styles: NDArray[np.int64]  # (N,) row of `words`
    words: tuple[NDArray[np.float32], ...]  # per style: (n, 384)


def read_style_words(styles: Path) -> dict[str, tuple[str, ...]]:
    """Read the phrases that say a style's look, by its id."""
    found: dict[str, tuple[str, ...]] = {PLAIN: PLAIN_WORDS}
    for file in sorted(styles.glob("*/style.json")):
        style = json.loads(file.read_text())
        found[style["id"]] = (style["name"], *style["words"])
    return found


def load_looks(folders: Sequence[Path], words: Mapping[str, NDArray[np.float32]]) -> Looks:
    """Load the pictures of the shards with their styles."""
    number = {style: i for i, style in enumerate(words)}
    styles = [
        number[record["style"]] for folder in folders for record in json.loads((folder / "records.json").read_text())
    ]
    return Looks(
        np.concatenate([shrink_pictures(np.load(folder / "pictures.npy")) for folder in folders]),
        np.array(styles),
        tuple(words.values()),
    )


@dataclass(frozen=True)
class Sample:
    """Sample is a batch for the tower."""

    pixels: Tensor  # (B, 3, 128, 128) in [-1, 1]
    words: Tensor  # (B, 384) a phrase of each picture's style, unit length
    styles: Tensor  # (B,) numbers


def make_image_tower() -> CLIPVisionModelWithProjection:
    """Make the image tower: (B, 3, 128, 128) normalised pixels -> (B, 384) in MiniLM's space."""
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=192,
            intermediate_size=576,
            num_hidden_layers=4,
            num_attention_heads=4,
            image_size=TOWER_SIDE,
            patch_size=16,
            projection_dim=IMAGE_WIDTH,
        )
    )


def to_pixels(pictures: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Convert pictures (N, H, W, 3) in 0 to 255 to (N, 3, H, W) in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1


class Tower(nn.Module):
    """Tower is the shipped encoder with the linear layer that only training reads looks with."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = make_image_tower()
        self.look = nn.Linear(IMAGE_WIDTH, 3 * LEVELS + 6)


def describe_look(pixels: Tensor) -> Tensor:
    """Describe looks (B, 24) of pictures (B, 3, H, W) in [-1, 1].

    Soft histogram of each channel, mean step across 1, 2 and 4 px both ways.
    """
    centres = torch.linspace(-1, 1, LEVELS, device=pixels.device).view(1, 1, LEVELS, 1)
    small = functional.avg_pool2d(pixels, 4).flatten(2)[:, :, None]
    share = torch.softmax(-((small - centres) * 4).square(), 2).mean(3).flatten(1)
    steps = []
    for reach in (1, 2, 4):
        steps += [
            (pixels[..., reach:] - pixels[..., :-reach]).abs().mean((1, 2, 3)),
            (pixels[..., reach:, :] - pixels[..., :-reach, :]).abs().mean((1, 2, 3)),
        ]
    return torch.cat([share * 4, torch.stack(steps, 1) * 6], 1)


def draw_batches(data: Looks, seed: int, device: torch.device) -> Iterator[Sample]:
    """Yield endless batches, some mirrored, some cut as people cut."""
    rng = np.random.default_rng(seed)
    while True:
        rows = rng.integers(len(data.styles), size=BATCH)
        pixels = data.pictures[rows]
        if rng.random() < 0.5:
            pixels = pixels[:, :, ::-1]
        if rng.random() < 0.3:  # people's own style pictures are cut and sized in any way
            top, left = rng.integers(0, 33, size=2)
            pixels = np.repeat(np.repeat(pixels[:, top : top + 96 : 3, left : left + 96 : 3], 4, 1), 4, 2)
        styles = data.styles[rows]
        words = np.stack([data.words[style][rng.integers(len(data.words[style]))] for style in styles])
        yield Sample(to_pixels(pixels, device), torch.from_numpy(words).to(device), torch.from_numpy(styles).to(device))


def train_tower(model: Tower, data: Looks, plan: Plan, folder: Path, seed: int = 0) -> Tower:
    device, seed = next(model.parameters()).device, offset_seed_by_progress(seed, plan, folder)
    middles = torch.from_numpy(np.stack([words.mean(0) for words in data.words])).to(device)

    def loss_of(batch: object, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(batch, Sample)
        pixels, words, styles = batch.pixels, batch.words, batch.styles
        embeds = model.encoder(pixel_values=pixels).image_embeds
        points = functional.normalize(embeds, dim=-1)
        closeness = points @ words.T / TEMPERATURE
        same = (styles[:, None] == styles[None]).float()
        contrast = -(functional.log_softmax(closeness, 1) * same / same.sum(1, keepdim=True)).sum(1).mean()
        looks = functional.smooth_l1_loss(model.look(embeds), describe_look(pixels), beta=0.1)
        length = (embeds.norm(dim=-1) - 10).square().mean() * 1e-3  # keeps fp16 far from its limits
        nearest = (points @ functional.normalize(middles, dim=-1).T).argmax(1)
        right = float((nearest == styles).float().mean())
        return contrast + LOOK_WEIGHT * looks + length, {"right": right, "looks": float(looks.detach())}

    return train_module(plan, model, draw_batches(data, seed, device), loss_of, folder=folder)  # type: ignore[return-value]


def shrink_pictures(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Shrink pictures (N, S, S, 3) to (N, 128, 128, 3), what the tower sees, by the mean over squares."""
    times = pictures.shape[1] // TOWER_SIDE
    if times == 1:
        return pictures
    squares = pictures.reshape(len(pictures), TOWER_SIDE, times, TOWER_SIDE, times, 3)
    made: NDArray[np.uint8] = (squares.mean((2, 4), dtype=np.float32) + 0.5).astype(np.uint8)
    return made
