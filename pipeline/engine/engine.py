"""Loads a profile into an engine that draws requests. Heavy to import: do it where the models are loaded."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import diffusers
import torch
import transformers
from PIL import Image
from torch import Tensor, nn

from pipeline.engine.acceleration import COMPILING, Compiler, choose_attention, make_blank_request
from pipeline.engine.conditioning import Conditioning, style_width
from pipeline.engine.decoding import Decoders
from pipeline.engine.denoise import (
    Conditions,
    IsCancelled,
    denoise,
    draw_initial_noise,
    make_generators,
    raise_if_cancelled,
)
from pipeline.engine.diffusers_pipeline import (
    LOADED_PARTS,
    detach_hint_stack,
    find_text_revision,
    load_pipeline,
    make_sampler_scheduler,
    reload_networks,
)
from pipeline.engine.few_steps import FusedWeights
from pipeline.engine.image_encoder import ImageEncoder
from pipeline.engine.placement import Placement, Size
from pipeline.engine.safety import SafetyChecker, find_checker
from pipeline.engine.style_embeddings import StyleEmbeddings
from pipeline.errors import EngineChanged, SettingError
from pipeline.machine.device import choose_device, name_of, processor_dtype
from pipeline.machine.memory import measure_free_memory
from pipeline.machine.plan import ModeChoice, choose_mode
from pipeline.models.loading import guard_loading
from pipeline.models.locate import PresentParts, locate_part
from pipeline.models.profile import ModelProfile
from pipeline.prompt_syntax import Prompt
from pipeline.request.presets import menu_of
from pipeline.request.samplers import find_sampler
from pipeline.timing import Clock
from pipeline.values import NUMBERS, GenerationRequest, Levers, StepPreview, Style, Verdict

log = logging.getLogger(__name__)

OnStep = Callable[[StepPreview], None]
OnProgress = Callable[[str, float], None]  # what is being loaded, fraction done in [0, 1]


class Engine:
    """One profile's models on one device. Draws one request at a time; the others wait."""

    def __init__(
        self,
        profile: ModelProfile,
        pipeline: Any,
        revisions: Mapping[str, str],
        embed_with: StyleEmbeddings,
        folder: Path | None = None,
        safety: SafetyChecker | None = None,
        *,
        placement: Placement,
        hint_stack: nn.Module,
        compile: bool = False,
        previews: str = "linear",
    ) -> None:
        self.profile, self._revisions = profile, dict(revisions)
        self._pipeline, self._embed_style, self._placement = pipeline, embed_with, placement
        self._files, self._menu, self._safety = PresentParts(profile, folder), menu_of(profile.name), safety
        self._conditioning = Conditioning(pipeline, self._menu, placement, embed_with, hint_stack)
        self._decoding = Decoders(pipeline, profile, placement, previews, self._menu.small_decoder, self._files)
        self._few_steps = FusedWeights(pipeline, self._files.locate)
        self._compiled = Compiler(compile)
        placement.on_move, placement.on_read = self._forget_moved, self._forget_fused
        self._lock = threading.RLock()
        self._retired = False

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
    ) -> Engine:
        """Find, check and load the profile's files.

        `folder` holds the model instead of the profile's home or the Hub; `cache_dir` keeps style embeddings from one
        run to the next; `dtype` is one of device.DTYPES, for a profile that is drawn in any of them; `memory` is "auto"
        or one of memory.MODES; `safety` asks the profile's safety checker, where it has one, about pictures given to
        `judge`; `attention` is one of acceleration.ATTENTIONS; `compile` compiles the UNet before it returns;
        `previews` are "linear", or "small" by the profile's small decoder.
        Raises ModelError for missing or damaged files, SettingError for a device, number format, mode or kernel that is
        not here, OutOfMemory where not even the smallest mode loads.
        """
        report = on_progress or (lambda stage, fraction: None)
        place, numbers = choose_device(device, dtype, any_dtype=profile.any_dtype)
        mode = choose_mode(profile, measure_free_memory(place.type), place.type, memory, dtype=name_of(numbers))
        log.info("Memory mode %s: %s; numbers: %s", mode.mode, mode.why, name_of(numbers))
        report("Checking the model's files", 0.0)
        located = {role: locate_part(profile, role, folder) for role in LOADED_PARTS}
        checker = find_checker(profile, folder) if safety else None
        report("Loading the model", 0.3)
        with guard_loading(located["base"].path, diffusers.utils.logging, transformers.utils.logging):
            pipeline = load_pipeline(profile, located, numbers)
        hint_stack = detach_hint_stack(pipeline.controlnet)
        placement = Placement(
            pipeline,
            hint_stack,
            profile,
            place,
            numbers,
            lambda: reload_networks(profile, located, numbers, pipeline),
            processor_dtype=processor_dtype(dtype, profile.any_dtype),
        )
        placement.set_usual_mode(mode)
        if choose_attention(attention, place, numbers) == "xformers":
            pipeline.enable_xformers_memory_efficient_attention()
        report("Getting ready to draw", 0.9)
        image_encoder = ImageEncoder(profile, folder, pipeline)
        image_encoder.fetch_files()
        width = style_width(pipeline.unet)
        embeddings = StyleEmbeddings(
            image_encoder.encode,
            image_encoder.revision,
            width,
            cache_dir,
            image_encoder.release,
            image_encoder.expect_files,
        )
        revisions = {role: part.revision for role, part in located.items()} | {"image_encoder": image_encoder.revision}
        judge = SafetyChecker(checker, pipeline.feature_extractor, profile.variant) if checker else None
        engine = cls(
            profile,
            pipeline,
            revisions | find_text_revision(profile),
            embeddings,
            folder,
            judge,
            placement=placement,
            hint_stack=hint_stack,
            compile=compile,
            previews=previews,
        )
        if compile:
            report(COMPILING, 0.95)
            engine.warm_up()
        report("Ready", 1.0)
        return engine

    def warm_up(self) -> None:
        """Compile what a picture of the usual size needs, with guidance and without, with lines and without."""
        request = make_blank_request(self.profile)
        with self._lock, torch.inference_mode():
            for levers in (Levers(guidance_end=0.5), Levers(guidance_end=0.5, control_guidance_end=0.0)):
                warming = replace(request, levers=levers)
                self._denoise(
                    warming,
                    self._scheduler(warming),
                    self._conditioning.blank(warming),
                    make_generators([0]),
                    None,
                    None,
                )

    @property
    def device(self) -> torch.device:
        """Where pictures are drawn; the processor while a picture was too large for the GPU."""
        return self._placement.device

    @property
    def dtype(self) -> torch.dtype:
        return self._placement.dtype

    @property
    def revisions(self) -> Mapping[str, str]:
        """Model part -> revision; with them the number format of the picture that this thread drew last, where it is
        not the one that its kind of device usually draws in: other numbers, other pixels."""
        return self._with_numbers(self._placement.numbers())

    @property
    def present_revisions(self) -> Mapping[str, str]:
        """The same for a picture that would be drawn now."""
        return self._with_numbers(self._placement.present_numbers())

    def _with_numbers(self, numbers: str) -> Mapping[str, str]:
        return MappingProxyType(self._revisions | ({NUMBERS: numbers} if numbers else {}))

    @property
    def memory(self) -> ModeChoice:
        """The usual memory mode, and why it is that."""
        return self._placement.choice

    def memory_notice(self) -> str | None:
        """What to tell the person whose picture this thread drew last, if memory ran out meanwhile; once."""
        return self._placement.take_notice()

    def _forget_fused(self) -> None:
        self._few_steps = FusedWeights(self._pipeline, self._files.locate)

    def _forget_moved(self) -> None:
        """What was computed on another device, or stayed on it."""
        self._conditioning.forget()
        self._decoding.clear()

    def embed_style(self, style: Style) -> Tensor:
        """(1, d) fp32 image embedding, computed once per encoder and image."""
        self._embed_style.expect_known([style])
        with self._lock:
            return self._embed_style(style)

    def retire(self, then: Callable[[], None]) -> None:
        """Draw nothing more. `then` puts another engine in place: after the picture under way, before those who wait.

        They get EngineChanged. A finished picture can still be judged.
        """
        with self._lock:
            self._retired = True
            then()

    def judge(self, image: Image.Image) -> Verdict | None:
        """What the safety checker says of a finished picture; None where this engine has none or it is off."""
        with self._lock:
            return self._safety(image, self.device) if self._safety else None

    def prompt_notice(self, prompt: Prompt) -> str | None:
        """What to tell the person when the model cannot read all of `prompt` (as styled); None when it can."""
        return self._conditioning.notice(prompt)

    def draw(
        self,
        request: GenerationRequest,
        *,
        on_step: OnStep | None = None,
        is_cancelled: IsCancelled | None = None,
    ) -> tuple[Image.Image, dict[str, float]]:
        """The picture, RGB (width, height), and milliseconds per stage.

        Raises SettingError for a request made for another engine or size, ModelError where its levers need files that
        are not on this machine, StyleError for a broken style image, Cancelled within one step of `is_cancelled()`
        turning true, OutOfMemory where it fits in neither the usual memory mode nor the next; the engine is ready for
        the next one then. EngineChanged once it is retired.
        """
        images, milliseconds = self.draw_batch(request, 1, on_step=on_step, is_cancelled=is_cancelled)
        return images[0], milliseconds

    def draw_batch(
        self,
        request: GenerationRequest,
        count: int,
        *,
        on_step: OnStep | None = None,
        is_cancelled: IsCancelled | None = None,
    ) -> tuple[list[Image.Image], dict[str, float]]:
        """The pictures of `request.batch(count)`, drawn together; previews show the first. Raises as `draw` does."""
        self._expect(request)
        size = Size(request.width, request.height, count)
        with self._lock, torch.inference_mode():
            raise_if_cancelled(is_cancelled)
            if self._retired:
                raise EngineChanged(f"{self.profile.title} was replaced while this waited for it; send it once more.")
            return self._placement.run(size, lambda: self._drawn(request, count, on_step, is_cancelled))

    def _drawn(
        self, request: GenerationRequest, count: int, on_step: OnStep | None, is_cancelled: IsCancelled | None
    ) -> tuple[list[Image.Image], dict[str, float]]:
        """In the memory mode as it is now; may be called again in a lower one, from the same noise."""
        noise = make_generators([each.seed for each in request.batch(count)])
        clock = Clock(self.device)
        self._fuse_few_steps(request.levers.few_steps)
        scheduler = self._scheduler(request)
        conditions = self._conditioning.conditions(request, clock)
        latents = self._denoise(request, scheduler, conditions, noise, on_step, is_cancelled)
        clock.mark("steps")
        images = self._decoding.decode_pictures(latents, request.levers.decoder)
        clock.mark("picture")
        return images, clock.milliseconds

    def _fuse_few_steps(self, name: str) -> None:
        if name != self._few_steps.name:
            wanted = self._menu.few_steps.get(name)
            self._placement.change_plain_weights(lambda: self._few_steps.fuse(name, wanted))

    def _expect(self, request: GenerationRequest) -> None:
        """Before the lock: what cannot be drawn is told at once, and nobody waits while something is fetched."""
        if request.engine != self.profile.name:
            raise SettingError(f"This request is for the engine {request.engine!r}; {self.profile.name!r} is loaded.")
        self._menu.check(request.sampler, request.style_focus, request.levers)
        self.profile.check_size(request.width, request.height)
        self._files.expect(self._menu.asked_parts(request.levers))
        if request.ip_adapter_scale:
            self._embed_style.expect_known(style for style, _ in request.styles.parts)

    def _scheduler(self, request: GenerationRequest) -> Any:
        """A new one for each request: schedulers remember where they are."""
        sampler = find_sampler(request.sampler)
        made = make_sampler_scheduler(sampler, self._pipeline.scheduler.config)
        made.set_timesteps(request.num_inference_steps, device=self.device)
        return made

    def _denoise(
        self,
        request: GenerationRequest,
        scheduler: Any,
        conditions: Conditions,
        noise: list[torch.Generator],
        on_step: OnStep | None,
        is_cancelled: IsCancelled | None,
    ) -> Tensor:
        factor = self._pipeline.vae_scale_factor
        channels = self._pipeline.unet.config.in_channels
        shape = (channels, request.height // factor, request.width // factor)
        return denoise(
            self._compiled(self._pipeline.unet),
            self._pipeline.controlnet,
            scheduler,
            draw_initial_noise(shape, noise, scheduler, self.device, self.dtype),
            conditions,
            levers=request.levers,
            generators=noise,
            on_step=self._shown(on_step) if on_step else None,
            is_cancelled=is_cancelled,
        )

    def _shown(self, on_step: OnStep) -> Callable[[int, int, Tensor], None]:
        return lambda step, of, clean: on_step(StepPreview(step, of, self._decoding.make_preview(clean[:1])))
