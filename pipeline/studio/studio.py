"""Go the whole way from an order to a picture: styles, edges, engine, safety and file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from pipeline.errors import StyleError
from pipeline.picture.outputs import Outputs
from pipeline.picture.recipe import Reopened, explain_difference
from pipeline.prompt_syntax import Prompt
from pipeline.request.completion import build_request
from pipeline.request.order import Order
from pipeline.settings import Settings
from pipeline.store.facts import gather_facts
from pipeline.studio.enlarging import enlarge_result
from pipeline.studio.loader import Loader
from pipeline.studio.opening import Openers, expect_engine
from pipeline.studio.outcome import is_withheld, make_results
from pipeline.studio.own_weights import FoundWeights, find_adapter, find_restored, find_weights
from pipeline.studio.parts import fit_part, fit_start, lay_margins, take_drawing
from pipeline.studio.readings import HintReader, Hints, SeenHint
from pipeline.studio.step_times import StepTimes
from pipeline.studio.style_choice import StyleChoice, explain_choice, explain_language
from pipeline.studio.teacher import Teacher
from pipeline.styles.lent import LentStyles, keep_style
from pipeline.styles.lexicon import read_names
from pipeline.timing import StageTimer
from pipeline.values import (
    EdgeMap,
    GenerationRequest,
    GenerationResult,
    ReadingChoice,
    Repaint,
    Sketch,
    StepPreview,
    Style,
    StyleMask,
    StyleMix,
)

if TYPE_CHECKING:
    from pipeline.picture.carried_styles import CarriedStyle
    from pipeline.styles.search import Finding
MATCHES_SHOWN = 5


class Studio(Loader):
    """Studio joins library, search and engine of one process; every method waits for what it needs.

    Safe to call from many threads. Raises StyleError when the styles that come with Croquis are missing or broken.
    """

    def __init__(self, settings: Settings, openers: Openers | None = None) -> None:
        super().__init__(settings, openers)
        self.outputs = Outputs(settings.outputs, settings.c2pa)
        self.lent_folder = settings.caches / "lent"
        self.lent = LentStyles(self.library.find_lora, self.lent_folder)
        self.step_times = StepTimes()
        self._hint_reader = HintReader(settings, self.own_files)
        self.teacher = Teacher(self)

    def draw(
        self,
        order: Order,
        *,
        on_step: Callable[[StepPreview], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> GenerationResult:
        """Go the whole way from an order to a picture.

        `on_step` is called in this thread after each step; `is_cancelled` is asked before each and ends in Cancelled.
        """
        return self.draw_batch(order, 1, on_step=on_step, is_cancelled=is_cancelled)[0]

    def draw_batch(
        self,
        order: Order,
        count: int,
        *,
        on_step: Callable[[StepPreview], None] | None = None,
        on_result: Callable[[GenerationResult], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> list[GenerationResult]:
        """Draw `count` pictures, from the order's seed and those that follow it; `on_result` is called with each as
        soon as it is there.
        """
        expect_engine(order.engine, self.profile)
        timer = StageTimer()
        with self.preparing.take(is_cancelled=is_cancelled):
            with timer("search"):
                choice = self.choose_style(order)
            with timer("edges"):
                edges = self.read_lines(order)
                read = self.read_hints(order, edges)
                faults = self.find_reading_faults(order.sketch, edges) + read.notices
            own = self.find_weights(order)
            inner = replace(self.make_request(order, edges, choice.mix, own), hints=read.hints)
            request = lay_margins(inner, order.margins)

        def complete(result: GenerationResult) -> GenerationResult:
            return replace(
                result,
                matches=choice.matches,
                notices=faults + order.sketch.notices + order.notices + own.notices + choice.notices + result.notices,
                milliseconds=timer.milliseconds | dict(result.milliseconds),
                canvas=order.sketch.canvas,
            )

        show = None if on_result is None else lambda made: on_result(complete(made))
        self.measurements.note_stages(request.engine, timer.milliseconds)
        results = self.redraw_batch(
            request, count, on_step=on_step, on_result=show, is_cancelled=is_cancelled, prepared=timer.milliseconds
        )
        return [complete(result) for result in results]

    def read_hints(self, order: Order, edges: EdgeMap) -> Hints:
        """Read the drawing for the ControlNets that steer its picture. Raises as HintReader.read does."""
        return self._hint_reader.read(order, edges, self.profile)

    def look_at_hints(self, order: Order, edges: EdgeMap) -> tuple[SeenHint, ...]:
        """Read what the ControlNets of an order, its lines read, would see, and draw nothing. Raises SketchError."""
        return self._hint_reader.look(order, edges, self.profile)

    def find_weights(self, order: Order) -> FoundWeights:
        """Find the LoRAs, textual inversions and adapter of an order. Raises SettingError for one that is not here."""
        found = find_weights(self.own_files, order.engine, order.loras, (order.prompt, order.negative_prompt))
        return replace(found, adapter=find_adapter(self.own_files, order.engine, order.conditioning.ip_adapter))

    def make_request(
        self, order: Order, edges: EdgeMap, mix: StyleMix, own: FoundWeights | None = None
    ) -> GenerationRequest:
        """Make the complete request of an order, its lines read and its styles chosen."""
        own = own or self.find_weights(order)
        request = build_request(
            order,
            edges,
            mix,
            colours=take_drawing(order),
            mask=self._take_mask(order),
            repaints=self._take_repaints(order),
            loras=own.loras,
            embeddings=own.embeddings,
            start=fit_start(order),
            own_adapter=own.adapter,
        )
        return self.engine.settle(request)

    def _take_mask(self, order: Order) -> StyleMask | None:
        """Return the part that wears other styles at the picture's size; None where there is none."""
        mask = order.mask
        return None if mask is None else StyleMask(fit_part(mask.pixels, order), self._find_mix(mask.style))

    def _take_repaints(self, order: Order) -> tuple[Repaint, ...]:
        """Return the part that gets other colours at the picture's size, if there is one."""
        part = order.repaint
        return () if part is None else (Repaint(fit_part(part.pixels, order), part.prompt),)

    def _find_mix(self, style: tuple[tuple[str, float], ...]) -> StyleMix:
        """Return the library's styles of these ids, with their weights. Raises StyleError for one that is not there."""
        return StyleMix(tuple((self.find_style(id), weight) for id, weight in style))

    def redraw(
        self,
        request: GenerationRequest,
        *,
        on_step: Callable[[StepPreview], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> GenerationResult:
        """Draw the picture of a complete request, such as one read back from a picture file."""
        return self.redraw_batch(request, 1, on_step=on_step, is_cancelled=is_cancelled)[0]

    def redraw_batch(
        self,
        request: GenerationRequest,
        count: int,
        *,
        on_step: Callable[[StepPreview], None] | None = None,
        on_result: Callable[[GenerationResult], None] | None = None,
        is_cancelled: Callable[[], bool] | None = None,
        gives_way: bool = False,
        prepared: Mapping[str, float] | None = None,
    ) -> list[GenerationResult]:
        """Draw the pictures of `request.batch(count)`, each in a turn of its own: others may draw in between.

        `on_result` is called with each once it is there; `prepared` are ms of stages before. Raises as Engine.draw.
        """
        engine = self.engine
        expect_engine(request.engine, engine.profile)
        draw_now = partial(engine.draw, on_step=on_step, is_cancelled=is_cancelled, gives_way=gives_way)
        draw = draw_now if gives_way else partial(self.results.draw, draw=draw_now, engine=engine)
        results: list[GenerationResult] = []
        self.jobs.begin(request)
        for each in request.batch(count):
            drawn = self.audit.follow(each, draw, gives_way=gives_way, prepared=prepared)
            if drawn.milliseconds:  # it was drawn, not found
                self.step_times.note(each, drawn)
            results += (enlarge_result(one, None, is_cancelled) for one in make_results(each, drawn, engine.revisions))
            if on_result is not None:
                on_result(results[-1])
        return results

    def read_edges(
        self,
        sketch: Sketch,
        reading: ReadingChoice,
        canny_low: int,
        canny_high: int,
        size: tuple[int, int] | None = None,
    ) -> EdgeMap:
        """Read the lines at the size (width, height in px) that the picture will have, the profile's if None."""
        from pipeline.sketch.edges import read_edges

        return read_edges(sketch, reading, canny_low, canny_high, size=size or self.profile.size)

    def read_lines(self, order: Order) -> EdgeMap:
        """Read the lines of an order's drawing as its picture will have them. Raises SketchError for blank drawings."""
        low, high, size = order.canny_low, order.canny_high, (order.width, order.height)
        return self.read_edges(order.sketch, order.reading, low, high, size)

    def find_reading_faults(self, sketch: Sketch, edges: EdgeMap) -> tuple[str, ...]:
        """Say what is wrong with how a drawing was read, in words for the page; nothing where it was read well."""
        from pipeline.sketch.reading_faults import find_reading_fault

        return () if (fault := find_reading_fault(sketch, edges)) is None else (fault,)

    def find_styles(self, prompt: Prompt, k: int = MATCHES_SHOWN) -> Finding:
        """Find the `k` styles nearest to what the words say; of their weights 0 alone counts."""
        return self.search.find(prompt, k)

    def choose_style(self, order: Order) -> StyleChoice:
        """Return the styles that the order names, else the mix that the search chooses."""
        if order.style:
            mix = self._find_mix(order.style)
            language = read_names(order.prompt.words).language
            return StyleChoice(mix, notices=() if language is None else (explain_language(language, "they are not"),))
        finding = self.find_styles(order.prompt)
        return StyleChoice(self.search.choose_mix(finding), finding.matches, explain_choice(finding))

    def add_style(self, image: Image.Image, name: str, words: str = "") -> Style:
        """Keep a picture as a new style, searchable at once. Raises StyleError."""
        return self.library.add(image, name, words)

    def remove_style(self, id: str) -> None:
        """Delete a style that a person added. Raises StyleError for a built-in or unknown one."""
        self.library.remove(id)

    def write_picture(self, result: GenerationResult) -> Path:
        """Write the PNG file with its recipe, named by its content; return its path."""
        return self.outputs.write_picture(result)

    def keep_picture(self, result: GenerationResult, file: Path, visitor: str | None) -> None:
        """Have a picture that was written kept in a visitor's history, soon; nothing where it is nobody's.

        Waits for nothing and raises nothing. A picture that the safety checker withheld is not kept.
        """
        if visitor is None or is_withheld(result):
            return
        try:
            self.keeper.keep(file.read_bytes(), gather_facts(result), visitor)
        except OSError as error:  # so many came at once that this one is gone already
            self.keeper.report(error)

    def read_picture(self, data: bytes) -> Reopened:
        """Read what a picture file of ours carries. Raises PictureFileError or StyleError."""
        from pipeline.picture.png_file import read_picture

        return read_picture(data, self.find_style, self._lend_style, partial(find_restored, self.own_files))

    def find_style(self, id: str) -> Style:
        """Return the style of this id, one that came with a picture file too. Raises StyleError."""
        return self.lent.find(id) or self.library.get(id)

    def find_lent_style(self, id: object) -> Style | None:
        """Return the style of this id that came with a picture file; None where there is none."""
        return self.lent.find(id)

    def keep_lent_style(self, id: str) -> Style:
        """Add a style that came with a picture file to the library. Raises StyleError."""
        if (lent := self.lent.find(id)) is None:
            raise StyleError("This style is here no more. Drop its picture once again.")
        return keep_style(self.library, lent)

    def _lend_style(self, carried: CarriedStyle) -> Style:
        return self.lent.lend(carried.open_picture(), carried.name, carried.words, carried.open_look())

    def explain_difference(self, reopened: Reopened) -> str | None:
        """Say why drawing it again gives another picture; None where it gives the same.

        Before an engine is loaded its weights are taken for the same.
        """
        if not self.loading.ready:
            return explain_difference(reopened, self.profile.name, reopened.revisions)
        engine = self.engine
        return explain_difference(reopened, engine.profile.name, engine.present_revisions)
