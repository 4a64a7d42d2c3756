"""Choose where an engine runs and in which numbers, by what the machine can truly do."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import torch

from pipeline.errors import SettingError, quote_error

log = logging.getLogger(__name__)

DEVICES = ("auto", "cuda", "mps", "cpu")
DTYPES = ("auto", "float32", "bfloat16", "float16")
SUPPORTED_DTYPES = {
    "cuda": ("float16", "float32", "bfloat16"),
    "mps": ("float32", "float16"),
    "cpu": ("float32", "bfloat16"),
}
DRIVER_FILE = Path("/proc/driver/nvidia/version")
OLDEST_DRIVER = {"13": 580, "12": 525, "11": 450}  # CUDA's major version -> the driver's
NEW_BUILD, OLD_BUILD = "cu130", "cu126"  # torch 2.13's builds for Linux and Windows; pytorch/pytorch, issue 190385


def choose_device(
    wanted: str = "auto", dtype: str = "auto", *, any_dtype: bool = True
) -> tuple[torch.device, torch.dtype]:
    """Choose the device and the number format for it, each by its name in torch or by what the machine can do.

    Without `any_dtype`, for a model whose pictures are the same on every machine, the format is the device's default
    whatever `dtype` says. Raises SettingError for an unknown name, or one that this machine lacks, with the reason.
    """
    if wanted.partition(":")[0] not in DEVICES:
        raise SettingError(f"The device is one of {', '.join(DEVICES)}; {wanted!r} was asked for.")
    name = find_best_device() if wanted == "auto" else wanted
    if name.startswith("cuda") and not has_usable_cuda():
        raise SettingError(f"The device 'cuda' cannot be used: {diagnose_cuda() or 'this machine has no NVIDIA GPU.'}")
    if name == "mps" and not torch.backends.mps.is_available():
        raise SettingError("The device 'mps' cannot be used: this machine has no Apple GPU that torch can see.")
    device = torch.device(name)
    return device, choose_dtype(device, dtype) if any_dtype else get_default_dtype(device)


def choose_dtype(device: torch.device, wanted: str = "auto") -> torch.dtype:
    """Choose the number format called `wanted`; "auto" is bf16 on a processor that is quicker in it, else the default.

    Raises SettingError for an unknown name, or one that the device does not draw in.
    """
    if wanted not in DTYPES:
        raise SettingError(f"The number format is one of {', '.join(DTYPES)}; {wanted!r} was asked for.")
    if wanted == "auto":
        return torch.bfloat16 if device.type == "cpu" and has_fast_bf16() else get_default_dtype(device)
    if wanted not in SUPPORTED_DTYPES[device.type]:
        raise SettingError(
            f"The number format {wanted!r} (CROQUIS_DTYPE) is not for the device {device.type!r}, which "
            f"draws in {' or '.join(SUPPORTED_DTYPES[device.type])}."
        )
    if wanted == "bfloat16" and device.type == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False):
        raise SettingError(
            "The number format 'bfloat16' (CROQUIS_DTYPE) needs a GPU of compute capability 8.0 or "
            "newer; this one draws in float16 or float32."
        )
    found: torch.dtype = getattr(torch, wanted)
    return found


def choose_processor_dtype(wanted: str = "auto", any_dtype: bool = True) -> torch.dtype:
    """Choose the number format of what falls back from a GPU to the processor, which does not draw in float16."""
    cpu = torch.device("cpu")
    return choose_dtype(cpu, "auto" if wanted == "float16" else wanted) if any_dtype else get_default_dtype(cpu)


def get_default_dtype(device: torch.device) -> torch.dtype:
    """Return fp16 on CUDA (a T4 has no bf16), fp32 elsewhere."""
    return torch.float16 if device.type == "cuda" else torch.float32


def name_dtype(dtype: torch.dtype) -> str:
    """Return a number format's name as settings and the planner write it: "float32", ..."""
    return str(dtype).removeprefix("torch.")


def has_fast_bf16() -> bool:
    """Return whether the processor is quicker in bf16 than in fp32: in tiles (Intel's AMX) that the system allows,
    or by AMD's AVX512_BF16 (Zen 4 and newer).

    A UNet pass takes 0.4 of the time with tiles, 0.56 on Zen 4 (docs/decisions/6-no-openvino.md); on older processors
    bf16 is slower. AVX512_BF16 alone does not count on Intel's: its gain there was never measured.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    able = torch.cpu.get_capabilities()
    if able.get("amx_bf16", False) and torch.cpu._init_amx():
        return True
    return bool(able.get("avx512_bf16", False)) and str(able.get("cpu_name", "")).startswith("AMD")


def has_usable_cuda() -> bool:
    """Return whether an NVIDIA GPU is here and runs this torch."""
    return torch.cuda.is_available() and diagnose_cuda() is None


def find_best_device() -> str:
    """Return "cuda", else "mps", else "cpu"; a GPU that is there and cannot be used is logged with the reason."""
    trouble = diagnose_cuda()
    if torch.cuda.is_available() and trouble is None:
        return "cuda"
    if trouble is not None:
        log.warning("Not drawing on the GPU: %s", trouble)
    return "mps" if torch.backends.mps.is_available() else "cpu"


def diagnose_cuda() -> str | None:
    """Say why a GPU that is here goes unused, with the fix; None where there is none or it works."""
    if torch.cuda.is_available():
        try:
            return diagnose_card(torch.cuda.get_device_capability(), torch.cuda.get_arch_list())
        except RuntimeError as error:  # seen by the driver and dead all the same: out of memory, or fallen off the bus
            return f"there is an NVIDIA GPU, but it cannot be opened: {quote_error(error)}. Restart the machine."
    driver = read_driver_version()
    if driver is None:
        return None
    if torch.version.cuda is None:
        return (
            "there is an NVIDIA GPU, but this torch is built for the processor only, as PyPI's is for Windows. "
            f"Reinstall it: {write_install_command(choose_build(driver))}"
        )
    needed = OLDEST_DRIVER.get(torch.version.cuda.partition(".")[0])
    if needed and driver and int(driver.partition(".")[0]) < needed:
        return (
            f"there is an NVIDIA GPU, but its driver {driver} is too old for torch's CUDA {torch.version.cuda}. Update "
            f"the driver to {needed} or newer, or install a torch for an older CUDA: {write_install_command(OLD_BUILD)}"
        )
    return (
        f"there is an NVIDIA GPU with driver {driver or 'unknown'}, but torch's CUDA {torch.version.cuda} cannot open "
        "it. Run nvidia-smi; restart after a driver update; in a container, start it with the GPU (docker run --gpus "
        "all); and see that CUDA_VISIBLE_DEVICES does not hide it."
    )


def diagnose_card(capability: tuple[int, int], built_for: Sequence[str]) -> str | None:
    """Say why the card cannot run this torch; None where it can.

    `built_for` is torch's list of architectures: "sm_75", "compute_90", ...
    """
    numbers = [int("".join(filter(str.isdigit, name.partition("_")[2]))) for name in built_for if "_" in name]
    card = capability[0] * 10 + capability[1]
    if not numbers or card >= min(numbers):
        return None
    return (
        f"there is an NVIDIA GPU of compute capability {capability[0]}.{capability[1]}, and this torch is built for "
        f"{min(numbers) // 10}.{min(numbers) % 10} and newer. Draw on the processor with CROQUIS_DEVICE=cpu, or "
        f"install a torch for older cards (5.0 and newer): {write_install_command(OLD_BUILD)}"
    )


def choose_build(driver: str) -> str:
    """Return the newest of torch's CUDA builds that runs on this driver, "" where its version is unknown."""
    return OLD_BUILD if driver and int(driver.partition(".")[0]) < OLDEST_DRIVER["13"] else NEW_BUILD


def write_install_command(build: str) -> str:
    """Write the command that installs this torch in another build; PyPI has one build for each system only."""
    version = torch.__version__.partition("+")[0]
    return f"pip install --force-reinstall torch=={version} --index-url https://download.pytorch.org/whl/{build}"


def read_driver_version() -> str | None:
    """Return the NVIDIA driver's version, "" where a driver does not say, None where there is none."""
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
