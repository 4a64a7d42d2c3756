"""Which engine draws when nobody names one."""

from __future__ import annotations

from pathlib import Path

from pipeline.model_profile import ModelProfile
from pipeline.profiles import POCKET, SD15, find_profile
from pipeline.weights import cached_revision, without_weights

NOT_HERE = (
    '{what} of Stable Diffusion 1.5 are not here yet, and nothing is fetched unasked; start the download under '
    '"A bigger model"'
)


def choose_profile(wanted: str = "auto", device: str = "auto", folder: Path | None = None) -> tuple[ModelProfile, str]:
    """The profile called `wanted`, and why, in words for the page.

    "auto" takes sd15 where a CUDA GPU and its files are: in `folder` when one is named, else in the Hub's cache. A
    single-file checkpoint in `folder`'s place stands for the base's weights. It never downloads: 6 GB are a person's to
    ask for, so whether the Hub can be reached is not asked here, and the reason names where the download starts.
    """
    if wanted != "auto":
        return find_profile(wanted), "it was asked for"
    if device != "auto" and not device.startswith("cuda"):
        return POCKET, f"Stable Diffusion 1.5 takes minutes on the device asked for, {device}"
    if not (folder and folder.is_dir()) and not is_downloaded(SD15, has_base=folder is not None):
        return POCKET, NOT_HERE.format(what="the parts beside the checkpoint" if folder else "the weights")
    trouble = cuda_problem()
    if trouble:
        return POCKET, f"Stable Diffusion 1.5 needs a CUDA GPU: {trouble}"
    return SD15, "its files and a CUDA GPU are here"


def is_downloaded(profile: ModelProfile, *, has_base: bool = False) -> bool:
    """Whether the Hub's cache on this machine has all that the first picture needs; asks no network.

    `has_base`: the base's weights lie elsewhere.
    """
    parts = dict(profile.first_parts)
    if has_base:
        parts["base"] = without_weights(parts["base"])
    return all(cached_revision(part) is not None for part in parts.values())


def cuda_problem() -> str | None:
    """Why CUDA cannot be used here; None where it can."""
    from pipeline.device import cuda_trouble, has_usable_cuda  # brings torch, seconds: only where the weights are there

    return None if has_usable_cuda() else cuda_trouble() or "there is none on this machine"
