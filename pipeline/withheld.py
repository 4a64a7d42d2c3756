"""What is shown in place of a picture that the safety checker withheld: never a black one."""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont, ImageOps

from pipeline.values import EdgeMap

PAPER, GREY, INK = (244, 241, 234), (205, 200, 190), (60, 56, 50)
SAID = "This picture was withheld\nby the safety checker."


def withheld_card(edges: EdgeMap) -> Image.Image:
    """The person's own lines in grey on paper, and words that say why; RGB at the picture's size."""
    lines = Image.fromarray(edges.pixels)
    card = ImageOps.colorize(lines, PAPER, GREY)
    draw = ImageDraw.Draw(card)
    font = ImageFont.load_default(max(card.width / 18, 7))
    left, top, right, bottom = draw.multiline_textbbox((0, 0), SAID, font, align="center")
    at = (card.width - (right - left)) / 2 - left, (card.height - (bottom - top)) / 2 - top
    margin = card.width / 40
    around = (at[0] + left - margin, at[1] + top - margin, at[0] + right + margin, at[1] + bottom + margin)
    draw.rectangle(around, PAPER)
    draw.multiline_text(at, SAID, INK, font, align="center")
    return card
