"""Draw the pictures of a request with the pocket model: region colours, inking, painters, all on the processor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pipeline.colours.drift import drift_colours
from pipeline.colours.palette import Palette, make_palette
from pipeline.colours.region_colours import propose_colours
from pipeline.colours.repainting import find_meant_colours, find_part, lay_part, repaint
from pipeline.colours.said import Said, hear_said_colours
from pipeline.colours.transport import spend_colours
from pipeline.colours.words import join_palettes
from pipeline.engine.drawing_engine import DrawingEngine, OnStep
from pipeline.engine.ink import find_drawing, is_started, read_painted
from pipeline.engine.photographs import expect_decent, list_photographs
from pipeline.engine.pocket_model import OnProgress, PocketModel, load_pocket_model
from pipeline.engine.preview import PREVIEW_SIDE
from pipeline.engine.styling import Asked, StylePainter
from pipeline.errors import IsCancelled, look_for_cancel
from pipeline.inking.ink import ink_drawing
from pipeline.inking.started import Start, ink_started
from pipeline.machine.torch_threads import use_threads
from pipeline.models.profile import ModelProfile
from pipeline.prompt_syntax import Prompt, escape
from pipeline.sketch.edges import CANNY, is_textured
from pipeline.sketch.plain_colours import find_plain_colours
from pipeline.timing import Clock
from pipeline.values import Drawn, GenerationRequest, PaintedColours, Painting, StepPreview

THREADS = 1  # of torch: its layers are so small that waking a second thread costs more than it takes over


@dataclass(frozen=True, eq=False)
class Heard:
    """Heard is what the network hears of a request's words, each (1, tokens, 384)."""

    wanted: Tensor
    unwanted: Tensor
    said: Said | None = None  # the colour words of what is wanted
    usual: tuple[Palette, ...] = ()  # of the things in it, unless the person chose other colours


class PocketEngine(DrawingEngine):
    """PocketEngine holds the pocket model. It draws one request at a time; the others wait."""

    def __init__(self, profile: ModelProfile, model: PocketModel, safety: bool = False) -> None:
        super().__init__(profile)
        self._model, self._looks_at_photographs = model, safety

    @classmethod
    def load(
        cls,
        profile: ModelProfile,
        *,
        folder: Path | None = None,
        safety: bool = False,
        on_progress: OnProgress | None = None,
    ) -> PocketEngine:
        """Find, check and load the profile's files, from `folder` or the profile's home; `safety` looks at photographs
        before anything is drawn from them.

        Raises ModelError for missing or damaged files.
        """
        report = on_progress or (lambda stage, fraction: None)
        engine = cls(profile, load_pocket_model(profile, folder, report), safety)
        report("Ready", 1.0)
        return engine

    @property
    def device(self) -> torch.device:
        """Return where pictures are drawn: the processor, on every machine."""
        return torch.device("cpu")

    @property
    def revisions(self) -> Mapping[str, str]:
        """Return the hash of each model part, by its role."""
        return MappingProxyType(dict(self._model.revisions))

    @property
    def present_revisions(self) -> Mapping[str, str]:
        """Return the same: this engine draws in one number format only."""
        return self.revisions

    def draw(
        self,
        request: GenerationRequest,
        count: int = 1,
        *,
        on_step: OnStep | None = None,
        is_cancelled: IsCancelled | None = None,
        gives_way: bool = False,
    ) -> Drawn:
        """Draw the pictures of `request.batch(count)` one after the other; previews show the first.

        One that `gives_way` waits until nobody else does.

        Raises SettingError for a request made for another engine or size, StyleError for a broken style picture,
        SketchError for a photograph that is taken for an indecent one, ModelError where what checks them is missing,
        Cancelled within one step, or one stage of inking or a painter, of `is_cancelled()` turning true, EngineChanged
        once it is retired.
        """
        self._expect_drawable(request)
        with self._take_turn(request, is_cancelled, gives_way), torch.inference_mode(), use_threads(THREADS):
            look_for_cancel()
            clock = Clock(self.device)
            if self._looks_at_photographs and (photographs := list_photographs(request)):
                expect_decent(photographs)
                clock.mark("safety")
                look_for_cancel()
            words = self._encode_words(request)
            clock.mark("words")
            look_for_cancel()
            drawing, painted, start = find_drawing(request), read_painted(request), read_start(request)
            asked = Asked.read(request.prompt.words, painted.mask)
            clock.mark("drawing")
            images = []
            for n, each in enumerate(request.batch(count)):
                show = Previews(request, on_step) if on_step is not None and n == 0 else None
                field, kept = self._choose_colours(each, painted, words, show, is_cancelled)
                clock.mark("steps")
                painting = ink_request(each, drawing, start, field, kept)
                look_for_cancel()
                clock.mark("inking")
                images.append(self._repaint(each, painting, paint_styles(each, painting, asked), asked))
                clock.mark("picture")
            return Drawn(tuple(images), clock.milliseconds, self._list_unread_words(request), "")

    def _encode_words(self, request: GenerationRequest) -> Heard:
        """Encode what is wanted and what is not: words, then the palettes of things in them."""
        wanted, unwanted = (self._model.encode_prompt(prompt) for prompt in (request.prompt, request.negative_prompt))
        things = self._model.palettes.find(request.prompt.words)
        palettes = [*list_chosen_palettes(request), *things]
        said = self._encode_said_colours(request.prompt, palettes)
        usual = () if request.palette else tuple(things)
        return Heard(join_palettes(wanted, palettes), join_palettes(unwanted, ()), said, usual)

    def _encode_said_colours(self, prompt: Prompt, palettes: Sequence[Palette]) -> Said | None:
        """Encode the prompt once for each of its colour words, with another in its place; None without any."""
        if any(part.weight < 1 for part in prompt.parts):
            return None

        def encode(words: str) -> Tensor:
            return join_palettes(self._model.encode_prompt(Prompt(escape(words))), palettes)

        return hear_said_colours(prompt.words, encode, self._model.encode_prompt.encode_sentences)

    def _list_unread_words(self, request: GenerationRequest) -> tuple[str, ...]:
        """Return a notice, in words for the page, for each prompt of the request that is not read to its end."""
        encoder = self._model.encode_prompt
        unread = encoder.describe_unread(request.negative_prompt, request.sampling.guidance_scale)
        return tuple(filter(None, (encoder.describe_cut(request.prompt), unread)))

    def _choose_colours(
        self,
        request: GenerationRequest,
        painted: PaintedColours,
        words: Heard,
        on_step: Callable[[int, int, NDArray[np.uint8]], None] | None,
        is_cancelled: IsCancelled | None,
    ) -> tuple[NDArray[np.float32], PaintedColours]:
        """Return what colour each place is to have, and the painted colours as far as they are kept.

        At a colour_strength of 0 the rest of the picture is as if nothing was painted; up to 1 both are mixed.
        """
        strength = request.conditioning.colour_strength
        if strength == 1 or not painted.mask.any():
            return self._propose_colours(request, painted, words, on_step, is_cancelled), painted
        nothing = PaintedColours.none(request.width, request.height)
        free = self._propose_colours(request, nothing, words, on_step, is_cancelled)
        kept = drift_colours(painted, free, strength)
        if strength == 0:
            return free, kept
        bound = self._propose_colours(request, painted, words, None, is_cancelled)
        return np.asarray(free + np.float32(strength) * (bound - free), np.float32), kept

    def _propose_colours(
        self,
        request: GenerationRequest,
        painted: PaintedColours,
        words: Heard,
        on_step: Callable[[int, int, NDArray[np.uint8]], None] | None = None,
        is_cancelled: IsCancelled | None = None,
    ) -> NDArray[np.float32]:
        """Return what colour each place of the drawing is to have: RGB in [0, 1], (256, 256, 3)."""
        proposal = propose_colours(
            self._model.network,
            request.edges.pixels,
            words.wanted,
            words.unwanted,
            request.sampling.seed,
            said=words.said,
            usual=words.usual,
            enclosed=self._model.enclosed,
            word_regions=self._model.word_regions,
            is_silent=not request.prompt.words.strip(),
            variation_seed=request.sampling.variation_seed,
            variation_strength=request.sampling.variation_strength,
            painted=painted,
            num_inference_steps=request.sampling.num_inference_steps,
            guidance_scale=request.sampling.guidance_scale,
            controlnet_conditioning_scale=request.conditioning.controlnet_conditioning_scale,
            on_step=on_step,
            is_cancelled=is_cancelled,
        )
        field = np.asarray(proposal.colours / np.float32(255), np.float32)
        return spend_colours(field, *read_palette(request)) if request.palette else field

    def _repaint(
        self, request: GenerationRequest, painting: Painting, picture: Image.Image, asked: Asked
    ) -> Image.Image:
        """Give the brushed parts of a finished picture their colours, one after the other; all else stays."""
        nothing = join_palettes(self._model.encode_prompt(Prompt("")), ())
        for part in request.repaints:
            look_for_cancel()
            things = self._model.palettes.find(part.prompt.words)
            heard = join_palettes(self._model.encode_prompt(part.prompt), things)
            propose = partial(self._propose_colours, request, words=Heard(heard, nothing))
            place = find_part(painting, part.pixels)
            if not place.area.any():
                continue
            painting = repaint(painting, place, propose, find_meant_colours(part.prompt.words, things))
            picture = lay_part(picture, paint_styles(request, painting, asked), place.area)
        return picture


def read_palette(request: GenerationRequest) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the request's colours to paint in, (n, 3) RGB, and their shares, (n,)."""
    colours = [tuple(bytes.fromhex(colour.removeprefix("#"))) for colour, _ in request.palette]
    return np.array(colours, np.uint8), np.array([share for _, share in request.palette], np.float32)


def list_chosen_palettes(request: GenerationRequest) -> list[Palette]:
    """Return what the network hears of the request's colours: they come before the palettes of things."""
    if not request.palette:
        return []
    colours, shares = read_palette(request)
    return [make_palette(colours, shares.tolist())]


def read_start(request: GenerationRequest) -> Start | None:
    """Read the picture that a request starts from; None where it starts from none."""
    if not is_started(request):
        return None
    picture = find_drawing(request)
    textured = is_textured(picture, *CANNY)
    return Start(picture, find_plain_colours(picture, textured), textured)


def ink_request(
    request: GenerationRequest,
    drawing: NDArray[np.uint8],
    start: Start | None,
    field: NDArray[np.float32],
    painted: PaintedColours,
) -> Painting:
    """Make the plain painting of a request's drawing, or of the picture that it starts from."""
    if start is not None:
        return ink_started(start, request.edges, field, 1 - request.conditioning.colour_strength)
    return ink_drawing(drawing, request.edges, field, painted)


def paint_styles(request: GenerationRequest, painting: Painting, asked: Asked) -> Image.Image:
    """Paint a plain painting in the request's styles, which keep the colours that were `asked` for where they can."""
    painter = StylePainter(painting, request.conditioning.lines, request.sampling.seed, asked)
    return painter.paint(request.styles, request.conditioning.ip_adapter_scale, request.mask)


class Previews:
    """Previews shows the colours of each step under the drawing's lines, small."""

    def __init__(self, request: GenerationRequest, on_step: OnStep) -> None:
        self._on_step = on_step
        scale = PREVIEW_SIDE / max(request.width, request.height)
        self._size = max(1, round(request.width * scale)), max(1, round(request.height * scale))
        lines = Image.fromarray(request.edges.pixels).resize(self._size, Image.Resampling.BOX)
        self._light = 1 - 0.7 * np.asarray(lines, np.float32)[..., None] / 255

    def __call__(self, step: int, of: int, colours: NDArray[np.uint8]) -> None:
        """Show the colours (h, w, 3) RGB after step `step` (from 1) of `of`."""
        small = np.asarray(Image.fromarray(colours).resize(self._size, Image.Resampling.BILINEAR), np.float32)
        self._on_step(StepPreview(step, of, Image.fromarray((small * self._light).astype(np.uint8))))
