"""Where a pipeline's weights lie, mode by mode, and what is done when the memory does not suffice."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

import torch
from torch import nn

from pipeline.engine.diffusers_pipeline import Networks
from pipeline.errors import OutOfMemory
from pipeline.machine.device import name_of, usual_dtype
from pipeline.machine.memory import is_out_of_memory, measure_free_memory
from pipeline.machine.plan import MEANINGS, MemoryMode, ModeChoice, lower_mode, tiled, what_fits
from pipeline.models.profile import ModelProfile

log = logging.getLogger(__name__)
T = TypeVar("T")

# What stays as it is in 8 bits: norms, which are small and sensitive, and the style's projection, which casts what it
# is given to the type of its own weights and would then compute in 8 bits itself.
NEVER_FP8 = ("pos_embed", "patch_embed", "norm", "^proj_in$", "^proj_out$", "encoder_hid_proj")


class Size(NamedTuple):
    width: int  # px
    height: int  # px
    batch: int = 1

    @property
    def pixels(self) -> int:
        return self.width * self.height * self.batch


class Placement:
    """One pipeline on one device in its memory mode; a request that does not fit is drawn a mode lower.

    Only UNet and ControlNet are kept in 8 bits or streamed. Neither can be undone, so both are read from their files
    again (`read_again`) when the mode changes back: equal requests then give equal pictures. `on_move` is called after
    modules moved, `on_read` after the two were read again. Not safe for many threads: the engine's lock is around it.
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
        on_processor: torch.dtype = torch.float32,
    ) -> None:
        self._pipeline, self._hint_stack, self._profile = pipeline, hint_stack, profile
        self._home, self._dtype = device, dtype
        self._on_processor = dtype if device.type == "cpu" else on_processor
        self.device, self.dtype = device, dtype  # where and in what numbers pictures are drawn in this mode
        self._read_again = read_again  # gives UNet with its adapter, and ControlNet without its hint stack
        self.on_move: Callable[[], None] = lambda: None
        self.on_read: Callable[[], None] = lambda: None
        self.mode: MemoryMode | None = None  # None until the first `use`
        self.choice = ModeChoice("cpu" if device.type == "cpu" else "full", "nothing was chosen yet")
        self._altered = False  # UNet and ControlNet are, or were being, put into a mode that cannot be undone
        self._too_large: dict[MemoryMode, int] = {}  # mode -> pixels of the smallest request that needed a lower one
        self._told = threading.local()

    def take_notice(self) -> str | None:
        """What to tell the person whose picture this thread drew last; once."""
        told: str | None = getattr(self._told, "notice", None)
        self._told.notice = None
        return told

    def numbers(self) -> str:
        """What the picture that this thread drew last was computed in, where that is not what its kind of device
        usually computes in; else ""."""
        return getattr(self._told, "numbers", "")

    def run(self, size: Size, work: Callable[[], T]) -> T:
        """`work()` in the usual mode; out of memory, once more in the next lower one, with all freed in between.

        Raises OutOfMemory when that fails too, or there is none lower; the next request finds the usual mode.
        """
        self._told.notice = None
        mode = self._mode_for(size)
        trouble, result = self._attempt(mode, work)
        self._told.numbers = self.present_numbers()
        if trouble is None:
            return result  # type: ignore[return-value]
        lower = lower_mode(mode, self._home.type)
        log.warning("Out of memory in mode %s at %s: %s", mode, tuple(size), trouble)
        if lower is None:
            raise OutOfMemory(self._sentence(size, mode))
        trouble, result = self._attempt(lower, work)
        if trouble is not None:
            log.warning("Out of memory in mode %s too: %s", lower, trouble)
            raise OutOfMemory(self._sentence(size, lower))
        self._told.numbers = self.present_numbers()
        self._too_large[mode] = min(size.pixels, self._too_large.get(mode, size.pixels))
        self._told.notice = f"Memory ran out, so this was drawn more sparingly: {MEANINGS[lower]}."
        return result  # type: ignore[return-value]

    def with_plain_weights(self, change: Callable[[], T]) -> T:
        """`change()` on weights as they came, then back: what is in 8 bits or streamed bears no change."""
        before = self.mode
        if self._altered:
            with writable():
                self._leave()
        try:
            return change()
        finally:
            if before is not None:
                self.use(before)

    def begin(self, choice: ModeChoice) -> None:
        """Take the chosen mode as the usual one, or where not even the weights fit the first lower one that does."""
        self.choice = choice
        while (trouble := self._attempt(self.choice.mode, lambda: None)[0]) is not None:
            log.warning("Out of memory while loading in mode %s: %s", self.choice.mode, trouble)
            lower = lower_mode(self.choice.mode, self._home.type)
            if lower is None:
                raise OutOfMemory(
                    f"There is not enough memory to load {self._profile.title}, not even with "
                    f"{MEANINGS[self.choice.mode]}. Close other programs, or run it where there is more."
                )
            self.choice = ModeChoice(lower, f"the weights did not fit with {MEANINGS[self.choice.mode]}")

    def use(self, mode: MemoryMode) -> None:
        """Put everything where the mode wants it."""
        if mode != self.mode:
            with writable():
                self._leave()
                self._enter(mode)
            self.on_move()

    def _enter(self, mode: MemoryMode) -> None:
        self._altered = mode in IRREVERSIBLE
        place = torch.device("cpu") if mode == "cpu" else self._home
        dtype = self._on_processor if place.type == "cpu" else self._dtype
        words = torch.device("cpu") if mode in IRREVERSIBLE else place
        settle(self._pipeline.text_encoder, words, dtype if words.type == place.type else torch.float32)
        settle(self._pipeline.vae, place, dtype, channels_last=True)
        for module in (self._hint_stack, self._pipeline.controlnet, self._pipeline.unet):
            if mode in IRREVERSIBLE and module is not self._hint_stack:
                ENTRANCES[mode](module, place, dtype)
            else:
                settle(module, place, dtype, channels_last=pays_channels_last(place, dtype))
        self.mode, self.device, self.dtype = mode, place, dtype

    def _leave(self) -> None:
        """Out of the mode, with UNet and ControlNet read again where they cannot come out of it."""
        self.mode = None
        if self._altered:
            self._pipeline.unet = self._pipeline.controlnet = None
            free()
            self._pipeline.unet, self._pipeline.controlnet = self._read_again()
            self._altered = False
            self.on_read()

    def present_numbers(self) -> str:
        """The same for a picture drawn now."""
        usual = "" if self.dtype == usual_dtype(self.device) else name_of(self.dtype)
        return f"{usual or name_of(self.dtype)}, weights in 8 bits" if self.mode == "fp8" else usual

    def _mode_for(self, size: Size) -> MemoryMode:
        """The usual one, or the first below it that is not known to be too small for a request of this size."""
        mode = self.choice.mode
        while size.pixels >= self._too_large.get(mode, size.pixels + 1):
            mode = lower_mode(mode, self._home.type) or mode
        return mode

    def _attempt(self, mode: MemoryMode, work: Callable[[], T]) -> tuple[str | None, T | None]:
        """(None, result), or (what the machine said, None) with everything freed.

        Freed after the except block: until then the error's traceback holds every tensor that was alive.
        """
        try:
            self.use(mode)
            return None, work()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            trouble = (str(error).splitlines() or [type(error).__name__])[0][:200]
        free()
        return trouble, None

    def _sentence(self, size: Size, mode: MemoryMode) -> str:
        asked = f"{size.width} x {size.height} px" + (f", {size.batch} at once" if size.batch > 1 else "")
        free = measure_free_memory(self._home.type)
        fits = what_fits(self._profile, free, self._home.type, size.batch, name_of(self._dtype))
        return (
            f"There is not enough memory for this picture ({asked}), not even with {MEANINGS[mode]}. {fits}. "
            "Draw it smaller, close other programs, or set CROQUIS_MEMORY to a lower mode."
        )


def settle(module: nn.Module, device: torch.device, dtype: torch.dtype, *, channels_last: bool = False) -> None:
    """To its device, ready to run. For a VAE channels last pays everywhere: fp32 on a processor -30 %, bf16 -60 %."""
    nn.Module.to(module, device=device, dtype=dtype).eval().requires_grad_(False)  # diffusers' own warns of nothing
    if channels_last:
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def pays_channels_last(device: torch.device, dtype: torch.dtype) -> bool:
    """For a UNet: in fp16 on a GPU, and in bf16 on a processor (-20 to -30 %); in fp32 there it is all the same."""
    return device.type == "cuda" or dtype == torch.bfloat16


def keep_in_8_bits(network: Any, device: torch.device, dtype: torch.dtype) -> None:
    """In 8 bits before it moves, so that the device never holds both."""
    settle(network, torch.device("cpu"), dtype, channels_last=pays_channels_last(device, dtype))
    network.enable_layerwise_casting(
        storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype, skip_modules_pattern=NEVER_FP8
    )
    network.to(device)


def stream(network: Any, device: torch.device, dtype: torch.dtype) -> None:
    """Leaf by leaf, the next one on its way while one computes; without streams where the device has none."""
    settle(network, torch.device("cpu"), dtype, channels_last=pays_channels_last(device, dtype))
    streams = device.type == "cuda"
    network.enable_group_offload(
        onload_device=device, offload_type="leaf_level", use_stream=streams, record_stream=streams
    )


ENTRANCES: Mapping[MemoryMode, Callable[[Any, torch.device, torch.dtype], None]] = {
    "fp8": keep_in_8_bits,
    "streamed": stream,
}
IRREVERSIBLE = frozenset(ENTRANCES)


@contextmanager
def writable() -> Iterator[None]:
    """Weights that are made here may be written to later, which those made in inference mode may not."""
    with torch.inference_mode(False), torch.no_grad():
        yield


def free() -> None:
    """Give back what nothing refers to any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()


class TiledDecoding:
    """Decoding in tiles for as long as it is open, where the picture is large."""

    def __init__(self, vae: Any, width: int, height: int) -> None:
        self._vae, self._wanted = vae, tiled(width, height)

    def __enter__(self) -> None:
        if self._wanted:
            self._vae.enable_tiling()

    def __exit__(self, *raised: object) -> None:
        if self._wanted:
            self._vae.disable_tiling()
