"""Keep converted graphs in a folder, named by the hash of what they were made from, and check them when they are read.

A network's graphs lie in a folder of their own. Its manifest, which is sealed, has the hash of each file; what differs
is made anew. Folders that were used longest ago go first when all of them take more than the limit.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pipeline.engine.graph_process import NUMBERS, run_converter
from pipeline.models.checks import compute_sha256
from pipeline.sealed_file import seal, unseal

log = logging.getLogger(__name__)

FORMAT = 1  # counted up when the same network makes other graphs
LIMIT = 8_000_000_000  # bytes of all graphs: three models of SD 1.5's size, each with a ControlNet
LEFT_OUT = ("time_embedding.", "encoder_hid_proj.")  # what a graph does without
MANIFEST, WEIGHTS, DESCRIPTION = "manifest", "weights.safetensors", "network.json"
UNFINISHED = "unfinished-"
LEFT_AFTER = 86_400.0  # seconds after which nobody is at work on a folder any more
KINDS = {torch.float32: "F32", torch.bfloat16: "BF16"}  # safetensors' names


class GraphCache:
    """GraphCache finds a network's graphs in a folder, or makes them there."""

    def __init__(self, folder: Path, limit: int = LIMIT, convert: Callable[[Path], None] = run_converter) -> None:
        self.folder, self._limit, self._convert = folder, limit, convert

    def provide(self, network: Any, kind: str) -> tuple[Path, bool]:
        """Return the folder of a network's graphs, and whether they were made just now; `kind` is "unet" or
        "controlnet".

        Raises OSError where it cannot be written, and as the converter does.
        """
        key = hash_network(network, kind)
        found = self.folder / key
        is_kept = is_whole(found)
        if not is_kept:
            shutil.rmtree(found, ignore_errors=True)
            self.folder.mkdir(parents=True, exist_ok=True)
            self._make(network, kind, found)
        os.utime(found)
        self._make_room(found)
        return found, not is_kept

    def _make(self, network: Any, kind: str, place: Path) -> None:
        """Convert a network beside the place, then put its graphs there."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=UNFINISHED, ignore_cleanup_errors=True) as room:
            draft = Path(room) / "graphs"
            draft.mkdir()
            described = {"kind": kind, "config": read_config(network)}
            (draft / DESCRIPTION).write_text(json.dumps(described), "utf-8")
            write_weights(list_tensors(network), draft / WEIGHTS)
            self._convert(draft)
            (draft / WEIGHTS).unlink()
            (draft / DESCRIPTION).unlink()
            hashes = {each.name: compute_sha256(each) for each in sorted(draft.iterdir())}
            (draft / MANIFEST).write_bytes(seal(json.dumps(hashes).encode()))
            draft.rename(place)

    def _make_room(self, used: Path) -> None:
        """Remove what killed programs left, then the graphs that were used longest ago, down to the limit."""
        folders = sorted((each.stat().st_mtime, each) for each in self.folder.iterdir() if each.is_dir())
        total = sum(measure_folder(each) for _, each in folders)
        for since, each in folders:
            is_left = each.name.startswith((UNFINISHED, NUMBERS)) and since < time.time() - LEFT_AFTER
            if is_left or (total > self._limit and len(each.name) == len(used.name) and each != used):
                total -= measure_folder(each)
                shutil.rmtree(each, ignore_errors=True)


def is_whole(folder: Path) -> bool:
    """Return whether a folder's graphs are those that were written there."""
    try:
        hashes = unseal((folder / MANIFEST).read_bytes())
        if hashes is None:
            raise ValueError("the manifest was changed")
        for name, expected in json.loads(hashes).items():
            if compute_sha256(folder / name) != expected:
                raise ValueError(f"{name} was changed")
    except FileNotFoundError:
        return False
    except (OSError, ValueError) as error:
        log.warning("OpenVINO's graphs in %s are made anew: %s", folder, error)
        return False
    return True


def measure_folder(folder: Path) -> int:
    """Return the bytes of the files in a folder."""
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())


def list_tensors(network: Any) -> dict[str, Tensor]:
    """List the tensors of a network that its graphs are made from."""
    return {name: each for name, each in network.state_dict().items() if not name.startswith(LEFT_OUT)}


def hash_network(network: Any, kind: str) -> str:
    """Return the SHA-256 of all that a network's graphs come from: OpenVINO, the configuration, each weight."""
    tensors = list_tensors(network)
    made_by = [FORMAT, version("openvino"), version("diffusers"), kind, read_config(network)]
    hashed = hashlib.sha256(json.dumps([made_by, describe_tensors(tensors)], sort_keys=True).encode())
    for each in read_tensors(tensors):
        hashed.update(each)
    return hashed.hexdigest()


def read_config(network: Any) -> dict[str, Any]:
    """Return a network's configuration, without where it was read from."""
    config = json.loads(network.to_json_string())
    return {name: value for name, value in config.items() if not name.startswith("_")}


def describe_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """Return the header of a safetensors file of the tensors."""
    described, first = dict[str, Any](), 0
    for name, each in tensors.items():
        last = first + each.numel() * each.element_size()
        described[name] = {"dtype": KINDS[each.dtype], "shape": list(each.shape), "data_offsets": [first, last]}
        first = last
    return described


def read_tensors(tensors: Mapping[str, Tensor]) -> Iterator[memoryview]:
    """Yield each tensor's numbers in their plain order, one after the other: all at once would take as much again."""
    for each in tensors.values():
        yield each.detach().contiguous().flatten().view(torch.uint8).numpy().data


def write_weights(tensors: Mapping[str, Tensor], file: Path) -> None:
    """Write tensors as safetensors has them, without holding a copy of all. Raises OSError."""
    header = json.dumps(describe_tensors(tensors)).encode()
    with file.open("wb") as opened:
        opened.write(len(header).to_bytes(8, "little") + header)
        for each in read_tensors(tensors):
            opened.write(each)
