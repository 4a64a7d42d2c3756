"""Handle what a person does with a finished picture: make it larger, repaint a part, draw more around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from pipeline.errors import Cancelled, PictureFileError, watch_cancel
from pipeline.page import view
from pipeline.page.components import PAGE_EVENT, build_address
from pipeline.page.drawing_panel import DrawingPanel, follow_run
from pipeline.page.easel import Easel, PictureAndStrip
from pipeline.page.page_event import PageEvent
from pipeline.page.page_order import SETTINGS, read_order, read_sheet
from pipeline.page.run import Run
from pipeline.page.sent_file import decode_base64
from pipeline.page.visitors import find_caller, find_owner
from pipeline.request.order import Order
from pipeline.sketch.fitting import open_data_url
from pipeline.studio.drawing_anew import SIDES
from pipeline.studio.film import make_film
from pipeline.studio.going_on import Asked, ask_to_outpaint_file, ask_to_repaint_file, draw_asked, enlarge_file
from pipeline.studio.messages import explain_error
from pipeline.studio.sheet_start import ask_to_outpaint_sheet, ask_to_repaint_sheet
from pipeline.values import GenerationResult

GONE = "This picture is not here any more. Make it again, or drop its file here."
Work = Callable[..., None]


class GoingOn:
    """GoingOn holds the handlers of one studio's finished pictures. An event names the picture by its address."""

    def __init__(self, easel: Easel) -> None:
        self._easel, self._studio = easel, easel.studio

    def enlarge(self, visitor: gr.Request, event: PageEvent) -> Iterator[PictureAndStrip]:
        """Make the event's picture twice as large; yield what picture and strip show meanwhile."""
        yield from self._go(visitor, event, lambda: partial(enlarge_file, self._studio, self.find_picture(event.image)))

    def repaint(self, visitor: gr.Request, event: PageEvent) -> Iterator[PictureAndStrip]:
        """Repaint the event's part of the picture, or of the one on its sheet; yield what picture and strip show."""

        def prepare() -> Work:
            mask = np.asarray(open_data_url(str(event.mask)).convert("L"), np.uint8)
            part = mask, event.words, getattr(event, "strength", None)
            if is_of_sheet(event):
                return self._draw(ask_to_repaint_sheet, self._read_sheet(event), *part)
            return self._draw(ask_to_repaint_file, self.find_picture(event.image), *part)

        yield from self._go(visitor, event, prepare)

    def outpaint(self, visitor: gr.Request, event: PageEvent) -> Iterator[PictureAndStrip]:
        """Draw more around the event's picture, or the one on its sheet; yield what picture and strip show."""

        def prepare() -> Work:
            sides = {side: bool(getattr(event, side, False)) for side in SIDES}
            if is_of_sheet(event):
                return self._draw(ask_to_outpaint_sheet, self._read_sheet(event), sides, event.words)
            return self._draw(ask_to_outpaint_file, self.find_picture(event.image), sides, event.words)

        yield from self._go(visitor, event, prepare)

    def film(self, visitor: gr.Request, event: PageEvent) -> Iterator[dict[str, Any]]:
        """Make a film of the event's picture and its drawing; yield how far it is, then its address."""
        ticket = str(event.ticket)
        with self._easel.tickets.open(ticket, str(visitor.session_hash)) as stopped:

            def work(*, on_step: Callable[[Any], None], on_result: Callable[[Any], None], is_cancelled: Any) -> None:
                data = self.find_picture(event.image)
                on_result(make_film(self._studio, data, on_step=on_step, is_cancelled=is_cancelled))

            try:
                for shown in Run(work, stopped):
                    if isinstance(shown, bytes):
                        yield {"ticket": ticket, "address": self._easel.serve_bytes(shown, "croquis-film.webp")}
                    elif isinstance(shown, tuple):
                        yield {"ticket": ticket, "step": shown[0], "of": shown[1]}
            except Exception as error:
                yield {"ticket": ticket, "problem": explain_error(error)}

    def cancel(self, event: PageEvent) -> None:
        """Stop the work under the event's ticket."""
        self._easel.stop(str(event.ticket))

    def _draw(self, ask: Callable[..., Asked], *args: Any) -> Work:
        """Return the work that draws what `ask` asks the studio for."""
        return partial(draw_asked, self._studio, partial(ask, self._studio, *args))

    def _go(self, visitor: gr.Request, event: PageEvent, prepare: Callable[[], Work]) -> Iterator[PictureAndStrip]:
        """Do work under the event's ticket and publish the picture that comes of it, with the settings it had."""
        ticket = str(event.ticket)
        keep = partial(self._studio.keep_picture, visitor=find_owner(visitor, self._studio.settings))
        with self._easel.tickets.open(ticket, str(visitor.session_hash)) as stopped:
            try:
                with self._studio.line.admit(find_caller(visitor, self._studio.settings)) as place:
                    for shown in Run(prepare(), stopped, place):
                        if isinstance(shown, GenerationResult):
                            settings = keep_size(read_settings(event.settings), shown)
                            with watch_cancel(stopped.is_set):
                                made = self._easel.publish_result(shown, settings, ticket, keep)
                            yield made["picture"], made["strip"]
                        elif not isinstance(shown, bytes):
                            yield view.build_coming_picture(shown, ticket), gr.skip()
            except Cancelled as error:
                yield view.build_stopped_picture(explain_error(error), ticket), gr.skip()
            except Exception as error:
                yield view.build_error_picture(explain_error(error), ticket), gr.skip()

    def _read_sheet(self, event: PageEvent) -> Order:
        """Read the event's sheet and settings as an order. Raises SketchError or SettingError."""
        settings = read_settings(event.settings)
        return read_order(self._studio.profile, read_sheet(self._studio.profile, event.canvas), [*settings.values()])[0]

    def find_picture(self, address: object) -> bytes:
        """Return the bytes of a picture that the page shows, by its address or data URL. Raises PictureFileError."""
        if not isinstance(address, str):
            raise PictureFileError(GONE)
        head, comma, body = address.partition(",")
        if comma and head == "data:image/png;base64":
            return decode_base64(body)
        file = next((each for each in tuple(self._easel.files.paths) if build_address(Path(each)) == address), None)
        if file is None or not Path(file).is_file():
            raise PictureFileError(GONE)
        return Path(file).read_bytes()


def is_of_sheet(event: PageEvent) -> bool:
    """Return whether an event is about the picture on the sheet, and not about a finished one."""
    return getattr(event, "canvas", None) is not None


def read_settings(settings: object) -> dict[str, Any]:
    """Return the page's settings that a picture came with, by the names of SETTINGS alone."""
    given = settings if isinstance(settings, Mapping) else {}
    return {name: given.get(name) for name in SETTINGS}


def keep_size(settings: dict[str, Any], result: GenerationResult) -> dict[str, Any]:
    """Return the settings with the size of a picture that has grown."""
    start = result.request.start
    if start is None or start.mask is None or settings["width"] is None:
        return settings
    return settings | {"width": result.request.width, "height": result.request.height}


def wire_going_on(easel: Easel, panel: DrawingPanel) -> None:
    """Connect what the picture asks for with its handlers."""
    handlers = GoingOn(easel)
    picture = panel.picture
    for event, handler in (
        (picture.enlarge, handlers.enlarge),
        (picture.repaint, handlers.repaint),
        (picture.outpaint, handlers.outpaint),
    ):
        run = event(
            handler, None, [panel.picture, panel.strip], concurrency_limit=None, trigger_mode="multiple", **PAGE_EVENT
        )
        follow_run(run)
    panel.film.make(handlers.film, None, panel.film, concurrency_limit=2, trigger_mode="multiple", **PAGE_EVENT)
    panel.film.cancel(handlers.cancel, None, None, queue=False, **PAGE_EVENT)
