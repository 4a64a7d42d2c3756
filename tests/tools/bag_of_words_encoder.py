"""Encode texts and pictures exactly and at once, in place of a model, and keep what was asked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from PIL import Image

from pipeline.errors import ModelError
from pipeline.styles.encoders import Vectors


class BagOfWordsEncoder:
    """This encodes a text as the sum of its words, each a random direction, and a picture as the word for its colour.

    >>> one word in common of two: cosine near 1/2; none: near 0.
    """

    name = "bag"
    dimension = 256

    def __init__(self, revision: str = "1", *, has_image_encoder: bool = True) -> None:
        self.revision = revision
        self.has_image_encoder = has_image_encoder
        self.encoded_texts: list[str] = []  # every text that was encoded

    def encode_text(self, texts: Sequence[str]) -> Vectors:
        self.encoded_texts += texts
        return np.stack([normalize(sum(make_word_vector(word) for word in text.split() or [""])) for text in texts])

    def encode_image(self, images: Sequence[Image.Image]) -> Vectors:
        if not self.has_image_encoder:
            raise ModelError("There is no image encoder.")
        # "a picture" is what all of them share: the gap between pictures and words
        return np.stack(
            [normalize(make_word_vector(name_color(image)) + 2 * make_word_vector("<picture>")) for image in images]
        )


def name_color(image: Image.Image) -> str:
    red, green, blue = image.convert("RGB").resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]
    return max((red, "crimson"), (green, "emerald"), (blue, "cobalt"))[1]


def make_word_vector(word: str) -> Vectors:
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).normal(size=BagOfWordsEncoder.dimension).astype(np.float32)


def normalize(vector: Vectors) -> Vectors:
    length: np.float32 = np.linalg.norm(vector)
    return np.asarray(vector / length, np.float32)
