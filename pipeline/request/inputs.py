"""List the inputs of a drawing once: names, types, defaults and meanings, as every way into Croquis takes them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from pipeline.controls import CONTROL_BY_NAME, Shortcuts
from pipeline.errors import SettingError
from pipeline.hints import CONTROLNET_NAMES
from pipeline.hires import UPSCALERS
from pipeline.request.faithfulness import FAITHFULNESS
from pipeline.request.notation import MAX_COLOURS, name_kind
from pipeline.request.samplers import MASKGIT, SAMPLERS

SHORTCUTS = tuple(field.name for field in fields(Shortcuts))
ENGINE_DEFAULT = " Without it, what suits the engine."


class ImageFile:
    """ImageFile stands for the type of an input that is an image file, however it comes."""


@dataclass(frozen=True)
class Input:
    """Input describes one value that a caller may send."""

    name: str
    kind: (
        Any  # the type that a caller sends: str, int, float | None, a Literal, dict[str, Any] | None, ImageFile | None
    )
    default: object
    meaning: str  # one or two sentences

    @property
    def is_file(self) -> bool:
        """Whether it is an image file."""
        return bool(self.kind == ImageFile | None)

    @property
    def is_object(self) -> bool:
        """Whether it is a JSON object."""
        return bool(self.kind == dict[str, Any] | None)

    @property
    def number(self) -> type[int] | type[float] | None:
        """The kind of number that it is, None where it is none."""
        if self.kind in (int, int | None):
            return int
        return float if self.kind in (float, float | None) else None


def make_number(name: str, kind: Any, default: float | None = None) -> Input:
    """Return the input of the control of that name, its range in the meaning."""
    control = CONTROL_BY_NAME[name]
    limits = f"{control.info} {control.minimum:.10g} to {control.maximum:.10g}."
    return Input(name, kind, default, limits + (ENGINE_DEFAULT if default is None else ""))


DRAW_INPUTS = (  # in the order in which /draw takes them: new ones stand behind the others
    Input(
        "sketch",
        ImageFile | None,
        None,
        "Image file of the drawing: 64 to 4096 px a side, at most 16 megapixels and 20 MB.",
    ),
    Input(
        "prompt",
        str,
        "",
        "What the drawing shows, and in which style if you care; at most 1,000 characters. (word:1.2) and ((word)) "
        r"weigh more, (word:0.8) and [word] less, from 0 to 3; \( is a bracket.",
    ),
    Input("negative_prompt", str, "", "What the picture should not show; weights as in the prompt."),
    Input(
        "style",
        str,
        "auto",
        'A style\'s id as /styles gives it, several as "ghibli:0.6,comic:0.4", or "auto": the search chooses.',
    ),
    Input(
        "reading",
        Literal["auto", "lines", "canny"],
        "auto",
        '"lines" for drawings, "canny" for photographs and shaded pictures, "auto" to let Croquis see.',
    ),
    make_number("canny_low", int, 50),
    make_number("canny_high", int, 150),
    make_number("num_inference_steps", int | None),
    make_number("guidance_scale", float | None),
    make_number("ip_adapter_scale", float | None),
    make_number("controlnet_conditioning_scale", float | None),
    make_number("seed", int, -1),
    Input(
        "preset",
        str,
        "auto",
        '"draft", "balanced" or "best": how much work the picture gets; sets what is left out below.',
    ),
    Input(
        "sampler",
        str,
        "auto",
        f'One of {", ".join((*SAMPLERS, MASKGIT))}, as far as the engine offers it; "auto": the preset\'s.',
    ),
    Input(
        "style_focus",
        str,
        "auto",
        '"style" wears colours and brushwork only, "style + layout" placing too, "whole" everything.',
    ),
    Input(
        "width",
        int | None,
        None,
        "Pixels across. Without width and height they follow the canvas's proportions, else what suits the engine.",
    ),
    Input("height", int | None, None, "Pixels down; as width."),
    Input(
        "levers",
        dict[str, Any] | None,
        None,
        f"Object with any of these in place of the preset's: {', '.join(SHORTCUTS)}.",
    ),
    Input("count", int, 1, "1 to 4 pictures from seed, seed + 1, ...; from 2 on, details.pictures lists all of them."),
    make_number("lines", float | None),
    Input(
        "mask",
        ImageFile | None,
        None,
        "Image file over the drawing, white where the picture is to wear the styles of mask_style. On a transparent "
        "ground any colour counts; where black and white are painted, white.",
    ),
    Input(
        "mask_style",
        str,
        "",
        "The styles of the masked part, written as in style; the whole picture's are worn where it is black.",
    ),
    Input(
        "strokes",
        dict[str, Any] | None,
        None,
        "The drawing as the page's canvas keeps it, an object or its JSON text, in place of sketch. A picture beneath "
        "with a strength in its placement (version 4) is what is started from.",
    ),
    make_number("variation_seed", int, -1),
    make_number("variation_strength", float | None),
    Input(
        "palette",
        str,
        "",
        f'Colours to paint in, 1 to {MAX_COLOURS}: "#d9452f,#84c9ea", or with shares "#d9452f:0.6,#84c9ea:0.4". The '
        "pocket engine alone takes them; what the drawing has in colour stays.",
    ),
    Input(
        "mask_image",
        ImageFile | None,
        None,
        "Image file, white where mask_prompt gives other colours (pocket) or where image is drawn anew (Stable "
        "Diffusion: it is scaled to image's size); all else stays. Transparency is read as mask's is.",
    ),
    Input(
        "mask_prompt",
        str,
        "",
        'What the part under mask_image is to become: "blue", "a red roof". Stable Diffusion draws the prompt without.',
    ),
    Input("enlargement", int, 1, "1, 2 or 4 times width and height, up to 2048 px a side; a network adds the pixels."),
    make_number("colour_strength", float | None),
    Input("faithfulness", float | None, None, FAITHFULNESS.info),
    Input(
        "loras",
        str,
        "",
        'LoRAs of the host\'s own by their names, with weights: "ink:0.8,glow:0.5"; <lora:ink:0.8> in the prompt does '
        "the same. /own_files lists them; Stable Diffusion alone takes them.",
    ),
    Input(
        "image",
        ImageFile | None,
        None,
        "Image file to start from in place of noise, with the drawing's proportions; it is the drawing too where no "
        "sketch came. Stable Diffusion takes one beside the drawing.",
    ),
    make_number("strength", float | None),
    Input(
        "controlnets",
        dict[str, Any] | None,
        None,
        'Object such as {"depth": 0.6, "canny": 1}: what reads the drawing for sd15, how strongly, of '
        f"{', '.join(CONTROLNET_NAMES)}. Without it Croquis chooses.",
    ),
    Input(
        "ip_adapter",
        str,
        "auto",
        'What looks at the style for sd15: "plus" sees its picture patch by patch, a name a file of the host\'s own; '
        '"auto": it is seen as a whole.',
    ),
    make_number("clip_skip", int | None),
    Input(
        "hires",
        dict[str, Any] | None,
        None,
        'Object such as {"scale": 2, "strength": 0.45, "num_inference_steps": 10, "upscaler": "waifu2x"}: sd15 draws '
        f"smaller first, enlarges by {', '.join(UPSCALERS)} and redraws; scale 1 draws at once.",
    ),
    Input(
        "margins",
        dict[str, Any] | None,
        None,
        'Object such as {"left": 128, "right": 128}, of left, top, right, bottom: px that come to image and are drawn '
        "by sd15; width and height are then the whole's. pocket gives the drawing a larger sheet.",
    ),
)
INPUT_BY_NAME: Mapping[str, Input] = {each.name: each for each in DRAW_INPUTS}


def read_text(name: str, text: str) -> object:
    """Turn the text of a form's field or of a command line's option into the number that the input takes.

    What is no number's stays text. Raises SettingError that names the input and what came.
    """
    number = INPUT_BY_NAME[name].number
    if number is None:
        return text
    if not text.strip():
        return INPUT_BY_NAME[name].default
    try:
        return number(text)
    except ValueError:
        label = CONTROL_BY_NAME[name].label if name in CONTROL_BY_NAME else name.capitalize()
        kind = "whole number" if number is int else "number"
        raise SettingError(f"{label} ({name}) is a {kind}; {text[:40]!r} came.") from None


def is_file_input(name: str) -> bool:
    """Return whether there is an input of that name and it is an image file."""
    return name in INPUT_BY_NAME and INPUT_BY_NAME[name].is_file


def decode_file(name: str, text: object) -> bytes | None:
    """Decode a file's base64, or a data URL of it. Raises SettingError that names the input for anything else."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise SettingError(f"{name} is an image file as base64 text; {name_kind(text)} came.")
    coded = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode("".join(coded.split()), validate=True)
    except (binascii.Error, ValueError):
        raise SettingError(f"{name} is an image file as base64 text; what came is not base64.") from None
