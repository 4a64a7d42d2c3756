"""Where huggingface_hub keeps a part's files, and which of them are there; asks no network."""

from __future__ import annotations

from pathlib import Path

from pipeline.models.profile import ModelPart


def discard(path: Path) -> None:
    """Remove a file, and what it points to in the cache."""
    if path.is_symlink():
        path.resolve().unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def cached_revision(part: ModelPart) -> str | None:
    """The commit of which the Hub's cache has all of the part's files: the pinned one, else main's; asks no network."""
    pinned = [part.revision] if part.revision else []
    return next((commit for commit in (*pinned, main_revision(part)) if commit and has_all(part, commit)), None)


def main_revision(part: ModelPart) -> str | None:
    """The commit that main was when something was last fetched from it."""
    ref = repo_folder(part) / "refs" / "main"
    return ref.read_text(encoding="utf-8").strip() if ref.is_file() else None


def has_all(part: ModelPart, revision: str) -> bool:
    return all((snapshot_folder(part, revision) / file.path).is_file() for file in part.files)


def snapshot_folder(part: ModelPart, revision: str) -> Path:
    return repo_folder(part) / "snapshots" / revision


def repo_folder(part: ModelPart) -> Path:
    """Where huggingface_hub keeps the repository; HF_HOME and HF_HUB_CACHE decide."""
    from huggingface_hub import constants, file_download

    return Path(constants.HF_HUB_CACHE) / file_download.repo_folder_name(repo_id=str(part.repo), repo_type="model")
