"""Denoise a request's pictures with an engine's networks, in one pass."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from torch import Tensor

from pipeline.engine.acceleration import Compiler
from pipeline.engine.controlnet import Control
from pipeline.engine.decoding import Decoders
from pipeline.engine.denoise import Conditions, denoise, make_generators
from pipeline.engine.diffusers_pipeline import make_sampler_scheduler
from pipeline.engine.drawing_engine import OnStep
from pipeline.engine.graph_networks import GraphControlNet, GraphUNet
from pipeline.engine.openvino_networks import OpenVINO
from pipeline.engine.placement import Placement, Size
from pipeline.engine.schedules import set_steps
from pipeline.engine.starting import Start, Starter, find_first_step
from pipeline.errors import IsCancelled
from pipeline.machine.device import name_dtype
from pipeline.machine.tiles import Window, plan_windows
from pipeline.request.samplers import find_sampler
from pipeline.values import GenerationRequest


class Denoiser:
    """Denoiser makes clean latents of what a picture starts from, on the device where its placement draws."""

    def __init__(
        self,
        pipeline: Any,
        placement: Placement,
        decoding: Decoders,
        starter: Starter,
        compiler: Compiler,
        openvino: OpenVINO | None = None,
    ) -> None:
        self._pipeline, self._placement, self._decoding = pipeline, placement, decoding
        self.starter, self.compiler, self.openvino = starter, compiler, openvino

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
        unet, controlnet, controls = self._prepare_networks(request, conditions)
        return denoise(
            unet,
            controlnet,
            scheduler,
            beginning.latents,
            replace(conditions, controls=controls, more_channels=beginning.more_channels),
            shortcuts=request.shortcuts,
            generators=generators,
            on_step=self._decoding.watch_steps(on_step) if on_step else None,
            is_cancelled=is_cancelled,
            first=beginning.first,
            kept=beginning.kept,
            windows=self._plan_windows(request),
        )

    def prepare(self, request: GenerationRequest, conditions: Conditions) -> None:
        """Have OpenVINO make and open what a picture runs. Raises Cancelled."""
        self._prepare_networks(request, conditions)

    def _prepare_networks(
        self, request: GenerationRequest, conditions: Conditions
    ) -> tuple[Any, Any, tuple[Control, ...]]:
        """Return UNet, ControlNet and several ControlNets as `denoise` takes them: by OpenVINO, or by torch."""
        unet, controlnet, controls = self._pipeline.unet, self._pipeline.controlnet, conditions.controls
        plain = self.compiler.split_unet(unet, skips=self._placement.mode != "streamed")
        size = Size(request.width, request.height)
        if self.openvino is not None:
            steering = [each.network for each in controls] or [controlnet] * (conditions.hint is not None)
            networks = {unet: "unet"} | dict.fromkeys(steering, "controlnet")
            given = self._plan_windows(request), self._placement.count_transient_bytes(size)
            if self.openvino.begin(networks, conditions, *given, shallow=request.shortcuts.cache_interval > 1):
                self._placement.packed.unpack()
                wrap = partial(GraphControlNet, self.openvino)
                return (
                    GraphUNet(self.openvino, plain),
                    wrap(controlnet),
                    tuple(replace(each, network=wrap(each.network)) for each in controls),
                )
        self._placement.pack_convolutions((unet, controlnet, *(each.network for each in controls)), size)
        return plain, self.compiler.wrap_controlnet(controlnet), self.compiler.wrap_controls(controls)

    def _plan_windows(self, request: GenerationRequest) -> tuple[Window, ...]:
        """Return the windows that each step is predicted in, in latent cells."""
        return plan_windows(request.width, request.height, self._pipeline.vae_scale_factor)

    def take_notices(self) -> tuple[str, ...]:
        """Return notices, in words for the page, on how the networks ran since the last time."""
        return (*self.compiler.take_notices(), *(self.openvino.take_notices() if self.openvino else ()))

    def forget_last(self) -> None:
        """Forget what there was to say of a picture that was stopped, or of the start."""
        self.compiler.take_notices()
        if self.openvino is not None:
            self.openvino.forget_last()

    def name_numbers(self, *, is_next: bool = False) -> str:
        """Return the number format of what was denoised since the last time, or will be next, and by what if not by
        torch; "" for torch in the device's usual one.
        """
        numbers, quick = self._placement.present_numbers(), self.openvino
        way = "" if quick is None else quick.usual_way if is_next else quick.take_way()
        return f"{numbers or name_dtype(self._placement.dtype)}, {way}" if way else numbers

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
