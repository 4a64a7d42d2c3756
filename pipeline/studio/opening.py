"""Choose a studio's profile and open its engine and its search, with the files and settings that are here."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import CroquisError, EngineChanged, ModelError, OutOfMemory
from pipeline.models.catalog import POCKET, SD15, find_profile
from pipeline.models.hub_cache import find_cached_revision
from pipeline.models.locate import drop_weights
from pipeline.models.profile import ModelProfile
from pipeline.places import Place
from pipeline.settings import Settings
from pipeline.studio.line import Line, TimedEngine
from pipeline.styles.library import StyleLibrary

if TYPE_CHECKING:
    from pipeline.engine.engine import Engine
    from pipeline.engine.pocket_engine import PocketEngine
    from pipeline.engine.remote_engine import RemoteEngine
    from pipeline.styles.encoders import Encoder
    from pipeline.styles.search import StyleSearch

    AnyEngine = Engine | PocketEngine | RemoteEngine

log = logging.getLogger(__name__)

RETRIEVAL = "retrieval"  # role in a profile's parts
UNKNOWN_FAILURE = "It could not be loaded; the log says why."
NO_MEMORY = (
    "There is not enough memory to load {title}. Close other programs, or start Croquis with CROQUIS_MEMORY=streamed "
    "(cpu without a GPU)."
)


@dataclass(frozen=True)
class LoadState:
    """LoadState says how far loading in the background is."""

    stage: str  # in words for the page
    fraction: float  # [0, 1]
    ready: bool = False
    error: str | None = None  # why loading ended, in words for the page


def open_engine(
    profile: ModelProfile, settings: Settings, on_progress: Callable[[str, float], None] | None = None
) -> AnyEngine:
    """Load the profile's engine as the settings ask for it. Raises as its own `load` does."""
    if profile.name == POCKET.name:
        from pipeline.engine.pocket_engine import PocketEngine

        folder, safety = settings.assets / "pocket", settings.safety == "on"
        return PocketEngine.load(profile, folder=folder, safety=safety, on_progress=on_progress)
    from pipeline.engine.engine import Engine

    return Engine.load(
        profile,
        folder=settings.sd15,
        device=settings.device,
        dtype=settings.dtype,
        memory=settings.memory,
        attention=settings.attention,
        compile=settings.compile == "on",
        previews=settings.previews,
        safety=settings.safety == "on",
        cache_dir=settings.caches / "embeddings",
        graphs=settings.caches / "openvino" if settings.compile == "openvino" else None,
        on_progress=on_progress,
    )


def open_search(profile: ModelProfile, settings: Settings, library: StyleLibrary) -> StyleSearch:
    """Open the profile's search: by its own encoder where its weights are here and whole, else by the pocket one."""
    from pipeline.styles.search import StyleSearch

    return StyleSearch(library, open_encoder(profile, settings), settings.caches)


def has_own_encoder(profile: ModelProfile, settings: Settings) -> bool:
    """Return whether the weights of the profile's own encoder for styles are on this machine; ask no network."""
    from pipeline.models.hub_cache import find_cached_revision

    part = profile.parts.get(RETRIEVAL)
    if part is None or part.repo is None:
        return False
    folder = find_model_folder(settings)
    return (folder / part.folder).is_dir() if folder else find_cached_revision(part) is not None


def find_model_folder(settings: Settings) -> Path | None:
    """Return the folder that holds the model in the Hub's place; None where the settings name none."""
    return settings.sd15 if settings.sd15 is not None and settings.sd15.is_dir() else None


class OpenLine(Protocol):
    """OpenLine makes the line of a studio."""

    def __call__(
        self,
        settings: Settings,
        find_engine: Callable[[], TimedEngine | None],
        *,
        note_error: Callable[[Exception], None],
        follow: Callable[[Place], AbstractContextManager[None]],
    ) -> Line: ...


@dataclass(frozen=True)
class Openers:
    """Openers says how a studio gets its engine, search and line: those of this process, unless others are given."""

    open_engine: Callable[[ModelProfile, Settings, Callable[[str, float], None]], AnyEngine] = open_engine
    open_search: Callable[[ModelProfile, Settings, StyleLibrary], StyleSearch] = open_search
    open_line: OpenLine = Line


def open_encoder(profile: ModelProfile, settings: Settings) -> Encoder:
    """Open the encoder of the profile's search: its own where its weights are here and whole, else the pocket one."""
    if has_own_encoder(profile, settings):
        try:
            return open_clip_encoder(profile, settings)
        except ModelError as error:  # pictures are worth more than how their styles are found
            log.warning("Styles are found by the pocket model's encoder. %s", error)
    return open_pocket_encoder(settings)


def open_clip_encoder(profile: ModelProfile, settings: Settings) -> Encoder:
    """Open the profile's CLIP encoder from files that are here, checked against their hashes. Raises ModelError."""
    from pipeline.models.locate import locate_part
    from pipeline.styles.encoders import ClipEncoder

    located = locate_part(profile, RETRIEVAL, find_model_folder(settings))
    return ClipEncoder(located.path, located.revision)


def open_pocket_encoder(settings: Settings) -> Encoder:
    """Open the pocket model's encoder of words and pictures."""
    from pipeline.styles.encoders import PocketEncoder

    return PocketEncoder(settings.assets / "pocket" / "image_encoder", words=settings.assets / "words.npz")


def explain_failure(error: BaseException, profile: ModelProfile) -> str:
    """Say why loading ended, in words for the page; for an error that is not ours, point to the log."""
    from pipeline.machine.memory import is_out_of_memory

    if isinstance(error, OutOfMemory):
        return str(error)
    if is_out_of_memory(error):  # also where a loader raised it as something else
        return NO_MEMORY.format(title=profile.title)
    return str(error) if isinstance(error, CroquisError) else UNKNOWN_FAILURE


NOT_DOWNLOADED = (
    "{what} of Stable Diffusion 1.5 are not here yet, and nothing is fetched unasked; start the download under "
    '"A bigger model"'
)


def choose_profile(wanted: str = "auto", device: str = "auto", folder: Path | None = None) -> tuple[ModelProfile, str]:
    """Choose the profile called `wanted`; return it and why, in words for the page.

    "auto" takes sd15 where a CUDA GPU and its files are: in `folder` when one is named, else in the Hub's cache. A
    single-file checkpoint in `folder`'s place stands for the base's weights. It never downloads: 6 GB are a person's to
    ask for, so whether the Hub can be reached is not asked here, and the reason names where the download starts.
    """
    if wanted != "auto":
        return find_profile(wanted), "it was asked for"
    if device != "auto" and not device.startswith("cuda"):
        return POCKET, f"Stable Diffusion 1.5 takes minutes on the device asked for, {device}"
    if not (folder and folder.is_dir()) and not is_downloaded(SD15, has_base=folder is not None):
        return POCKET, NOT_DOWNLOADED.format(what="the parts beside the checkpoint" if folder else "the weights")
    trouble = find_cuda_problem()
    if trouble:
        return POCKET, f"Stable Diffusion 1.5 needs a CUDA GPU: {trouble}"
    return SD15, "its files and a CUDA GPU are here"


def is_downloaded(profile: ModelProfile, *, has_base: bool = False) -> bool:
    """Return whether the Hub's cache on this machine has all that the first picture needs; ask no network.

    `has_base`: the base's weights lie elsewhere.
    """
    parts = dict(profile.required_parts)
    if has_base:
        parts["base"] = drop_weights(parts["base"])
    return all(find_cached_revision(part) is not None for part in parts.values())


def find_cuda_problem() -> str | None:
    """Return why CUDA cannot be used here; None where it can."""
    from pipeline.machine.device import diagnose_cuda, has_usable_cuda

    return None if has_usable_cuda() else diagnose_cuda() or "there is none on this machine"


def expect_engine(name: str, profile: ModelProfile) -> None:
    """Raise EngineChanged unless `name` is the engine that draws."""
    if name != profile.name:
        raise EngineChanged(f"This is for the engine {name!r}; {profile.name!r} is running.")
