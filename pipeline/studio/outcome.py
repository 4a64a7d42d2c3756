"""What to tell the person of a picture beside it: words that were not read, a style that was not named."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont, ImageOps

from pipeline.timing import StageTimer
from pipeline.values import EdgeMap, GenerationRequest, GenerationResult

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine
    from pipeline.styles.search import Finding

UNREAD = (
    "What should not be in the picture was not read: those words count only where “Follow the words” "
    "(guidance_scale) is above 1."
)


def of_words(request: GenerationRequest, engine: Engine) -> tuple[str, ...]:
    """Of prompts that were not read to their ends."""
    if request.negative_prompt.text.strip() and request.guidance_scale <= 1:
        told = UNREAD
    elif negative := engine.prompt_notice(request.negative_prompt):
        told = f"Of the words for what is not in the picture: {negative[:1].lower()}{negative[1:]}"
    else:
        told = None
    return tuple(filter(None, (engine.prompt_notice(request.styled_prompt), told)))


def of_style(finding: Finding) -> tuple[str, ...]:
    """Of a search that the words gave nothing to go by."""
    return () if finding.named else ("Your words name no style, so Croquis chose one for you.",)


def judged(result: GenerationResult, engine: Engine) -> GenerationResult:
    """With the safety checker's verdict where there is one; a withheld picture goes no further than here."""
    timer = StageTimer()
    with timer("safety"):
        verdict = engine.judge(result.image)
    if verdict is None:
        return result
    result = replace(result, verdict=verdict, milliseconds=dict(result.milliseconds) | timer.milliseconds)
    if not verdict.withheld:
        return result
    return replace(result, image=withheld_card(result.request.edges), notices=(verdict.words, *result.notices))


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
