"""Give style families that the pocket model never sees in training: only its evaluation may import this package.

Built from the same parts as the library's own, but none of them is in PAINTERS, has a folder in styles/ or can be
reached by the dataset. What a model draws after one of their references shows how it takes up a look that is new to it.

    UNSEEN["batik"](picture, rng)                              the family's default look
    UNSEEN["batik"](picture, rng, UNSEEN["batik"].draw(rng))   another look of the family
    make_unseen_references(256)["batik"]                       the reference a request would carry
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import StyleError
from pipeline.painters.surface import Parameters, Picture, Renderer, clip
from pipeline.pocket.evaluate.unseen.built import BUILT
from pipeline.pocket.evaluate.unseen.dyed import DYED
from pipeline.pocket.references import Sitting, draw_scene

__all__ = ["UNSEEN", "UNSEEN_DEFAULTS", "Family", "make_unseen_references"]

SMALLEST, LARGEST = 32, 2048  # px, of a reference's side


@dataclass(frozen=True)
class Family(Renderer[Picture]):
    """Family is a painter that is called with a picture, not looked up by a style's id."""

    def __call__(self, image: Picture, rng: np.random.Generator, parameters: Parameters | None = None) -> Picture:
        """Paint `image`, float32 (H, W, 3) RGB in [0, 1], in the family's default look or another of its looks.

        Raises StyleError for unknown or missing parameters or a picture of another kind.
        """
        chosen = self.defaults() if parameters is None else parameters
        if set(chosen) != set(self.spans):
            raise StyleError(f"Expected the parameters {sorted(self.spans)}; {sorted(chosen)} came.")
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.float32 or min(image.shape[:2]) < SMALLEST:
            raise StyleError(
                f"A style paints float32 (H, W, 3) of at least {SMALLEST} px, not {image.dtype} {image.shape}."
            )
        return clip(self.paint(image, chosen, rng))


UNSEEN: dict[str, Family] = {
    name: Family(**{field.name: getattr(renderer, field.name) for field in fields(Renderer)})
    for name, renderer in sorted({**DYED, **BUILT}.items())
}
UNSEEN_DEFAULTS: dict[str, dict[str, float]] = {name: family.defaults() for name, family in UNSEEN.items()}

SITTINGS: dict[str, Sitting] = {
    "batik": Sitting("branch"),
    "collage": Sitting("cat"),
    "delft": Sitting("harbour"),
    "fair-isle": Sitting("meadow"),
    "gummy": Sitting("castle", True),
    "infrared": Sitting("meadow", True),
    "light-pegs": Sitting("harbour", True),
    "neon-sign": Sitting("harbour"),
    "scratch-art": Sitting("castle"),
    "topo-map": Sitting("lake"),
}


@lru_cache(maxsize=len(SITTINGS))
def paint_unseen_reference(name: str) -> NDArray[np.uint8]:
    """Paint a family's scene in its default look, (512, 512, 3); always the same pixels."""
    sitting = SITTINGS[name]
    scene = draw_scene(sitting.scene, sitting.mirrored, sitting.seed)
    pixels = UNSEEN[name](scene, np.random.default_rng(sitting.seed))
    return np.asarray(pixels * 255 + 0.5, np.uint8)


def make_unseen_references(side: int = 512) -> dict[str, NDArray[np.uint8]]:
    """Make each family's reference, uint8 (side, side, 3) RGB: painted at 512 px over one of the library's scenes."""
    if not SMALLEST <= side <= LARGEST:
        raise StyleError(f"A reference has a side of {SMALLEST} to {LARGEST} px, not {side}.")
    by = cv2.INTER_AREA if side <= 512 else cv2.INTER_CUBIC
    return {
        name: np.array(cv2.resize(paint_unseen_reference(name), (side, side), interpolation=by), np.uint8)
        for name in UNSEEN
    }
