"""Register the named endpoints, which Python, JavaScript, curl and MCP clients call.

No `from __future__ import annotations` here: gr.api reads the annotations themselves.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Any, Literal

import gradio as gr
import numpy as np
from anyio import CapacityLimiter, to_thread
from gradio.context import Context, LocalContext
from gradio.events import api
from gradio.utils import get_upload_folder, is_in_or_equal
from gradio_client.utils import is_file_obj_with_meta
from numpy.typing import NDArray
from PIL import Image

from pipeline.controls import expect_choice
from pipeline.errors import SettingError, watch_cancel
from pipeline.page.api_words import document_endpoint
from pipeline.page.departures import Departures
from pipeline.page.drawn_files import DrawnFiles
from pipeline.page.endpoint_calls import declare_inputs, turn_errors_into_messages
from pipeline.page.guard import guard_inputs
from pipeline.page.host import NOT_HERE, may_teach
from pipeline.page.memory_need import find_numbers, plan_need
from pipeline.page.memory_panel import plan_memory_modes
from pipeline.page.page_event import guard_events
from pipeline.page.sharing import add_style, remove_style
from pipeline.page.visitors import find_caller, find_owner
from pipeline.places import Place, hold_place
from pipeline.request.inputs import DRAW_INPUTS
from pipeline.request.order import parse_count, parse_order, parse_reading, parse_thresholds
from pipeline.request.presets import get_menu
from pipeline.request.words import parse_prompt
from pipeline.sketch.image_file import open_image
from pipeline.sketch.intake import read_image
from pipeline.studio.answers import (
    FoundStyle,
    describe_batch,
    describe_match,
    describe_own_files,
    describe_result,
    describe_style,
    describe_teaching,
)
from pipeline.studio.callers import name_caller
from pipeline.studio.calls import draw_call, read_call_in_turn
from pipeline.studio.model_change import ModelChange
from pipeline.studio.readings import SeenHint
from pipeline.studio.studio import MATCHES_SHOWN, Studio
from pipeline.styles.search import MOST_MATCHES
from pipeline.teaching.lesson import expect_count, parse_steps
from pipeline.values import GenerationResult, Sketch

MAX_OPEN_CALLS = 16  # of all endpoints but /draw, which has a line of its own (`pipeline/studio/line.py`)


def register_api(studio: Studio, files: DrawnFiles) -> None:
    """Add every endpoint to the gr.Blocks that is being built, and guard all of its inputs; pictures lie in `files`."""
    blocks = Context.root_block
    if blocks is None:
        raise RuntimeError("register_api is called inside `with gr.Blocks()`.")
    guard_inputs(blocks)
    guard_events(blocks)
    endpoints = Endpoints(studio, files, Departures(blocks))
    for function in (
        endpoints.draw,
        endpoints.read_edges,
        endpoints.read_hints,
        endpoints.find_styles,
        endpoints.styles,
        endpoints.own_files,
        endpoints.add_style,
        endpoints.remove_style,
        endpoints.teach_style,
        endpoints.teaching,
        endpoints.plan_memory,
    ):
        draws = function == endpoints.draw
        own = {"concurrency_limit": None} if draws else {"concurrency_limit": MAX_OPEN_CALLS, "concurrency_id": "api"}
        made = api(function, api_name=function.__name__, **own)
        document_endpoint(blocks.fns[made["id"]], function)
        if made["api_name"] != function.__name__:
            raise RuntimeError(f"Another event is called {function.__name__}: call register_api before it is made.")


class Endpoints:
    """Endpoints has one method for each endpoint; its signature and docstring are the endpoint's documentation."""

    def __init__(self, studio: Studio, files: DrawnFiles, departures: Departures) -> None:
        self._studio, self._files, self._departures = studio, files, departures
        self._threads = CapacityLimiter(studio.settings.waiting)

    @turn_errors_into_messages
    @declare_inputs(DRAW_INPUTS)
    async def draw(self, **inputs: object) -> tuple[gr.FileData, dict[str, Any]]:
        """Draw a picture that follows the drawing, shows what the words say and wears the style.

        Returns a PNG file that carries its recipe, and details: the seed used, engine, size, styles with similarity
        and weight, reading used, milliseconds per stage. The same inputs and seed give the same bytes.
        """
        event, caller = LocalContext.event_id.get(None), LocalContext.request.get(None)
        who = name_caller(None, None) if caller is None else find_caller(caller, self._studio.settings, event)
        with self._studio.line.join(who) as place, self._departures.follow(event) as stop:
            return await to_thread.run_sync(self._draw, inputs, place, stop, limiter=self._threads)

    def _draw(self, inputs: dict[str, object], place: Place, stop: Event) -> tuple[gr.FileData, dict[str, Any]]:
        """Draw in a thread of its own, until the caller leaves."""
        files = {"sketch": "drawing", "mask": "mask", "mask_image": "mask", "image": "image"}
        found = {
            name: _find_uploaded_file(inputs[name], what) for name, what in files.items() if inputs[name] is not None
        }
        with hold_place(place), watch_cancel(stop.is_set):
            call = read_call_in_turn(self._studio, lambda: inputs | found, stop.is_set)
            results = draw_call(self._studio, call, is_cancelled=stop.is_set)
            written = [self._studio.write_picture(result) for result in results]
        self._keep_pictures(results, written)
        served = [self._serve_png(file.read_bytes(), file.name) for file in written]
        return served[0], describe_result(results[0]) | describe_batch(results, [each.model_dump() for each in served])

    def _keep_pictures(self, results: Sequence[GenerationResult], files: Sequence[Path]) -> None:
        """Keep a caller's pictures in their history, where the host wishes that for the API, too."""
        caller, settings = LocalContext.request.get(None), self._studio.settings
        if settings.history_api == "on" and caller is not None:
            for result, file in zip(results, files, strict=True):
                self._studio.keep_picture(result, file, find_owner(caller, settings))

    @turn_errors_into_messages
    def read_edges(
        self,
        sketch: gr.FileData,
        reading: Literal["auto", "lines", "canny"] = "auto",
        canny_low: int = 50,
        canny_high: int = 150,
    ) -> gr.FileData:
        """Read the edge map that /draw would use, as a PNG file: white lines on black, at the picture's size.

        What each of several ControlNets is given, /read_hints reads.
        """
        choice = parse_reading(reading)
        low, high = parse_thresholds(canny_low, canny_high, self._studio.profile.defaults)
        edges = self._studio.read_edges(_read_sketch(sketch), choice, low, high)
        return self._serve_png(_encode_png(edges.pixels), "edges.png")

    @turn_errors_into_messages
    def read_hints(
        self,
        sketch: gr.FileData,
        controlnets: dict[str, Any] | None = None,
        reading: Literal["auto", "lines", "canny"] = "auto",
        canny_low: int = 50,
        canny_high: int = 150,
        width: int | None = None,
        height: int | None = None,
    ) -> list[dict[str, Any]]:
        """Read what each ControlNet of a picture would be given, as /draw would, and draw nothing.

        Returns a list of {"controlnet", "image", "notice"}: the image is a PNG file, white or coloured on black at the
        picture's size, or null where nothing could be read; the notice says why, or what is doubtful or missing.
        """
        given: dict[str, Any] = {"controlnets": controlnets, "reading": reading, "width": width, "height": height}
        given |= {"canny_low": canny_low, "canny_high": canny_high}
        order = parse_order(self._studio.profile, sketch=_read_sketch(sketch), **given)
        return [self._serve_hint(each) for each in self._studio.look_at_hints(order, self._studio.read_lines(order))]

    @turn_errors_into_messages
    def find_styles(self, prompt: str, k: int = MATCHES_SHOWN) -> list[FoundStyle]:
        """Find the styles nearest to what the prompt says of the look, best first."""
        words, count = parse_prompt("The prompt", prompt), parse_count("k", k, 1, MOST_MATCHES)
        return [describe_match(match) for match in self._studio.find_styles(words, count).matches]

    @turn_errors_into_messages
    def styles(self) -> list[dict[str, Any]]:
        """List every style there is, those that came with Croquis first."""
        return [describe_style(style) for style in self._studio.library.all()]

    @turn_errors_into_messages
    def own_files(self) -> dict[str, Any]:
        """List the host's own model files by kind and name, as /draw takes LoRAs, ControlNets and adapters.

        A textual inversion is worn where its name stands in the words; which model and VAE draw, the host chooses.
        """
        menu, files = get_menu(self._studio.profile.name), self._studio.own_files.list_all()
        return describe_own_files(files, ModelChange(self._studio).present, menu.own_weights)

    @turn_errors_into_messages
    def add_style(self, image: gr.FileData, name: str, words: str = "") -> dict[str, Any]:
        """Keep an image as a style; it is searchable at once and survives a restart. Returns the new style."""
        picture = open_image(_find_uploaded_file(image, "style's picture"), "style's picture")
        return describe_style(add_style(self._studio, picture, name, "" if words is None else words))

    @turn_errors_into_messages
    def remove_style(self, style: str) -> dict[str, Any]:
        """Delete a style that was added, as who added it or the host; others stay. Returns the style that is gone."""
        gone = self._studio.find_style(style)
        remove_style(self._studio, gone.id)
        return describe_style(gone)

    @turn_errors_into_messages
    def teach_style(self, pictures: list[gr.FileData], name: str, steps: int = 0) -> dict[str, Any]:
        """Begin to teach a style by 3 to 20 pictures; it goes on beside everybody's drawing, one style at a time.

        Returns how far it is, as /teaching does. With Stable Diffusion it learns a LoRA in minutes to hours; with the
        pocket model its pictures' looks are joined in seconds. Once done it is a style like any other.
        """
        self._expect_teaching_allowed()
        if not isinstance(pictures, list):
            raise SettingError(f"pictures is a list of uploaded image files; {type(pictures).__name__} came.")
        expect_count(len(pictures))
        files = [(_name_uploaded_file(each), _find_uploaded_file(each, "picture")) for each in pictures]
        return describe_teaching(self._studio.teacher.begin(files, name, parse_steps(steps)))

    @turn_errors_into_messages
    def teaching(self, action: Literal["look", "stop", "go_on", "discard"] = "look") -> dict[str, Any]:
        """Say how far the style is that is taught: state, steps, loss, seconds left, and at last the style's id.

        "stop" ends it once the step under way is done, "go_on" goes on from there, "discard" throws it away.
        """
        self._expect_teaching_allowed()
        teacher = self._studio.teacher
        actions = {"look": teacher.look, "stop": teacher.stop, "go_on": teacher.go_on, "discard": teacher.discard}
        expect_choice("action", action, tuple(actions))
        return describe_teaching(actions[action]())

    def _expect_teaching_allowed(self) -> None:
        """Raise SettingError for a caller whom the host lets teach nothing."""
        caller = LocalContext.request.get(None)
        if caller is not None and not may_teach(caller, self._studio.settings):
            raise SettingError(NOT_HERE)

    @turn_errors_into_messages
    def plan_memory(
        self,
        engine: str = "sd15",
        width: int = 512,
        height: int = 512,
        count: int = 1,
        controlnet_count: int = 1,
        loras: str = "",
        style: str = "auto",
        few_steps: str = "",
        ip_adapter: str = "auto",
        starts: bool = False,
        new_style: bool = False,
    ) -> dict[str, Any]:
        """Plan what pictures of an engine, size and number need in each memory mode, and what fits here; load nothing.

        Our formula stands beside the published one, (weights + the largest stage) x 1.2.
        """
        given: dict[str, object] = {"controlnet_count": controlnet_count, "loras": loras, "style": style}
        given |= {"few_steps": few_steps, "ip_adapter": ip_adapter, "starts": starts, "new_style": new_style}
        need, numbers = plan_need(self._studio, engine, **given), find_numbers(self._studio, engine)
        return plan_memory_modes(engine, width, height, count, self._studio.settings.device, numbers, need)

    def _serve_png(self, data: bytes, name: str) -> gr.FileData:
        """Keep these bytes as a PNG file that clients can fetch."""
        return gr.FileData(path=self._files.keep_bytes(data, name), orig_name=name, mime_type="image/png")

    def _serve_hint(self, seen: SeenHint) -> dict[str, Any]:
        """Return what one ControlNet is given as JSON, its image kept for clients to fetch."""
        image = None if seen.pixels is None else self._serve_png(_encode_png(seen.pixels), f"{seen.controlnet}.png")
        return {"controlnet": seen.controlnet, "image": image and image.model_dump(), "notice": seen.notice}


def _read_sketch(sketch: object) -> Sketch:
    """Read an uploaded drawing. Raises SettingError or SketchError."""
    return read_image(_find_uploaded_file(sketch, "drawing"))


def _find_uploaded_file(file: object, what: str) -> Path:
    """Return the uploaded file's path; Gradio checks only dictionaries that carry its mark, so others are refused.

    Raises SettingError that begins with `what` the file shows.
    """
    if not is_file_obj_with_meta(file) or not isinstance(file, Mapping):
        raise SettingError(
            f"The {what} is an uploaded image file: send it with the client's handle_file(), or upload it to "
            f'/gradio_api/upload and send {{"path": ..., "meta": {{"_type": "gradio.FileData"}}}}. '
            f"{type(file).__name__} came."
        )
    if not is_in_or_equal(str(file["path"]), get_upload_folder()):
        raise SettingError(f"The {what} is a file that was uploaded here; this path is not one.")
    return Path(file["path"])


def _name_uploaded_file(file: object) -> str:
    """Return what an uploaded file was called where it came from."""
    return str(file.get("orig_name") or "picture") if isinstance(file, Mapping) else "picture"


def _encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """Return an edge map, or a hint, as the bytes of a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()
