"""Write and read what pictures taught a style: its look and its LoRA, files beside its reference picture."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import StyleError
from pipeline.plain_file import read_plain_file
from pipeline.taught import LOOK_LIMIT, Look, Taught, read_look, write_look

log = logging.getLogger(__name__)

LOOK, LORA = "look.json", "lora.safetensors"
LORA_LIMIT = 16_000_000  # bytes
MOST_KEYS = 4_000  # tensors of a LoRA
KEY = re.compile(r"(unet\.[\w.]{1,200}\.to_(?:q|k|v|out\.0))\.lora_([AB])\.weight")


def pack_taught(look: Look, pictures: int, lora: bytes | None) -> dict[str, bytes]:
    """Return the files that stand beside a taught style's reference picture."""
    sha256 = "" if lora is None else hashlib.sha256(lora).hexdigest()
    files = {LOOK: write_look(Taught(look, pictures, sha256)).encode()}
    return files if lora is None else {**files, LORA: lora}


def read_taught(folder: Path) -> Taught | None:
    """Read what pictures taught the style of a folder; None where none did. A LoRA that is gone, or another one than
    was learnt, is left out. Raises StyleError for a look that cannot be read.
    """
    file = folder / LOOK
    try:
        stored = read_plain_file(file, LOOK_LIMIT)
        if len(stored) > LOOK_LIMIT:
            raise StyleError(f"{file} is larger than {LOOK_LIMIT:,} bytes.")
        data = read_look(stored, str(file))
        lora = folder / LORA
        is_here = bool(data.lora_sha256) and lora.is_file()
        is_whole = is_here and hash_file(lora) == data.lora_sha256
        if is_here and not is_whole:
            log.warning("%s is damaged: its bytes are not those that were learnt. The style does without it.", lora)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StyleError(f"{file} cannot be read: {error}") from error
    return data.make_taught(lora if is_whole else None)


def hash_file(file: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def check_travelled(files: Mapping[str, bytes]) -> None:
    """Raise StyleError unless the files that came with a style's are a look, and a LoRA that is the one it names."""
    if LOOK not in files:
        if LORA in files:
            raise StyleError(f"This style's file has weights ({LORA}) without the look that they belong to ({LOOK}).")
        return
    look = read_look(files[LOOK], "The look in this style's file")
    if LORA in files:
        if hashlib.sha256(files[LORA]).hexdigest() != look.lora_sha256:
            raise StyleError(f"The weights in this style's file ({LORA}) are not those that it was made with.")
        check_lora(files[LORA])


def check_lora(content: bytes) -> None:
    """Raise StyleError unless these bytes are LoRA weights for a UNet's attention, as a training here writes them."""
    try:
        length = int.from_bytes(content[:8], "little")
        head = json.loads(content[8 : 8 + length]) if length < len(content) else {}
        shapes = {str(name): tuple(each["shape"]) for name, each in head.items() if name != "__metadata__"}
        ends = [int(each["data_offsets"][1]) for name, each in head.items() if name != "__metadata__"]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise StyleError(f"The weights of a style ({LORA}) cannot be read: no .safetensors file came.") from error
    found = [KEY.fullmatch(name) for name in shapes]
    pairs = {(each[1], each[2]) for each in found if each}
    is_whole = ends and 8 + length + max(ends) == len(content)
    if not is_whole or not all(found) or {(stem, other) for stem, _ in pairs for other in "AB"} != pairs:
        raise StyleError(f"The weights of a style ({LORA}) are pairs for a UNet's attention; others came.")
    if len(shapes) > MOST_KEYS or not all(len(shape) == 2 and min(shape) > 0 for shape in shapes.values()):
        raise StyleError(f"The weights of a style ({LORA}) are at most {MOST_KEYS:,} matrices; others came.")
