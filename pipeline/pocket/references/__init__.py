"""Draw the library's reference images: our own scenes, painted in the styles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.painters import DEFAULTS, paint
from pipeline.painters.surface import Picture
from pipeline.pocket.references import indoors, land, page, tale, town
from pipeline.pocket.references.drawing import Drawing
from pipeline.pocket.references.inked import ink_shapes

SCENES: dict[str, Callable[[Drawing], None]] = {
    "meadow": land.draw_meadow,
    "lake": land.draw_lake,
    "harbour": land.draw_harbour,
    "fox": tale.draw_fox,
    "castle": tale.draw_castle,
    "branch": tale.draw_branch,
    "street": town.draw_street,
    "drive": town.draw_drive,
    "factory": town.draw_factory,
    "cat": indoors.draw_cat,
    "still life": indoors.draw_still_life,
    "lone fox": page.draw_lone_fox,
    "lone cat": page.draw_lone_cat,
    "lone car": page.draw_lone_car,
    "cottage": page.draw_cottage,
    "lone boat": page.draw_lone_boat,
    "toadstools": page.draw_toadstools,
    "lone bird": page.draw_lone_bird,
}


@dataclass(frozen=True)
class Sitting:
    """Sitting says which scene shows a style at its best."""

    scene: str
    mirrored: bool = False
    seed: int = 7


SITTINGS: dict[str, Sitting] = {
    "art-deco": Sitting("castle"),
    "blueprint": Sitting("factory"),
    "cartoon-3d": Sitting("drive"),
    "chalkboard": Sitting("harbour", True),
    "charcoal": Sitting("castle", True),
    "childrens-book": Sitting("cottage", True),
    "clay": Sitting("lone fox", True),
    "coloured-pencil": Sitting("meadow"),
    "comic": Sitting("harbour"),
    "crayon": Sitting("harbour"),
    "cross-stitch": Sitting("branch", True),
    "cyberpunk": Sitting("street"),
    "engraving": Sitting("factory", True),
    "felt": Sitting("harbour", True),
    "felt-pen": Sitting("drive"),
    "film-noir": Sitting("street", True),
    "ghibli": Sitting("castle"),
    "gold-lacquer": Sitting("branch"),
    "golden-hour": Sitting("cottage"),
    "handheld": Sitting("castle", True),
    "ice": Sitting("castle", True),
    "industrial": Sitting("harbour", True),
    "ink-wash": Sitting("branch"),
    "linocut": Sitting("branch"),
    "low-poly": Sitting("cottage"),
    "manga": Sitting("cat"),
    "misty": Sitting("lake", True),
    "moonlight": Sitting("castle"),
    "mosaic": Sitting("lone fox"),
    "oil-painting": Sitting("cottage"),
    "paper-cut": Sitting("castle"),
    "pastel": Sitting("lake", True),
    "pixel-art": Sitting("harbour", True),
    "plain": Sitting("drive"),
    "pointillism": Sitting("harbour", True),
    "pop-art": Sitting("still life"),
    "pyrography": Sitting("lone fox"),
    "risograph": Sitting("drive"),
    "sepia-photo": Sitting("meadow"),
    "sketch": Sitting("castle"),
    "stained-glass": Sitting("harbour"),
    "stone-relief": Sitting("harbour", True),
    "thermal": Sitting("street", True),
    "ukiyo-e": Sitting("lone boat", True),
    "vaporwave": Sitting("street"),
    "watercolor": Sitting("harbour"),
}


def draw_shapes(name: str, seed: int = 7) -> Drawing:
    """Draw one scene as shapes."""
    drawing = Drawing(np.random.default_rng(seed))
    SCENES[name](drawing)
    return drawing


def draw_scene(name: str, mirrored: bool = False, seed: int = 7) -> Picture:
    """Draw one scene, float32 (512, 512, 3) RGB in [0, 1], without pen lines."""
    return draw_shapes(name, seed).rasterise(mirrored)


def paint_reference(style_id: str) -> NDArray[np.uint8]:
    """Paint the style's scene in the style's default look, uint8 (512, 512, 3); always the same pixels."""
    sitting = SITTINGS[style_id]
    painting = ink_shapes(draw_shapes(sitting.scene, sitting.seed), sitting.mirrored)
    return paint(painting, style_id, DEFAULTS[style_id], 1.0, sitting.seed)
