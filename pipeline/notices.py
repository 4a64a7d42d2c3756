"""What to tell the person of a picture beside it: words that were not read, a style that was not named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.values import GenerationRequest

if TYPE_CHECKING:
    from pipeline.diffusion import Engine
    from pipeline.search import Finding

UNREAD = ("What should not be in the picture was not read: those words count only where “Follow the words” "
          "(guidance_scale) is above 1.")


def of_words(request: GenerationRequest, engine: Engine) -> tuple[str, ...]:
    """Of prompts that were not read to their ends."""
    if request.negative_prompt.strip() and request.guidance_scale <= 1:
        told = UNREAD
    elif negative := engine.prompt_notice(request.negative_prompt):
        told = f"Of the words for what is not in the picture: {negative[:1].lower()}{negative[1:]}"
    else:
        told = None
    return tuple(filter(None, (engine.prompt_notice(request.styled_prompt), told)))


def of_style(finding: Finding) -> tuple[str, ...]:
    """Of a search that the words gave nothing to go by."""
    return () if finding.named else ("Your words name no style, so Croquis chose one for you.",)
