"""How a studio's engine and search are opened: with which files, which settings, and what is told meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import CroquisError, ModelError, OutOfMemory
from pipeline.model_profile import ModelProfile
from pipeline.profiles import POCKET
from pipeline.settings import Settings
from pipeline.styles import StyleLibrary

if TYPE_CHECKING:
    from pipeline.clip import Encoder
    from pipeline.diffusion import Engine
    from pipeline.search import StyleSearch

log = logging.getLogger(__name__)

RETRIEVAL = "retrieval"  # role in a profile's parts
CALM = "It could not be loaded; the log says why."
NO_MEMORY = (
    "There is not enough memory to load {title}. Close other programs, or start Croquis with CROQUIS_MEMORY=streamed "
    "(cpu without a GPU)."
)


@dataclass(frozen=True)
class LoadState:
    """How far the background load is."""

    stage: str  # in words for the page
    fraction: float  # [0, 1]
    ready: bool = False
    error: str | None = None  # why loading ended, in words for the page


def open_engine(
    profile: ModelProfile, settings: Settings, on_progress: Callable[[str, float], None] | None = None
) -> Engine:
    """The profile's engine as the settings want it. Raises as Engine.load does."""
    from pipeline.diffusion import Engine

    return Engine.load(
        profile,
        folder=settings.assets / "pocket" if profile.name == POCKET.name else settings.sd15,
        device=settings.device,
        dtype=settings.dtype,
        memory=settings.memory,
        attention=settings.attention,
        compile=settings.compile == "on",
        previews=settings.previews,
        safety=settings.safety == "on",
        cache_dir=settings.caches / "embeddings",
        on_progress=on_progress,
    )


def open_search(profile: ModelProfile, settings: Settings, library: StyleLibrary) -> StyleSearch:
    """The search of the profile: by its own encoder where its weights are here and whole, else by the pocket one."""
    from pipeline.search import StyleSearch

    if has_encoder(profile, settings):
        try:
            return StyleSearch(library, open_clip(profile, settings), settings.caches)
        except ModelError as error:  # pictures are worth more than how their styles are found
            log.warning("Styles are found by the pocket model's encoder. %s", error)
    return StyleSearch(library, open_pocket_encoder(settings), settings.caches)


def has_encoder(profile: ModelProfile, settings: Settings) -> bool:
    """Whether the weights with which the profile finds styles by itself are on this machine; asks no network."""
    from pipeline.weights import cached_revision

    part = profile.parts.get(RETRIEVAL)
    if part is None or part.repo is None:
        return False
    own = own_folder(settings)
    return (own / part.folder).is_dir() if own else cached_revision(part) is not None


def own_folder(settings: Settings) -> Path | None:
    """The folder that stands in the Hub's place, where one was named."""
    return settings.sd15 if settings.sd15 is not None and settings.sd15.is_dir() else None


def open_clip(profile: ModelProfile, settings: Settings) -> Encoder:
    """Of files that are here, checked against their published hashes. Raises ModelError."""
    from pipeline.clip import ClipEncoder
    from pipeline.weights import locate

    located = locate(profile, RETRIEVAL, own_folder(settings))
    return ClipEncoder(located.path, located.revision)


def open_pocket_encoder(settings: Settings) -> Encoder:
    from pipeline.clip import PocketEncoder

    return PocketEncoder(settings.assets / "pocket" / "image_encoder", words=settings.assets / "words.npz")


def why_not(error: Exception, profile: ModelProfile) -> str:
    """Why loading ended, in words for the page; what is no error of ours is told calmly."""
    from pipeline.out_of_memory import is_out_of_memory

    if isinstance(error, OutOfMemory):
        return str(error)
    if is_out_of_memory(error):  # also where a loader told it as something else
        return NO_MEMORY.format(title=profile.title)
    return str(error) if isinstance(error, CroquisError) else CALM
