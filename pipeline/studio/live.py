"""Draw the pictures that follow the pen: small ones while it moves, the whole one when it rests; none is kept."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from pipeline.controls import Sampling
from pipeline.errors import IsCancelled
from pipeline.models.catalog import POCKET
from pipeline.request.presets import get_menu
from pipeline.studio.sheet_start import complete_order

if TYPE_CHECKING:
    from pipeline.request.order import Order
    from pipeline.studio.studio import Studio
    from pipeline.values import GenerationResult

DRAFT_SIDE = 256  # px, the longer side of a picture while the pen moves
DRAFT_SAMPLES = 2  # of the canvas, per pixel and axis: its lines are read at half its size
DRAFT_NUMBERS = ("num_inference_steps", "guidance_scale")  # that a draft takes from its preset
SOON = 700.0  # ms within which a draft has to be there, for it to follow the pen unasked


def draw_live(studio: Studio, order: Order, *, is_cancelled: IsCancelled | None = None) -> GenerationResult:
    """Draw a picture that gives way to everybody's finished ones. Raises as Studio.draw does."""
    request = complete_order(studio, order)
    return studio.redraw_batch(request, 1, is_cancelled=is_cancelled, gives_way=True)[0]


def make_draft(order: Order) -> Order:
    """Return the order of a picture while the pen moves, at most DRAFT_SIDE px a side.

    Where a step takes long, it has the quickest preset's steps. Where it does not, its own: the colours are then those
    of the whole picture.
    """
    menu = get_menu(order.engine)
    longer = max(order.width, order.height, DRAFT_SIDE)
    width, height = (
        max(menu.least_side, round(side * DRAFT_SIDE / longer / menu.side_step) * menu.side_step)
        for side in (order.width, order.height)
    )
    small = replace(order, width=width, height=height)
    if menu.inks_drawing:
        return small
    draft = menu.presets[0]
    numbers = {name: draft.numbers[name] for name in DRAFT_NUMBERS if name in draft.numbers}
    sampling = Sampling(**{**asdict(order.sampling), "sampler": draft.sampler, **numbers})
    if order.start is not None:  # its few steps leave one to draw
        sampling = replace(sampling, strength=max(sampling.strength, 1 / sampling.num_inference_steps))
    return replace(small, sampling=sampling, shortcuts=draft.shortcuts)


def follows_unasked(studio: Studio) -> bool:
    """Return whether pictures follow the pen unless someone says no: where a draft is there soon, as far as is known.

    The pocket model was made for it; another engine has to have shown its times.
    """
    profile = studio.profile
    if profile.name == POCKET.name:
        return True
    steps = int(get_menu(profile.name).presets[0].numbers["num_inference_steps"])
    expected = studio.step_times.estimate(profile.name, steps, DRAFT_SIDE, DRAFT_SIDE)
    return expected is not None and expected <= SOON
