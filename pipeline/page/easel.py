"""Draw, stop, and bring a picture's settings back: the handlers around the engine."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Event
from typing import Any

import gradio as gr
from gradio.processing_utils import save_file_to_cache

from pipeline.controls import BATCH, CONTROLS, flatten_settings
from pipeline.errors import Cancelled, EngineChanged, ModelError, PictureFileError
from pipeline.page import view as show
from pipeline.page.components import build_address
from pipeline.page.messages import explain_error
from pipeline.page.quality import adapt_settings, restore_quality
from pipeline.page.tickets import Tickets
from pipeline.picture.recipe import Reopened
from pipeline.request.notation import write_mix
from pipeline.request.order import Order, parse_count, parse_order
from pipeline.sketch.image_file import MAX_BYTES
from pipeline.sketch.intake import read_strokes
from pipeline.studio.studio import Studio
from pipeline.values import GenerationRequest, GenerationResult, StepPreview, StyleMatch

CHOICES = ("preset", "sampler", "style_focus", "width", "height", "levers", "count")
NUMBERS = tuple(control.name for control in CONTROLS)
SETTINGS = ("prompt", "negative_prompt", "style", "reading", "engine", *CHOICES, *NUMBERS)
LOADING_POLL = 0.2  # seconds

Shown = tuple[Any, Any]  # for the picture and for the strip
Told = tuple[Any, Any, str]  # and the engine that draws


class Easel:
    """The page's runs of one studio."""

    def __init__(self, studio: Studio, cache: str) -> None:
        self.studio = studio
        self.tickets = Tickets()
        self._cache = cache  # Gradio's folder of files that it may serve and will delete in time
        self.served: set[str] = set()

    def draw(self, visitor: gr.Request, canvas: str, *inputs: Any) -> Iterator[Told]:
        """Yields what the picture and the strip show, and which engine draws. `inputs`: SETTINGS, then the run's
        ticket; they may have been set for another engine than the one that draws by now."""
        *settings, ticket = inputs
        with self.tickets.open(ticket, str(visitor.session_hash)) as stopped:
            try:
                for shown in self._draw(canvas, settings, ticket, stopped):
                    yield *shown, self.studio.profile.name
            except Cancelled as error:
                yield show.stopped(explain_error(error), ticket), gr.skip(), self.studio.profile.name
            except Exception as error:
                yield show.problem(explain_error(error), ticket), gr.skip(), self.studio.profile.name

    def stop(self, ticket: str) -> None:
        self.tickets.stop(ticket)

    def leave(self, visitor: gr.Request) -> None:
        self.tickets.stop_session(str(visitor.session_hash))

    def restore(self, event: gr.EventData) -> tuple[Any, ...]:
        """The canvas, SETTINGS, strip and picture that a dropped picture file brings back."""
        try:
            data = decode(event.data)
            return self._restored(self.studio.read_picture(data), data)
        except Exception as error:
            nothing = (gr.skip(),) * (len(SETTINGS) + 2)
            return (*nothing, show.problem(explain_error(error), None))

    def _draw(self, canvas: str, settings: list[Any], ticket: str, stopped: Event) -> Iterator[Shown]:
        try:
            yield from self._drawn(canvas, settings, ticket, stopped)
        except EngineChanged:  # between reading and drawing: read anew, with the numbers of the one that draws now
            yield from self._drawn(canvas, settings, ticket, stopped)

    def _drawn(self, canvas: str, settings: list[Any], ticket: str, stopped: Event) -> Iterator[Shown]:
        yield show.waiting("Reading your drawing", ticket), gr.skip()
        profile = self.studio.profile
        named = adapt_settings(dict(zip(SETTINGS, settings, strict=True)), profile)
        settings = list(named.values())
        del named["engine"]
        count = parse_count(BATCH.name, named.pop("count"), int(BATCH.minimum), int(BATCH.maximum))
        order = parse_order(profile, sketch=read_strokes(canvas), **named)
        for stage in self._loading(stopped):
            yield show.waiting(stage, ticket), gr.skip()
        for step in (steps := Steps(self.studio, order, count, stopped)):
            yield show.preview(step, ticket), gr.skip()
        (picture, way), *more = [self._show(result, settings, ticket) for result in steps.results]
        yield picture | {"more": [{"picture": other, "strip": its_way} for other, its_way in more]}, way

    def _loading(self, stopped: Event) -> Iterator[str]:
        """What the models are doing, until they are there."""
        while not (state := self.studio.loading).ready:
            if state.error:
                raise ModelError(state.error)
            yield f"{state.stage}… {state.fraction:.0%}"
            if stopped.wait(LOADING_POLL):
                raise Cancelled

    def _show(self, result: GenerationResult, settings: list[Any], ticket: str) -> Shown:
        picture = show.finished(result, self._publish(self.studio.write_picture(result)), settings, ticket)
        return picture, show.way(result, result.matches or self._similar(result.request))

    def _similar(self, request: GenerationRequest) -> tuple[StyleMatch, ...]:
        """What the words would find, offered beside a style that a person chose."""
        return self.studio.find_styles(request.prompt).matches if request.prompt.text else ()

    def _publish(self, file: Path) -> str:
        """The file's address, relative to the page. Its folder is named by its content, so nobody can guess it."""
        copy = save_file_to_cache(file, self._cache)
        self.served.add(copy)
        return build_address(Path(copy))

    def _restored(self, reopened: Reopened, data: bytes) -> tuple[Any, ...]:
        request = reopened.request
        known: dict[str, Any] = {**self.studio.profile.defaults, "reading": request.edges.reading}
        known |= {"width": request.width, "height": request.height, **flatten_settings(request)}
        known |= {"prompt": request.prompt.text, "negative_prompt": request.negative_prompt.text}
        known["style"] = write_mix(tuple((style.id, weight) for style, weight in request.styles.parts))
        known |= {"engine": self.studio.profile.name, "count": 1} | restore_quality(request, self.studio.profile)
        picture = {
            "state": "done",
            "message": "Drawing, words and settings of this picture are back.",
            "image": f"data:image/png;base64,{base64.b64encode(data).decode()}",
            "name": "croquis.png",
            "alt": request.prompt.text or "A picture without words",
        }
        settings = [known[name] for name in SETTINGS]
        notice = self.studio.explain_difference(reopened)
        way = show.request_way(request, ()) | {"notices": [notice] if notice else []}
        return show.edges_canvas(request.edges), *settings, way, picture


class Steps:
    """The previews of a drawing as the engine makes them in a thread of its own; then `results`.

    Leaving the loop early sets `stopped` and waits for the engine to notice, at most one step.
    """

    def __init__(self, studio: Studio, order: Order, count: int, stopped: Event) -> None:
        self._studio, self._order, self._count, self._stopped = studio, order, count, stopped
        self.results: list[GenerationResult]

    def __iter__(self) -> Generator[StepPreview, None, None]:
        news: SimpleQueue[StepPreview | None] = SimpleQueue()
        with ThreadPoolExecutor(1, "croquis-drawing") as worker:
            pictures = worker.submit(
                self._studio.draw_batch, self._order, self._count, on_step=news.put, is_cancelled=self._stopped.is_set
            )
            pictures.add_done_callback(lambda _: news.put(None))
            try:
                while (step := news.get()) is not None:
                    yield step
            except GeneratorExit:
                self._stopped.set()
                raise
            self.results = pictures.result()


def decode(data: object) -> bytes:
    """Bytes that the browser sent as base64 text."""
    if not isinstance(data, str) or len(data) > MAX_BYTES * 4 // 3 + 4:
        raise PictureFileError("A picture file of at most 20 MB is needed here.")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureFileError("The picture file arrived broken. Drop it once more.") from error
