"""Place a pipeline's weights as its memory mode wants it, and draw in a lower mode when memory runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

import torch
from torch import nn

from pipeline.engine.diffusers_pipeline import Networks
from pipeline.engine.packed_convolutions import PackedConvolutions, count_transient_bytes
from pipeline.engine.shortage import explain_shortage
from pipeline.engine.weight_modes import (
    IRREVERSIBLE,
    NETWORK_PLACERS,
    allow_weight_changes,
    is_channels_last_faster,
    place_module,
    release_memory,
)
from pipeline.errors import OutOfMemory, quote_error
from pipeline.machine.device import get_default_dtype, name_dtype
from pipeline.machine.memory import is_out_of_memory
from pipeline.machine.plan import FLOAT32_DECODER, MODE_MEANINGS, MemoryMode, ModeChoice, find_lower_mode
from pipeline.models.profile import ModelProfile

log = logging.getLogger(__name__)
T = TypeVar("T")


class Size(NamedTuple):
    """Size is a request's width and height in px."""

    width: int  # px
    height: int  # px
    controlnets: int = 1  # that steer it

    @property
    def pixels(self) -> int:
        """Return how many pixels are drawn at once."""
        return self.width * self.height


class Placement:
    """Placement keeps one pipeline on one device in its memory mode, and draws what does not fit a mode lower.

    Only UNet and ControlNet are kept in 8 bits or streamed. Neither can be undone, so both are read from their files
    again (`read_again`) when the mode changes back: equal requests then give equal pictures. `on_leave` is called
    before modules move, `on_move` after they did; both let go of what is kept, and are called when memory ran out, as
    `on_spare` is. Not safe for many threads: the engine's lock is around it.
    """

    def __init__(
        self,
        pipeline: Any,
        hint_stack: nn.Module,
        profile: ModelProfile,
        device: torch.device,
        dtype: torch.dtype,
        read_again: Callable[[], Networks],
        *,
        choose_processor_dtype: torch.dtype = torch.float32,
        compiled: bool = False,
    ) -> None:
        """`compiled` says whether the networks will run compiled, which decides how they lie in memory."""
        self._compiled = compiled
        self._pipeline, self.hint_stack, self._profile = pipeline, hint_stack, profile
        self._home, self._dtype = device, dtype
        self._processor_dtype = dtype if device.type == "cpu" else choose_processor_dtype
        self.device, self.dtype = device, dtype  # where and in what numbers pictures are drawn in this mode
        self.is_decoder_widened = False  # the decoder computes in float32, whatever the rest does
        self._read_again = read_again  # gives UNet with its adapter, and ControlNet without its hint stack
        self.on_move: Callable[[], None] = lambda: None
        self.on_leave: Callable[[], None] = lambda: None
        self.on_spare: Callable[[], None] = lambda: None  # memory is wanted, or weights are about to move
        self.mode: MemoryMode | None = None  # None until the first `use`
        self.packed = PackedConvolutions()
        self.choice = ModeChoice("cpu" if device.type == "cpu" else "full", "nothing was chosen yet")
        self._altered = False  # UNet and ControlNet are, or were being, put into a mode that cannot be undone
        self._too_large: dict[MemoryMode, int] = {}  # mode -> pixels of the smallest request that needed a lower one

    def run(self, size: Size, work: Callable[[], T]) -> tuple[T, tuple[str, ...]]:
        """Run `work` in the usual mode; when memory runs out, free all of it and run once more in the next lower mode.

        Returns the result, and where memory ran out a notice in words for the page. Raises OutOfMemory when that fails
        too, or there is no lower mode; the next request finds the usual mode.
        """
        mode = self._choose_mode(size)
        trouble, result = self._try_in_mode(mode, work)
        if trouble is None:
            return result, ()  # type: ignore[return-value]
        lower = find_lower_mode(mode, self._home.type)
        log.warning("Out of memory in mode %s at %s: %s", mode, tuple(size), trouble)
        if lower is None:
            raise OutOfMemory(self._explain_shortage(size, mode))
        trouble, result = self._try_in_mode(lower, work)
        if trouble is not None:
            log.warning("Out of memory in mode %s too: %s", lower, trouble)
            raise OutOfMemory(self._explain_shortage(size, lower))
        if size.controlnets <= 1:  # else the next picture of its size, with fewer of them, may well fit
            self._too_large[mode] = min(size.pixels, self._too_large.get(mode, size.pixels))
        notice = f"Memory ran out, so this was drawn more sparingly: {MODE_MEANINGS[lower]}."
        return result, (notice,)  # type: ignore[return-value]

    def set_usual_mode(self, choice: ModeChoice) -> None:
        """Make the chosen mode the usual one, or the first lower one in which the weights fit. Raises OutOfMemory."""
        self.choice = choice
        while (trouble := self._try_in_mode(self.choice.mode, lambda: None)[0]) is not None:
            log.warning("Out of memory while loading in mode %s: %s", self.choice.mode, trouble)
            lower = find_lower_mode(self.choice.mode, self._home.type)
            if lower is None:
                raise OutOfMemory(
                    f"There is not enough memory to load {self._profile.title}, not even with "
                    f"{MODE_MEANINGS[self.choice.mode]}. Close other programs, or run it where there is more."
                )
            self.choice = ModeChoice(lower, f"the weights did not fit with {MODE_MEANINGS[self.choice.mode]}")

    def switch_mode(self, mode: MemoryMode) -> None:
        """Move every module to where the mode wants it."""
        if mode != self.mode:
            self.on_leave()
            with allow_weight_changes():
                self._leave_mode()
                self._enter_mode(mode)
            self.on_move()

    def pack_convolutions(self, networks: Iterable[Any], size: Size) -> None:
        """Let networks keep their large convolutions in a processor's own order where a picture leaves the memory."""
        if self.mode == "cpu" and not self._compiled:
            self.packed.pack(networks, self.count_transient_bytes(size))

    def count_transient_bytes(self, size: Size) -> int:
        """Count the bytes that a picture of this size holds for a while on the processor."""
        return count_transient_bytes(self._profile, size.pixels, name_dtype(self.dtype))

    def free_spare(self) -> None:
        """Free what is only quicker: packed convolutions, OpenVINO's process."""
        self.packed.unpack()
        self.on_spare()

    def _enter_mode(self, mode: MemoryMode) -> None:
        self._altered = mode in IRREVERSIBLE
        self.device = torch.device("cpu") if mode == "cpu" else self._home
        self.dtype = self._processor_dtype if self.device.type == "cpu" else self._dtype
        place_module(self.hint_stack, self.device, self.dtype, channels_last=self._is_channels_last())
        if self._pipeline.controlnet is not None:  # it may have been let go
            self.place_network(self._pipeline.controlnet, mode)
        self._place_base(mode)
        self.mode = mode

    def _place_base(self, mode: MemoryMode) -> None:
        """Put UNet, autoencoder and text encoder, as they were read, where the mode wants them."""
        text_device = torch.device("cpu") if mode in IRREVERSIBLE else self.device
        text_dtype = self.dtype if text_device.type == self.device.type else torch.float32
        place_module(self._pipeline.text_encoder, text_device, text_dtype)
        self._place_decoder()
        self.place_network(self._pipeline.unet, mode)

    def place_network(self, network: Any, mode: MemoryMode) -> None:
        """Put a UNet or ControlNet where the mode wants it."""
        place = NETWORK_PLACERS[mode] if mode in IRREVERSIBLE else place_module
        place(network, self.device, self.dtype, channels_last=self._is_channels_last())

    def _place_decoder(self) -> None:
        """Put the autoencoder where pictures are drawn."""
        is_channels_last = self._compiled or self.device.type != "cuda"
        place_module(self._pipeline.vae, self.device, self.decoder_dtype, channels_last=is_channels_last)

    def _is_channels_last(self) -> bool:
        """Return whether UNet and ControlNet lie channels last in memory."""
        return is_channels_last_faster(self.device, self.dtype, self._compiled)

    def place_controlnet(self, network: Any, hint_stack: nn.Module | None = None) -> None:
        """Put a ControlNet that was read on demand, and its hint stack, where the present mode wants them."""
        if self.mode is None:
            raise RuntimeError("A ControlNet is placed once a mode was chosen.")
        with allow_weight_changes():
            if hint_stack is not None:
                place_module(hint_stack, self.device, self.dtype)
            self.place_network(network, self.mode)

    def _leave_mode(self) -> None:
        """Leave the mode; read UNet and ControlNet again where they cannot come out of it."""
        self.mode = None
        self.free_spare()
        if self._altered:
            self._pipeline.unet = self._pipeline.controlnet = None
            release_memory()
            self._pipeline.unet, self._pipeline.controlnet = self._read_again()
            self._altered = False

    def exchange(self, change: Callable[[], None]) -> None:
        """Call `change`, which puts other networks or layers, as they were read, in the places of the pipeline's own;
        then the mode is as before.
        """
        before = self.mode
        self.on_leave()
        with allow_weight_changes():
            self._leave_mode()
            try:
                change()
            finally:
                release_memory()
                if before is not None:
                    self.switch_mode(before)

    def exchange_base(self, change: Callable[[], None]) -> None:
        """Call `change`, which puts another model's UNet, autoencoder and text encoder, as they were read, in the
        places of the pipeline's own; the ControlNet stays in its mode and is not read again.
        """
        mode, self.mode = self.mode, None
        self.free_spare()
        self.on_leave()
        with allow_weight_changes():
            change()
            self.on_move()  # what is kept refers to the networks before
            release_memory()
            if mode is not None:
                self._place_base(mode)
        self.mode = mode
        release_memory()

    @property
    def choice_dtype(self) -> torch.dtype:
        """Return the number format in which networks are read."""
        return self._dtype

    def get_format(self, network: str) -> tuple[torch.device, torch.dtype]:
        """Return the device and number format in which "unet" or "text_encoder" computes."""
        text: Any = self._pipeline.text_encoder
        return (self.device, self.dtype) if network == "unet" else (text.device, text.dtype)

    @property
    def decoder_dtype(self) -> torch.dtype:
        """Return the numbers that pictures are decoded in."""
        return torch.float32 if self.is_decoder_widened else self.dtype

    def widen_decoder(self) -> bool:
        """Let the decoder compute in float32 from now on; return False where it does already."""
        if self.decoder_dtype == torch.float32:
            return False
        self.is_decoder_widened = True
        with allow_weight_changes():
            self._place_decoder()
        return True

    def widen_numbers(self) -> bool:
        """Let everything compute in float32 from now on, as cards that overflow in float16 need; return False where it
        does already. It takes twice the memory: where there is none, `run` goes a mode lower.
        """
        if self.dtype == torch.float32:
            return False
        mode, self.mode = self.mode, None
        self._dtype = self._processor_dtype = torch.float32
        if mode is not None:
            self.switch_mode(mode)
        return True

    def present_numbers(self) -> str:
        """Return the number format of a picture drawn now; "" where it is the device's usual one."""
        usual = "" if self.dtype == get_default_dtype(self.device) else name_dtype(self.dtype)
        special = ["weights in 8 bits"] if self.mode == "fp8" else []
        special += [FLOAT32_DECODER] if self.decoder_dtype != self.dtype else []
        return ", ".join([usual or name_dtype(self.dtype), *special]) if special else usual

    def _choose_mode(self, size: Size) -> MemoryMode:
        """Return the usual mode, or the first below it that is not known to be too small for a request of this size."""
        mode = self.choice.mode
        while size.pixels >= self._too_large.get(mode, size.pixels + 1):
            mode = find_lower_mode(mode, self._home.type) or mode
        return mode

    def _try_in_mode(self, mode: MemoryMode, work: Callable[[], T]) -> tuple[str | None, T | None]:
        """Return (None, result), or (what the machine said, None) with everything freed, what was kept too.

        It is freed after the except block: until then the error's traceback holds every tensor that was alive.
        """
        try:
            self.switch_mode(mode)
            return None, work()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            trouble = quote_error(error)
        self.let_go()
        return trouble, None

    def let_go(self) -> None:
        """Free what is kept for later pictures: packed convolutions, LoRAs, ControlNets that were read on demand."""
        self.free_spare()
        self.on_leave()
        self.on_move()
        release_memory()

    def _explain_shortage(self, size: Size, mode: MemoryMode) -> str:
        numbers = name_dtype(self._dtype), self.is_decoder_widened
        return explain_shortage(self._profile, (size.width, size.height), mode, self._home.type, *numbers)
