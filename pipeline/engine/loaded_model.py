"""Load a profile's networks. Heavy to import: do it where the models are loaded."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from torch import nn

from pipeline.engine.acceleration import choose_attention
from pipeline.engine.diffusers_pipeline import (
    LOADED_PARTS,
    detach_hint_stack,
    find_adapter_file,
    find_text_revision,
    load_pipeline,
    reload_networks,
)
from pipeline.engine.image_encoder import ImageEncoder
from pipeline.engine.placement import Placement
from pipeline.engine.safety import SafetyChecker, find_checker
from pipeline.engine.style_embeddings import StyleEmbeddings
from pipeline.engine.weight_modes import release_memory
from pipeline.errors import ModelError
from pipeline.machine.device import choose_device, choose_processor_dtype, name_dtype
from pipeline.machine.memory import measure_free_memory
from pipeline.machine.plan import ModeChoice, choose_mode
from pipeline.models.ip_adapters import AdapterInput, read_adapter_input
from pipeline.models.loading import guard_loading
from pipeline.models.locate import LocatedPart, locate_part
from pipeline.models.profile import ModelProfile
from pipeline.models.safetensors_header import read_shapes

log = logging.getLogger(__name__)

OnProgress = Callable[[str, float], None]  # what is being loaded, fraction done in [0, 1]


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """LoadedModel holds a profile's networks in memory, and what an engine needs beside them."""

    profile: ModelProfile
    folder: Path | None  # holds the model in place of the profile's home or the Hub
    pipeline: Any  # diffusers' StableDiffusionControlNetPipeline with its IP-Adapter, without ControlNet's hint stack
    hint_stack: nn.Module
    placement: Placement
    image_encoder: ImageEncoder
    usual_input: AdapterInput  # what the profile's own adapter takes of a style's picture
    style_embeddings: StyleEmbeddings  # as that takes them
    cache_dir: Path | None  # keeps embeddings from one run to the next
    safety: SafetyChecker | None  # None: this profile has none, or it is off
    revisions: dict[str, str]  # model part -> revision or hash
    located: dict[str, LocatedPart]  # role -> where it was read from; base and adapter may be exchanged
    attention: str  # one of acceleration.ATTENTIONS


@dataclass(frozen=True)
class Hardware:
    """Hardware says where the networks are to lie, and in which number format."""

    device: torch.device
    dtype: torch.dtype
    processor_dtype: torch.dtype  # the dtype of what is drawn on the processor
    mode: ModeChoice
    attention: str  # one of acceleration.ATTENTIONS
    compiled: bool = False  # the networks will run compiled


def choose_hardware(profile: ModelProfile, device: str, dtype: str, memory: str, attention: str) -> Hardware:
    """Choose what "auto" leaves open. Raises SettingError for a device, dtype or mode that is not here."""
    chosen_device, chosen_dtype = choose_device(device, dtype, any_dtype=profile.any_dtype)
    mode = choose_mode(
        profile, measure_free_memory(chosen_device.type), chosen_device.type, memory, dtype=name_dtype(chosen_dtype)
    )
    log.info("Memory mode %s: %s; numbers: %s", mode.mode, mode.why, name_dtype(chosen_dtype))
    return Hardware(chosen_device, chosen_dtype, choose_processor_dtype(dtype, profile.any_dtype), mode, attention)


def load_model(
    profile: ModelProfile,
    hardware: Hardware,
    *,
    folder: Path | None,
    cache_dir: Path | None,
    safety: bool,
    report: OnProgress,
) -> LoadedModel:
    """Find, check and load the profile's files. Raises as Engine.load does."""
    report("Checking the model's files", 0.0)
    located = {role: locate_part(profile, role, folder) for role in LOADED_PARTS}
    checker = find_checker(profile, folder) if safety else None
    report("Loading the model", 0.3)
    with guard_loading(located["base"].path, diffusers.utils.logging, transformers.utils.logging):
        pipeline = load_pipeline(profile, located, hardware.dtype)
    hint_stack = detach_hint_stack(pipeline.controlnet)
    placement = place_networks(profile, hardware, located, pipeline, hint_stack)
    release_memory()  # what the weights were read into before they were cast
    report("Getting ready to draw", 0.9)
    image_encoder = ImageEncoder(profile, folder, pipeline)
    image_encoder.fetch_files()
    revisions = {role: part.revision for role, part in located.items()} | {"image_encoder": image_encoder.revision}
    taken = read_adapter_input(read_shapes(find_adapter_file(profile, located["ip_adapter"])))
    if taken is None:
        raise ModelError(f"{profile.ip_adapter_file} is no IP-Adapter that takes the look of a picture.")
    return LoadedModel(
        profile,
        folder,
        pipeline,
        hint_stack,
        placement,
        image_encoder,
        taken,
        make_style_embeddings(image_encoder, taken, cache_dir),
        cache_dir,
        SafetyChecker(checker, pipeline.feature_extractor, profile.variant) if checker else None,
        revisions | find_text_revision(profile),
        located,
        hardware.attention,
    )


def place_networks(
    profile: ModelProfile,
    hardware: Hardware,
    located: Mapping[str, LocatedPart],
    pipeline: Any,
    hint_stack: nn.Module,
) -> Placement:
    """Put the networks on their device in the chosen mode, with the chosen attention kernel."""
    placement = Placement(
        pipeline,
        hint_stack,
        profile,
        hardware.device,
        hardware.dtype,
        lambda: reload_networks(profile, located, hardware.dtype, pipeline),
        choose_processor_dtype=hardware.processor_dtype,
        compiled=hardware.compiled,
    )
    placement.set_usual_mode(hardware.mode)
    if choose_attention(hardware.attention, hardware.device, hardware.dtype) == "xformers":
        pipeline.enable_xformers_memory_efficient_attention()
    return placement


def make_style_embeddings(encoder: ImageEncoder, taken: AdapterInput, cache_dir: Path | None) -> StyleEmbeddings:
    """Make the embeddings of style pictures as an adapter takes them, kept in `cache_dir` from one run to the next."""
    shared = (encoder.revision, taken, cache_dir, encoder.release, encoder.expect_files)
    if taken.kind == "image_embeds":
        return StyleEmbeddings(encoder.encode, *shared, holders=encoder.holders)
    return StyleEmbeddings(encoder.encode_patches, *shared, encoder.encode_no_patches, encoder.holders)
