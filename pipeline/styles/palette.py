"""Read the colours of a picture, to paint in them alone."""

from __future__ import annotations

from typing import cast

from PIL import Image

COLOURS = 6
SIDE = 96  # px at which the picture is looked at


def read_palette(image: Image.Image) -> tuple[tuple[str, float], ...]:
    """Return a picture's colours "#rrggbb", at most COLOURS, the commonest first, with shares that sum to 1.

    They are the means of Pillow's median cut after rounds of k-means.
    """
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image.convert("RGB"), mask=image.convert("RGBA").getchannel("A"))
    small = flat.resize((SIDE, SIDE), Image.Resampling.BOX)
    sorted_in = small.quantize(COLOURS, Image.Quantize.MEDIANCUT, kmeans=8)
    table = sorted_in.getpalette() or []
    shares: dict[str, float] = {}
    found = cast(list[tuple[int, int]], sorted_in.getcolors() or [])  # how many px, and the number of their colour
    for count, number in sorted(found, reverse=True):
        colour = "#" + bytes(table[3 * number : 3 * number + 3]).hex()
        shares[colour] = shares.get(colour, 0.0) + count / SIDE**2
    return tuple(shares.items())
