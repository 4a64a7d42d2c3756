"""Draw the pictures of a request with the models of one profile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import torch
from PIL import Image
from torch import Tensor

from pipeline.engine.acceleration import COMPILING, Compiler
from pipeline.engine.conditioning import RequestEncoder
from pipeline.engine.controlnets import ControlNets, list_steering_hints
from pipeline.engine.decoding import Decoders
from pipeline.engine.denoiser import Denoiser
from pipeline.engine.drawing_engine import DrawingEngine, OnStep
from pipeline.engine.few_steps import RequestLoras, list_lora_notices
from pipeline.engine.ink import lay_ink
from pipeline.engine.lending import lend_networks
from pipeline.engine.loaded_model import LoadedModel, OnProgress, choose_hardware, load_model
from pipeline.engine.openvino_limits import expect_openvino
from pipeline.engine.openvino_networks import OpenVINO
from pipeline.engine.own_base import OwnBase
from pipeline.engine.placement import Size
from pipeline.engine.row_blocks import use_quick_attention
from pipeline.engine.second_pass import TwoPasses
from pipeline.engine.shallow_text_encoder import expect_layers
from pipeline.engine.starting import Starter, lay_rest
from pipeline.engine.style_adapters import StyleAdapters
from pipeline.engine.style_embeddings import StyleEmbeddings
from pipeline.engine.warm_up import warm_up
from pipeline.errors import IsCancelled, Overflow, look_for_cancel
from pipeline.machine.device import name_dtype
from pipeline.machine.plan import ModeChoice
from pipeline.machine.torch_threads import use_usual_threads
from pipeline.models.locate import PresentParts
from pipeline.models.profile import ModelProfile
from pipeline.teaching.networks import LentNetworks
from pipeline.timing import Clock
from pipeline.values import NUMBER_FORMAT, Drawn, GenerationRequest, Style

T = TypeVar("T")
OVERFLOWED = "Numbers overflowed in {numbers}, so the {part} was computed in float32, and the next ones will be too."


class Engine(DrawingEngine):
    """Engine holds one profile's models on one device. It draws one request at a time; the others wait."""

    _embed_style: StyleEmbeddings

    def __init__(
        self, model: LoadedModel, *, compile: bool = False, previews: str = "linear", openvino: OpenVINO | None = None
    ) -> None:
        super().__init__(model.profile)
        self._revisions, self._safety = model.revisions, model.safety
        self._pipeline, self._placement, self._embed_style = model.pipeline, model.placement, model.style_embeddings
        self._files: PresentParts = PresentParts(model.profile, model.folder)
        self._controlnets = ControlNets(model.profile, self._menu, self._files, model.placement, model.pipeline)
        compiler, self._attention = Compiler(compile), "sdpa" if compile else model.attention
        self._adapters = StyleAdapters(
            model, self._menu, self._files, self._embed_styles_later, self._controlnets.count_needed
        )
        self._conditioning = RequestEncoder(
            *(model.pipeline, self._menu, model.placement, self._adapters, model.hint_stack),
            hold_style_scales=compiler.hold_style_scales,
            controlnets=self._controlnets,
        )
        self._decoding = Decoders(
            *(model.pipeline, model.profile, model.placement, previews, self._menu.small_decoder, self._files),
            compile_decoder=compiler.compile_decoder,
        )
        self._loras = RequestLoras(model.pipeline, self._menu, self._files, model.placement)
        self.own_base = OwnBase(model, self._turns, self._forget_base)
        starter = Starter(model.pipeline, model.placement)
        self._denoiser = Denoiser(model.pipeline, model.placement, self._decoding, starter, compiler, openvino)
        compiler.compile_decoder(model.pipeline.vae)
        model.placement.on_leave, model.placement.on_move = self._loras.adapters.clear, self._clear_device_caches
        model.placement.on_spare = openvino.let_go if openvino else model.placement.on_spare

    @classmethod
    def load(
        cls,
        profile: ModelProfile,
        *,
        folder: Path | None = None,
        device: str = "auto",
        dtype: str = "auto",
        on_progress: OnProgress | None = None,
        cache_dir: Path | None = None,
        memory: str = "auto",
        safety: bool = False,
        attention: str = "auto",
        compile: bool = False,
        previews: str = "linear",
        graphs: Path | None = None,
    ) -> Engine:
        """Find, check and load the profile's files.

        `folder` holds the model instead of the profile's home or the Hub; `cache_dir` keeps style embeddings from one
        run to the next; `dtype` is one of device.DTYPES, for a profile that is drawn in any of them; `memory` is "auto"
        or one of memory.MODES; `safety` asks the profile's safety checker, where it has one, about each picture;
        `attention` is one of acceleration.ATTENTIONS; `compile` compiles the networks before it returns; `previews` are
        "linear", or "small" by the profile's small decoder; `graphs` is the folder that keeps OpenVINO's graphs, by
        which pictures are drawn then.
        Raises ModelError for missing or damaged files, SettingError for a device, number format, mode or kernel that is
        not here, OutOfMemory where not even the smallest mode loads.
        """
        report = on_progress or (lambda stage, fraction: None)
        hardware = replace(choose_hardware(profile, device, dtype, memory, attention), compiled=compile)
        if graphs is not None:
            expect_openvino(hardware.device, hardware.dtype)
        model = load_model(profile, hardware, folder=folder, cache_dir=cache_dir, safety=safety, report=report)
        engine = cls(model, compile=compile, previews=previews, openvino=OpenVINO(graphs) if graphs else None)
        if compile or graphs:
            report(COMPILING, 0.95)
            engine.compile_ahead()
        report("Ready", 1.0)
        return engine

    def compile_ahead(self) -> None:
        """Compile what a picture of the usual size needs."""
        with self._turns.take(), torch.inference_mode(), use_usual_threads():
            warm_up(self.profile, self._conditioning, self._denoiser, self._decoding, self._has_small_decoder())
        self._denoiser.forget_last()  # the start tells that it compiles

    def _has_small_decoder(self) -> bool:
        """Return whether the files of a small decoder are here."""
        return self._menu.small_decoder is not None and self._files.has(self._menu.small_decoder)

    def retire(self, then: Callable[[], None]) -> None:
        """Stop drawing for good, as every engine does; OpenVINO's process ends."""
        super().retire(then)
        self._placement.on_spare()

    @property
    def device(self) -> torch.device:
        """Return where pictures are drawn; it is the processor while a picture was too large for the GPU."""
        return self._placement.device

    @property
    def fills_parts(self) -> bool:
        """Return whether the model that draws now was trained to fill a part."""
        return self._denoiser.starter.fills_parts

    @property
    def dtype(self) -> torch.dtype:
        """Return the number format that pictures are drawn in."""
        return self._placement.dtype

    @property
    def revisions(self) -> Mapping[str, str]:
        """Return the revision or hash of each model part, by its role."""
        return MappingProxyType({**self._revisions, **self._controlnets.revisions, **self._adapters.revisions})

    @property
    def present_revisions(self) -> Mapping[str, str]:
        """Return the revisions, and the number format of a picture drawn now where it is not the device's usual one:
        other numbers, other pixels.
        """
        numbers = self._denoiser.name_numbers(is_next=True)
        return MappingProxyType({**self.revisions, **({NUMBER_FORMAT: numbers} if numbers else {})})

    @property
    def memory(self) -> ModeChoice:
        """Return the usual memory mode, and why it is that."""
        return self._placement.choice

    def embed_style(self, style: Style) -> Tensor:
        """Compute the style picture's embedding, (1, d) fp32, once per encoder and image."""
        self._embed_style.expect_known([style])
        with self._turns.take():
            return self._embed_style(style)

    def knows_styles(self, styles: Iterable[Style], ip_adapter: str = "") -> bool:
        """Return whether no picture in these styles, by the IP-Adapter of that name, needs the image encoder first."""
        return self._adapters.knows(styles, ip_adapter)

    def lend(self, work: Callable[[LentNetworks], T]) -> T:
        """Call `work` with the networks as they were read, in a turn that gives way to every picture.

        Raises OutOfMemory where nothing can be learnt through them, EngineChanged once the engine is retired.
        """
        with self._turns.take(gives_way=True), use_usual_threads():
            if self._loras.adapters.use(()):
                self._conditioning.clear()
            return work(lend_networks(self._pipeline, self._placement, self._conditioning))

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

        Each has the pixels that it has alone: drawn together, a device's sums would come out in another order. One that
        `gives_way` waits until nobody else does.

        Raises SettingError for a request made for another engine or size, ModelError where its shortcuts need files
        that are not on this machine, StyleError for a broken style image, Cancelled within one step of `is_cancelled()`
        turning true, OutOfMemory where it fits in neither the usual memory mode nor the next; the engine is ready for
        the next one then. EngineChanged once it is retired.
        """
        self._expect_drawable(request)
        size = Size(request.width, request.height, len(list_steering_hints(request)) or 1)
        with self._take_turn(request, is_cancelled, gives_way), torch.inference_mode(), use_usual_threads():
            look_for_cancel()
            self._denoiser.forget_last()
            drawn, shortage = self._placement.run(
                size, lambda: self._draw_in_numbers(request, count, on_step, is_cancelled)
            )
            return self._check_safety(replace(drawn, notices=(*shortage, *drawn.notices)))

    def _draw_in_numbers(
        self, request: GenerationRequest, count: int, on_step: OnStep | None, is_cancelled: IsCancelled | None
    ) -> Drawn:
        """Draw in the present numbers, and once more in float32 where they overflowed; later pictures stay in it."""
        before, decoded = self.dtype, self._placement.decoder_dtype
        try:
            drawn = self._draw_in_mode(request, count, on_step, is_cancelled)
        except Overflow:
            if not self._placement.widen_numbers():
                raise
            drawn = self._draw_in_mode(request, count, on_step, is_cancelled)
        if self._placement.decoder_dtype == decoded:
            return drawn
        notice = OVERFLOWED.format(
            numbers=name_dtype(before), part="picture" if self.dtype != before else "autoencoder"
        )
        return replace(drawn, notices=(*drawn.notices, notice))

    def _draw_in_mode(
        self, request: GenerationRequest, count: int, on_step: OnStep | None, is_cancelled: IsCancelled | None
    ) -> Drawn:
        """Draw in the memory mode as it is now; may be called again in a lower one, from the same noise."""
        clock, images = Clock(self.device), list[Image.Image]()
        self._adapters.use(request, clock)
        if self._loras.use(request, clock):
            self._conditioning.clear()  # the text encoder says something else now
        look_for_cancel()
        passes = TwoPasses(request, self._denoiser, self._decoding, self._conditioning.make_conditions, clock)
        for each in request.batch(count):
            with use_quick_attention(self._attention, self.device, self.dtype):
                latents = passes.denoise(each, on_step if not images else None, is_cancelled)
                decoded = self._decoding.decode_pictures(latents, each.shortcuts.decoder)
            images += (lay_rest(lay_ink(made, each), each) for made in decoded)
            clock.mark("picture")
            look_for_cancel()
        notices = (*list_lora_notices(request), *self._conditioning.list_unread_words(request))
        notices += self._denoiser.take_notices()
        return Drawn(tuple(images), clock.milliseconds, notices, self._denoiser.name_numbers())

    def _check_safety(self, drawn: Drawn) -> Drawn:
        """Add a verdict on each picture, where this engine has a safety checker that is on."""
        if self._safety is None:
            return drawn
        clock = Clock(self.device)
        verdicts = tuple(self._safety(image, self.device, self.dtype) for image in drawn.images)
        clock.mark("safety")
        return replace(drawn, verdicts=verdicts, milliseconds={**drawn.milliseconds, **clock.milliseconds})

    def _expect_drawable(self, request: GenerationRequest) -> None:
        """Raise as `draw` does for what cannot be drawn, files that are missing included."""
        super()._expect_drawable(request)
        self._files.expect((*self._menu.list_parts(request.shortcuts), *self._controlnets.list_roles(request)))
        self._adapters.expect(request)
        expect_layers(self._pipeline.text_encoder, request.conditioning.clip_skip)

    def _clear_device_caches(self) -> None:
        """Forget what was computed on another device, or stayed on it."""
        self._controlnets.clear()
        self._conditioning.clear()
        self._decoding.clear()

    def _forget_base(self) -> None:
        """Begin anew with another model's networks."""
        self._clear_device_caches()
        self._adapters.forget()
        self._denoiser.compiler.compile_decoder(self._pipeline.vae)
