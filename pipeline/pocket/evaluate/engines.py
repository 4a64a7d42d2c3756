"""Load what the trials draw with: the program's engine, timed, and diffusers' own pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from pipeline.models.profile import ModelProfile
from pipeline.pocket.evaluate.bench import Draw
from pipeline.pocket.evaluate.measures import Figure, Pixels, summarise_median
from pipeline.prompt_syntax import Prompt
from pipeline.values import GenerationRequest, StyleMix

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine
    from pipeline.styles.library import StyleLibrary


class TimedDrawing:
    """TimedDrawing draws with an engine and times every picture.

    It remembers the milliseconds of each picture with the usual number of steps.
    """

    def __init__(self, engine: Engine, usual_steps: int) -> None:
        self._engine, self._usual = engine, usual_steps
        self.milliseconds: list[float] = []

    def __call__(self, request: GenerationRequest) -> Pixels:
        drawn = self._engine.draw(request)
        if request.sampling.num_inference_steps == self._usual:
            self.milliseconds.append(sum(drawn.milliseconds.values()))
        return np.asarray(drawn.images[0].convert("RGB"))

    @property
    def figure(self) -> Figure:
        # The first picture pays for warming up.
        """Return the median of all pictures but the first, which pays for warming up."""
        return summarise_median("milliseconds per picture, all trials (median)", self.milliseconds[1:])


def load_diffusers_drawing(profile: ModelProfile, weights: Path, engine: Engine) -> Draw:
    """Load diffusers' StableDiffusionControlNetPipeline on the engine's files, device and dtype.

    Style embeddings come ready from the engine, so that only the pipeline's own work is timed.
    """
    import torch

    from pipeline.engine.diffusers_pipeline import LOADED_PARTS, load_pipeline
    from pipeline.models.locate import locate_part

    located = {role: locate_part(profile, role, weights) for role in LOADED_PARTS}
    pipeline = load_pipeline(profile, located, engine.dtype).to(engine.device)
    pipeline.set_progress_bar_config(disable=True)

    def draw(request: GenerationRequest) -> Pixels:
        style = torch.stack([share * engine.embed_style(one) for one, share in request.styles.parts]).sum(0)
        embeds = style[None].to(engine.device, engine.dtype)
        pipeline.set_ip_adapter_scale(request.conditioning.ip_adapter_scale)
        picture = pipeline(
            prompt=request.styled_prompt.written,
            negative_prompt=request.negative_prompt.text,
            image=Image.fromarray(request.edges.pixels).convert("RGB"),
            width=request.width,
            height=request.height,
            num_inference_steps=request.sampling.num_inference_steps,
            guidance_scale=request.sampling.guidance_scale,
            controlnet_conditioning_scale=float(request.conditioning.controlnet_conditioning_scale),
            ip_adapter_image_embeds=[torch.cat([torch.zeros_like(embeds), embeds])],
            generator=torch.Generator().manual_seed(request.sampling.seed),
        ).images[0]
        return np.asarray(picture)

    return draw


def find_usual_mix(library: StyleLibrary, weights: Path, cache: Path) -> StyleMix:
    """Find the mix of styles that the program gives a prompt that names none."""
    from pipeline.styles.encoders import PocketEncoder
    from pipeline.styles.search import StyleSearch

    search = StyleSearch(library, PocketEncoder(weights / "image_encoder"), cache)
    return search.choose_mix(search.find(Prompt("a fox")))


def change_defaults(profile: ModelProfile, changed: Sequence[str]) -> ModelProfile:
    """Change the profile's defaults by texts "name=value"."""
    values = dict(part.split("=", 1) for part in changed)
    return replace(profile, defaults={**profile.defaults, **{name: float(value) for name, value in values.items()}})
