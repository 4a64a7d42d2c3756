"""Masks as editors, paint programs and other programs' APIs write them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pipeline.studio.calls import MASKS, read_call
from tests.tools.image_files import draw_fox, encode_png

BOX = (20, 30, 60, 80)


def paint(mode: str, ground: Any, *colours: Any) -> bytes:
    """A square on a ground; with two colours another one beside it."""
    image = Image.new(mode, (128, 96), ground)
    draw = ImageDraw.Draw(image)
    for number, colour in enumerate(colours):
        draw.rectangle((BOX[0] + 50 * number, BOX[1], BOX[2] + 50 * number, BOX[3]), colour)
    return encode_png(image)


WANTED = np.zeros((96, 128), np.uint8)
WANTED[30:81, 20:61] = 255
CLEAR = (0, 0, 0, 0)


@pytest.mark.parametrize(
    "file",
    [
        paint("L", 0, 255),
        paint("RGB", (0, 0, 0), (255, 255, 255)),
        paint("RGBA", (0, 0, 0, 255), (255, 255, 255, 255)),
        paint("RGBA", CLEAR, (255, 255, 255, 255)),  # Gradio's editor, white brush
        paint("RGBA", (255, 255, 255, 0), (255, 255, 255, 255)),  # white everywhere, opacity says where
        paint("RGBA", CLEAR, (0, 0, 0, 255)),  # black paint on a layer
        paint("RGBA", (255, 255, 255, 0), (0, 0, 0, 255)),
        paint("RGBA", CLEAR, (200, 30, 30, 255)),
        paint("LA", (0, 0), (0, 255)),
        paint("RGBA", CLEAR, (255, 255, 255, 255), (0, 0, 0, 255)),  # white on black, both painted
    ],
)
@pytest.mark.parametrize("name", MASKS)
def test_what_is_white_or_painted_is_inside(file: bytes, name: str) -> None:
    mask = read_call({"sketch": encode_png(draw_fox()), name: file}).masks[name]
    assert mask is not None and mask.dtype == np.uint8 and np.array_equal(mask, WANTED)


def test_a_soft_rim_stays_soft() -> None:
    soft = np.zeros((96, 128, 4), np.uint8)
    soft[30:60, 20:80, 3] = np.linspace(0, 255, 60).astype(np.uint8)
    mask = read_call({"sketch": encode_png(draw_fox()), "mask": encode_png(Image.fromarray(soft))}).masks["mask"]
    assert np.array_equal(mask, soft[..., 3])
