"""Which colours parts of drawn things have: their usual ones, or the one that a word wishes for."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping

import numpy as np

from pipeline.pocket.data.colors import draw_paint
from pipeline.pocket.data.part_canvas import Float, Rng

USUAL: dict[str, tuple[str, ...]] = {
    "wall": ("f4e3c1", "f7efe2", "e9c9a0", "f2d98b", "e7b8a0", "cfdce6", "ffffff", "d9a679", "f3c6b5"),
    "brick": ("c9694a", "b5533c", "d08060"),
    "wood": ("a9713f", "8a5a33", "c08a55", "b98050", "7a4e2d"),
    "roof": ("c8452f", "b03a2e", "a0522d", "8c3b2a", "d4583b", "6b6f7a", "7a4b35", "cf6a45"),
    "door": ("8a5a33", "6d4526", "a0623a", "3f6f8f", "4f7d4a", "b5442f", "7b4a2a"),
    "pane": ("a9d6ee", "bfe3f2", "8ec7e6", "cfe9f5", "f7e6a2"),
    "stone": ("a7a9ad", "8f9298", "bdb9b0", "c8c2b6", "9aa0a8"),
    "trunk": ("8b5a2b", "7a4a25", "9c6b3f", "6f4a2d"),
    "leaf": ("4f9d45", "5fae4a", "3f8a3d", "6fbf4f", "7db954", "4a9a57", "2f7d3c"),
    "fir": ("2f7044", "2d6a3f", "3b8050", "276045", "4a8a55"),
    "grass": ("7fc25a", "8ccf66", "6fb24e", "9bd077", "85c063", "74b85a"),
    "sun": ("ffd23f", "ffcb2e", "ffdb57", "fbc02d", "ffb93a"),
    "moon": ("f7eebd", "fbf3cf", "f2e3a0", "f6f1dc"),
    "star": ("ffd84d", "ffe27a", "fff0a8"),
    "cloud": ("ffffff", "f7fafd", "eef4fa", "ffffff", "e6eef5"),
    "snow": ("ffffff", "f3f8fc", "eaf2f9"),
    "rock": ("8d97a8", "7d8798", "9a8f88", "a39a94", "7b8ea3", "8a8078", "6f7f96"),
    "water": ("5aa9d6", "4c9ccf", "6fbbe0", "3f8fc4", "58b4d9", "4aa7c9"),
    "sand": ("f2dca2", "ecd08f", "f5e2b4", "e6c98a"),
    "road": ("8b8f96", "7c8088", "9a9ca1", "6f737a"),
    "path": ("e3cfa4", "d8c4a0", "cbb491", "d9cdbb"),
    "petal": ("e8527a", "f06a9b", "f4c542", "e5533d", "9b6bd3", "ffffff", "f58fb4", "f7a440", "6b8fe0", "d94f8a"),
    "tulip": ("e5433d", "f06a9b", "f4c542", "9b5fc9", "f58a3c", "e8527a"),
    "centre": ("f6c62f", "f2b01e", "8a5a2b", "fbd94a"),
    "stem": ("5a9f48", "4b8f3f", "6cae55", "3f8540"),
    "pot": ("c9744a", "d38255", "b5653f", "4f86b5", "e6e1d6", "7fb0a5", "dfa15a", "8d6fb0", "5b9bb8"),
    "paint": ("d8362f", "2f6fc4", "f2b632", "3f9a55", "e8e8ea", "3a3f4a", "8a95a3", "e66f2e", "4fb0c6", "b03a63"),
    "glass": ("bfe0f0", "a8d3ea", "d5edf7", "9cc9e0"),
    "tyre": ("2e2f33", "3a3b40", "252629"),
    "rim": ("c6cad0", "e0e2e6", "aeb4bc"),
    "lamp": ("ffe27a", "fff0b0", "f7d154"),
    "hull": ("b5533c", "8a5a33", "c8452f", "3b6ea5", "e9e4da", "2f4f73", "a9713f", "d8583b"),
    "sail": ("ffffff", "f8f3e4", "f3ead2", "e9edf2", "f6d9c4", "fbf7ec"),
    "cat": ("e8933a", "f0a050", "9aa0a6", "6f757c", "3a3a3f", "f3ede2", "b98a5a", "d9a066", "8a8d92"),
    "dog": ("b5793f", "8f5c30", "c99355", "e3c08c", "6b4a33", "f0e6d6", "4a3a32", "d4a36a"),
    "belly": ("f7efe3", "fbf5ec", "f3e4cf"),
    "fox": ("e2702a", "dd6424", "ea8038", "d65a1e"),
    "rabbit": ("f2efea", "c9b8a5", "a99a8c", "b08a63", "ffffff", "8f8c8a"),
    "bear": ("8a5a36", "6f4629", "a4703f", "5d4030"),
    "mouse": ("a3a6ab", "8e9297", "c2b8ae", "e9e6e2"),
    "inner ear": ("f3b8b8", "eeb0a8", "f7c9c4"),
    "nose": ("3a2c2a", "2d2626", "c76b6b", "e58a8a"),
    "eye": ("1f1f24", "2a2320", "2b2b30"),
    "white": ("ffffff", "fafafa"),
    "fish": ("f58a2e", "f2b632", "4f9fd6", "e5533d", "6fbf9a", "f7a440", "8a95a3", "d96fa0"),
    "bird": ("4f8fd0", "d8443a", "f2c13a", "8a5f3c", "6fae5a", "7a7f88", "e9863a", "5aa9c6"),
    "beak": ("f2a02e", "ef8f26", "f5b642", "d98a2e"),
    "wing": ("e8823a", "4f8fd6", "f2b632", "9b6bd3", "e5679a", "58b5a5", "f0613c"),
    "body": ("4a3a34", "5d4638", "3a3538"),
    "skin": ("f6cfae", "f2c29b", "d9a074", "b97a50", "8a5a3c", "f9dcc4", "c68a5e"),
    "hair": ("5a3a22", "2f2622", "8a5a33", "e0b04f", "c2622f", "3a2f2b", "a06a3a"),
    "shirt": ("e5533d", "4f8fd6", "f2c13a", "6fae5a", "9b6bd3", "f06a9b", "ffffff", "3fa7a0", "f58a3c"),
    "trousers": ("3f5f8f", "4a6fa5", "5a4a3a", "3a3f4a", "7a8a99", "6b7f4f"),
    "dress": ("e8527a", "f58fb4", "9b6bd3", "e5533d", "f2c13a", "58b5c9", "6fae5a"),
    "shoe": ("4a3326", "2f2f33", "b5442f", "6b4a33"),
    "cap": ("d8352c", "c92f28", "e04a38", "b5332a"),
    "stalk": ("f5ead6", "f8f1e2", "ecdfc6"),
    "apple": ("d8322c", "c92a2a", "e04438", "7fb53f", "e2b53a"),
    "carrot": ("f08a2e", "ec7a1f"),
    "hat": ("2f2f36", "3a3a40", "3f4f7a", "b5332a"),
    "scarf": ("d8362f", "3f9a55", "2f6fc4", "e8a02e", "9b4fb0"),
    "metal": ("c3c8cf", "a9afb8", "dfe3e8", "8f97a3"),
    "flame": ("f58a1f", "ffb52e", "f2612e"),
    "cream": ("fdf3df", "fbe3ea", "fff8ec", "f7d3dc"),
    "sponge": ("e6b877", "d9a05a", "a9693f", "f2d6a0"),
    "cone": ("e0a458", "d89a4a", "e8b56b"),
    "scoop": ("f7a8bd", "fbf0d5", "8a5a3c", "b9dfa5", "f9d66b", "f58fa5"),
    "cloth": ("e5533d", "4f8fd6", "f2c13a", "f3ead8", "6fae9a", "c9a6dc", "e8a0a8", "a9c48f"),
    "table": ("b98050", "a9713f", "c9955f", "d8b083", "8a5a33"),
    "balloon": ("e5332f", "2f7fd6", "f2c13a", "6fbf4f", "f06aa5", "9b5fc9", "f58a2e"),
    "pumpkin": ("f08a24", "ec7a1a", "f5993a"),
    "cactus": ("4f9a55", "5fa85a", "3f8a50"),
    "bus": ("f2b81f", "f5c22e", "d8362f", "3f8fc4", "5fae5a"),
    "train": ("2f6fb5", "c8352c", "3f8a4f", "3a3f4a", "d89a2e"),
    "fruit": ("f2c13a", "e5533d", "8fbf4a", "f08a2e", "8a4fa5"),
    "blossom": ("f9c6d6", "f7a8c4", "ffffff", "fde3ea"),
}


def to_rgb(code: str) -> Float:
    return np.array([int(code[at : at + 2], 16) / 255 for at in (0, 2, 4)], np.float32)


def vary_paint(colour: Float, rng: Rng, amount: float = 1.0) -> Float:
    """Another of the same kind: a little other in hue, saturation and value."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(float(part) for part in colour))
    hue = (hue + rng.normal(0, 0.012 * amount)) % 1
    saturation = np.clip(saturation * (1 + rng.normal(0, 0.08 * amount)), 0, 1)
    value = np.clip(value * (1 + rng.normal(0, 0.04 * amount)), 0, 1)
    return np.array(colorsys.hsv_to_rgb(hue, float(saturation), float(value)), np.float32)


class Paints:
    """The colours of one thing's parts. The same part has the same colour wherever it is asked for."""

    def __init__(self, rng: Rng, wish: Mapping[str, str] | None = None) -> None:
        """`wish`: part name -> colour word."""
        self.rng, self.wish = rng, dict(wish or {})
        self.mixed: dict[str, Float] = {}

    def __call__(self, part: str, usual: str = "") -> Float:
        """The colour of a part, whose usual ones stand under `usual` (else under its own name)."""
        if part not in self.mixed:
            if part in self.wish:
                self.mixed[part] = draw_paint(self.wish[part], self.rng)
            else:
                codes = USUAL[usual or part]
                self.mixed[part] = vary_paint(to_rgb(codes[int(self.rng.integers(len(codes)))]), self.rng)
        return self.mixed[part]
