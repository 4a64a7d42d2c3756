"""Handle the page's events around the engine: draw, stop, and bring a picture's settings back."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import gradio as gr

from pipeline.errors import Cancelled, EngineChanged, ModelError, watch_cancel
from pipeline.models.profile import ModelProfile
from pipeline.page import view
from pipeline.page.components import build_address
from pipeline.page.drawn_files import DrawnFiles
from pipeline.page.hires_choice import restore_hires
from pipeline.page.memory_panel import describe_need
from pipeline.page.page_event import PageEvent
from pipeline.page.page_order import SETTINGS, read_order, read_sheet
from pipeline.page.quality import adapt_settings, restore_quality
from pipeline.page.reading_choice import restore_choice
from pipeline.page.restored_start import restore_start
from pipeline.page.restoring import Restored, is_own_picture, restore_picture, restore_text
from pipeline.page.run import Run
from pipeline.page.sent_file import decode_base64
from pipeline.page.styled_part import write_part
from pipeline.page.tickets import Tickets
from pipeline.page.visitors import find_caller, find_owner
from pipeline.picture.recipe import Reopened
from pipeline.picture.setting_text import flatten_settings
from pipeline.places import Ahead, Place, hold_place
from pipeline.request.notation import write_mix, write_palette
from pipeline.request.own_loras import write_loras
from pipeline.request.presets import get_menu
from pipeline.request.sizes import choose_size
from pipeline.sketch.canvas import read_canvas
from pipeline.studio.drawing_anew import measure_room
from pipeline.studio.messages import explain_error
from pipeline.studio.studio import Studio
from pipeline.values import GenerationRequest, GenerationResult, StepPreview, StyleMatch

LOADING_POLL = 0.2  # seconds
BROUGHT_BACK = "Drawing, words and settings of this picture are back. Undo brings the drawing before it back."

Keep = Callable[[GenerationResult, Path], None]  # in the visitor's history
PictureAndStrip = tuple[Any, Any]  # the values of these two components
PageUpdate = tuple[Any, Any, str]  # the same, and the name of the engine that draws


class Easel:
    """Easel holds the handlers of one studio's drawing runs."""

    def __init__(self, studio: Studio, files: DrawnFiles) -> None:
        self.studio, self.files = studio, files
        self.tickets = Tickets()

    def draw(self, visitor: gr.Request, canvas: str, *inputs: Any) -> Iterator[PageUpdate]:
        """Draw a picture; yield what the picture and the strip show meanwhile, and which engine draws.

        `inputs` are SETTINGS, then the run's ticket. They may have been set for another engine than draws by now.
        """
        *settings, ticket = inputs
        keep = partial(self.studio.keep_picture, visitor=find_owner(visitor, self.studio.settings))
        with self.tickets.open(ticket, str(visitor.session_hash)) as stopped:
            try:
                with self.studio.line.admit(find_caller(visitor, self.studio.settings)) as place:
                    for shown in self._draw_with_present_engine(canvas, settings, ticket, stopped, place, keep):
                        yield *shown, self.studio.profile.name
            except Cancelled as error:
                yield view.build_stopped_picture(explain_error(error), ticket), gr.skip(), self.studio.profile.name
            except Exception as error:
                yield view.build_error_picture(explain_error(error), ticket), gr.skip(), self.studio.profile.name

    def stop(self, ticket: str) -> None:
        """Stop the run of that ticket."""
        self.tickets.stop(ticket)

    def stop_session(self, visitor: gr.Request) -> None:
        """Stop every run of a visitor who left the page."""
        self.tickets.stop_session(str(visitor.session_hash))

    def restore(self, event: PageEvent) -> tuple[Any, ...]:
        """Return the canvas, SETTINGS, strip and picture that a dropped picture file or a pasted text brings back."""
        try:
            if (text := getattr(event, "text", None)) is not None:
                return self._change_page(restore_text(self.studio.profile, text, self.studio.own_files))
            data = decode_base64(event.data)
            if is_own_picture(data):
                return self._restore_page(self.studio.read_picture(data), data)
            return self._change_page(restore_picture(self.studio.profile, data, self.studio.own_files))
        except Exception as error:
            nothing = (gr.skip(),) * (len(SETTINGS) + 2)
            return (*nothing, view.build_error_picture(explain_error(error), None))

    def _draw_with_present_engine(
        self, canvas: str, settings: list[Any], ticket: str, stopped: Event, place: Place, keep: Keep
    ) -> Iterator[PictureAndStrip]:
        """Draw once, and once more where another engine took over between the reading of the inputs and the drawing."""
        try:
            yield from self._draw_once(canvas, settings, ticket, stopped, place, keep)
        except EngineChanged:  # the inputs are read again, with the numbers of the one that draws now
            yield from self._draw_once(canvas, settings, ticket, stopped, place, keep)

    def _draw_once(
        self, canvas: str, inputs: list[Any], ticket: str, stopped: Event, place: Place, keep: Keep
    ) -> Iterator[PictureAndStrip]:
        """Read the inputs, wait for the models, draw, and yield what the page shows after each of these."""
        yield view.build_waiting_picture("Reading your drawing", ticket), gr.skip()
        profile = self.studio.profile
        settings = adapt_settings(dict(zip(SETTINGS, inputs, strict=True)), profile)
        with hold_place(place), self.studio.preparing.take(is_cancelled=stopped.is_set):
            order, count = read_order(profile, read_sheet(profile, canvas), list(settings.values()))
        for stage in self._wait_for_models(stopped):
            yield view.build_waiting_picture(stage, ticket), gr.skip()
        pictures: list[dict[str, Any]] = []
        for shown in Run(partial(self.studio.draw_batch, order, count), stopped, place):
            if isinstance(shown, Ahead):
                yield view.build_ahead_picture(shown, ticket), gr.skip()
            elif isinstance(shown, StepPreview):
                yield view.build_preview_picture(shown, ticket) | view.build_batch(pictures, count), gr.skip()
            elif isinstance(shown, GenerationResult):
                with watch_cancel(stopped.is_set):
                    pictures.append(self.publish_result(shown, settings, ticket, keep))
                if len(pictures) < count:
                    yield view.build_batch_picture(pictures, count, ticket), gr.skip()
        yield pictures[0]["picture"] | view.build_batch(pictures, count), pictures[0]["strip"]

    def _wait_for_models(self, stopped: Event) -> Iterator[str]:
        """Yield how far the models are loaded, until they are ready. Raises ModelError, or Cancelled once stopped."""
        while not (state := self.studio.loading).ready:
            if state.error:
                raise ModelError(state.error)
            yield f"{state.stage}… {state.fraction:.0%}"
            if stopped.wait(LOADING_POLL):
                raise Cancelled

    def publish_result(
        self, result: GenerationResult, settings: dict[str, Any], ticket: str, keep: Keep
    ) -> dict[str, Any]:
        """Write, keep and serve the picture's file; return what picture and strip show of it, by these names."""
        file = self.studio.write_picture(result)
        keep(result, file)
        address = self.serve_file(file)
        picture = view.build_finished_picture(result, address, settings, ticket)
        picture["room"] = measure_room(self.studio.profile, result.request)
        strip = view.build_strip(result, result.matches or self._find_similar_styles(result.request))
        return {"picture": picture, "strip": strip | {"memory": describe_need(result, self.studio)}}

    def _find_similar_styles(self, request: GenerationRequest) -> tuple[StyleMatch, ...]:
        """Find what the words would find, to be offered beside a style that a person chose."""
        return self.studio.find_styles(request.prompt).matches if request.prompt.text else ()

    def serve_file(self, file: Path) -> str:
        """Serve a file; return its address relative to the page, which nobody can guess."""
        return build_address(Path(self.files.keep_file(file)))

    def serve_bytes(self, data: bytes, name: str) -> str:
        """Serve bytes as a file of that name; return its address relative to the page, which nobody can guess."""
        return build_address(Path(self.files.keep_bytes(data, name)))

    def _change_page(self, restored: Restored) -> tuple[Any, ...]:
        """Return the canvas, SETTINGS, strip and picture with what changes; a message stands under the picture."""
        settings = [restored.settings.get(name, gr.skip()) for name in SETTINGS]
        picture = view.build_stopped_picture(restored.message, None) if restored.message else gr.skip()
        return restored.canvas or gr.skip(), *settings, gr.skip(), picture

    def _restore_page(self, reopened: Reopened, data: bytes) -> tuple[Any, ...]:
        """Build the canvas, SETTINGS, strip and picture of a reopened file, whose bytes are `data`."""
        request = reopened.request
        values: dict[str, Any] = {**self.studio.profile.defaults, "reading": request.edges.reading}
        values |= {"width": request.width, "height": request.height, **flatten_settings(request)}
        values |= {"prompt": request.prompt.text, "negative_prompt": request.negative_prompt.text}
        values["style"] = write_mix(tuple((style.id, weight) for style, weight in request.styles.parts))
        values |= {"part": write_part(request.mask), "palette": write_palette(request.palette)}
        values["loras"] = write_loras(tuple((each.name, each.weight) for each in request.loras))
        values["controlnets"] = restore_choice(request)
        values["hires"] = restore_hires(request)
        values |= {"engine": self.studio.profile.name, "count": 1} | restore_quality(request, self.studio.profile)
        canvas, lacking = restore_start(request, reopened.canvas)
        canvas = canvas or view.build_drawing_canvas(request)
        if request.start is not None or read_canvas(canvas).strength is not None:  # it was no setting of the page
            values |= {name: self.studio.profile.defaults[name] for name in ("strength", "colour_strength")}
        if request.engine == self.studio.profile.name and follows_sheet(self.studio.profile, canvas, request):
            values["width"], values["height"] = self.studio.profile.size
        notices = [
            *view.explain_lent(reopened.lent),
            *reopened.missing,
            *lacking,
            *filter(None, [self.studio.explain_difference(reopened)]),
        ]
        picture = {
            "state": "done",
            "message": BROUGHT_BACK,
            "notice": " ".join([BROUGHT_BACK, *notices]),
            "image": f"data:image/png;base64,{base64.b64encode(data).decode()}",
            "name": "croquis.png",
            "alt": request.prompt.text or "A picture without words",
            "drawing": view.make_drawing_url(request),
            "settings": {name: values[name] for name in SETTINGS},
            "room": measure_room(self.studio.profile, request),
        }
        settings = [values[name] for name in SETTINGS]
        strip = view.build_request_strip(request, ()) | {"notices": notices, "lent": view.list_lent(reopened.lent)}
        return canvas, *settings, strip, picture


def follows_sheet(profile: ModelProfile, canvas: str, request: GenerationRequest) -> bool:
    """Return whether a picture has the size that it gets where nobody asks for one, from that canvas, JSON."""
    drawn = json.loads(canvas)
    sheet = drawn["width"], drawn["height"]
    return choose_size(profile, get_menu(profile.name), sheet) == (request.width, request.height)
