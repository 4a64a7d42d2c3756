"""Denoise a request's pictures with an engine's networks, in one pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor

from pipeline.engine.acceleration import Compiler
from pipeline.engine.decoding import Decoders
from pipeline.engine.denoise import Conditions, denoise, make_generators
from pipeline.engine.diffusers_pipeline import make_sampler_scheduler
from pipeline.engine.drawing_engine import OnStep
from pipeline.engine.placement import Placement, Size
from pipeline.engine.schedules import set_steps
from pipeline.engine.starting import Start, Starter, find_first_step
from pipeline.errors import IsCancelled
from pipeline.machine.tiles import plan_windows
from pipeline.request.samplers import find_sampler
from pipeline.values import GenerationRequest


class Denoiser:
    """Denoiser makes clean latents of what a picture starts from, on the device where its placement draws."""

    def __init__(
        self, pipeline: Any, placement: Placement, decoding: Decoders, starter: Starter, compiler: Compiler
    ) -> None:
        self._pipeline, self._placement, self._decoding = pipeline, placement, decoding
        self.starter, self.compiler = starter, compiler

    def denoise(
        self,
        request: GenerationRequest,
        start: Start,
        conditions: Conditions,
        on_step: OnStep | None = None,
        is_cancelled: IsCancelled | None = None,
    ) -> Tensor:
        """Denoise what the request starts from into clean latents (1, c, h, w). Raises Cancelled."""
        scheduler, generators = self._make_scheduler(request), make_generators([request.sampling.seed])
        beginning = self.starter.begin(request, start, scheduler, generators)
        networks = (self._pipeline.unet, self._pipeline.controlnet, *(each.network for each in conditions.controls))
        self._placement.pack_convolutions(networks, Size(request.width, request.height))
        controls = self.compiler.wrap_controls(conditions.controls)
        return denoise(
            self.compiler.split_unet(self._pipeline.unet, skips=self._placement.mode != "streamed"),
            self.compiler.wrap_controlnet(self._pipeline.controlnet),
            scheduler,
            beginning.latents,
            replace(conditions, controls=controls, more_channels=beginning.more_channels),
            shortcuts=request.shortcuts,
            generators=generators,
            on_step=self._decoding.watch_steps(on_step) if on_step else None,
            is_cancelled=is_cancelled,
            first=beginning.first,
            kept=beginning.kept,
            windows=plan_windows(request.width, request.height, self._pipeline.vae_scale_factor),
        )

    def measure_work(self, request: GenerationRequest, strength: float = 1.0) -> tuple[int, int]:
        """Return how many steps the pass of a request takes, and the px that one of them computes."""
        total = len(self._make_scheduler(request).timesteps)
        area = sum(window.area for window in plan_windows(request.width, request.height))
        return total - find_first_step(request.sampling.num_inference_steps, strength, total), area

    def _make_scheduler(self, request: GenerationRequest) -> Any:
        """Make a scheduler for one request: schedulers remember where they are."""
        sampler = find_sampler(request.sampling.sampler)
        made = make_sampler_scheduler(sampler, self._pipeline.scheduler.config)
        set_steps(made, sampler, request.sampling.num_inference_steps, self._placement.device)
        return made
