"""Keep the library of styles: folders of a style.json and a reference image, built in or added by a person."""

from __future__ import annotations

import difflib
import hashlib
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from filelock import FileLock
from PIL import Image

from pipeline.disk_faults import explain_disk_fault
from pipeline.errors import StyleError
from pipeline.kept_files import is_url, open_kept_files
from pipeline.plain_file import read_plain_file
from pipeline.settings import Settings
from pipeline.styles.elsewhere import StylesElsewhere
from pipeline.styles.reference import check_reference, crop_reference, encode_reference
from pipeline.styles.style_folder import (
    DATA,
    REFERENCE,
    hash_files,
    list_folders,
    make_data,
    read_style,
    read_whole_style,
    replace_data,
    shorten,
    write_data,
    write_hashes,
)
from pipeline.styles.style_words import NAME_LIMIT, clean_name, clean_words, make_slug
from pipeline.styles.taught_files import LOOK, check_travelled
from pipeline.taught import read_look
from pipeline.values import Style

log = logging.getLogger(__name__)

STYLE_LIMIT = 10_000
PATIENCE = 30.0  # seconds that a change waits for another program's
BUSY = "Another program is changing the styles just now. Try again."


class StyleLibrary:
    """The styles by id. Safe to use from many threads.

    A broken built-in folder raises StyleError; a broken added one is left out and described in `problems`.
    """

    def __init__(self, builtin: Path, added: Path, elsewhere: StylesElsewhere | None = None) -> None:
        """`added` is a copy of those that lie `elsewhere`, where they do."""
        self._added, self._elsewhere = added, elsewhere
        self._lock = threading.Lock()
        self.problems: tuple[str, ...] = ()
        styles = {folder.name: read_style(folder, builtin=True) for folder in list_folders(builtin)}
        if not styles:
            raise StyleError(f"There are no styles in {builtin}.")
        try:
            self._fetch()
        except StyleError as error:
            self.problems = (str(error),)
        self._publish(styles | self._read_added(styles))

    def all(self) -> tuple[Style, ...]:
        """Return all styles, built-in ones first, each group by id: the same object until one is added or removed."""
        return self._sorted

    def get(self, id: str) -> Style:
        """Return the style with this id. Raises StyleError that names the nearest ids."""
        style = self._styles.get(id) if isinstance(id, str) else None
        if style is None:
            raise StyleError(f"There is no style {shorten(id)}.{self._suggest(id)}")
        return style

    def name_style(self, id: str) -> str:
        """Return the name of a style, or its id where there is none any more."""
        return self._styles[id].name if id in self._styles else id

    def add(self, image: Image.Image, name: str, words: str = "") -> Style:
        """Keep a square of `image` as a style that survives a restart.

        `words` are phrases with commas between them. Raises StyleError for a name that is missing, taken or too
        long, words too long, an image too small or broken, or a full library.
        """
        return self._keep(encode_reference(crop_reference(image)), clean_name(name), clean_words(words))

    def teach(self, image: Image.Image, name: str, beside: Mapping[str, bytes]) -> Style:
        """Keep a style that several pictures taught; `beside` is as taught_files.pack_taught makes it.

        Raises StyleError as `add` does.
        """
        return self._keep(encode_reference(crop_reference(image)), clean_name(name), (), beside)

    def expect_free_name(self, name: str) -> str:
        """Return a new style's name, cleaned. Raises StyleError where there is one called so, or it is no name."""
        cleaned = clean_name(name)
        self._refuse_duplicate(cleaned)
        return cleaned

    def adopt(self, picture: bytes, name: str, words: str = "", beside: Mapping[str, bytes] | None = None) -> Style:
        """Keep a style of another library, its picture as it is: equal bytes paint equally.

        `picture` is as a style's folder holds one, `beside` what its pictures taught it. A style with this picture that
        learnt the same and is here already is returned; a name that is taken gets a number. Raises StyleError as `add`
        does.
        """
        check_reference(picture, "The style's picture")
        check_travelled(beside or {})
        name, phrases = clean_name(name), clean_words(words)
        sha256 = hashlib.sha256(picture).hexdigest()
        taught = read_look(beside[LOOK], "Its look").make_taught(None) if beside else None
        same = next((each for each in self._sorted if (each.sha256, each.taught) == (sha256, taught)), None)
        return same or self._keep(picture, self.find_free_name(name), phrases, beside)

    def find_lora(self, sha256: str) -> Path | None:
        """Return the file of the LoRA with this hash, whichever style it belongs to; None where it is not here."""
        taught = (style.taught for style in self._sorted if style.taught is not None)
        return next((each.lora for each in taught if each.lora is not None and each.lora_sha256 == sha256), None)

    def find_free_name(self, name: str) -> str:
        """Return `name`, or where a style is called so, the first of "name 2", "name 3", ... that is free."""
        taken = {style.name.casefold() for style in self._sorted}
        numbered = (f"{name[: NAME_LIMIT - 6].rstrip()} {number}" for number in range(2, STYLE_LIMIT + 3))
        return next(each for each in (name, *numbered) if each.casefold() not in taken)

    def rename(self, id: str, name: str, words: str) -> Style:
        """Give an added style another name and other words, its id and picture stay. Raises StyleError as `add`."""
        cleaned, phrases = clean_name(name), clean_words(words)
        with self._lock, self._lock_folder():
            style = self._expect_added(id, "be renamed")
            if cleaned.casefold() != style.name.casefold():
                self._refuse_duplicate(cleaned)
            folder = style.image.parent
            before = read_plain_file(folder / DATA)
            write_data(folder, make_data(id, cleaned, phrases))
            try:
                self._keep_elsewhere(id, folder)
            except StyleError:
                replace_data(folder, before)
                raise
            changed = read_style(folder, builtin=False)
            self._publish({**self._styles, id: changed})
        return changed

    def remove(self, id: str) -> None:
        """Delete an added style. Raises StyleError for one that is unknown or built in."""
        with self._lock, self._lock_folder():
            style = self._expect_added(id, "go")
            if self._elsewhere is not None:
                self._elsewhere.remove(style.id)
            self._publish({key: kept for key, kept in self._styles.items() if key != style.id})
            doomed = Path(tempfile.mkdtemp(dir=self._added, prefix=".removed-"))
            os.replace(style.image.parent, doomed / style.id)  # at once, so that a crash leaves no half style
            shutil.rmtree(doomed, ignore_errors=True)

    def _keep(
        self, picture: bytes, name: str, phrases: tuple[str, ...], beside: Mapping[str, bytes] | None = None
    ) -> Style:
        """Write a new style and list it. Raises StyleError where the name is taken or the library full."""
        self._fetch()
        with self._lock, self._lock_folder():
            self._publish(self._styles | self._read_others())
            self._refuse_duplicate(name)
            folder = self._write_folder(
                make_data(self._free_id(name), name, phrases), {REFERENCE: picture, **(beside or {})}
            )
            style = read_style(folder, builtin=False)
            self._publish({**self._styles, style.id: style})
        return style

    @contextmanager
    def _lock_folder(self) -> Iterator[None]:
        """Let one program at a time change the added styles. Raises StyleError."""
        try:
            self._added.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._added.with_name(f".{self._added.name}.lock"), timeout=PATIENCE)
            lock.acquire()
        except TimeoutError as error:
            raise StyleError(BUSY) from error
        except OSError as error:
            raise StyleError(explain_disk_fault(error) or f"The style could not be kept: {error.strerror}.") from error
        try:
            yield
        finally:
            lock.release()

    def _fetch(self) -> None:
        """Bring the copy of styles that lie elsewhere up to date. Raises StyleError."""
        if self._elsewhere is not None:
            with self._lock, self._lock_folder():
                self._elsewhere.fetch(self._added)

    def _keep_elsewhere(self, id: str, folder: Path) -> None:
        """Keep a style elsewhere, too, where styles lie there. Raises StyleError."""
        if self._elsewhere is not None:
            self._elsewhere.keep(id, folder)

    def _read_others(self) -> dict[str, Style]:
        """Read the styles that another program on this folder has added since it was read."""
        read: dict[str, Style] = {}
        for folder in self._list_added():
            if folder.name not in self._styles:
                with suppress(StyleError):  # told when the library was opened, or the next time it is
                    read[folder.name] = read_whole_style(folder)
        return read

    def _expect_added(self, id: str, what: str) -> Style:
        """Return the style with this id. Raises StyleError for one that is unknown or came with Croquis."""
        style = self.get(id)
        if style.builtin:
            raise StyleError(f"{style.name} belongs to the program and stays. Only styles you added can {what}.")
        return style

    def _publish(self, styles: dict[str, Style]) -> None:
        self._styles = styles
        self._sorted = tuple(sorted(styles.values(), key=lambda style: (not style.builtin, style.id)))

    def _read_added(self, builtin: dict[str, Style]) -> dict[str, Style]:
        read: dict[str, Style] = {}
        for folder in self._list_added():
            try:
                if folder.name in builtin:
                    raise StyleError(f"{folder}: a built-in style has the id {folder.name!r} already.")
                read[folder.name] = read_whole_style(folder)
            except StyleError as error:
                if not folder.is_dir():
                    continue  # another program removed it meanwhile
                log.warning("An added style was left out. %s", error)
                self.problems += (str(error),)
        return read

    def _list_added(self) -> list[Path]:
        try:
            return list(list_folders(self._added))
        except OSError as error:
            log.warning("The styles that were added are not there now: %s", error)
            self.problems += (f"{self._added} cannot be read: {error.strerror or error}.",)
            return []

    def _suggest(self, id: object) -> str:
        by_name = {style.name.lower(): style.id for style in self._sorted}
        asked = str(id)[:NAME_LIMIT].lower()
        near = difflib.get_close_matches(asked, [*self._styles, *by_name], n=5, cutoff=0.5)
        ids = list(dict.fromkeys(by_name.get(word, word) for word in near))[:3]
        return f" Did you mean {' or '.join(ids)}?" if ids else " See the list of styles for those there are."

    def _refuse_duplicate(self, name: str) -> None:
        if len(self._styles) >= STYLE_LIMIT:
            raise StyleError(f"The library holds at most {STYLE_LIMIT:,} styles. Remove one first.")
        if any(style.name.casefold() == name.casefold() for style in self._sorted):
            raise StyleError(f"There is a style called {name!r} already. Give this one another name.")

    def _free_id(self, name: str) -> str:
        """Return an id that is free: names that differ may share a slug ("Café", "Cafe"), and a broken folder may.

        Where styles lie elsewhere, other machines give ids at the same time.
        """
        stem = make_slug(name) if self._elsewhere is None else f"{make_slug(name)}-{uuid4().hex[:8]}"
        for number in range(1, STYLE_LIMIT + 2):
            id = stem if number == 1 else f"{stem}-{number}"
            if id not in self._styles and not (self._added / id).exists():
                return id
        raise StyleError(f"Too many styles are called like {name!r}.")

    def _write_folder(self, data: dict[str, Any], files: Mapping[str, bytes]) -> Path:
        """Write the whole folder or nothing."""
        target = self._added / str(data["id"])
        try:
            self._added.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(dir=self._added, prefix=".new-"))
            try:
                write_data(temporary, data)
                for file, content in files.items():
                    (temporary / file).write_bytes(content)
                write_hashes(temporary, [hash_files(temporary)])
                self._keep_elsewhere(target.name, temporary)
                os.replace(temporary, target)
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        except OSError as error:
            raise StyleError(explain_disk_fault(error) or f"The style could not be kept: {error.strerror}.") from error
        return target


def open_library(settings: Settings) -> StyleLibrary:
    """Open the library of these settings. Raises StyleError as StyleLibrary does."""
    place, folder = settings.pictures, settings.added_styles
    elsewhere = StylesElsewhere(lambda: open_kept_files(place, folder)) if is_url(place) else None
    return StyleLibrary(settings.styles, folder, elsewhere)
