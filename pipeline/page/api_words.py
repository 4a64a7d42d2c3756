"""Document the endpoints: what inputs and answers mean, in the words that /info gives."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import gradio as gr

from pipeline.controls import CONTROLS, Shortcuts
from pipeline.request.samplers import MASKGIT, SAMPLERS
from pipeline.styles.search import MOST_MATCHES

FILE_INFO = gr.FileData.model_json_schema() | {"description": ""}  # without the description of Gradio's class

SHORTCUTS = tuple(field.name for field in fields(Shortcuts))
INPUT_MEANINGS = {
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
    "sampler": f'One of {", ".join((*SAMPLERS, MASKGIT))}, as far as the engine offers it; "auto": the preset\'s.',
    "style_focus": '"style" wears colours and brushwork only, "style + layout" placing too, "whole" everything.',
    "width": "Pixels across.",
    "height": "Pixels down.",
    "count": "1 to 4 pictures from seed, seed + 1, ...; from 2 on, details.pictures lists all of them.",
    "mask": "Image file, white where the picture is to wear the styles of mask_style; it lies over the drawing.",
    "mask_style": "The styles of the masked part, written as in style. The pocket engine alone draws two mixes.",
    "levers": f"Object with any of these in place of the preset's: {', '.join(SHORTCUTS)}.",
} | {control.name: f"{control.info} {control.minimum:.10g} to {control.maximum:.10g}." for control in CONTROLS}
INPUT_MEANINGS |= {"engine": 'Which engine to plan for, "pocket" or "sd15"; it need not be loaded.'}
ANSWER_MEANINGS = {
    "draw": {"picture": "PNG file with its recipe inside.", "details": "Seed, engine, size, styles, milliseconds, ..."},
    "read_edges": {"edges": "PNG file."},
    "find_styles": {"matches": "Similarity from -1 to 1."},
    "styles": {"styles": "Every style."},
    "add_style": {"style": "The new style."},
    "remove_style": {"style": "The style that is gone."},
    "plan_memory": {"plan": "Bytes for each mode, what fits here, and how near plans came to measurements."},
}
ENGINE_DEFAULT = " Without it, what suits the engine."


def document_endpoint(registered: Any, function: Callable[..., Any]) -> None:
    """Name and explain what goes in and what comes out, which gr.api would call 1st, 2nd, ..."""
    hints = [(name, hint) for name, hint in function.__annotations__.items() if name != "return"]
    for block, (name, hint) in zip(registered.inputs, hints, strict=True):
        default = ENGINE_DEFAULT if hint in (int | None, float | None) else ""
        schema = FILE_INFO if hint in (gr.FileData, gr.FileData | None) else block._api_info
        block.label, block._api_info = name, {**schema, "additional_description": INPUT_MEANINGS[name] + default}
    for block, (name, meaning) in zip(registered.outputs, ANSWER_MEANINGS[function.__name__].items(), strict=True):
        schema = FILE_INFO if "path" in block._api_info.get("properties", ()) else block._api_info
        block.label, block._api_info = name, {**schema, "description": meaning}
