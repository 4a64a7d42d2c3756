"""Read a colour that words name outright: "blue", "a dark red roof"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from pipeline.colours.oklab import to_oklab

NAMES: Mapping[str, str] = MappingProxyType(
    {
        **{"red": "#d23b33", "crimson": "#b3203a", "orange": "#f08a2c", "yellow": "#f5cf3d", "gold": "#d9a520"},
        **{"green": "#4c9f50", "lime": "#a5cf3a", "olive": "#7d7c35", "turquoise": "#3fbfb5", "teal": "#1f8585"},
        **{"cyan": "#4fc9dc", "blue": "#3a66c9", "navy": "#22356f", "purple": "#7d48ad", "violet": "#7a52c7"},
        **{"lilac": "#b79ad8", "magenta": "#c93a9b", "pink": "#f08fb5", "brown": "#85532f", "beige": "#e3d2ae"},
        **{"cream": "#f6ecd2", "white": "#f8f7f3", "silver": "#bcbfc4", "grey": "#8d8d8d", "gray": "#8d8d8d"},
        **{"black": "#232326"},
    }
)
LIGHTER: Mapping[str, float] = MappingProxyType(
    {"light": 0.12, "pale": 0.16, "bright": 0.05, "dark": -0.16, "deep": -0.1}
)
WORD = re.compile(r"[a-z]+")


def find_named_colour(words: str) -> NDArray[np.float32] | None:
    """Return the one colour that words name, (3,) OKLab, lighter or darker where they say so.

    None where they name none or several: then all of the words count.
    """
    read = WORD.findall(words.lower())
    named = [place for place, word in enumerate(read) if word in NAMES]
    if len(named) != 1:
        return None
    (place,) = named
    colour = to_oklab(np.frombuffer(bytes.fromhex(NAMES[read[place]][1:]), np.uint8))
    lighter = LIGHTER.get(read[place - 1], 0.0) if place else 0.0
    return np.asarray(colour + np.array([lighter, 0, 0], np.float32), np.float32)
