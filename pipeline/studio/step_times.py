"""Remember how long an engine's steps took lately, to say how soon another picture would be there."""

from __future__ import annotations

from pipeline.hires import find_first_size
from pipeline.values import Drawn, GenerationRequest


class StepTimes:
    """StepTimes keeps what a step cost in each engine's last pictures."""

    def __init__(self) -> None:
        self._costs: dict[str, float] = {}  # ms for a step and pixel, by the engine's name

    def note(self, request: GenerationRequest, drawn: Drawn) -> None:
        """Take note of what the steps of these pictures cost."""
        if request.start is not None:  # it goes from somewhere on the way: not all steps are taken
            return
        width, height = find_first_size(request)
        work = request.sampling.num_inference_steps * width * height * len(drawn.images)
        self._costs[request.engine] = drawn.milliseconds.get("steps", 0.0) / work

    def estimate(self, engine: str, steps: int, width: int, height: int) -> float | None:
        """Estimate the ms that `steps` steps of a picture take; None before the engine drew one."""
        cost = self._costs.get(engine)
        return None if cost is None else cost * steps * width * height
