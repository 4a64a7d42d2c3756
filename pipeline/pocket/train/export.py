"""Write what was trained as the folder that the program loads: fp16 weights, palettes, a manifest of hashes.

The folder has three rooms: the network that colours regions with its palettes, the image tower, which finds styles for
pictures, and what scales pictures for it. The manifest holds bytes and sha256 of every file.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import CLIPImageProcessorPil, CLIPVisionModelWithProjection

from pipeline.colours import region_features, region_network
from pipeline.colours.words import TEXT_TOKENS
from pipeline.errors import ModelError
from pipeline.models.checks import compute_sha256
from pipeline.models.manifest import MANIFEST, seal_manifest

FILE_LIMIT = 10_000_000  # bytes a file may have in the repository
HALF = [0.5] * 3  # mean and deviation of RGB in [0, 1]: the tower reads pixels in [-1, 1]


@contextmanager
def replace_folder(folder: Path) -> Iterator[Path]:
    """Give a copy of `folder` to write into, which takes its place when all went well; the old one stays otherwise."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        if folder.exists():
            shutil.copytree(folder, draft, dirs_exist_ok=True)
        yield draft
        for path in (draft, *draft.rglob("*")):  # mkdtemp and safetensors keep what they write to themselves
            path.chmod(0o755 if path.is_dir() else 0o644)
        old = draft.with_name(draft.name + "-old")
        if folder.exists():
            os.replace(folder, old)
        os.replace(draft, folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_colourist(
    weights: Path, palettes: Path, layouts: Path, enclosed: Path, word_regions: Path, folder: Path
) -> None:
    """Write the network of `weights` in fp16 with its sizes, its palettes and what was fitted to it into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {name: getattr(region_network, name.upper()) for name in ("codes", "grounds", "width", "heads", "layers")}
    config = {"network": "RegionColours", **sizes, "features": region_features.FEATURES, "text_tokens": TEXT_TOKENS}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    save_file(halve(load_file(weights)), folder / "region_colours.safetensors")
    shutil.copyfile(palettes, folder / "palettes.npz")
    shutil.copyfile(layouts, folder / "layouts.npz")
    shutil.copyfile(enclosed, folder / "enclosed.npz")
    shutil.copyfile(word_regions, folder / "word_regions.npz")


def write_image_encoder(encoder: CLIPVisionModelWithProjection, folder: Path) -> None:
    """Write the image tower in fp16 into image_encoder/, and what scales pictures for it into feature_extractor/."""
    copy = type(encoder)(encoder.config).half()
    copy.load_state_dict(halve(encoder.state_dict()))
    copy.save_pretrained(folder / "image_encoder")
    make_image_processor(encoder.config.image_size).save_pretrained(folder / "feature_extractor")


def halve(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights in fp16 on the CPU. Raises ModelError for one that is not finite there."""
    halves = {name: value.detach().cpu().half().contiguous() for name, value in state.items()}
    for name, value in halves.items():
        if not torch.isfinite(value).all():
            raise ModelError(f"{name} is not finite in fp16; it was not exported.")
    return halves


def make_image_processor(side: int) -> CLIPImageProcessorPil:
    """Make what scales and cuts a picture to `side` px, its pixels in [-1, 1]."""
    return CLIPImageProcessorPil(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}, image_mean=HALF, image_std=HALF
    )


def write_manifest(folder: Path, notes: Mapping[str, Any]) -> None:
    """Write `manifest.json`: bytes and sha256 of each file, and `notes` (steps, minutes)."""
    files: dict[str, dict[str, Any]] = {
        path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": compute_sha256(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST
    }
    for name, entry in files.items():
        if entry["bytes"] > FILE_LIMIT:
            raise ModelError(f"{name} has {entry['bytes']} bytes; the repository takes files of {FILE_LIMIT} at most.")
    text = json.dumps(seal_manifest({"dtype": "float16", "notes": dict(notes), "files": files}), indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
