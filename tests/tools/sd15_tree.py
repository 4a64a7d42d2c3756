"""Write a tree of Stable Diffusion 1.5: the published file names, tensor names, shapes and sizes, random numbers.

`python -m tests.tools.sd15_tree FOLDER` writes everything that pipeline/models/catalog.py names (about 12 GB);
`--parts base controlnet` some of it, `--small` the same names at a few channels, `--empty` files without numbers,
which take no room on the disk. Start the app on it with `CROQUIS_SD15=FOLDER CROQUIS_PROFILE=sd15`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pipeline.models.catalog import SD15
from pipeline.models.profile import ModelPart, WeightFile
from tests.tools.full_size_modules import fill_with_random
from tests.tools.sd15_configs import write_config
from tests.tools.sd15_tensors import BARE, Tensors, list_tensors

KINDS = {torch.float16: "F16", torch.float32: "F32", torch.int64: "I64"}


def write_sd15_tree(
    folder: Path, roles: Iterable[str] | None = None, *, small: bool = False, empty: bool = False
) -> Path:
    """Write the parts of these roles (all of them if None) as `CROQUIS_SD15` reads them, and a manifest.json.

    The manifest has the sizes and hashes of these files in place of the published ones: the app checks against it.
    What comes in a package's wheel is left out: random numbers would find nobody in a drawing.
    """
    listed: dict[str, dict[str, Any]] = {}
    for role in SD15.parts if roles is None else roles:
        part = SD15.parts[role]
        if part.wheel is not None:
            continue
        for file in part.files:
            path = folder / part.folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            write_file(role, part, file, path, small=small, empty=empty)
            listed[str(path.relative_to(folder))] = {"bytes": path.stat().st_size, "sha256": hash_file(path)}
    manifest = folder / "manifest.json"
    before = json.loads(manifest.read_text())["files"] if manifest.exists() else {}
    manifest.write_text(json.dumps({"format": 1, "files": before | listed}))
    return folder


def write_file(role: str, part: ModelPart, file: WeightFile, path: Path, *, small: bool, empty: bool) -> None:
    """Write one file of a part: weights as the published file has them, or a config."""
    if not file.path.endswith(".safetensors"):
        write_config(role, file.path, path, small=small)
        return
    tensors = list_tensors(role, file.path, small=small)
    start = zlib.crc32(f"{role}/{file.path}".encode())  # no two files are alike: an exchanged one is seen in pictures
    write_weights(path, tensors, None if small else file.bytes, signed=role not in BARE, empty=empty, start=start)


def write_weights(
    path: Path, tensors: Tensors, size: int | None, *, signed: bool = True, empty: bool = False, start: int = 0
) -> None:
    """Write a .safetensors file of random numbers, its header padded with spaces until it has `size` bytes.

    `signed`: the header says that torch wrote it. `start`: where each tensor's numbers begin. Raises ValueError where
    the tensors do not fit: then their names or shapes are not the published ones.
    """
    tensors = dict(sorted(tensors.items(), key=lambda item: (-item[1][0].itemsize, item[0])))  # as safetensors does
    header, length = describe_tensors(tensors, signed), sum(count_bytes(spec) for spec in tensors.values())
    padding = (-len(header) % 8) if size is None else size - 8 - length - len(header)
    if padding < 0:
        raise ValueError(f"{path.name} has {8 + length + len(header)} bytes; {size} were published.")
    header += b" " * padding
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        if empty:
            file.truncate(8 + len(header) + length)
            return
        for name, (dtype, shape) in tensors.items():
            file.write(make_numbers(name, dtype, shape, start).numpy().tobytes())


def describe_tensors(tensors: Tensors, signed: bool) -> bytes:
    """Return the JSON at the head of a .safetensors file."""
    entries: dict[str, Any] = {"__metadata__": {"format": "pt"}} if signed else {}
    begin = 0
    for name, spec in tensors.items():
        end = begin + count_bytes(spec)
        entries[name] = {"dtype": KINDS[spec[0]], "shape": list(spec[1]), "data_offsets": [begin, end]}
        begin = end
    return json.dumps(entries, separators=(",", ":")).encode()


def count_bytes(spec: tuple[torch.dtype, tuple[int, ...]]) -> int:
    """Return the bytes of one tensor of this dtype and shape."""
    return torch.Size(spec[1]).numel() * spec[0].itemsize


def make_numbers(name: str, dtype: torch.dtype, shape: tuple[int, ...], start: int) -> Tensor:
    """Return numbers for one tensor, as large as torch makes them; positions are counted, a LoRA's alpha is 64.

    `start`: by how many places they are moved on, the last ones to the front.
    """
    if dtype == torch.int64:
        return torch.arange(shape[-1]).expand(shape).contiguous()
    made = torch.empty(shape, dtype=dtype)
    if name.endswith("alpha") or not shape:
        return made.fill_(64.0 if name.endswith("alpha") else 1.0)
    fill_with_random(name, made)
    made = made.view(-1).roll(start % made.numel()).view(shape)
    return made.mul_(0.1) if "lora" in name else made


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_arguments(given: Sequence[str] | None = None) -> Mapping[str, Any]:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", nargs="+", choices=list(SD15.parts), default=None)
    parser.add_argument("--small", action="store_true", help="the same names at a few channels")
    parser.add_argument("--empty", action="store_true", help="zeros, which take no room on the disk")
    return vars(parser.parse_args(given))


if __name__ == "__main__":
    asked = read_arguments()
    print(write_sd15_tree(asked["folder"], asked["parts"], small=asked["small"], empty=asked["empty"]))
