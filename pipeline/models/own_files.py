"""List the model files of a person's own, from folders laid out as A1111, ComfyUI or InvokeAI lay them out.

What a file is, its header says (file_kinds.py), whatever its folder is called. It goes by its name without the ending,
as in `<lora:name:0.8>`; where two have one name, the second goes by its path within the folder.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import SettingError
from pipeline.models.file_kinds import identify_file
from pipeline.models.identified import KIND_NAMES, FileKind, Identified
from pipeline.models.model_folders import INDEX, hash_folder, is_model_folder, take_stem
from pipeline.models.safetensors_header import read_header
from pipeline.models.thumbnails import find_thumbnail
from pipeline.plain_file import read_plain_file
from pipeline.sealed_file import seal, unseal
from pipeline.whole_file import write_whole

log = logging.getLogger(__name__)

ENDINGS = (".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".sft")
SKIPPED = ("node_modules", "__pycache__", "custom_nodes", "outputs", "output", "venv", ".git", ".cache")
MOST_FILES = 10_000  # of a folder; what comes behind is not listed
DIFFUSERS_NAME = "diffusion_pytorch_model."  # how diffusers' folders, and InvokeAI's, call each model
NAMED = 12  # names that a message lists
LORA_FOLDER = "loras"  # within the last folder of Settings.own_models: where taught styles are put


@dataclass(frozen=True)
class OwnFile:
    """OwnFile is a model file of a person's own."""

    kind: FileKind | None  # None: of no use here, and `fault` says why
    name: str
    path: Path
    fault: str = ""  # one or two sentences
    thumbnail: Path | None = None  # a picture beside it, unchecked
    unread: tuple[str, ...] = ()  # kinds of tensors in it that are not read


Stamp = tuple[int, int]  # bytes, nanoseconds of the last change


class OwnFiles:
    """OwnFiles lists the files below some folders, and finds one by its name. Safe to call from many threads.

    Each file is looked at once, until its size or time changes; hashes are kept in `cache` from one run to the next.
    """

    def __init__(self, folders: Iterable[Path], cache: Path | None = None) -> None:
        self.folders = tuple(folders)
        self._cache = None if cache is None else cache / "own-files.json"
        self._known: dict[Path, tuple[Stamp, Identified]] = {}
        self._hashes: dict[str, tuple[int, int, str]] | None = None
        self._lock = threading.RLock()

    def list_all(self) -> list[OwnFile]:
        """List every file with a model's ending, those of no use among them, by name."""
        with self._lock:
            taken: set[tuple[FileKind | None, str]] = set()
            found: list[OwnFile] = []
            for folder, path in self._walk():
                seen = self._identify(path)
                plain = name_file(path)
                name = plain if (seen.kind, plain.lower()) not in taken else name_by_path(path, folder)
                taken.add((seen.kind, name.lower()))
                found.append(OwnFile(seen.kind, name, path, seen.fault, find_thumbnail(path), seen.unread))
            return sorted(found, key=lambda each: each.name.lower())

    def list_kind(self, kind: FileKind) -> list[OwnFile]:
        """List the usable files of one kind, by name."""
        return [each for each in self.list_all() if each.kind == kind]

    def find(self, kind: FileKind, name: str) -> OwnFile:
        """Return the file of that name, capitals or not. Raises SettingError that says what there is, or what is wrong
        with the file that has the name.
        """
        wanted, files = name.strip().lower().removesuffix(".safetensors"), self.list_all()
        for each in files:
            if each.kind == kind and each.name.lower() == wanted:
                return each
        for each in files:
            if each.fault and take_stem(each.path).lower() == wanted:
                raise SettingError(each.fault)
        raise SettingError(explain_missing(kind, name, [each.name for each in files if each.kind == kind]))

    def find_by_hash(self, kind: FileKind, digest: str) -> OwnFile | None:
        """Return the file whose hash begins with `digest`, of those whose hash is known already; None without one."""
        if len(digest) < 8:
            return None
        return next((each for each in self.list_kind(kind) if self._find_hash(each.path).startswith(digest)), None)

    def hash_file(self, path: Path) -> str:
        """Return the SHA-256 of a file's tensors, which A1111 calls a LoRA's hash; of a pickled file that of its bytes.

        Raises ModelError for a broken file.
        """
        with self._lock:
            known = self._find_hash(path)
            if known:
                return known
            digest = hash_tensors(path)
            self._read_hashes()[str(path)] = (*read_stamp(path), digest)
            self._write_hashes()
            return digest

    def _walk(self) -> Iterator[tuple[Path, Path]]:
        """Yield each folder, and the files with a model's ending and the models in folders of their own below it."""
        count = 0
        for folder in self.folders:
            for place, inside, names in os.walk(folder, followlinks=True):
                inside[:] = sorted(name for name in inside if name not in SKIPPED and not name.startswith("."))
                if INDEX in names and Path(place) != folder:  # a model as a whole: what lies in it is its parts
                    inside[:], found = [], [Path(place)]
                else:
                    files = (name for name in sorted(names) if not name.startswith("."))
                    found = [Path(place) / name for name in files if name.lower().endswith(ENDINGS)]
                for path in found:
                    yield folder, path
                    count += 1
                    if count >= MOST_FILES:
                        return

    def _identify(self, path: Path) -> Identified:
        try:
            stamp = read_stamp(path)
        except OSError:  # a link to nowhere
            return identify_file(path)
        if path not in self._known or self._known[path][0] != stamp:
            self._known[path] = (stamp, identify_file(path))
        return self._known[path][1]

    def _find_hash(self, path: Path) -> str:
        kept = self._read_hashes().get(str(path))
        return kept[2] if kept is not None and tuple(kept[:2]) == read_stamp(path) else ""

    def _read_hashes(self) -> dict[str, tuple[int, int, str]]:
        if self._hashes is None:
            try:
                kept = {} if self._cache is None else json.loads(unseal(read_plain_file(self._cache)) or "")
                self._hashes = {str(path): (int(size), int(time), str(sha)) for path, (size, time, sha) in kept.items()}
            except FileNotFoundError:
                self._hashes = {}
            except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
                log.warning("The hashes of model files are read anew: %s", error)
                self._hashes = {}
        return self._hashes

    def _write_hashes(self) -> None:
        """Write the hashes whole or not at all; a folder that cannot be written costs time later."""
        if self._cache is None:
            return
        try:
            self._cache.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._cache, seal(json.dumps(self._hashes).encode()))
        except OSError as error:
            log.warning("The hashes of model files could not be kept: %s", error)


def explain_missing(kind: FileKind, name: str, names: list[str]) -> str:
    """Say that there is no file of that name, and which ones there are."""
    what = KIND_NAMES[kind]
    if not names:
        return f"There is no {what} “{name[:60]}” here, nor any other: CROQUIS_MODELS names the folder that has them."
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"There is no {what} “{name[:60]}” here; there are {', '.join(names[:NAMED])}{more}."


def name_file(path: Path) -> str:
    """Return what a file is called: its name without the ending, or its folder's where diffusers named the file."""
    return path.parent.name if path.name.startswith(DIFFUSERS_NAME) else take_stem(path)


def name_by_path(path: Path, folder: Path) -> str:
    """Return a file's path within the folder, without its ending."""
    return (path.relative_to(folder).parent / take_stem(path)).as_posix()


def read_stamp(path: Path) -> Stamp:
    """Return a file's size and time; of a model's folder those of its index."""
    status = (path / INDEX if is_model_folder(path) else path).stat()
    return status.st_size, status.st_mtime_ns


def hash_tensors(path: Path) -> str:
    """Return the SHA-256, in hexadecimal, of what stands behind a .safetensors header; of another file, of all; of a
    model's folder that of its weights.
    """
    if path.is_dir():
        return hash_folder(path)
    start = read_header(path).start if path.suffix.lower() == ".safetensors" else 0
    with path.open("rb") as file:
        file.seek(start)
        return hashlib.file_digest(file, "sha256").hexdigest()
