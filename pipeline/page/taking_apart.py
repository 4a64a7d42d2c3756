"""Show what each thing does that a picture was made from: the same picture without its style, drawing, words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from pipeline.page import view
from pipeline.page.components import PAGE_EVENT
from pipeline.page.easel import Easel
from pipeline.page.going_on import GoingOn
from pipeline.page.page_event import PageEvent
from pipeline.page.run import Run
from pipeline.page.visitors import find_caller
from pipeline.studio.messages import explain_error
from pipeline.studio.taken_apart import PARTS, leave_out
from pipeline.values import GenerationResult

NO_STYLE = "plain"  # the library's style that stands for none


class TakingApart:
    """TakingApart holds the handler of one studio."""

    def __init__(self, easel: Easel) -> None:
        self._easel, self._studio = easel, easel.studio

    def take_apart(self, visitor: gr.Request, event: PageEvent) -> Iterator[dict[str, Any]]:
        """Draw the event's picture without its style, its drawing, its words; yield the pictures as they come.

        Its seed and its other settings stay. A problem is yielded in words.
        """
        ticket = str(event.ticket)
        pictures: list[dict[str, str]] = []

        def work(*, on_step: Callable[[Any], None], on_result: Callable[[Any], None], is_cancelled: Any) -> None:
            whole = self._studio.read_picture(GoingOn(self._easel).find_picture(event.image)).request
            plain = self._studio.library.get(NO_STYLE)
            for part in PARTS:
                on_result(self._studio.redraw(leave_out(whole, part, plain), is_cancelled=is_cancelled))

        with self._easel.tickets.open(ticket, str(visitor.session_hash)) as stopped:
            try:
                with self._studio.line.admit(find_caller(visitor, self._studio.settings)) as place:
                    for shown in Run(work, stopped, place):
                        if isinstance(shown, GenerationResult):
                            image = view.make_data_url(shown.image, "webp")
                            pictures = [*pictures, {"part": PARTS[len(pictures)], "image": image}]
                            yield {"ticket": ticket, "pictures": pictures}
            except Exception as error:
                yield {"ticket": ticket, "pictures": pictures, "problem": explain_error(error)}


def wire_taking_apart(easel: Easel, apart: gr.HTML) -> None:
    """Connect the component that asks for it and shows it."""
    handler = TakingApart(easel)
    apart.make(handler.take_apart, None, apart, concurrency_limit=None, trigger_mode="multiple", **PAGE_EVENT)
