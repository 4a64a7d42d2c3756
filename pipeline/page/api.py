"""The named endpoints: what Python, JavaScript, curl and MCP clients call.

No `from __future__ import annotations` here: gr.api reads the annotations themselves.
"""

import functools
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Literal, TypedDict, TypeVar

import gradio as gr
from gradio.context import Context
from gradio.events import api
from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder, is_in_or_equal
from gradio_client.utils import is_file_obj_with_meta
from PIL import Image

from pipeline.controls import BATCH, CONTROLS, Shortcuts, expect_number, flatten_settings
from pipeline.errors import EngineChanged, SettingError
from pipeline.page.guard import guard_inputs
from pipeline.page.memory_panel import plan_memory_modes
from pipeline.page.messages import explain_error
from pipeline.request.order import parse_count, parse_order, parse_prompt, parse_reading, parse_thresholds
from pipeline.request.samplers import SAMPLERS
from pipeline.sketch.image_file import open_image
from pipeline.sketch.intake import read_image
from pipeline.studio.studio import MATCHES_SHOWN, Studio
from pipeline.styles.search import MOST_MATCHES
from pipeline.values import EdgeMap, GenerationResult, Sketch, Style, StyleMatch

T = TypeVar("T")
AT_ONCE = 16  # calls that may be checked and refused while the engine draws; it draws one at a time
FILE_INFO = gr.FileData.model_json_schema() | {"description": ""}  # without the description of Gradio's class

SHORTCUTS = tuple(field.name for field in fields(Shortcuts))
ABOUT = {
    "sketch": "Image file of the drawing: 64 to 4096 px a side, at most 16 megapixels and 20 MB.",
    "prompt": "What the drawing shows, and in which style if you care; at most 1,000 characters. (word:1.2) and "
    r"((word)) weigh more, (word:0.8) and [word] less, from 0 to 3; \( is a bracket.",
    "negative_prompt": "What the picture should not show; weights as in the prompt.",
    "style": 'A style\'s id as /styles gives it, several as "ghibli:0.6,comic:0.4", or "auto": the search chooses.',
    "reading": '"lines" for drawings, "canny" for photographs and shaded pictures, "auto" to let Croquis see.',
    "image": "Image file in the style: 64 to 4096 px a side; its middle square is kept.",
    "name": "What to call the style.",
    "words": "Phrases that describe the look, with commas between them; they are searched too.",
    "k": f"How many styles, 1 to {MOST_MATCHES}.",
    "preset": '"draft", "balanced" or "best": how much work the picture gets; sets what is left out below.',
    "sampler": f'One of {", ".join(SAMPLERS)}, as far as the engine offers it; "auto": the preset\'s.',
    "style_focus": '"style" wears colours and brushwork only, "style + layout" placing too, "whole" everything.',
    "width": "Pixels across.",
    "height": "Pixels down.",
    "count": "1 to 4 pictures from seed, seed + 1, ...; from 2 on, details.pictures lists all of them.",
    "levers": f"Object with any of these in place of the preset's: {', '.join(SHORTCUTS)}.",
} | {control.name: f"{control.info} {control.minimum:.10g} to {control.maximum:.10g}." for control in CONTROLS}
ABOUT |= {"engine": 'Which engine to plan for, "pocket" or "sd15"; it need not be loaded.'}
ANSWERS = {
    "draw": {"picture": "PNG file with its recipe inside.", "details": "Seed, engine, size, styles, milliseconds, ..."},
    "read_edges": {"edges": "PNG file."},
    "find_styles": {"matches": "Similarity from -1 to 1."},
    "styles": {"styles": "Every style."},
    "add_style": {"style": "The new style."},
    "remove_style": {"style": "The style that is gone."},
    "plan_memory": {"plan": "Bytes for each mode, what fits here, and how near plans came to measurements."},
}
ENGINE_DEFAULT = " Without it, what suits the engine."


class FoundStyle(TypedDict):
    id: str
    name: str
    similarity: float  # [-1, 1]


def register_api(studio: Studio) -> None:
    """Add every endpoint to the gr.Blocks that is being built, and guard all of its inputs."""
    blocks = Context.root_block
    if blocks is None:
        raise RuntimeError("register_api is called inside `with gr.Blocks()`.")
    guard_inputs(blocks)
    endpoints = Endpoints(studio)
    for function in (
        endpoints.draw,
        endpoints.read_edges,
        endpoints.find_styles,
        endpoints.styles,
        endpoints.add_style,
        endpoints.remove_style,
        endpoints.plan_memory,
    ):
        made = api(function, api_name=function.__name__, concurrency_limit=AT_ONCE, concurrency_id="api")
        _document(blocks.fns[made["id"]], function)
        if made["api_name"] != function.__name__:
            raise RuntimeError(f"Another event is called {function.__name__}: call register_api before it is made.")


def spoken(function: Callable[..., Any]) -> Callable[..., Any]:
    """An endpoint whose errors are messages: ours as they are, any other as a calm one, with the log told all."""

    @functools.wraps(function)
    def speaking(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            message = explain_error(error).encode("utf-8", "replace").decode()  # half a surrogate cannot be sent
            raise gr.Error(message, print_exception=False) from None

    return speaking


class Endpoints:
    """One method per endpoint; its signature and docstring are the endpoint's documentation."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    @spoken
    def draw(
        self,
        sketch: gr.FileData,
        prompt: str,
        negative_prompt: str = "",
        style: str = "auto",
        reading: Literal["auto", "lines", "canny"] = "auto",
        canny_low: int = 50,
        canny_high: int = 150,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        ip_adapter_scale: float | None = None,
        controlnet_conditioning_scale: float | None = None,
        seed: int = -1,
        preset: str = "auto",
        sampler: str = "auto",
        style_focus: str = "auto",
        width: int | None = None,
        height: int | None = None,
        levers: dict[str, Any] | None = None,
        count: int = 1,
    ) -> tuple[gr.FileData, dict[str, Any]]:
        """A picture that follows the drawing, shows what the words say and wears the style.

        Returns a PNG file that carries its recipe, and details: the seed used, engine, size, styles with similarity
        and weight, reading used, milliseconds per stage. The same inputs and seed give the same bytes.
        """
        expect_number(BATCH, count)
        read = _read_sketch(sketch)
        results = once_more(
            lambda: self._studio.draw_batch(
                parse_order(
                    self._studio.profile,
                    sketch=read,
                    prompt=prompt,
                    negative_prompt=negative_prompt,
                    style=style,
                    reading=reading,
                    canny_low=canny_low,
                    canny_high=canny_high,
                    num_inference_steps=num_inference_steps,
                    guidance_scale=guidance_scale,
                    ip_adapter_scale=ip_adapter_scale,
                    controlnet_conditioning_scale=controlnet_conditioning_scale,
                    seed=seed,
                    preset=preset,
                    sampler=sampler,
                    style_focus=style_focus,
                    width=width,
                    height=height,
                    levers=levers,
                ),
                int(count),
            )
        )
        files = [self._studio.write(result) for result in results]
        served = [_served(file.read_bytes(), file.name) for file in files]
        return served[0], describe(results[0]) | _all_of(results, served)

    @spoken
    def read_edges(
        self,
        sketch: gr.FileData,
        reading: Literal["auto", "lines", "canny"] = "auto",
        canny_low: int = 50,
        canny_high: int = 150,
    ) -> gr.FileData:
        """The edge map that /draw would use, as a PNG file: white lines on black, at the picture's size."""
        choice = parse_reading(reading)
        low, high = parse_thresholds(canny_low, canny_high, self._studio.profile.defaults)
        edges = self._studio.read_edges(_read_sketch(sketch), choice, low, high)
        return _served(_png(edges), "edges.png")

    @spoken
    def find_styles(self, prompt: str, k: int = MATCHES_SHOWN) -> list[FoundStyle]:
        """The styles nearest to what the prompt says of the look, best first."""
        words, count = parse_prompt("The prompt", prompt), parse_count("k", k, 1, MOST_MATCHES)
        return [_found(match) for match in self._studio.find_styles(words, count).matches]

    @spoken
    def styles(self) -> list[dict[str, Any]]:
        """Every style there is, those that came with Croquis first."""
        return [_described(style) for style in self._studio.library.all()]

    @spoken
    def add_style(self, image: gr.FileData, name: str, words: str = "") -> dict[str, Any]:
        """Keep an image as a style; it is searchable at once and survives a restart. Returns the new style."""
        picture = open_image(_uploaded(image, "style's picture"), "style's picture")
        return _described(self._studio.add_style(picture, name, "" if words is None else words))

    @spoken
    def remove_style(self, style: str) -> dict[str, Any]:
        """Delete a style that was added; those that came with Croquis stay. Returns the style that is gone."""
        gone = self._studio.library.get(style)
        self._studio.remove_style(gone.id)
        return _described(gone)

    @spoken
    def plan_memory(self, engine: str = "sd15", width: int = 512, height: int = 512, count: int = 1) -> dict[str, Any]:
        """What pictures of an engine, size and number need in each memory mode, and what fits here; nothing is loaded.

        Our formula stands beside the published one, (weights + the largest stage) x 1.2.
        """
        return plan_memory_modes(
            engine, width, height, count, self._studio.settings.device, self._studio.settings.dtype
        )


def describe(result: GenerationResult) -> dict[str, Any]:
    """A picture's details as JSON."""
    request = result.request
    return {
        "seed": request.sampling.seed,
        "engine": request.engine,
        "size": [request.width, request.height],
        "styles": _worn(result),
        "reading": request.edges.reading,
        **{name: value for name, value in flatten_settings(request).items() if name != "seed"},
        "levers": asdict(request.shortcuts),
        "milliseconds": dict(result.milliseconds),
        "notices": list(result.notices),
        "safety": _safety(result),
        "revisions": dict(result.revisions),
    }


def _safety(result: GenerationResult) -> dict[str, Any]:
    """What the safety checker said; a withheld picture's file shows the drawing on a card that says so."""
    verdict = result.verdict
    return {
        "checked": verdict is not None,
        "withheld": bool(verdict and verdict.withheld),
        "words": verdict.words if verdict else None,
    }


def _all_of(results: Sequence[GenerationResult], served: Sequence[gr.FileData]) -> dict[str, Any]:
    """Every picture of a batch with its seed, as files that the clients fetch by themselves; nothing for one."""
    if len(results) == 1:
        return {}
    return {
        "pictures": [
            {"seed": result.request.sampling.seed, "picture": file.model_dump(), "safety": _safety(result)}
            for result, file in zip(results, served, strict=True)
        ]
    }


def _worn(result: GenerationResult) -> list[dict[str, Any]]:
    """The styles worn, heaviest first, then those only found. Similarity is null where nothing was searched."""
    similarity = {match.style.id: round(match.similarity, 4) for match in result.matches}
    weights = {style.id: weight for style, weight in result.request.styles.parts}
    names = {style.id: style.name for style, _ in result.request.styles.parts}
    names |= {match.style.id: match.style.name for match in result.matches}
    ids = sorted(names, key=lambda id: (-weights.get(id, 0.0), -similarity.get(id, -1.0)))
    return [
        {"id": id, "name": names[id], "similarity": similarity.get(id), "weight": weights.get(id, 0.0)} for id in ids
    ]


def _found(match: StyleMatch) -> FoundStyle:
    return FoundStyle(id=match.style.id, name=match.style.name, similarity=round(match.similarity, 4))


def _described(style: Style) -> dict[str, Any]:
    return {
        "id": style.id,
        "name": style.name,
        "words": list(style.words),
        "template": style.template,
        "licence": style.licence,
        "credit": style.credit,
        "builtin": style.builtin,
    }


def _read_sketch(sketch: object) -> Sketch:
    return read_image(_uploaded(sketch, "drawing"))


def _uploaded(file: object, what: str) -> Path:
    """The uploaded file's path. Gradio checks only dictionaries that carry its mark; we take no others."""
    if not is_file_obj_with_meta(file) or not isinstance(file, Mapping):
        raise SettingError(
            f"The {what} is an uploaded image file: send it with the client's handle_file(), or upload it to "
            f'/gradio_api/upload and send {{"path": ..., "meta": {{"_type": "gradio.FileData"}}}}. '
            f"{type(file).__name__} came."
        )
    if not is_in_or_equal(str(file["path"]), get_upload_folder()):
        raise SettingError(f"The {what} is a file that was uploaded here; this path is not one.")
    return Path(file["path"])


def _served(data: bytes, name: str) -> gr.FileData:
    """A file of these very bytes that clients can fetch."""
    return gr.FileData(path=save_bytes_to_cache(data, name, get_upload_folder()), orig_name=name, mime_type="image/png")


def _png(edges: EdgeMap) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(edges.pixels).save(stream, "PNG")
    return stream.getvalue()


def _document(registered: Any, function: Callable[..., Any]) -> None:
    """Name and explain what goes in and what comes out, which gr.api would call 1st, 2nd, ..."""
    hints = [(name, hint) for name, hint in function.__annotations__.items() if name != "return"]
    for block, (name, hint) in zip(registered.inputs, hints, strict=True):
        late = ENGINE_DEFAULT if hint in (int | None, float | None) else ""
        schema = FILE_INFO if hint is gr.FileData else block._api_info
        block.label, block._api_info = name, {**schema, "additional_description": ABOUT[name] + late}
    for block, (name, meaning) in zip(registered.outputs, ANSWERS[function.__name__].items(), strict=True):
        schema = FILE_INFO if "path" in block._api_info.get("properties", ()) else block._api_info
        block.label, block._api_info = name, {**schema, "description": meaning}


def once_more(work: Callable[[], T]) -> T:
    """`work()`, and again where another engine took over in its middle: what it reads anew is that one's."""
    try:
        return work()
    except EngineChanged:
        return work()
