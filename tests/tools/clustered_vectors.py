"""Make vectors that crowd together as embeddings do, any number of them, the same every time.

Real embeddings are not a round cloud: they lean in few directions, stand in clusters of very unequal size, and a
neighbour is much nearer than chance. So all of it is taken from the 1,995 real phrases of assets/words.npz (unit
vectors of 384 numbers by the text tower), turned into 512 numbers by one random rotation. CLUSTERS centres lie
between three phrases each, in random shares; cluster r is drawn with a chance of 1 / (r + 10). A member is its centre
plus the difference of two random phrases (so that it strays where real phrases differ), of a length around STRAY,
lognormal, plus round noise of length NOISE; then of length 1. Queries are drawn the same way and are not members.
Each block of vectors has a seed of its own: the first 10,000 of a million are the 10,000.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

WORDS = Path(__file__).resolve().parents[2] / "assets" / "words.npz"
DIMENSION = 512
CLUSTERS = 10_000
STRAY, NOISE = 0.6, 0.2  # beside a centre of length 1; two of a cluster have a cosine near 1 / (1 + 0.36 + 0.04) = 0.7
BLOCK = 10_000  # vectors made, or compared, at a time: 20 MB
SEED = 4


class Source(NamedTuple):
    """This holds what vectors are drawn from."""

    phrases: Vectors  # (n, DIMENSION), unit
    centres: Vectors  # (CLUSTERS, DIMENSION), unit
    chances: NDArray[np.float64]  # (CLUSTERS,), their sum is 1


@cache
def read_source() -> Source:
    random = np.random.default_rng(SEED)
    with np.load(WORDS, allow_pickle=False) as stored:
        words = normalize_rows(stored["vectors"].astype(np.float32))
    rotation = np.linalg.qr(random.normal(size=(DIMENSION, words.shape[1])))[0].astype(np.float32)  # keeps cosines
    phrases = words @ rotation.T
    shares = random.dirichlet((1, 1, 1), CLUSTERS).astype(np.float32)
    centres = np.einsum("cs,csd->cd", shares, phrases[random.integers(0, len(phrases), (CLUSTERS, 3))])
    chances = 1 / (np.arange(CLUSTERS) + 10)
    return Source(phrases, normalize_rows(centres), chances / chances.sum())


def make_vectors(count: int) -> Iterator[Vectors]:
    """Yield (count, DIMENSION) float32 in blocks of at most BLOCK rows, each of length 1."""
    for number, start in enumerate(range(0, count, BLOCK)):
        yield draw_block(np.random.default_rng((SEED, 0, number)))[: count - start]


def make_queries(count: int) -> Vectors:
    """Return (count, DIMENSION) float32, of length 1; at most BLOCK."""
    return draw_block(np.random.default_rng((SEED, 1)))[:count]


def draw_block(random: np.random.Generator) -> Vectors:
    """Return (BLOCK, DIMENSION) float32, of length 1."""
    phrases, centres, chances = read_source()
    one, other = random.integers(0, len(phrases), (2, BLOCK))
    strays = normalize_rows(phrases[one] - phrases[(other + (one == other)) % len(phrases)])
    strays *= STRAY * random.lognormal(0, 0.3, (BLOCK, 1)).astype(np.float32)
    noise = random.standard_normal((BLOCK, DIMENSION), dtype=np.float32) * np.float32(NOISE / np.sqrt(DIMENSION))
    return normalize_rows(centres[random.choice(CLUSTERS, BLOCK, p=chances)] + strays + noise)


def normalize_rows(rows: Vectors) -> Vectors:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def write_vectors(file: Path, count: int) -> None:
    """Write `file`: .npy, (count, DIMENSION) float32; whole or not at all, in little memory."""
    draft = file.with_suffix(".part")
    stored = np.lib.format.open_memmap(draft, mode="w+", dtype=np.float32, shape=(count, DIMENSION))
    for number, block in enumerate(make_vectors(count)):
        stored[number * BLOCK : number * BLOCK + len(block)] = block
    stored.flush()
    del stored
    os.replace(draft, file)


def find_nearest_exactly(vectors: Vectors, queries: Vectors, k: int) -> NDArray[np.int64]:
    """Return rows (m, k) with the largest inner products, best first; `vectors` may be a memory map of any length."""
    rows, best = np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
    for start in range(0, len(vectors), BLOCK):
        near = queries @ vectors[start : start + BLOCK].T
        both = np.concatenate([best, near], axis=1)
        numbers = np.concatenate([rows, np.broadcast_to(np.arange(start, start + near.shape[1]), near.shape)], axis=1)
        kept = np.argpartition(-both, min(k, both.shape[1]) - 1, axis=1)[:, :k]
        rows, best = np.take_along_axis(numbers, kept, axis=1), np.take_along_axis(both, kept, axis=1)
    return np.take_along_axis(rows, np.argsort(-best, axis=1), axis=1)
