"""Document the endpoints: what inputs and answers mean, in the words that /info gives."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from pipeline.request.inputs import DRAW_INPUTS
from pipeline.styles.search import MOST_MATCHES

FILE_INFO = gr.FileData.model_json_schema() | {"description": ""}  # without the description of Gradio's class

INPUT_MEANINGS = {
    "image": "Image file in the style: 64 to 4096 px a side; its middle square is kept.",
    "name": "What to call the style.",
    "pictures": "3 to 20 image files in the style, 64 to 4096 px a side.",
    "steps": "How long it learns, in steps; 0 leaves that to the number of pictures.",
    "action": "What to do with the style that is taught.",
    "words": "Phrases that describe the look, with commas between them; they are searched too.",
    "k": f"How many styles, 1 to {MOST_MATCHES}.",
    "controlnet_count": "How many ControlNets steer it at once, 0 to 6.",
    "few_steps": 'Few-step weights, such as "lcm"; "" for none.',
    "starts": "Whether it is drawn from a picture, a part of it anew included.",
    "new_style": "Whether the image encoder has to look at its style first.",
    "engine": 'Which engine to plan for, "pocket" or "sd15"; it need not be loaded.',
}
DRAW_MEANINGS = {each.name: each.meaning for each in DRAW_INPUTS}  # shared with endpoints that take the same inputs
ANSWER_MEANINGS = {
    "draw": {"picture": "PNG file with its recipe inside.", "details": "Seed, engine, size, styles, milliseconds, ..."},
    "read_edges": {"edges": "PNG file."},
    "read_hints": {"hints": "What each ControlNet is given, and what is wrong with it."},
    "find_styles": {"matches": "Similarity from -1 to 1."},
    "styles": {"styles": "Every style."},
    "own_files": {"files": "Names by kind, which are in use, and whether the engine that draws takes any."},
    "add_style": {"style": "The new style."},
    "remove_style": {"style": "The style that is gone."},
    "teach_style": {"teaching": "How far it is."},
    "teaching": {"teaching": "How far it is."},
    "plan_memory": {"plan": "Bytes for each mode, what fits here, and how near plans came to measurements."},
}


def document_endpoint(registered: Any, function: Callable[..., Any]) -> None:
    """Name and explain what goes in and what comes out, which gr.api would call 1st, 2nd, ..."""
    hints = [(name, hint) for name, hint in function.__annotations__.items() if name != "return"]
    meanings = DRAW_MEANINGS if function.__name__ == "draw" else DRAW_MEANINGS | INPUT_MEANINGS
    for block, (name, hint) in zip(registered.inputs, hints, strict=True):
        schema = FILE_INFO if hint in (gr.FileData, gr.FileData | None) else block._api_info
        block.label, block._api_info = name, {**schema, "additional_description": meanings[name]}
    for block, (name, meaning) in zip(registered.outputs, ANSWER_MEANINGS[function.__name__].items(), strict=True):
        schema = FILE_INFO if "path" in block._api_info.get("properties", ()) else block._api_info
        block.label, block._api_info = name, {**schema, "description": meaning}
