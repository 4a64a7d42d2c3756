"""Batches for the network that proposes colours: what it sees of a lesson, what it is told, and what is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.colours.oklab import to_oklab
from pipeline.colours.palette import PaletteTable, encode_palettes, make_palette
from pipeline.colours.region_features import CROP, FEATURES, PLACES, WIDE
from pipeline.colours.region_network import CODES, GROUNDS, RegionColours
from pipeline.pocket.train.palette_table import reduce_colours
from pipeline.pocket.train.region_lessons import RegionShard, list_shards, load_shard

SORTED = 5  # batches that are sorted by their lessons' lengths together
LOOKED_EVERY = 100  # batches after which new shards are looked for
BY_TOKEN = {0, 2, 3, 6, 7}  # parts of a lesson with a row for each token
TRAINED = 58  # tokens of a lesson at most that a batch holds
REGIONS = 34  # regions among them
SPREAD = 0.05  # OKLab: a colour so far off is still half right
NO_TEXT, NO_PALETTE, NOTHING = 0.1, 0.2, 0.05  # shares of lessons without words, without palettes, without both
CHOSEN = 0.12  # share with the picture's own palette, as if a person had chosen it
NO_DRAWING = 0.1  # share whose drawing is not seen
UNTOLD = 0.4  # share of which nothing is known yet
STRANGE = 0.1  # share in which some known colours are not the true ones, as a person may paint

Float = NDArray[np.float32]


class RegionLessons:
    """RegionLessons makes batches of (features, whole, there, known, known ground, tokens, right, weights, ground)."""

    def __init__(self, folder: Path, table: PaletteTable, empty: Float, network: RegionColours, seed: int) -> None:
        """Take the shards' folder, the palettes, the tokens of no words (TEXT_TOKENS, 384), the network's codes."""
        self.folder, self.table, self.empty = folder, table, empty
        self.codes, self.grounds = to_oklab(network.codes.numpy()), network.grounds.flatten(1).numpy()
        self.shards: dict[Path, RegionShard] = {}
        self.starts: list[NDArray[np.int64]] = []
        self.rng = np.random.default_rng(seed)

    def look(self) -> None:
        """Take the shards that are new."""
        for file in list_shards(self.folder):
            if file not in self.shards:
                self.shards[file] = load_shard(file)
                self.starts.append(np.concatenate([[0], np.cumsum(self.shards[file].counts.sum(1))]))

    def batches(self, size: int) -> Iterator[tuple[Tensor, ...]]:
        """Yield batches without end, of lessons with about as many tokens, cut to the longest of them."""
        while True:
            self.look()
            for _ in range(LOOKED_EVERY // SORTED):
                made = sorted((self.read() for _ in range(size * SORTED)), key=lambda lesson: int(lesson[2].sum()))
                for n in self.rng.permutation(SORTED):
                    yield self.join(made[n * size : (n + 1) * size])

    def join(self, lessons: Sequence[tuple[np.ndarray, ...]]) -> tuple[Tensor, ...]:
        longest = int(lessons[-1][2].sum())
        parts = [np.stack(part) for part in zip(*lessons, strict=True)]
        return tuple(torch.from_numpy(part[:, :longest] if n in BY_TOKEN else part) for n, part in enumerate(parts))

    def read(self) -> tuple[np.ndarray, ...]:
        """Read one lesson at random."""
        rng = self.rng
        which = int(rng.integers(len(self.shards)))
        shard = list(self.shards.values())[which]
        row = int(rng.integers(len(shard.captions)))
        many, cells = (int(count) for count in shard.counts[row])
        inner = min(many, REGIONS)
        part = np.concatenate([np.arange(inner), many + np.arange(cells)])[:TRAINED] + int(self.starts[which][row])
        count = len(part)
        values, whole = shard.values[part].astype(np.float32), shard.wholes[row].astype(np.float32)
        if rng.random() < 0.5:
            values, whole = mirror(values), whole.reshape(WIDE, WIDE)[:, ::-1].ravel().copy()
        if rng.random() < NO_DRAWING:
            values, whole = np.zeros_like(values), np.zeros_like(whole)
        apart = ((to_oklab(shard.colours[part])[:, None] - self.codes[None]) ** 2).sum(-1)
        known, weights = self.tell(apart.argmin(1), shard.weights[part], inner)
        right = np.exp(-apart / (2 * SPREAD**2)) + 1e-6
        ground = int(((shard.grounds[row].ravel() - self.grounds) ** 2).sum(-1).argmin())
        return (
            pad(values, (TRAINED, FEATURES)),
            whole,
            np.arange(TRAINED) < max(1, count),
            pad(known, (TRAINED,), CODES),
            np.asarray(ground if rng.random() < 0.6 else GROUNDS),
            self.choose_tokens(shard, row),
            pad((right / right.sum(1, keepdims=True)).astype(np.float32), (TRAINED, CODES)),
            pad(weights, (TRAINED,)),
            np.asarray(ground),
        )

    def tell(self, codes: NDArray[np.int64], weights: Float, inner: int) -> tuple[NDArray[np.int64], Float]:
        """Return what is known of the codes, CODES where nothing is, and the weights of what is to be found."""
        rng, count = self.rng, len(codes)
        told = rng.random(count) < (0 if rng.random() < UNTOLD else rng.uniform(0, 0.9))
        told[inner:] &= rng.random() < 0.75
        told &= weights > 0
        known = np.where(told, codes, CODES)
        if rng.random() < STRANGE:
            strange = told & (rng.random(count) < 0.3)
            known[strange] = rng.integers(0, CODES, int(strange.sum()))
        return known, np.where(told, 0, weights).astype(np.float32)

    def choose_tokens(self, shard: RegionShard, row: int) -> Float:
        """Return words and palettes of a lesson, (39, 384); some are left out."""
        rng = self.rng
        chance = rng.random()
        text = self.empty if chance < NO_TEXT + NOTHING else shard.tokens[row].astype(np.float32)
        if chance < NOTHING or rng.random() < NO_PALETTE:
            return np.concatenate([text, encode_palettes([])])
        if rng.random() < CHOSEN:
            colours, shares = reduce_colours(shard.pictures[row, ::2, ::2].reshape(-1, 3))
            return np.concatenate([text, encode_palettes([make_palette(colours, list(shares))])])
        palettes = [palette for name in shard.names[row] if (palette := self.table.get(name)) is not None]
        return np.concatenate([text, encode_palettes(palettes)])


def pad(values: np.ndarray, shape: tuple[int, ...], filling: float = 0) -> np.ndarray:
    """Return values (n, ...) with more rows, of `shape`."""
    made = np.full(shape, filling, values.dtype)
    made[: len(values)] = values
    return made


def mirror(values: Float) -> Float:
    """Return the features of tokens (n, FEATURES) as the drawing's mirror picture has them."""
    made = values.copy()
    made[:, [0, 2]], made[:, [4, 6]], made[:, 8] = 1 - values[:, [2, 0]], 1 - values[:, [6, 4]], 1 - values[:, 8]
    crops = values[:, PLACES:].reshape(len(values), 2, CROP, CROP)
    made[:, PLACES:] = crops[..., ::-1].reshape(len(values), -1)
    return made
