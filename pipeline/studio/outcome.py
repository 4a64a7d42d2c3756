"""Make results of what the engine drew: each image, or the card in a withheld one's place, with its notices."""

from __future__ import annotations

from collections.abc import Mapping

from PIL import Image, ImageDraw, ImageFont, ImageOps

from pipeline.values import NUMBER_FORMAT, Drawn, EdgeMap, GenerationRequest, GenerationResult


def make_results(request: GenerationRequest, drawn: Drawn, revisions: Mapping[str, str]) -> list[GenerationResult]:
    """Make one result for each picture that the engine drew; a withheld picture goes no further than here."""
    all_revisions = {**revisions, **({NUMBER_FORMAT: drawn.numbers} if drawn.numbers else {})}
    verdicts = drawn.verdicts or (None,) * len(drawn.images)
    return [
        GenerationResult(
            draw_withheld_card(each.edges) if verdict and verdict.withheld else image,
            each,
            (),
            (verdict.words, *drawn.notices) if verdict and verdict.withheld else drawn.notices,
            drawn.milliseconds,
            all_revisions,
            verdict,
        )
        for image, each, verdict in zip(drawn.images, request.batch(len(drawn.images)), verdicts, strict=True)
    ]


def is_withheld(result: GenerationResult) -> bool:
    """Return whether the safety checker withheld the picture, so that its file shows a card."""
    return result.verdict is not None and result.verdict.withheld


PAPER, GREY, INK = (244, 241, 234), (205, 200, 190), (60, 56, 50)
WITHHELD_TEXT = "This picture was withheld\nby the safety checker."


def draw_withheld_card(edges: EdgeMap) -> Image.Image:
    """Draw the person's own lines in grey on paper, and words that say why; return RGB at the picture's size."""
    lines = Image.fromarray(edges.pixels)
    card = ImageOps.colorize(lines, PAPER, GREY)
    draw = ImageDraw.Draw(card)
    font = ImageFont.load_default(max(card.width / 18, 7))
    left, top, right, bottom = draw.multiline_textbbox((0, 0), WITHHELD_TEXT, font, align="center")
    at = (card.width - (right - left)) / 2 - left, (card.height - (bottom - top)) / 2 - top
    margin = card.width / 40
    around = (at[0] + left - margin, at[1] + top - margin, at[0] + right + margin, at[1] + bottom + margin)
    draw.rectangle(around, PAPER)
    draw.multiline_text(at, WITHHELD_TEXT, INK, font, align="center")
    return card
