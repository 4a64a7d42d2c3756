"""Leave out one thing that a picture was made from, so that a person sees what each of them does."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from pipeline.prompt_syntax import Prompt
from pipeline.values import EdgeMap, GenerationRequest, Style, StyleMix

Part = Literal["style", "drawing", "words"]
PARTS: tuple[Part, ...] = get_args(Part)


def leave_out(request: GenerationRequest, part: Part, plain: Style) -> GenerationRequest:
    """Return the request without its style, its drawing or its words; seed and all else stay.

    `plain` is the style that stands for none.
    """
    request = replace(request, enlargement=1)
    if part == "style":
        return replace(
            request,
            styles=StyleMix(((plain, 1.0),)),
            mask=None,
            conditioning=replace(request.conditioning, ip_adapter_scale=0.0),
        )
    if part == "words":
        return replace(request, prompt=Prompt(""), negative_prompt=Prompt(""))
    return replace(
        request,
        edges=EdgeMap(np.zeros_like(request.edges.pixels), request.edges.reading),
        colours=None,
        repaints=(),
        start=None,
        conditioning=replace(request.conditioning, controlnet_conditioning_scale=0.0, lines=0.0),
    )
