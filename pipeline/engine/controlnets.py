"""Read the ControlNets that a picture asks for, and let those go that it does not, where memory is short."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import diffusers
from torch import nn

from pipeline.engine.diffusers_pipeline import detach_hint_stack
from pipeline.engine.placement import Placement
from pipeline.engine.weight_modes import allow_weight_changes, release_memory
from pipeline.errors import ModelError
from pipeline.hints import ControlHint, ControlNetName, OwnControlNet, list_steering
from pipeline.hires import is_drawn_twice
from pipeline.machine.device import name_dtype
from pipeline.machine.memory import measure_free_memory
from pipeline.machine.plan import NUMBER_BYTES, MemoryPlan, plan_memory, select_free_memory
from pipeline.models.loading import guard_loading
from pipeline.models.locate import PresentParts
from pipeline.models.profile import ModelProfile
from pipeline.request.presets import Menu
from pipeline.values import GenerationRequest

log = logging.getLogger(__name__)

MAIN = "controlnet"  # role of the part that is read with the model; its hint stack stays


class LoadedNet(NamedTuple):
    """LoadedNet is a ControlNet on its device, and the hint stack that was taken out of it."""

    network: Any
    hint_stack: nn.Module


class ControlNets:
    """ControlNets holds the ControlNets of one engine beside the one that is read with the model.

    Each is read where a picture first asks for it, and stays until memory is short or the memory mode changes. Not
    safe for many threads: the engine's lock is around it.
    """

    def __init__(
        self,
        profile: ModelProfile,
        menu: Menu,
        files: PresentParts,
        placement: Placement,
        pipeline: Any,
        measure: Callable[[MemoryPlan], int] | None = None,
    ) -> None:
        """`measure` returns the bytes that are free where a plan's picture is drawn."""
        self._profile, self._menu, self._files = profile, menu, files
        self._placement, self._pipeline = placement, pipeline
        self._measure = measure or measure_for
        self._loaded: dict[str, LoadedNet] = {}  # role -> network, the one used last at the end
        self._main_stack: nn.Module = placement.hint_stack
        self.revisions: dict[str, str] = {}  # role -> revision of each that was read

    def list_roles(self, request: GenerationRequest) -> tuple[str, ...]:
        """List the roles in the profile's parts that a request's hints need; a person's own ControlNets have none."""
        return tuple(self._name_network(hint) for hint in list_steering_hints(request) if hint.own is None)

    def provide(self, request: GenerationRequest) -> Mapping[ControlNetName, LoadedNet]:
        """Return the ControlNets of a request's hints, by their names. Raises ModelError for files that are not here or
        damaged.
        """
        hints = list_steering_hints(request)
        if not hints:
            return {}
        self._make_room({self._name_network(hint) for hint in hints}, request, len(hints))
        return {hint.controlnet: self._take(self._name_network(hint), hint.own) for hint in hints}

    def provide_main(self, request: GenerationRequest) -> None:
        """See that the ControlNet that is read with the model is there: it may have been let go."""
        if self._pipeline.controlnet is None:
            self._make_room({MAIN}, request, 1)
            self._take(MAIN)

    def clear(self) -> None:
        """Let go of all that was read on demand."""
        self._loaded.clear()

    def list_loaded(self) -> tuple[str, ...]:
        """List the roles of the ControlNets that are in memory."""
        main = () if self._pipeline.controlnet is None else (MAIN,)
        return (*main, *self._loaded)

    def _name_network(self, hint: ControlHint) -> str:
        """Return the name by which a hint's ControlNet is held: its role, or the hash of a person's own file."""
        return self._menu.controlnets[hint.controlnet] if hint.own is None else hint.own.sha256

    def _take(self, role: str, own: OwnControlNet | None = None) -> LoadedNet:
        """Return one ControlNet, read where it is not in memory."""
        if role == MAIN:
            if self._pipeline.controlnet is None:
                self._pipeline.controlnet = self._read(role).network
            return LoadedNet(self._pipeline.controlnet, self._main_stack)
        read = self._read if own is None else lambda _: self._read_own(own)
        loaded = self._loaded.pop(role) if role in self._loaded else read(role)
        self._loaded[role] = loaded
        return loaded

    def _read(self, role: str) -> LoadedNet:
        """Read one ControlNet from its files and put it where the memory mode wants it."""
        located = self._files.locate_part(role)
        with allow_weight_changes(), guard_loading(located.path, diffusers.utils.logging):
            network = diffusers.ControlNetModel.from_pretrained(
                located.path,
                local_files_only=True,
                use_safetensors=True,
                torch_dtype=self._placement.dtype,
                variant=self._profile.variant,
            )
        self.revisions[role] = located.revision
        return self._place(network)

    def _read_own(self, own: OwnControlNet) -> LoadedNet:
        """Read a ControlNet of a person's own, in diffusers' names or its own; its configuration is that of the one
        that is read with the model. Raises ModelError for a file that is gone, or not whole.
        """
        config = self._files.locate_part(MAIN).path
        with allow_weight_changes(), guard_loading(own.file, diffusers.utils.logging):
            network = diffusers.ControlNetModel.from_single_file(
                str(own.file), config=str(config), local_files_only=True, torch_dtype=self._placement.dtype
            )
        if any(weight.is_meta for weight in network.parameters()):
            raise ModelError(f"{own.file.name} is not a whole ControlNet for Stable Diffusion 1.5. Download it again.")
        return self._place(network)

    def _place(self, network: Any) -> LoadedNet:
        """Put a ControlNet where the memory mode wants it, its hint stack apart."""
        stack = detach_hint_stack(network)
        self._placement.place_controlnet(network, stack)
        release_memory()  # what it was read into before it was cast
        return LoadedNet(network, stack)

    def count_needed(self, request: GenerationRequest) -> int:
        """Count the bytes of main memory that a request's picture takes beside what is loaded: the ControlNets that are
        read for it, and on the processor what its largest stage holds for a while.
        """
        hints, steers = list_steering_hints(request), request.conditioning.controlnet_conditioning_scale > 0
        wanted = {self._name_network(hint) for hint in hints} or ({MAIN} if steers else set())
        plan = self._plan(request, len(hints) or 1)
        stage = 0 if plan.device == "cuda" else plan.stage
        return len(wanted - set(self.list_loaded())) * plan.controlnet + stage

    def _make_room(self, wanted: set[str], request: GenerationRequest, count: int) -> None:
        """Let go of ControlNets that are not wanted, the one used longest ago first, until the wanted ones fit by the
        memory plan.
        """
        missing = len(wanted - set(self.list_loaded()))
        if not missing or self._placement.mode is None:
            return
        plan = self._plan(request, count)
        needed = missing * plan.controlnet + plan.stage
        if self._measure(plan) < needed:
            self._placement.free_spare()
        for role in [each for each in (*self._loaded, MAIN) if each not in wanted]:
            if self._measure(plan) >= needed:
                return
            self._let_go(role)

    def _plan(self, request: GenerationRequest, count: int) -> MemoryPlan:
        """Plan the picture's memory with this number of ControlNets, in the present mode."""
        numbers, mode = name_dtype(self._placement.dtype), self._placement.mode or "cpu"
        known = numbers if numbers in NUMBER_BYTES else None
        device = self._placement.device.type
        encodes = request.start is not None or is_drawn_twice(request)
        size = request.width, request.height
        widened = self._placement.is_decoder_widened
        given: dict[str, Any] = {"controlnets": count, "encodes": encodes, "float32_decoder": widened}
        return plan_memory(self._profile, *size, 1, mode, device, known, **given)

    def _let_go(self, role: str) -> None:
        """Free the memory of one ControlNet; its files stay where they are."""
        log.info("Let go of %s: memory is short", role)
        if role == MAIN:
            self._pipeline.controlnet = None
        self._loaded.pop(role, None)
        release_memory()


def list_steering_hints(request: GenerationRequest) -> tuple[ControlHint, ...]:
    """List the hints that steer a request's picture."""
    return list_steering(request.hints, request.conditioning.controlnet_conditioning_scale)


def measure_for(plan: MemoryPlan) -> int:
    """Measure the bytes that are free where the plan's picture is drawn."""
    return select_free_memory(plan, measure_free_memory(plan.device))
