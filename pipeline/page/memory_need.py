"""Read what a picture loads beside the usual networks, for the memory plan."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.controls import expect_choice
from pipeline.errors import ModelError, SettingError
from pipeline.hints import CONTROLNET_NAMES, list_steering
from pipeline.hires import is_drawn_twice
from pipeline.machine.plan import FLOAT32_DECODER
from pipeline.models.catalog import PROFILES, find_profile
from pipeline.models.safetensors_header import read_shapes
from pipeline.request.notation import AUTO, parse_style
from pipeline.request.order import parse_count, parse_name, read_loras
from pipeline.request.presets import get_menu
from pipeline.settings import Settings
from pipeline.studio.own_weights import find_adapter, find_lora
from pipeline.studio.studio import Studio
from pipeline.values import NUMBER_FORMAT, GenerationRequest, GenerationResult, Style


@dataclass(frozen=True)
class MemoryNeed:
    """MemoryNeed says what a picture loads beside UNet, text encoder and VAE."""

    controlnets: int = 1
    loras: int = 0  # bytes in 16 bits of LoRAs, taught ones and few-step weights
    adapter: int = 0  # bytes in 16 bits that its IP-Adapter has more than the usual one
    encodes: bool = False  # a picture, or what stays of one, becomes latents
    new_style: bool = False  # the image encoder looks at a style
    float32_decoder: bool = False  # the autoencoder overflowed in 16 bits


def read_need(result: GenerationResult, fills_parts: bool = False) -> MemoryNeed:
    """Read what a finished picture loaded; its styles are known by now, and the image encoder was let go.

    `fills_parts`: it was drawn by a model that was trained to fill a part.
    """
    request = result.request
    encodes = request.start is not None or is_drawn_twice(request) or fills_parts
    own = None if request.own_adapter is None else request.own_adapter.file
    adapter = count_adapter_bytes(request.engine, request.conditioning.ip_adapter, own)
    widened = is_decoder_widened(result.revisions)
    controlnets, loras = count_controlnets(request), count_lora_bytes(request)
    return MemoryNeed(controlnets, loras, adapter, encodes, float32_decoder=widened)


def plan_need(
    studio: Studio,
    engine: str,
    *,
    controlnet_count: object = 1,
    loras: object = "",
    style: object = "auto",
    few_steps: object = "",
    ip_adapter: object = AUTO,
    starts: object = False,
    new_style: object = False,
) -> MemoryNeed:
    """Read what a planned picture would load, in the words of /draw. Raises SettingError and StyleError."""
    profile = find_profile(str(engine)[:40])
    menu = get_menu(profile.name)
    count = parse_count("controlnet_count", controlnet_count, 0, len(CONTROLNET_NAMES))
    found = [find_lora(studio.own_files, wish).path for wish in read_loras(menu, loras)]
    expect_choice("few_steps", few_steps, ("", *menu.few_steps))
    worn = [studio.find_style(id) for id, _ in parse_style(style)]
    learnt = list_taught_files(worn) if menu.own_weights else []
    bytes_ = count_file_bytes([*found, *learnt]) + count_few_steps(profile.name, str(few_steps))
    adapter = plan_adapter(studio, profile.name, parse_name("ip_adapter", ip_adapter) or "")
    flags = expect_flag("starts", starts), expect_flag("new_style", new_style)
    running = studio.find_engine()
    draws = running is not None and running.profile.name == profile.name
    widened = running is not None and draws and is_decoder_widened(running.present_revisions)
    return MemoryNeed(max(count, 1), bytes_, adapter, *flags, float32_decoder=widened)


def is_decoder_widened(revisions: Mapping[str, str]) -> bool:
    """Return whether pictures of these revisions are decoded in 32 bits, whatever numbers they are drawn in."""
    return FLOAT32_DECODER in revisions.get(NUMBER_FORMAT, "")


def plan_adapter(studio: Studio, engine: str, name: str) -> int:
    """Count what an IP-Adapter has more than the usual one. Raises SettingError where the engine has none so called."""
    get_menu(engine).expect_adapter(name)
    own = find_adapter(studio.own_files, engine, name)
    return count_adapter_bytes(engine, name, None if own is None else own.file)


def find_numbers(studio: Studio, engine: object) -> str:
    """Find the number format that an engine draws in now; the setting's where it is not the one that draws."""
    running = studio.find_engine()
    if running is None or running.profile.name != engine:
        return studio.settings.dtype
    return name_numbers(running.present_revisions, studio.settings)


def name_numbers(revisions: Mapping[str, str], settings: Settings) -> str:
    """Name the number format among the revisions, the device's usual one where there is none; the setting's where the
    device, which the picture left, does not draw in it. Raises SettingError for a device that is not here.
    """
    from pipeline.machine.device import choose_device, choose_dtype, get_default_dtype, name_dtype

    device, _ = choose_device(settings.device)
    named = revisions.get(NUMBER_FORMAT, "").partition(",")[0] or name_dtype(get_default_dtype(device))
    try:
        return name_dtype(choose_dtype(device, named))
    except SettingError:
        return settings.dtype


def expect_flag(name: str, value: object) -> bool:
    """Return true or false as it came. Raises SettingError for anything else."""
    if not isinstance(value, bool):
        raise SettingError(f"{name} is true or false; {type(value).__name__} came.")
    return value


def count_controlnets(request: GenerationRequest) -> int:
    """Count the ControlNets that a request is steered by; the one that is read with the model is there all the same."""
    steering = list_steering(request.hints, request.conditioning.controlnet_conditioning_scale)
    return len({hint.controlnet for hint in steering}) or 1


def count_lora_bytes(request: GenerationRequest) -> int:
    """Count the bytes in 16 bits of a request's LoRAs, of what its styles learnt, and of few-step weights."""
    files = {each.file for each in request.loras if each.weight}
    strength = request.conditioning.ip_adapter_scale
    files |= set(list_taught_files(style for style, weight in request.styles.parts if weight * strength))
    learns = get_menu(request.engine).own_weights
    return count_few_steps(request.engine, request.shortcuts.few_steps) + (count_file_bytes(files) if learns else 0)


def list_taught_files(styles: Iterable[Style]) -> list[Path]:
    """List the LoRAs of the styles that pictures taught, where they are here."""
    return [style.taught.lora for style in styles if style.taught is not None and style.taught.lora is not None]


def count_few_steps(engine: str, name: str) -> int:
    """Count the bytes of an engine's few-step weights; 0 where it has none of that name."""
    quick = get_menu(engine).few_steps.get(name)
    parts = () if quick is None else PROFILES[engine].parts[quick.part].files
    return sum(file.size for file in parts if file.path.endswith(quick.file)) if quick else 0


def count_file_bytes(files: Iterable[Path]) -> int:
    """Count the bytes in 16 bits of the tensors in files, whatever numbers they are written in."""
    return sum(_count_tensor_bytes(file) for file in files if file.is_file())


def _count_tensor_bytes(file: Path) -> int:
    try:
        return 2 * sum(math.prod(shape) for shape in read_shapes(file).values())
    except (ModelError, OSError):  # the engine tells what is wrong with it
        return file.stat().st_size


def count_adapter_bytes(engine: str, name: str, own: Path | None) -> int:
    """Count the bytes in 16 bits that an IP-Adapter has more than the usual one; none for a smaller one.

    `name` is the menu's, "" for the usual one; `own` is the file of a person's own, where it is that.
    """
    role, parts = get_menu(engine).ip_adapters.get(name), PROFILES[engine].parts
    if role is None and (own is None or not own.is_file()):
        return 0
    size = own.stat().st_size if own else parts[str(role)].size
    return max(size - parts["ip_adapter"].size, 0)
