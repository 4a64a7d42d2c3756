"""Plan how much memory a picture needs before anything is loaded, by sizes, constants and arithmetic alone.

Two formulas stand beside each other. Ours adds the weights that a mode keeps where the picture is drawn, the larger of
what a denoising step and the decoding hold for a while, and what the runtime takes; its constants, each with machine,
date and kind (measured, or derived by following every tensor through the modules), lie in figures.json. The
published one is (weights + the largest of VAE encode, UNet, VAE decode) x 1.2, as
https://github.com/Vishnu373/stable-diffusion-vram-calculator gives it (README, commit 6d6efef); it knows no modes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from pipeline.controls import expect_choice
from pipeline.errors import SettingError
from pipeline.machine.figures import WeightSizes, count_decode_bytes, measure_weights, read_figures
from pipeline.machine.memory import FreeMemory
from pipeline.machine.tiles import plan_windows
from pipeline.models.profile import ModelProfile

MemoryMode = Literal["full", "fp8", "streamed", "cpu"]
MODES: tuple[MemoryMode, ...] = get_args(MemoryMode)
MODES_BY_DEVICE: Mapping[str, tuple[MemoryMode, ...]] = {  # device -> its modes, from the quickest to the smallest
    "cuda": ("full", "fp8", "streamed", "cpu"),
    "mps": ("full", "cpu"),  # Apple's GPUs know no fp8, and share their memory with the processor
    "cpu": ("cpu", "fp8"),
}
MODE_MEANINGS: Mapping[str, str] = {
    "full": "everything on the GPU",
    "fp8": "weights kept in 8 bits, computed in 16 or 32",
    "streamed": "weights kept in main memory, streamed to the GPU layer by layer",
    "cpu": "everything on the processor",
}
BATCH_LIMIT = 4
TILE_FROM = 768  # px; a side above it is decoded in tiles
TILE = 512  # px a side of a tile
GB = 1e9
FLOAT32_DECODER = "decoded in float32"  # beside a picture's number format
NUMBER_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}  # bytes of one


@dataclass(frozen=True)
class MemoryPlan:
    """What one picture, or a batch, needs in one mode. All in bytes."""

    mode: MemoryMode
    device: str  # "cuda", "mps" or "cpu": where it is drawn
    width: int  # px
    height: int  # px
    batch: int
    weights: int  # that stay where the picture is drawn
    steps: int  # held for a while in a denoising step
    decode: int  # held for a while when latents become a picture
    runtime: int  # that the runtime takes for itself
    main_memory: int  # of what waits in main memory beside a GPU
    published: int  # by the published formula
    controlnet: int = 0  # of one ControlNet's weights where it is drawn
    encode: int = 0  # held for a while when a picture to go on from becomes latents
    image_encoder: int = 0  # held on the processor while a new style's picture is looked at
    packed: int = 0  # taken besides where it is free: large convolutions in the processor's own order
    openvino: int = 0  # taken by OpenVINO's process in place of `packed`: all that steps compute with once more

    @property
    def peak(self) -> int:
        """Bytes needed at once where the picture is drawn."""
        looked = 0 if self.device == "cuda" else self.image_encoder
        return self.weights + max(self.stage, looked) + self.runtime

    @property
    def stage(self) -> int:
        """Bytes that the largest of steps, decoding and encoding holds for a while."""
        return max(self.steps, self.decode, self.encode)

    def fits(self, free: int) -> bool:
        """Whether `free` bytes there are enough."""
        return self.peak <= free


@dataclass(frozen=True)
class ModeChoice:
    """A memory mode and the reason for it."""

    mode: MemoryMode
    why: str  # for the page and the log


def plan_memory(
    profile: ModelProfile,
    width: int,
    height: int,
    batch: int = 1,
    mode: str = "full",
    device: str = "cuda",
    dtype: str | None = None,
    *,
    controlnets: int = 1,
    loras: int = 0,
    encodes: bool = False,
    adapter: int = 0,
    new_style: bool = False,
    float32_decoder: bool = False,
) -> MemoryPlan:
    """Plan one picture or batch, in the device's default numbers or those called `dtype`, steered by `controlnets`.

    `loras` are the bytes in 16 bits of its LoRAs and few-step weights, which lie beside the layers in every mode, and
    once more in main memory as they were read; `adapter` those of what its IP-Adapter has more than the usual one.
    `encodes` says that a picture becomes latents: one to start from, what stays of one for a UNet that fills parts, or
    the first of two passes, which is smaller than the second and needs less. `new_style` says that the image encoder
    looks at a style first, on the processor and in 32 bits; `float32_decoder` that the autoencoder computes in those,
    after it overflowed in 16. Denoised in windows a picture needs what one does, and room for the deep features of all.
    What a GPU's weights would take on the processor is always counted in 32 bits. Raises SettingError for a size that
    the profile does not draw, a batch outside 1 to 4, an unknown mode or number format, or a mode that the device
    lacks.
    """
    kind = _check_arguments(profile, width, height, batch, mode, device)
    drawn_on = "cpu" if kind == "cpu" else device
    weights = measure_weights(profile)
    steered = replace(weights, controlnet=controlnets * weights.controlnet)
    figures = read_figures()["devices"][profile.name if profile.processor_only else drawn_on]
    usual = 2 if drawn_on == "cuda" else 4  # bytes of a number that the figures are of
    each = usual if dtype is None or drawn_on != device else _get_number_size(dtype)
    wide, share = each // 2, each / usual
    coded = 4 if float32_decoder else each  # bytes of a number of the autoencoder
    looked = profile.parts["image_encoder"].size if new_style and "image_encoder" in profile.parts else 0
    per_pixel = figures["step_bytes_per_px"] + (controlnets - 1) * usual / 2 * read_figures()["residual_bytes_per_px"]
    return MemoryPlan(
        mode=kind,
        device=drawn_on,
        width=width,
        height=height,
        batch=batch,
        weights=_count_resident_bytes(steered, kind, wide, figures)
        + wide * (loras + adapter)
        + (coded // 2 - wide) * weights.vae
        + (0 if drawn_on == "cuda" else loras),
        steps=round(share * (batch * _count_step_bytes(width, height, per_pixel, usual) + figures["step_bytes"])),
        decode=count_decode_bytes(_count_decoded_pixels(width, height), coded, usual, figures),
        runtime=figures.get(f"runtime_bytes_{8 * each}", figures["runtime_bytes"]),
        main_memory=(loras + looked + steered.streamable * (kind == "streamed")) * (drawn_on == "cuda"),
        published=apply_published_formula(weights, width, height, batch),
        controlnet=_count_controlnet_bytes(weights, kind, wide, figures),
        encode=round(
            coded / 2 * _count_decoded_pixels(width, height) * read_figures()["encode_bytes_per_px"] * encodes
        ),
        image_encoder=looked,
        packed=int(wide * figures.get("packed_share", 0.0) * steered.streamable) if kind == "cpu" else 0,
        openvino=steered.streamable + figures["openvino_bytes"] if kind == "cpu" and each == 2 else 0,
    )


def apply_published_formula(weights: WeightSizes, width: int, height: int, batch: int = 1, tokens: int = 77) -> int:
    """Return the bytes by the published formula for a guided batch: it counts one picture, so twice `batch`.

    Its average of the UNet's channels is 745, and three copies of each activation are alive.
    """
    return round(1.2 * (weights.total + max(compute_published_stages(width, height, batch, tokens).values())))


def compute_published_stages(width: int, height: int, batch: int = 1, tokens: int = 77) -> dict[str, int]:
    """Return the bytes that the published formula gives "encode", "unet" and "decode"."""
    cells, pixels = (width // 8) * (height // 8), width * height
    coded = batch * (4 * pixels * 3 * 2 + cells * 4 * 2)  # the picture, three copies of it, and its latents
    return {"encode": coded, "unet": 2 * batch * (cells * 745 * 2 * 3 + cells * tokens * 2), "decode": coded}


def choose_mode(
    profile: ModelProfile, free: FreeMemory, device: str, wanted: str = "auto", batch: int = 1, dtype: str | None = None
) -> ModeChoice:
    """Choose the mode called `wanted`, or for "auto" the quickest whose plan fits the profile's default size.

    Where nothing fits it is the smallest, and the reason says so: a plan may be wrong, a picture is worth a try.
    """
    if wanted != "auto":
        return ModeChoice(_check_arguments(profile, profile.width, profile.height, batch, wanted, device), "asked for")
    for mode in list_modes(profile, device) if device != "cpu" else ("cpu",):  # there fp8 is for when memory runs out
        plan = plan_memory(profile, profile.width, profile.height, batch, mode, device, dtype)
        have = select_free_memory(plan, free)
        if plan.fits(have) and plan.main_memory <= free.main:
            return ModeChoice(mode, f"{format_gigabytes(plan.peak)} of the {format_gigabytes(have)} that are free")
    return ModeChoice(
        mode,
        f"nothing fits by the plan: even this needs {format_gigabytes(plan.peak)} and {format_gigabytes(have)} "
        "are free",
    )


def list_modes(profile: ModelProfile, device: str) -> tuple[MemoryMode, ...]:
    """Return a profile's modes on a device, from the quickest to the smallest."""
    return ("cpu",) if profile.processor_only else MODES_BY_DEVICE[device]


def find_lower_mode(mode: MemoryMode, device: str) -> MemoryMode | None:
    """Return the next smaller mode of a device; None below the last, and for one that was only asked for by name."""
    ladder = MODES_BY_DEVICE[device]
    after = ladder.index(mode) + 1 if mode in ladder else len(ladder)
    return ladder[after] if after < len(ladder) else None


def describe_what_fits(
    profile: ModelProfile,
    free: FreeMemory,
    device: str,
    batch: int = 1,
    dtype: str | None = None,
    *,
    float32_decoder: bool = False,
) -> str:
    """Say, to a person whose picture did not fit, the largest square that each mode can draw here."""
    options = []
    for mode in list_modes(profile, device):
        plans = [
            plan_memory(profile, side, side, batch, mode, device, dtype, float32_decoder=float32_decoder)
            for side in list_sides(profile)
        ]
        side = max((plan.width for plan in plans if plan.fits(select_free_memory(plan, free))), default=None)
        if side:
            options.append(f"{side} x {side} px with {mode} ({MODE_MEANINGS[mode]})")
    return "What would fit by our reckoning: " + "; ".join(options) if options else "By our reckoning nothing fits here"


def list_sides(profile: ModelProfile) -> range:
    """Return the sides (px) of the squares that `describe_what_fits` tries."""
    step = max(profile.multiple, profile.width // 8)
    return range(max(64, profile.width // 2), profile.max_side + 1, step)


def is_tiled(width: int, height: int) -> bool:
    """Return whether a picture of this size (px) is decoded in tiles."""
    return max(width, height) > TILE_FROM


def format_gigabytes(size: float) -> str:
    """Return bytes in words: "1.2 GB"."""
    return f"{size / GB:.1f} GB"


def _count_resident_bytes(weights: WeightSizes, mode: MemoryMode, wide: int, figures: Mapping[str, Any]) -> int:
    """Return the bytes of the weights that stay where the picture is drawn."""
    others = wide * (weights.text_encoder + weights.vae)
    if mode == "fp8":
        layer = wide * int(read_figures()["largest_layer_bytes"])  # as wide as it computes, for the while
        kept = int(weights.streamable * float(figures["fp8_share"]))
        return kept + layer + wide * weights.vae + (others - wide * weights.vae if figures["words_stay"] else 0)
    if mode == "streamed":  # the text encoder waits on the processor; two layers are there at once, one on its way
        return wide * (weights.vae + 2 * int(read_figures()["largest_layer_bytes"]))
    return others + wide * weights.streamable


def _count_controlnet_bytes(weights: WeightSizes, mode: MemoryMode, wide: int, figures: Mapping[str, Any]) -> int:
    """Return the bytes of one ControlNet's weights where the picture is drawn."""
    if mode == "streamed":
        return 0
    return int(weights.controlnet * float(figures["fp8_share"])) if mode == "fp8" else wide * weights.controlnet


def _count_step_bytes(width: int, height: int, per_pixel: float, usual: int) -> float:
    """Return the bytes of a step of one picture, in numbers of `usual` bytes: of a window, where there are several, and
    of the features that each of them keeps.
    """
    windows = plan_windows(width, height)
    kept = sum(each.area for each in windows) * read_figures()["window_bytes_per_px"] if len(windows) > 1 else 0.0
    return max(each.area for each in windows) * per_pixel + kept * usual / 2


def _get_number_size(dtype: str) -> int:
    expect_choice("dtype", dtype, NUMBER_BYTES)
    return NUMBER_BYTES[dtype]


def _count_decoded_pixels(width: int, height: int) -> int:
    """Return the pixels decoded at once: pictures one by one, large ones in tiles, beside the whole picture."""
    return TILE * TILE + width * height // 400 if is_tiled(width, height) else width * height


def select_free_memory(plan: MemoryPlan, free: FreeMemory) -> int:
    """Return the bytes that are free where the plan's picture would be drawn."""
    return free.main if plan.device != "cuda" or free.gpu is None else free.gpu


def _check_arguments(
    profile: ModelProfile, width: object, height: object, batch: object, mode: str, device: str
) -> MemoryMode:
    for name, value in (("width", width), ("height", height), ("batch", batch)):
        if isinstance(value, bool) or not isinstance(value, int):
            raise SettingError(f"{name} is a whole number; {type(value).__name__} came.")
    profile.check_size(width, height)  # type: ignore[arg-type]
    if not 1 <= batch <= BATCH_LIMIT:  # type: ignore[operator]
        raise SettingError(f"batch is a whole number from 1 to {BATCH_LIMIT}; {str(batch)[:20]} came.")
    expect_choice("device", device, MODES_BY_DEVICE)
    expect_choice("mode", mode, MODES)
    if mode == "full" and device == "cpu":
        return "cpu"
    modes = list_modes(profile, device)
    if mode not in modes and not (mode == "streamed" and device == "cpu" and not profile.processor_only):
        raise SettingError(
            f"The memory mode {mode!r} needs another device than {device!r}, which has {', '.join(modes)}."
        )
    return mode  # type: ignore[return-value]
