"""Write the configs and vocabularies of Stable Diffusion 1.5's published files, in full or small."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderTiny
from transformers import CLIPConfig, CLIPTextConfig

from tests.tools.clip_folder import CLIP_MEAN, CLIP_STD, list_byte_letters
from tests.tools.full_size_modules import read_configs
from tests.tools.sd15_tensors import (
    list_view_config,
    make_depth_config,
    make_retrieval_config,
    make_taesd_config,
    make_weightless_modules,
)

VOCABULARY = 49408  # tokens of CLIP
INDEX = {  # model_index.json as in the repository
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.6.0",
    "feature_extractor": ["transformers", "CLIPImageProcessor"],
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
}
SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "_diffusers_version": "0.6.0",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
    "trained_betas": None,
    "clip_sample": False,
}
SPECIAL = {
    "bos_token": "<|startoftext|>",
    "eos_token": "<|endoftext|>",
    "pad_token": "<|endoftext|>",
    "unk_token": "<|endoftext|>",
}
Make = Callable[[bool], Any]


def write_config(role: str, name: str, path: Path, *, small: bool) -> None:
    """Write the config or vocabulary `name` of the part `role`."""
    if path.name == "merges.txt":
        path.write_text("#version: 0.2\n")
        return
    key = name if role == "base" else path.name if role == "retrieval" else role
    key = name if role == "depth" and name != "config.json" else key
    key = "controlnet" if role.startswith("controlnet") else key
    if role == "retrieval" and name == "0_CLIPModel/config.json":
        key = "retrieval"
    path.write_text(json.dumps(WRITERS[key](small), indent=1))


def make_vocabulary(small: bool) -> dict[str, int]:
    """Return every byte as a token; in full the tokens between them and the two ends stand for nothing."""
    tokens = [*list_byte_letters(), *(letter + "</w>" for letter in list_byte_letters())]
    if not small:
        tokens += [f"unused{number}</w>" for number in range(VOCABULARY - 2 - len(tokens))]
    return {token: number for number, token in enumerate([*tokens, "<|startoftext|>", "<|endoftext|>"])}


def save_config(module: Any) -> dict[str, Any]:
    """Return the config that diffusers saves of a module."""
    folder = Path(tempfile.mkdtemp())
    module.save_config(folder)
    config: dict[str, Any] = json.loads((folder / "config.json").read_text())
    shutil.rmtree(folder)
    return config


def save_taesd_config(small: bool) -> dict[str, Any]:
    with torch.device("meta"):
        return save_config(AutoencoderTiny(**make_taesd_config(small)))


def make_text_config(small: bool) -> dict[str, Any]:
    config = CLIPTextConfig(**read_configs(small)["text_encoder"]).to_dict()
    return config | {"architectures": ["CLIPTextModel"]}


def make_image_encoder_config(small: bool) -> dict[str, Any]:
    view = list_view_config("image_encoder", small)
    kind = {"model_type": "clip_vision_model", "hidden_act": "gelu"}
    return {"architectures": ["CLIPVisionModelWithProjection"], **kind, **view}


def make_checker_config(small: bool) -> dict[str, Any]:
    view = list_view_config("safety_checker", small)
    config = CLIPConfig(vision_config=view, projection_dim=view["projection_dim"]).to_dict()
    return config | {"architectures": ["StableDiffusionSafetyChecker"]}


def make_processor_config(small: bool, side: int = 224) -> dict[str, Any]:
    """Return what scales a picture for the safety checker and for CLIP, in the words of its time."""
    scaled = {"do_resize": True, "size": side, "resample": 3, "do_center_crop": True, "crop_size": side}
    colours = {"do_normalize": True, "image_mean": CLIP_MEAN, "image_std": CLIP_STD}
    return {"feature_extractor_type": "CLIPFeatureExtractor", **scaled, **colours}


def make_tokenizer_config(small: bool) -> dict[str, Any]:
    return {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True, **SPECIAL}


WRITERS: Mapping[str, Make] = {
    "model_index.json": lambda small: INDEX,
    "scheduler/scheduler_config.json": lambda small: SCHEDULER,
    "feature_extractor/preprocessor_config.json": make_processor_config,
    "unet/config.json": lambda small: save_config(make_weightless_modules(small).unet),
    "vae/config.json": lambda small: save_config(make_weightless_modules(small).vae),
    "text_encoder/config.json": make_text_config,
    "tokenizer/vocab.json": make_vocabulary,
    "tokenizer/special_tokens_map.json": lambda small: SPECIAL,
    "tokenizer/tokenizer_config.json": make_tokenizer_config,
    "controlnet": lambda small: save_config(make_weightless_modules(small).controlnet),
    "image_encoder": make_image_encoder_config,
    "safety_checker": make_checker_config,
    "taesd": save_taesd_config,
    "depth": lambda small: make_depth_config(small).to_dict() | {"architectures": ["DepthAnythingForDepthEstimation"]},
    "retrieval": lambda small: make_retrieval_config(small).to_dict() | {"architectures": ["CLIPModel"]},
    "vocab.json": make_vocabulary,
    "special_tokens_map.json": lambda small: SPECIAL,
    "tokenizer_config.json": make_tokenizer_config,
    "preprocessor_config.json": lambda small: make_processor_config(small, 32 if small else 224),
    "modules.json": lambda small: [
        {"idx": 0, "name": "0", "path": "0_CLIPModel", "type": "sentence_transformers.models.CLIPModel"}
    ],
    "config_sentence_transformers.json": lambda small: {
        "__version__": {"sentence_transformers": "2.0.0", "transformers": "4.6.0", "pytorch": "1.7.1"}
    },
}
