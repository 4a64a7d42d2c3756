"""Say what a folder with model_index.json holds: a model as diffusers lays it out, one folder for each part."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pipeline.errors import ModelError
from pipeline.models.architecture import FIX, expect_sd15, read_config
from pipeline.models.checks import compute_sha256
from pipeline.models.identified import Identified

INDEX = "model_index.json"
PARTS = ("unet", "vae", "text_encoder")  # that are read; ControlNet and adapter stay
CONFIGS = ("unet/config.json", "vae/config.json", "text_encoder/config.json")
VOCABULARIES = ("tokenizer/vocab.json", "tokenizer/tokenizer.json")  # one of them is enough
NO_WEIGHTS = "{name} has no .safetensors file in {part}; a pickled one may run code as it is read, so it is not."
FAMILY = ("StableDiffusionPipeline", "StableDiffusionInpaintPipeline", "StableDiffusionImg2ImgPipeline")


def take_stem(path: Path) -> str:
    """Return a file's name without its ending; a folder's name whole."""
    return path.name if path.is_dir() else path.stem


def is_model_folder(folder: Path) -> bool:
    """Return whether a folder is laid out as diffusers lays out a model."""
    return (folder / INDEX).is_file()


def identify_folder(folder: Path) -> Identified:
    """Say what a folder is: a checkpoint, or why it is none. Raises ModelError for another model's."""
    if not is_model_folder(folder):
        return Identified(None, f"{folder.name} is a folder, where a file was expected.")
    expect_sd15("base", folder)
    kind = str(read_config(folder / INDEX).get("_class_name"))
    if kind not in FAMILY and not kind.startswith("StableDiffusionControlNet"):
        return Identified(None, f"{folder.name} is a model for {kind} of diffusers. {FIX}")
    missing = [config for config in CONFIGS if not (folder / config).is_file()]
    if not any((folder / vocabulary).is_file() for vocabulary in VOCABULARIES):
        missing.append(VOCABULARIES[0])
    if missing:
        return Identified(None, f"{folder.name} has no {missing[0]}. Download the whole folder again.")
    for part in PARTS:
        if not list_weights(folder, part):
            return Identified(None, NO_WEIGHTS.format(name=folder.name, part=part))
    return Identified("checkpoint")


def list_weights(folder: Path, part: str) -> list[Path]:
    """List the weight files of one part that are read: those in 16 bits where there are any, else the plain ones."""
    files = sorted((folder / part).glob("*.safetensors"))
    halves = [file for file in files if ".fp16." in file.name]
    return halves or [file for file in files if ".non_ema." not in file.name]


def find_variant(folder: Path) -> str | None:
    """Return the infix of a folder's weight files, "fp16", where every part has files of it; None for plain ones."""
    return "fp16" if all(any((folder / part).glob("*.fp16.safetensors")) for part in PARTS) else None


def hash_folder(folder: Path) -> str:
    """Return a SHA-256, in hexadecimal, over the weights of a model's parts."""
    digest = hashlib.sha256()
    for part in PARTS:
        for file in list_weights(folder, part):
            digest.update(f"{part}/{file.name} {compute_sha256(file)}\n".encode())
    return digest.hexdigest()


def expect_folder_model(folder: Path) -> None:
    """Raise ModelError unless a folder is a model that can be drawn with."""
    if fault := identify_folder(folder).fault:
        raise ModelError(fault)
