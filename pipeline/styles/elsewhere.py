"""Keep the styles that people added in a store elsewhere (CROQUIS_PICTURES), of which this machine has a copy.

A style is one file there, named by its id and the hash of what its look comes from: a folder of the copy that has this
hash needs no fetching. Renaming writes another file before the one before is deleted.
"""

from __future__ import annotations

import io
import logging
import shutil
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from pipeline.errors import StyleError
from pipeline.kept_files import FilesAway, KeptFiles
from pipeline.plain_file import read_plain_file
from pipeline.sealed_file import seal, unseal
from pipeline.styles.style_folder import DATA, ID, REFERENCE, hash_files, list_folders, write_hashes
from pipeline.styles.taught_files import LOOK, LORA

log = logging.getLogger(__name__)

FOLDER = "styles"
FILES = (DATA, REFERENCE, LOOK, LORA)
AWAY = "The styles that were added cannot be reached now, so this could not be kept. Try again later."
COPY_ALONE = "The styles that were added cannot be reached now; those that this machine has a copy of are here."


class StylesElsewhere:
    """StylesElsewhere reads and writes a store's styles; the copy of this machine is the caller's to lock."""

    def __init__(self, open_files: Callable[[], KeptFiles]) -> None:
        self._open_files = open_files

    @cached_property
    def _files(self) -> KeptFiles:
        return self._open_files()

    def fetch(self, copy: Path) -> None:
        """Make the copy what the store holds. Raises StyleError where the store is away: the copy stays as it was."""
        with _tell_away(COPY_ALONE):
            kept = self._list()
            for folder in list_folders(copy):
                if folder.name not in kept:
                    shutil.rmtree(folder, ignore_errors=True)
            for id, names in kept.items():
                if not any(_read_hash(copy / id) == _name_hash(name) for name in names):
                    self._fetch_newest(copy, id, names)

    def keep(self, id: str, folder: Path) -> None:
        """Write the style of a folder under an id, then delete what was kept of it before. Raises StyleError."""
        name = f"{FOLDER}/{id}/{hash_files(folder)}.zip"
        with _tell_away(AWAY):
            self._files.write(name, seal(_pack(folder)))
            self._files.delete([each for each in self._files.list_names(f"{FOLDER}/{id}") if each != name])

    def remove(self, id: str) -> None:
        """Delete a style. Raises StyleError."""
        with _tell_away(AWAY):
            self._files.delete(self._files.list_names(f"{FOLDER}/{id}"))

    def _list(self) -> dict[str, list[str]]:
        """List the files of each style by its id."""
        found = defaultdict(list)
        for name in self._files.list_names(FOLDER):
            parts = name.split("/")
            if len(parts) == 3 and ID.fullmatch(parts[1]) and parts[2].endswith(".zip"):
                found[parts[1]].append(name)
        return found

    def _fetch_newest(self, copy: Path, id: str, names: list[str]) -> None:
        """Put a style into the copy; one that is damaged, or deleted meanwhile, is left out."""
        try:
            newest = max(names, key=self._files.read_time)
            packed = unseal(self._files.read(newest))
        except FileNotFoundError:
            return
        copy.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=copy, prefix=".new-"))
        try:
            if packed is None or not _unpack(packed, fresh) or hash_files(fresh) != _name_hash(newest):
                log.warning("A style was left out. %s is damaged.", self._files.locate(newest))
                return
            write_hashes(fresh, [_name_hash(newest)])
            shutil.rmtree(copy / id, ignore_errors=True)
            fresh.replace(copy / id)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


@contextmanager
def _tell_away(words: str) -> Iterator[None]:
    """Log that the store is away where it is, and raise StyleError with these words."""
    try:
        yield
    except FilesAway as error:
        log.warning("The store of the styles is away", exc_info=error)
        raise StyleError(words) from error


def _name_hash(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".zip")


def _read_hash(folder: Path) -> str:
    return hash_files(folder) if folder.is_dir() else ""


def _pack(folder: Path) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:  # pictures and weights are packed already
        for name in FILES:
            if (folder / name).is_file():
                archive.writestr(name, read_plain_file(folder / name))
    return stream.getvalue()


def _unpack(packed: bytes, folder: Path) -> bool:
    """Unpack what _pack made, no other names than a style's; return whether it is a zip."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            for name in set(archive.namelist()) & set(FILES):
                (folder / name).write_bytes(archive.read(name))
    except zipfile.BadZipFile:
        return False
    return True
