"""Find the ground that lines enclose: between house and tree, within a cup's handle, under a bridge.

No rule about shapes says that such a region is ground. What the network has in mind of each region when nothing is
known yet, with where that lies and how its outline bends beside what is around it (enclosed_shapes.py), is weighed by
a few units of a hidden layer (pipeline/pocket/train/enclosed_ground.py fits them). What is taken for ground shows what
lies around there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from pipeline.colours.enclosed_shapes import SHAPES as OUTLINE
from pipeline.colours.enclosed_shapes import measure_shapes
from pipeline.colours.fitted import load_arrays, save_arrays
from pipeline.colours.region_features import PLACES, RegionFeatures
from pipeline.colours.region_network import WIDTH

EVIDENCE, UNITS = WIDTH + PLACES + OUTLINE, 24
SHAPES = {"units": (UNITS, EVIDENCE), "thresholds": (UNITS,), "weights": (UNITS,), "bias": ()}
SURE = 0.45  # the probability from which a region is taken for ground

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class EnclosedGround:
    """EnclosedGround weighs what speaks for it that a region within lines is ground."""

    units: Float  # (UNITS, EVIDENCE)
    thresholds: Float  # (UNITS,), which a unit's evidence has to pass
    weights: Float  # (UNITS,)
    bias: Float  # ()

    def estimate(self, minds: Float, regions: NDArray[np.int32], seen: RegionFeatures) -> Float:
        """Return how likely each region is ground, (n,) in [0, 1].

        minds: (n, WIDTH), what the network has in mind of each region (`RegionColours.look`).
        """
        return self.judge(gather_evidence(minds, regions, seen))

    def judge(self, evidence: Float) -> Float:
        """Return how likely ground is by evidence (n, EVIDENCE), (n,)."""
        passed = np.maximum(evidence @ self.units.T - self.thresholds, 0)
        return np.asarray(expit(passed @ self.weights + self.bias), np.float32)


def gather_evidence(minds: Float, regions: NDArray[np.int32], seen: RegionFeatures) -> Float:
    """Return what speaks for and against ground, (n, EVIDENCE): the network's mind, the region's place, its outline."""
    return np.concatenate([minds, seen.values[: len(seen.numbers), :PLACES], measure_shapes(regions, seen)], 1)


def load_enclosed_ground(file: Path) -> EnclosedGround:
    """Load what `save_enclosed_ground` wrote. Raises ValueError where an array is missing, strange or not finite."""
    return EnclosedGround(**load_arrays(file, SHAPES))


def save_enclosed_ground(ground: EnclosedGround, file: Path) -> None:
    """Write it as npz, in fp16."""
    save_arrays(file, {name: getattr(ground, name) for name in SHAPES})


def set_apart(regions: NDArray[np.int32], seen: RegionFeatures, is_ground: Mask) -> RegionFeatures:
    """Return the drawing's tokens with these regions, (n,), lying outside, each in the home of its surroundings.

    That is, of the regions that run off the picture and have cells, the one with the most pixels at the region's
    height: beside it, where a horizon is drawn, not below.
    """
    homes = np.unique(seen.homes)
    if not len(homes) or not is_ground.any():
        return seen
    lies_in = dict(seen.lies_in)
    for number in seen.numbers[is_ground]:
        rows = np.flatnonzero((regions == number).any(1))
        around = np.bincount(regions[rows[0] : rows[-1] + 1].ravel(), minlength=int(homes.max()) + 1)[homes]
        lies_in[int(number)] = int(homes[around.argmax()])
    return replace(seen, outside=seen.outside | is_ground, lies_in=lies_in)
