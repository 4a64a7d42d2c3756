"""Enlarge a finished picture as its request says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pipeline.errors import IsCancelled
from pipeline.studio.outcome import is_withheld
from pipeline.values import GenerationResult

OnShare = Callable[[tuple[int, int]], None]  # parts done, of


def enlarge_result(
    result: GenerationResult, on_share: OnShare | None = None, is_cancelled: IsCancelled | None = None
) -> GenerationResult:
    """Return a picture as large as its request says; one that is as large, or was withheld, as it is."""
    times = result.request.enlargement * result.request.width // result.image.width
    if times < 2 or is_withheld(result):
        return result
    from pipeline.engine.enlarger import double_picture

    image, before, parts = result.image, 0, count_parts(times)
    for doubling in range(1, times.bit_length()):
        share = 4 ** (doubling - 1)

        def tell(done: int, of: int, before: int = before, share: int = share) -> None:
            if on_share is not None:
                on_share((round(100 * (before + share * done / of)), 100 * parts))

        image = double_picture(image, on_tile=tell, is_cancelled=is_cancelled)
        before += share
    return replace(result, image=image)


def count_parts(times: int) -> int:
    """Return how much work an enlargement is, in that of its first doubling: each one has four times the pixels."""
    return sum(4 ** (doubling - 1) for doubling in range(1, times.bit_length()))
