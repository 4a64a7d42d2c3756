"""Choose between several draws of one drawing's colours: parts side by side are to differ, the palette is to be worn.

Where it is known which of a palette's colours lie where on such things, they are to be worn there.
A line between two parts is there for a reason, mostly since they differ. What the draws' own chances say, and how far
they agree with each other, tells nothing of which is best (pocket/LOG.md). Where several things are named nobody
knows which part of the drawing is whose, and their palettes are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.colours.oklab import to_oklab
from pipeline.colours.palette import Palette
from pipeline.colours.region_features import RegionFeatures
from pipeline.colours.usual import compare_colours

TRIES = 5
UNHURRIED = 4  # rounds from which there is time for several draws
RIM = 4  # px of border that neighbours share
PLACED = 0.5  # what a part's colour where it is likely counts
SAME, APART = 0.04, 0.14  # OKLab: neighbours that differ by less are one to the eye, by more they are told apart

Float = NDArray[np.float32]


def count_tries(num_inference_steps: int) -> int:
    """Return how many draws are made in so many rounds: one where time is short."""
    return TRIES if num_inference_steps >= UNHURRIED else 1


@dataclass(frozen=True, eq=False)
class Judge:
    """Judge says how well the parts of a drawing are told apart and how well they wear the palette of its thing."""

    first: NDArray[np.int64]  # (p,) one of each two neighbours
    second: NDArray[np.int64]  # (p,) the other
    colours: Float  # (k, 3) OKLab, of the palette; none where several things are named
    shares: Float  # (k,) of the thing's area, sum 1
    areas: Float  # (n,) each token's share of the thing's area; 0 for what is ground
    places: Float  # (n, k) in [0, 1], how likely each colour of the palette is for each token; 0 where unknown

    @classmethod
    def of(
        cls,
        seen: RegionFeatures,
        groups: NDArray[np.int64],
        borders: NDArray[np.int64],
        areas: Float,
        palettes: Sequence[Palette],
        places: Float | None = None,
    ) -> Judge:
        """Read what a drawing's colours are judged by.

        groups: (n,) numbers; what has the same one has the same colour. borders: (n, n) px that each two tokens share.
        areas: (n,) px of regions that are not ground, 0 for other tokens. palettes: of the things named. places: as
        `Usual.of` takes them.
        """
        count = len(seen.numbers)
        inner, group = ~seen.outside, groups[:count]
        beside = (borders[:count, :count] >= RIM) & inner & inner[:, None] & (group != group[:, None])
        first, second = np.nonzero(np.triu(beside))
        alone = palettes if len(palettes) == 1 else ()
        shares = np.concatenate([np.zeros(0, np.float32), *(one.scaled_shares[one.shares > 0] for one in alone)])
        colours = np.concatenate([np.zeros((0, 3), np.uint8), *(one.colours[one.shares > 0] for one in alone)])
        parts = np.asarray(areas / max(float(areas.sum()), 1.0), np.float32)
        likely = np.zeros((len(areas), len(colours)), np.float32)
        if alone and places is not None:
            likely = places[:, alone[0].shares > 0]
        return cls(first, second, to_oklab(colours), shares, parts, likely)

    def score(self, tones: Float) -> float:
        """Score the tokens' colours, (n, 3) RGB in [0, 1]: the share of neighbours that differ, plus how much of the
        palette is there, plus half of how likely each part's colour is on it, each in [0, 1].
        """
        lab = to_oklab(tones)
        apart = np.linalg.norm(lab[self.first] - lab[self.second], axis=-1)
        differ = np.clip((apart - SAME) / (APART - SAME), 0, 1)
        near = compare_colours(self.colours, lab)
        worn = near / np.maximum(near.sum(0), 1e-6) * near.max(0, initial=0)
        there = np.minimum(worn @ self.areas, self.shares).sum()
        placed = (worn.T * self.places).sum(1)[self.areas > 0]
        told = float(differ.mean()) if len(differ) else 1.0
        return float(there) + told + PLACED * (float(placed.mean()) if len(placed) else 0.0)

    def choose(self, tries: Sequence[Float]) -> int:
        """Return which of several draws, each (n, 3) RGB in [0, 1], is best; of equals the first."""
        return int(np.argmax([self.score(tones) for tones in tries]))
