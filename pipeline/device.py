"""Picks where an engine runs, by what the machine can truly do."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import torch

from pipeline.errors import SettingError

log = logging.getLogger(__name__)

DEVICES = ("auto", "cuda", "mps", "cpu")
DRIVER_FILE = Path("/proc/driver/nvidia/version")
OLDEST_DRIVER = {"13": 580, "12": 525, "11": 450}  # CUDA's major version -> the driver's


def choose_device(wanted: str = "auto") -> tuple[torch.device, torch.dtype]:
    """The device and the number format for it: fp16 on CUDA (a T4 has no bf16), fp32 elsewhere.

    Raises SettingError for an unknown name, or one that this machine lacks, with the reason.
    """
    if wanted.partition(":")[0] not in DEVICES:
        raise SettingError(f"The device is one of {', '.join(DEVICES)}; {wanted!r} was asked for.")
    name = best_device() if wanted == "auto" else wanted
    if name.startswith("cuda") and not has_usable_cuda():
        raise SettingError(f"The device 'cuda' cannot be used: {cuda_trouble() or 'this machine has no NVIDIA GPU.'}")
    if name == "mps" and not torch.backends.mps.is_available():
        raise SettingError("The device 'mps' cannot be used: this machine has no Apple GPU that torch can see.")
    device = torch.device(name)
    return device, torch.float16 if device.type == "cuda" else torch.float32


def has_usable_cuda() -> bool:
    return torch.cuda.is_available() and cuda_trouble() is None


def best_device() -> str:
    """CUDA, then MPS, then the processor; a GPU that is there and cannot be used is told about."""
    trouble = cuda_trouble()
    if torch.cuda.is_available() and trouble is None:
        return "cuda"
    if trouble is not None:
        log.warning("Not drawing on the GPU: %s", trouble)
    return "mps" if torch.backends.mps.is_available() else "cpu"


def cuda_trouble() -> str | None:
    """Why a GPU that is here goes unused, with the fix; None where there is none or it works."""
    if torch.cuda.is_available():
        try:
            return card_trouble(torch.cuda.get_device_capability(), torch.cuda.get_arch_list())
        except RuntimeError as error:  # seen by the driver and dead all the same: out of memory, or fallen off the bus
            return f"there is an NVIDIA GPU, but it cannot be opened: {str(error).splitlines()[0]} Restart the machine."
    driver = driver_version()
    if driver is None:
        return None
    if torch.version.cuda is None:
        return (
            "there is an NVIDIA GPU, but this torch is built for the processor only. Reinstall it: pip install "
            f"--force-reinstall torch=={torch.__version__.partition('+')[0]}"
        )
    needed = OLDEST_DRIVER.get(torch.version.cuda.partition(".")[0])
    if needed and driver and int(driver.partition(".")[0]) < needed:
        return (
            f"there is an NVIDIA GPU, but its driver {driver} is too old for torch's CUDA {torch.version.cuda}. Update "
            f"the driver to {needed} or newer, or install a torch for an older CUDA (pytorch.org lists them)."
        )
    return (
        f"there is an NVIDIA GPU with driver {driver or 'unknown'}, but torch's CUDA {torch.version.cuda} cannot open "
        "it. Run nvidia-smi; restart after a driver update; in a container, start it with the GPU (docker run --gpus "
        "all); and see that CUDA_VISIBLE_DEVICES does not hide it."
    )


def card_trouble(capability: tuple[int, int], built_for: Sequence[str]) -> str | None:
    """Why the card cannot run this torch; None where it can. `built_for` is torch's list: "sm_75", "compute_90", ..."""
    numbers = [int("".join(filter(str.isdigit, name.partition("_")[2]))) for name in built_for if "_" in name]
    card = capability[0] * 10 + capability[1]
    if not numbers or card >= min(numbers):
        return None
    return (
        f"there is an NVIDIA GPU of compute capability {capability[0]}.{capability[1]}, and this torch is built for "
        f"{min(numbers) // 10}.{min(numbers) % 10} and newer. Install a torch for an older CUDA (pytorch.org lists "
        "them), or draw on the processor: CROQUIS_DEVICE=cpu."
    )


def driver_version() -> str | None:
    """The NVIDIA driver's version; "" where a driver is there and does not say, None where there is none."""
    if DRIVER_FILE.is_file():
        found = re.search(r"Kernel Module(?: for \S+)?\s+(\d+\.\d+(?:\.\d+)?)", DRIVER_FILE.read_text(errors="replace"))
        return found[1] if found else ""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    query = [tool, "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        said = subprocess.run(query, capture_output=True, text=True, timeout=10, check=False).stdout  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.match(r"\d+\.\d+(?:\.\d+)?", said.strip())
    return found[0] if found else ""
