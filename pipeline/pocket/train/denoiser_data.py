"""Hold what the denoiser is trained on: prepared shards in memory, and the batches drawn from them."""

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
from numpy.typing import NDArray
from torch import Tensor

from pipeline.pocket.model import SIDE


@dataclass(frozen=True)
class Scheme:
    """Scheme says what the lessons leave out, and whose picture each sees as its style reference.

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


@dataclass(frozen=True)
class Prepared:
    """Prepared holds pictures ready for the denoiser, on the device that trains: 60,000 take 4 GB."""

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
        """Return the rows that wear each look."""
        return {look: np.flatnonzero(self.looks == look) for look in np.unique(self.looks)}


def load_prepared(
    folders: Sequence[Path], references: Mapping[str, NDArray[np.float16]], device: torch.device
) -> Prepared:
    """Load shards; `references`: style id -> embedding (384,) of its reference image."""
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


@dataclass
class Batch:
    latents: Tensor  # (B, 24, 16, 16)
    tokens: Tensor  # (B, 32, 384)
    style: Tensor  # (B, 384)
    hint: Tensor  # (B, 3, 256, 256) in {0, 1}
    edges_scale: Tensor  # (B, 1, 1, 1) in {0, 1}
    rows: NDArray[np.int64]  # (B,) which pictures these are


def unpack_hint(packed: Tensor) -> Tensor:
    """Unpack bits (B, 256, 32) into a hint (B, 3, 256, 256)."""
    bits = packed[..., None] >> torch.arange(7, -1, -1, dtype=torch.uint8, device=packed.device) & 1
    return bits.flatten(2).float()[:, None].expand(-1, 3, SIDE, SIDE)


def draw_batches(data: Prepared, empty: Tensor, size: int, seed: int, scheme: Scheme = SCHEME) -> Iterator[Batch]:
    """Yield endless batches on the data's device; `empty`: tokens (32, 384) of no words.

    The style reference is another picture of the same look wherever there is one.
    """
    rng, device = np.random.default_rng(seed), data.latents.device
    reached = np.cumsum(data.shares)

    def there(chosen: NDArray[Any]) -> Tensor:
        return torch.from_numpy(chosen).to(device)

    while True:
        rows = np.searchsorted(reached, rng.random(size) * reached[-1], "right")
        style = data.styles[there(choose_references(data, rows, rng, scheme))].float()
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


def choose_references(
    data: Prepared, rows: NDArray[np.int64], rng: np.random.Generator, scheme: Scheme
) -> NDArray[np.int64]:
    """Choose a row of `styles` for each picture, (B,)."""
    return np.array([choose_reference(data, row, rng, scheme) for row in rows])


def choose_reference(data: Prepared, row: int, rng: np.random.Generator, scheme: Scheme) -> int:
    """Choose another picture of the row's look, or the library's reference for it."""
    if scheme.own:
        return row
    look = int(data.looks[row])
    if look in data.library and rng.random() < scheme.library:
        return data.library[look]
    return choose_same_look(data, row, rng)


def choose_same_look(data: Prepared, row: int, rng: np.random.Generator) -> int:
    """Choose another picture of the row's look, wherever there is one."""
    return choose_other(data.members[int(data.looks[row])], row, rng)


def choose_other(members: NDArray[np.int64], row: int, rng: np.random.Generator) -> int:
    """Choose one of `members`, sorted, that is not `row`; `row` where it stands alone."""
    if len(members) < 2:
        return row
    drawn = int(rng.integers(len(members) - 1))
    return int(members[drawn + (drawn >= np.searchsorted(members, row))])
