"""Read what a picture loads beside the usual networks, for the memory plan."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.controls import expect_choice
from pipeline.errors import CroquisError, ModelError, SettingError
from pipeline.hints import CONTROLNET_NAMES, list_steering
from pipeline.hires import is_drawn_twice
from pipeline.models.architecture import count_inputs
from pipeline.models.catalog import PROFILES, find_profile
from pipeline.models.own_files import OwnFiles
from pipeline.models.safetensors_header import read_shapes
from pipeline.request.notation import parse_style
from pipeline.request.order import parse_count, read_loras
from pipeline.request.presets import get_menu
from pipeline.studio.own_weights import find_lora
from pipeline.studio.studio import Studio
from pipeline.values import CHECKPOINT, GenerationRequest, GenerationResult, Style

USUAL_INPUTS = 4  # channels that a UNet takes which was not trained to fill a part


@dataclass(frozen=True)
class MemoryNeed:
    """MemoryNeed says what a picture loads beside UNet, text encoder and VAE."""

    controlnets: int = 1
    loras: int = 0  # bytes in 16 bits of LoRAs, taught ones and few-step weights
    adapter: int = 0  # bytes in 16 bits that its IP-Adapter has more than the usual one
    encodes: bool = False  # a picture, or what stays of one, becomes latents
    new_style: bool = False  # the image encoder looks at a style


def read_need(result: GenerationResult, files: OwnFiles) -> MemoryNeed:
    """Read what a finished picture loaded; its styles are known by now, and the image encoder was let go."""
    request = result.request
    fills = fills_parts(result.revisions.get(CHECKPOINT), files)
    encodes = request.start is not None or is_drawn_twice(request) or fills
    return MemoryNeed(count_controlnets(request), count_lora_bytes(request), count_adapter_bytes(request), encodes)


def plan_need(
    studio: Studio,
    engine: str,
    *,
    controlnet_count: object = 1,
    loras: object = "",
    style: object = "auto",
    few_steps: object = "",
    starts: object = False,
    new_style: object = False,
) -> MemoryNeed:
    """Read what a planned picture would load, in the words of /draw. Raises SettingError and StyleError."""
    profile = find_profile(str(engine)[:40])
    menu = get_menu(profile.name)
    count = parse_count("controlnet_count", controlnet_count, 0, len(CONTROLNET_NAMES))
    found = [find_lora(studio.own_files, wish).file for wish in read_loras(profile, menu, loras)]
    expect_choice("few_steps", few_steps, ("", *menu.few_steps))
    worn = [studio.find_style(id) for id, _ in parse_style(style)]
    learnt = list_taught_files(worn) if menu.own_weights else []
    bytes_ = count_file_bytes([*found, *learnt]) + count_few_steps(profile.name, str(few_steps))
    return MemoryNeed(
        max(count, 1), bytes_, encodes=expect_flag("starts", starts), new_style=expect_flag("new_style", new_style)
    )


def expect_flag(name: str, value: object) -> bool:
    """Return true or false as it came. Raises SettingError for anything else."""
    if not isinstance(value, bool):
        raise SettingError(f"{name} is true or false; {type(value).__name__} came.")
    return value


def fills_parts(checkpoint: str | None, files: OwnFiles) -> bool:
    """Return whether a model of a person's own takes a mask and what stays beside its latents, by its header."""
    if not checkpoint:
        return False
    try:
        return count_inputs(read_shapes(files.find(CHECKPOINT, checkpoint).path)) > USUAL_INPUTS
    except (CroquisError, OSError):  # it is gone since, or a folder
        return False


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


def count_adapter_bytes(request: GenerationRequest) -> int:
    """Count the bytes in 16 bits that a request's IP-Adapter has more than the usual one; none for a smaller one."""
    role, parts = (
        get_menu(request.engine).ip_adapters.get(request.conditioning.ip_adapter),
        PROFILES[request.engine].parts,
    )
    own = request.own_adapter
    if role is None and (own is None or not own.file.is_file()):
        return 0
    size = own.file.stat().st_size if own else parts[str(role)].size
    return max(size - parts["ip_adapter"].size, 0)
