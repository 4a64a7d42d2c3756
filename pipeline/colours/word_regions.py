"""Find which regions of a drawing a colour word means: of "a house with a red roof" the roof.

Two things speak for a region: its answer follows the word (said.py), and what the network has in mind of it, with where
it lies, goes with the words for what has the colour ("roof"). A small network weighs both; it is fitted on drawings
whose parts are known (pipeline/pocket/train/word_regions.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.colours.fitted import load_arrays, save_arrays
from pipeline.colours.palette import WIDTH as PHRASE
from pipeline.colours.region_features import PLACES, RegionFeatures
from pipeline.colours.region_network import WIDTH

RIM = 2  # numbers about what lies around a region
EVIDENCE, UNITS, KINDS = WIDTH + PLACES + RIM, 48, 16
FOLLOW = (-1.0, 6.0)  # e-folds: more says no more
SURE, LEAST = 0.3, 0.1  # the probability from which a word has a region; of the only one that it has
FOUND = 0.6  # the probability of its surest region from which a word has found its place
SHARE, LEAST_MORE = 0.5, 0.15  # of the thing that a word for all of it has; the probability of what is added for that
SHAPES = {
    "units": (UNITS, EVIDENCE),
    "thresholds": (UNITS,),
    "forms": (KINDS, UNITS),
    "form_bias": (KINDS,),
    "meanings": (KINDS, PHRASE),
    "meaning_bias": (KINDS,),
    "follows": (),
    "bias": (),
}

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class WordRegions:
    """WordRegions weighs what speaks for it that a word means a region.

    A region's kind (KINDS numbers, by a hidden layer of UNITS) is compared with the phrase's by their inner product.
    """

    units: Float  # (UNITS, EVIDENCE)
    thresholds: Float  # (UNITS,), which a unit's evidence has to pass
    forms: Float  # (KINDS, UNITS)
    form_bias: Float  # (KINDS,)
    meanings: Float  # (KINDS, PHRASE)
    meaning_bias: Float  # (KINDS,)
    follows: Float  # (), of an e-fold by which the answer follows
    bias: Float  # ()

    def estimate(self, follow: Float, phrases: Float, evidence: Float) -> Float:
        """Return how likely each word means each region, (words + 1, n) in [0, 1]; last: none does.

        follow: (words, n) e-folds, by which each answer follows. phrases: (words, PHRASE) of length 1
        (`encode_sentences`). evidence: (n, EVIDENCE), from `gather_evidence`.
        """
        passed = np.maximum(evidence @ self.units.T - self.thresholds, 0)
        forms = passed @ self.forms.T + self.form_bias
        meant = (phrases @ self.meanings.T + self.meaning_bias) @ forms.T
        meant = meant + self.follows * np.clip(follow, *FOLLOW) + self.bias
        powers = np.exp(np.vstack([meant, np.zeros((1, len(evidence)))]) - np.maximum(meant.max(0), 0))
        return np.asarray(powers / powers.sum(0), np.float32)


def gather_evidence(minds: Float, regions: NDArray[np.int32], seen: RegionFeatures) -> Float:
    """Return what says which part each region is, (n, EVIDENCE): the network's mind, its place, what lies around.

    minds: (n, WIDTH), what the network has in mind of each region (`RegionColours.look`).
    """
    return np.concatenate([seen.values[: len(seen.numbers), :PLACES], minds, measure_rims(regions, seen)], 1)


def measure_rims(regions: NDArray[np.int32], seen: RegionFeatures) -> Float:
    """Return of each region, (n, RIM), the neighbour with the most of its rim: how much, and whether it is inner."""
    inner = set(seen.numbers[~seen.outside].tolist())
    padded, made = np.pad(regions, 1), np.zeros((len(seen.numbers), RIM), np.float32)
    frames = ndimage.find_objects(padded)
    for row, number in enumerate(seen.numbers.tolist()):
        around = tuple(slice(side.start - 1, side.stop + 1) for side in frames[number - 1])  # the padding has room
        labels = padded[around]
        mine = labels == number
        rim = (cv2.dilate(mine.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~mine & (labels > 0)
        counts = np.bincount(labels[rim])
        if counts.any():
            made[row] = counts.max() / counts.sum(), int(counts.argmax()) in inner
    return made


def share_regions(
    chances: Float, is_inner: NDArray[np.bool_], areas: NDArray[np.int64], is_whole: Sequence[bool]
) -> NDArray[np.int64]:
    """Return which word each region is held to, (n,); -1 for none.

    A word has the regions that it likeliest means; one that has none so has the likeliest of those left, and one for
    all of the thing that is sure of no region has half of the thing. chances: (words + 1, n), from
    `WordRegions.estimate`. is_inner: (n,). areas: (n,) px. is_whole: (words,), which are for all of the thing.
    """
    likely = np.where(is_inner, chances[:-1], 0)
    held = np.where(likely.max(0) >= SURE, likely.argmax(0), -1)
    for word, each in enumerate(likely):
        free = np.where(held < 0, each, 0)
        if not (held == word).any() and free.max(initial=0) >= LEAST:
            held[int(free.argmax())] = word
        if is_whole[word] and each.max(initial=0) < FOUND:
            add_regions(held, word, each, np.where(is_inner, areas, 0))
    return held


def add_regions(held: NDArray[np.int64], word: int, likely: Float, areas: NDArray[np.int64]) -> None:
    """Hold more regions to a word, the likeliest first, until it has SHARE of the thing; in place."""
    for region in np.argsort(-likely, kind="stable"):
        if likely[region] < LEAST_MORE or areas[held == word].sum() >= SHARE * areas.sum():
            return
        if held[region] < 0:
            held[region] = word


def load_word_regions(file: Path) -> WordRegions:
    """Load what `save_word_regions` wrote. Raises ValueError where an array is missing, strange or not finite."""
    return WordRegions(**load_arrays(file, SHAPES))


def save_word_regions(meant: WordRegions, file: Path) -> None:
    """Write it as npz, in fp16."""
    save_arrays(file, {name: getattr(meant, name) for name in SHAPES})
