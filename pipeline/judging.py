"""What becomes of a picture that the safety checker has seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.stage_timer import StageTimer
from pipeline.values import GenerationResult
from pipeline.withheld import withheld_card

if TYPE_CHECKING:
    from pipeline.diffusion import Engine


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
