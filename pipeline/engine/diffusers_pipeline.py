"""Load diffusers' own pipeline from a profile's files, and take out of it what our loop drives itself."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import diffusers
import torch
import transformers
from diffusers.loaders.single_file_utils import create_diffusers_clip_model_from_ldm
from torch import nn

from pipeline.errors import ModelError
from pipeline.models.architecture import count_inputs
from pipeline.models.loading import guard_loading
from pipeline.models.locate import LocatedPart
from pipeline.models.model_folders import find_variant
from pipeline.models.pickled_weights import is_pickled, read_pickled
from pipeline.models.profile import ModelProfile
from pipeline.models.safetensors_header import read_shapes
from pipeline.models.text_package import load_text_package
from pipeline.request.samplers import Sampler

LOADED_PARTS = ("base", "controlnet", "ip_adapter")  # the image encoder waits until a style needs it
KEPT_PARTS = ("vae", "text_encoder", "tokenizer", "feature_extractor", "scheduler")  # when networks are read again


def load_pipeline(profile: ModelProfile, located: Mapping[str, LocatedPart], dtype: torch.dtype, **given: Any) -> Any:
    """Load diffusers' ControlNet pipeline with its IP-Adapter, on the CPU; both profiles come through here. Parts in
    `given` are not read.
    """
    shared = {"local_files_only": True, "use_safetensors": True, "dtype": dtype, "variant": profile.variant}
    controlnet = located["controlnet"].path
    pipeline = choose_base_reader(located["base"], shared)(
        controlnet=diffusers.ControlNetModel.from_pretrained(controlnet, **shared),
        image_encoder=None,
        safety_checker=None,
        requires_safety_checker=False,
        **(given or load_packaged_text(profile, dtype)),
    )
    load_adapter(pipeline, profile, located["ip_adapter"])
    pipeline.scheduler = make_scheduler(profile, pipeline.scheduler.config)
    return pipeline


def read_base(profile: ModelProfile, located: Mapping[str, LocatedPart], dtype: torch.dtype, **given: Any) -> Any:
    """Read a base with its adapter into a pipeline of its own, without ControlNet, on the CPU. Parts in `given` are not
    read.
    """
    shared = {"local_files_only": True, "use_safetensors": True, "dtype": dtype, "variant": profile.variant}
    pipeline = choose_base_reader(located["base"], shared, diffusers.StableDiffusionPipeline)(
        image_encoder=None,
        safety_checker=None,
        requires_safety_checker=False,
        **load_packaged_text(profile, dtype),
        **given,
    )
    load_adapter(pipeline, profile, located["ip_adapter"])
    return pipeline


def load_adapter(pipeline: Any, profile: ModelProfile, adapter: LocatedPart) -> None:
    """Put an IP-Adapter on a pipeline's UNet, in the place of one before: the profile's own of a folder, or a file."""
    file = find_adapter_file(profile, adapter)
    pipeline.load_ip_adapter(str(file.parent), subfolder=".", weight_name=file.name, image_encoder_folder=None)


def find_adapter_file(profile: ModelProfile, adapter: LocatedPart) -> Path:
    """Return an adapter's file: the part itself, or the profile's own in the part's folder."""
    return adapter.path if adapter.path.is_file() else adapter.path / profile.ip_adapter_file


def choose_base_reader(
    base: LocatedPart,
    shared: Mapping[str, Any],
    pipeline_class: Any = diffusers.StableDiffusionControlNetPipeline,
) -> Callable[..., Any]:
    """Return what makes the pipeline from a folder, or from a single file with the configs beside it."""
    if base.config is None:
        return partial(pipeline_class.from_pretrained, base.path, **{**shared, "variant": find_variant(base.path)})
    given = {"config": str(base.config), "local_files_only": True, "torch_dtype": shared["dtype"]}
    if is_pickled(base.path):
        return partial(read_pickled_base, pipeline_class, base.path, given)
    return partial(pipeline_class.from_single_file, str(base.path), **given, **read_wider_unet(base.path, given))


def read_wider_unet(file: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Read the UNet of a single file that takes more channels than its configuration says, as those do that were
    trained to repaint a part; nothing where it takes as many.
    """
    channels = count_inputs(read_shapes(file))
    if channels == json.loads((Path(given["config"]) / "unet" / "config.json").read_text("utf-8"))["in_channels"]:
        return {}
    unet = diffusers.UNet2DConditionModel.from_single_file(str(file), subfolder="unet", in_channels=channels, **given)
    return {"unet": unet}


def read_pickled_base(pipeline_class: Any, file: Path, given: Mapping[str, Any], **parts: Any) -> Any:
    """Make the pipeline from a checkpoint that was pickled, whose tensors alone are read; `parts` are not read."""
    tensors = read_pickled(file)
    channels = count_inputs({name: tuple(tensor.shape) for name, tensor in tensors.items()})
    made: dict[str, Callable[[], Any]] = {
        "unet": lambda: diffusers.UNet2DConditionModel.from_single_file(
            dict(tensors), subfolder="unet", in_channels=channels, **given
        ),
        "vae": lambda: diffusers.AutoencoderKL.from_single_file(dict(tensors), subfolder="vae", **given),
        "text_encoder": lambda: create_diffusers_clip_model_from_ldm(
            transformers.CLIPTextModel, dict(tensors), subfolder="text_encoder", **given
        ),
    }
    read = {name: read_part() for name, read_part in made.items() if name not in parts}
    shared = {"local_files_only": True, "dtype": given["torch_dtype"]}
    return pipeline_class.from_pretrained(given["config"], **shared, **read, **parts)


def load_packaged_text(profile: ModelProfile, dtype: torch.dtype) -> dict[str, Any]:
    """Load text_encoder and tokenizer from the profile's package; nothing where the base folder has its own."""
    package = profile.text_package
    return {} if package is None else load_text_package(package, dtype=dtype)._asdict()


def make_scheduler(profile: ModelProfile, config: Any) -> Any:
    """Make the profile's own scheduler over the configuration that was read."""
    return getattr(diffusers, profile.scheduler).from_config(config, **profile.scheduler_options)


def make_sampler_scheduler(sampler: Sampler, config: Any) -> Any:
    """Make a sampler's scheduler over the configuration of the model's own.

    What only other schedulers take is left out: diffusers ignores that too, but logs it for each picture.
    """
    scheduler = getattr(diffusers, sampler.scheduler)
    known = inspect.signature(scheduler.__init__).parameters
    fitting = {name: value for name, value in config.items() if name in known or name.startswith("_")}
    return scheduler.from_config(fitting, **sampler.options)


def reload_networks(
    profile: ModelProfile, located: Mapping[str, LocatedPart], dtype: torch.dtype, pipeline_in_use: Any
) -> Networks:
    """Read UNet and ControlNet from their files again, on the CPU; the other parts of the pipeline in use stay."""
    kept = {name: getattr(pipeline_in_use, name) for name in KEPT_PARTS}
    with guard_loading(located["base"].path, diffusers.utils.logging, transformers.utils.logging):
        pipeline = load_pipeline(profile, located, dtype, **kept)
    detach_hint_stack(pipeline.controlnet)
    return Networks(pipeline.unet, pipeline.controlnet)


def load_small_vae(folder: Path, dtype: torch.dtype) -> Any:
    """Load an autoencoder of TAESD's kind, on the CPU."""
    with guard_loading(folder, diffusers.utils.logging):
        vae = diffusers.AutoencoderTiny.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, torch_dtype=dtype
        )
    return vae.eval().requires_grad_(False)


def detach_hint_stack(controlnet: Any) -> nn.Module:
    """Detach ControlNet's hint stack and return it: from now on ControlNet takes hints that went through it once.

    Raises ModelError for a ControlNet that reads its hint as BGR.
    """
    if controlnet.config.controlnet_conditioning_channel_order != "rgb":
        raise ModelError("This ControlNet reads its hint as BGR; only RGB is supported.")
    stack: nn.Module = controlnet.controlnet_cond_embedding
    controlnet.controlnet_cond_embedding = nn.Identity()
    return stack


def find_text_revision(profile: ModelProfile) -> dict[str, str]:
    """Return the packaged text encoder's revision by its role; nothing for a profile without a package."""
    return {"text_encoder": profile.text_package.sha256[:12]} if profile.text_package else {}


class Networks(NamedTuple):
    """Networks holds what is read again from the files after a mode that cannot be undone."""

    unet: Any  # its adapter attached
    controlnet: Any  # its hint stack taken out
