"""Picks where an engine runs, by what the machine can truly do."""

from __future__ import annotations

import shutil

import torch

from pipeline.errors import SettingError

DEVICES = ("auto", "cuda", "mps", "cpu")


def choose_device(wanted: str = "auto") -> tuple[torch.device, torch.dtype]:
    """The device and the number format for it: fp16 on CUDA (a T4 has no bf16), fp32 elsewhere.

    Raises SettingError for an unknown name, or one that this machine lacks, with the reason.
    """
    if wanted.partition(":")[0] not in DEVICES:
        raise SettingError(f"The device is one of {', '.join(DEVICES)}; {wanted!r} was asked for.")
    name = best_device() if wanted == "auto" else wanted
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise SettingError(f"The device 'cuda' cannot be used: {cuda_trouble() or 'this machine has no NVIDIA GPU.'}")
    if name == "mps" and not torch.backends.mps.is_available():
        raise SettingError("The device 'mps' cannot be used: this machine has no Apple GPU that torch can see.")
    device = torch.device(name)
    return device, torch.float16 if device.type == "cuda" else torch.float32


def best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def cuda_trouble() -> str | None:
    """Why a GPU that is here goes unused, with the fix; None where there is none or it works."""
    if torch.cuda.is_available() or shutil.which("nvidia-smi") is None:
        return None
    if torch.version.cuda is None:
        return "there is an NVIDIA GPU, but this torch is built for CPU only. Reinstall: pip install torch"
    return (
        f"there is an NVIDIA GPU, but its driver does not serve torch's CUDA {torch.version.cuda}. "
        "Update the driver (580 or newer for CUDA 13)."
    )
