"""Read tensors out of a pickled file by torch's loader for weights alone, which runs no code out of the file.

It makes tensors, numbers, texts, lists and dictionaries, and refuses a file that asks for anything else. What trainers
of checkpoints keep beside the weights is not made either: something that does nothing stands in its place.
"""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import ModelError, quote_error
from pipeline.models.safetensors_header import Shapes, read_shapes

if TYPE_CHECKING:
    from torch import Tensor

PICKLE_LIMIT = 16_000_000  # bytes of what is unpickled; a checkpoint's names and shapes have 1 MB
WRAPPER = "state_dict"  # under which trainers keep the tensors
TRAINING = ("loss.", "model_ema.")  # parts that only training needs
LEFT_OUT = (  # what published checkpoints hold besides, by the names that A1111's safe loader lets pass, too
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
    *("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype"),
)
BROKEN = (  # what the loader raises over a broken or a forbidden file
    *(OSError, RuntimeError, ValueError, KeyError, EOFError, AttributeError, IndexError, TypeError),
    *(pickle.UnpicklingError, zipfile.BadZipFile),
)


class LeftOut:
    """LeftOut stands for an object that is not made, whatever it would have been made of."""

    def __new__(cls, *_: object) -> LeftOut:
        """Make one of nothing."""
        return super().__new__(cls)

    def __init__(self, *_: object) -> None: ...

    def __setstate__(self, state: object) -> None:
        """Take no state."""


@cache
def leave_out_objects() -> None:
    """Have torch's loader put a LeftOut for each of LEFT_OUT, in place of refusing the file."""
    import torch

    torch.serialization.add_safe_globals([(LeftOut, name) for name in LEFT_OUT])


def is_pickled(file: Path) -> bool:
    """Return whether a model's file is read as a pickled one: all are but .safetensors."""
    return file.suffix.lower() != ".safetensors"


def read_any_shapes(file: Path) -> Shapes:
    """Return each tensor's name and shape of a file of either kind. Raises ModelError where it is broken."""
    return read_pickled_shapes(file) if is_pickled(file) else read_shapes(file)


def read_pickled_shapes(file: Path) -> Shapes:
    """Return each tensor's name and shape without its numbers. Raises ModelError as read_pickled does."""
    return {name: tuple(tensor.shape) for name, tensor in read_pickled(file, "meta").items()}


def read_pickled(file: Path, device: str = "cpu") -> dict[str, Tensor]:
    """Read the tensors by their names, without those that only training needs; on the device "meta" no numbers.

    Raises ModelError for what is no archive of torch's, asks for more than weights, or holds no named tensors.
    """
    import torch

    leave_out_objects()
    try:
        expect_small_pickle(file)
        held: Any = torch.load(file, device, weights_only=True, mmap=True)
    except BROKEN as error:
        raise ModelError(f"{file.name} cannot be read safely: {quote_error(error)}.") from error
    for _ in range(2):
        held = held[WRAPPER] if isinstance(held, Mapping) and WRAPPER in held else held
    tensors = (
        {str(name): value for name, value in held.items() if isinstance(value, torch.Tensor)}
        if isinstance(held, Mapping)
        else {}
    )
    return {name: value for name, value in tensors.items() if not name.startswith(TRAINING)}


def expect_small_pickle(file: Path) -> None:
    """Raise ValueError unless what an archive unpickles has a usual size, packed and unpacked."""
    with zipfile.ZipFile(file) as archive:
        sizes = [each.file_size for each in archive.infolist() if each.filename.endswith("data.pkl")]
    if len(sizes) != 1 or sizes[0] > PICKLE_LIMIT:
        raise ValueError("it is no archive of torch's")
