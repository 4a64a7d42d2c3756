"""Keep files under names: in a folder of this machine, or in a store elsewhere by fsspec.

A store is named by a URL as s3://bucket/prefix. Its own library, s3fs for S3, is the host's to install; how it is
reached, its keys and address, says the configuration that this library and fsspec read (FSSPEC_S3_..., AWS_...).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import SettingError, quote_error
from pipeline.plain_file import read_plain_file
from pipeline.whole_file import UNFINISHED, write_whole

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

UNFINISHED_SECONDS = 600.0  # no writing takes so long
PAUSE = 10.0  # seconds for which nobody waits for a store that did not answer, to read from it
PATIENCE = 60.0  # seconds that a store has for one answer, where its library can be told to end
FAILED = "The store of the pictures failed: {error}"
NO_PLACE = "pictures (CROQUIS_PICTURES) is a folder, or a store's URL such as s3://bucket/prefix; {came} came."
NO_LIBRARY = "pictures (CROQUIS_PICTURES) names a store, {kind}://, whose library is missing: {hint}."


class FilesAway(OSError):
    """FilesAway is raised where a store does not answer, or refuses; the error that it came from says why."""


class KeptFiles(Protocol):
    """KeptFiles reads and writes whole files by name. Safe to use from many threads, and by many programs at once.

    Each method raises OSError where disk or store fail.
    """

    def read(self, name: str) -> bytes:
        """Return a file's bytes. Raises FileNotFoundError."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file, whole or not at all; once this returns, no end of a program loses it."""

    def delete(self, names: Iterable[str]) -> None:
        """Delete files; what is gone already is no error."""

    def list_names(self, folder: str) -> list[str]:
        """List the files that lie below a folder."""

    def read_time(self, name: str) -> datetime:
        """Return when a file was written. Raises FileNotFoundError."""

    def locate(self, name: str) -> str:
        """Return where a file lies, for a person to find it."""

    def delete_unfinished(self) -> None:
        """Delete what a killed program left half written, and not what another one is writing now."""


class FolderFiles:
    """FolderFiles keeps files in a folder, made where it is missing: on the disk by the time that `write` returns."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes:
        return read_plain_file(self._folder / name)

    def write(self, name: str, data: bytes) -> None:
        file = self._folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, data, is_synced=True)

    def delete(self, names: Iterable[str]) -> None:
        for name in names:
            (self._folder / name).unlink(missing_ok=True)

    def list_names(self, folder: str) -> list[str]:
        below = os.walk(self._folder / folder)
        return [
            (Path(parent) / name).relative_to(self._folder).as_posix() for parent, _, names in below for name in names
        ]

    def read_time(self, name: str) -> datetime:
        return datetime.fromtimestamp((self._folder / name).stat().st_mtime, UTC)

    def locate(self, name: str) -> str:
        return str(self._folder / name)

    def delete_unfinished(self) -> None:
        for file in self._folder.rglob(f"*{UNFINISHED}"):
            with suppress(FileNotFoundError):
                if abs(time.time() - file.stat().st_mtime) > UNFINISHED_SECONDS:
                    file.unlink()


class StoreFiles:
    """StoreFiles keeps files in a file system of fsspec, below a place that has to be there, such as a bucket.

    A file is written in one request, which object stores carry out whole or not at all.
    """

    def __init__(self, filesystem: AbstractFileSystem, root: str) -> None:
        self._filesystem, self._root = filesystem, root.rstrip("/")
        self._away_until = 0.0

    @cached_property
    def _patience(self) -> dict[str, float]:
        """Return what ends a call in time; only a library whose calls are mirrored from asynchronous ones takes it."""
        return {"timeout": PATIENCE} if "cat_file" in vars(self._filesystem) else {}

    def read(self, name: str) -> bytes:
        if time.monotonic() < self._away_until:
            raise FilesAway(FAILED.format(error="no answer a moment ago"))
        with self._name_failures():
            return bytes(self._filesystem.cat_file(self.locate_path(name), **self._patience))

    def write(self, name: str, data: bytes) -> None:
        path = self.locate_path(name)
        with self._name_failures(is_missing_one=True):
            try:
                self._filesystem.pipe_file(path, data, **self._patience)
            except FileNotFoundError:  # a file system with folders, not an object store
                self._make_folders(name)
                self._filesystem.pipe_file(path, data, **self._patience)

    def delete(self, names: Iterable[str]) -> None:
        paths = [self.locate_path(name) for name in names]
        with self._name_failures(is_missing_one=True):
            try:
                if paths:
                    self._filesystem.rm(paths, **self._patience)
            except FileNotFoundError:  # of one of them; object stores say nothing
                for path in paths:
                    with suppress(FileNotFoundError):
                        self._filesystem.rm_file(path)

    def list_names(self, folder: str) -> list[str]:
        start = len(self.locate_path(""))
        with self._name_failures(is_missing_one=True):
            return [str(path)[start:] for path in self._find(self.locate_path(folder))]

    def _find(self, path: str) -> Iterable[object]:
        """Find the files below a path, none where it is not there. Raises FileNotFoundError where the place is not."""
        if self._patience:
            return list(self._filesystem.find(path, **self._patience))
        try:
            return list(self._filesystem.find(path, on_error="raise"))
        except FileNotFoundError:
            if not self._filesystem.exists(self._root):
                raise
            return ()

    def read_time(self, name: str) -> datetime:
        with self._name_failures():
            written: datetime = self._filesystem.modified(self.locate_path(name))
        return written.astimezone(UTC) if written.tzinfo else written.replace(tzinfo=UTC)

    def locate(self, name: str) -> str:
        return str(self._filesystem.unstrip_protocol(self.locate_path(name)))

    def delete_unfinished(self) -> None:
        """Do nothing: what was not written whole is not there."""

    def locate_path(self, name: str) -> str:
        """Return a file's path as the file system has it."""
        return f"{self._root}/{name}"

    def _make_folders(self, name: str) -> None:
        """Make the folders between the place and a file; the place itself, a bucket, is never made."""
        parts = name.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            with suppress(FileExistsError):
                self._filesystem.mkdir(
                    self.locate_path("/".join(parts[:depth])), create_parents=False, **self._patience
                )

    @contextmanager
    def _name_failures(self, is_missing_one: bool = False) -> Iterator[None]:
        """Turn whatever a store's library raises into FilesAway; a missing file may be one of these failures, too."""
        try:
            yield
        except Exception as error:
            if isinstance(error, FileNotFoundError) and not is_missing_one:
                raise
            self._away_until = time.monotonic() + PAUSE
            raise FilesAway(FAILED.format(error=type(error).__name__)) from error
        self._away_until = 0.0


def is_url(place: str) -> bool:
    """Return whether a place is a store's URL and no folder."""
    return "://" in place


def expect_place(place: str) -> None:
    """Raise SettingError unless a setting is a folder's path or the URL of a store whose library is here."""
    kind, mark, rest = place.partition("://")
    if not mark:
        if "\0" in place:
            raise SettingError(NO_PLACE.format(came="a path with a zero byte"))
        return
    from fsspec import get_filesystem_class

    try:
        get_filesystem_class(kind)
    except ImportError as error:
        hint = quote_error(error)
        raise SettingError(NO_LIBRARY.format(kind=kind, hint=hint)) from error
    except ValueError as error:
        raise SettingError(NO_PLACE.format(came=f"{kind[:40]}://")) from error
    if not rest.strip("/") and kind != "memory":
        raise SettingError(NO_PLACE.format(came=f"{kind}:// without a bucket or folder"))


def open_kept_files(place: str, folder: Path) -> KeptFiles:
    """Open the files of a place, a folder or a store's URL; those of `folder` where it is "". Raises OSError."""
    if not is_url(place):
        return FolderFiles(Path(place).expanduser().resolve() if place else folder)
    from fsspec.core import url_to_fs
    from fsspec.implementations.local import LocalFileSystem

    try:
        filesystem, root = url_to_fs(place, use_listings_cache=False)  # other programs write there, too
    except Exception as error:  # whatever its library raises
        raise FilesAway(FAILED.format(error=type(error).__name__)) from error
    if isinstance(filesystem, LocalFileSystem):  # file://
        return FolderFiles(Path(root))
    return StoreFiles(filesystem, root)
