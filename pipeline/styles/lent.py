"""Keep styles that came with a picture file and are not in the library: each is found by its id alone.

They are in no list and in no search: a picture is worn as it travelled, and nobody else's library grows by opening
it. Who wants to keep one adds it. The last ones outlast the program, so that a page that wears one finds it again.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from PIL import Image

from pipeline.disk_faults import explain_disk_fault
from pipeline.errors import StyleError
from pipeline.styles.library import StyleLibrary
from pipeline.styles.reference import crop_reference, encode_reference
from pipeline.styles.style_file import read_style_file, write_style_file
from pipeline.styles.style_folder import DATA, REFERENCE, WRITTEN, hash_files, is_as_written, read_style, write_hashes
from pipeline.styles.style_words import clean_name, clean_words, make_slug
from pipeline.styles.taught_files import LOOK
from pipeline.taught import Taught, write_look
from pipeline.values import Style

LENT_KEPT = 400  # the styles lent last, 50 kB each
CREDIT = "came with a picture file"
IS_ID = re.compile(r"[a-z0-9-]{1,80}-lent-[0-9a-f]{10}").fullmatch


class LentStyles:
    """LentStyles holds the styles lent last. Safe to use from many threads."""

    def __init__(
        self, find_lora: Callable[[str], Path | None] = lambda sha256: None, folder: Path | None = None
    ) -> None:
        """Take what finds a LoRA that is here by its hash, since those of taught styles do not travel with pictures,
        and the folder in which the styles outlast the program; None: a temporary one.
        """
        self._find_lora = find_lora
        self._given = folder
        self._lock = threading.Lock()
        self._styles: dict[str, Style] = {}

    @cached_property
    def _folder(self) -> Path:
        if self._given is not None:
            return self._given
        self._temporary = tempfile.TemporaryDirectory(prefix="croquis-styles-")
        return Path(self._temporary.name)

    def find(self, id: object) -> Style | None:
        """Return the lent style of this id; None where none is, or where its files are not what was written."""
        if not isinstance(id, str) or not IS_ID(id):
            return None
        with self._lock:
            if id not in self._styles and self._given is not None:
                self._find_written(id)
            return self._styles.get(id)

    def _find_written(self, id: str) -> None:
        """Take up a style that an earlier run of the program has written."""
        try:
            style = self._read(self._folder / id)
            if (self._folder / id / WRITTEN).is_file() and is_as_written(self._folder / id):
                self._styles[id] = style
        except (OSError, StyleError):
            return

    def lend(self, image: Image.Image, name: str, words: Sequence[str], taught: Taught | None = None) -> Style:
        """Return a style made of a picture that travelled, and of what several taught it, the same one for the same
        picture. Raises StyleError.
        """
        name, phrases = clean_name(name), clean_words(", ".join(words))
        learnt = "" if taught is None else taught.sha256
        digest = hashlib.sha256(image.tobytes() + name.encode() + learnt.encode()).hexdigest()[:10]
        id = f"{make_slug(name)}-lent-{digest}"
        with self._lock:
            style = self._styles.pop(id, None) or self._write(id, name, phrases, crop_reference(image), taught)
            self._styles[id] = style
            for oldest in list(self._styles)[:-LENT_KEPT]:
                del self._styles[oldest]
            self._clear_away()
        return style

    def remove(self, id: str) -> None:
        """Delete a style that is here no more from now on; nothing happens where there is none of this id.

        Raises StyleError.
        """
        if not IS_ID(id):
            return
        with self._lock:
            self._styles.pop(id, None)
            try:
                shutil.rmtree(self._folder / id)
            except FileNotFoundError:
                return
            except OSError as error:
                raise StyleError(explain_disk_fault(error) or f"The style could not go: {error.strerror}.") from error

    def _clear_away(self) -> None:
        """Delete the folders of styles that were written longest ago, so that as many are left as are kept."""
        with suppress(OSError):
            written = sorted(self._folder.iterdir(), key=lambda folder: folder.stat().st_mtime)
            for folder in written[:-LENT_KEPT]:
                if folder.name not in self._styles:
                    shutil.rmtree(folder, ignore_errors=True)

    def _write(
        self, id: str, name: str, phrases: tuple[str, ...], reference: Image.Image, taught: Taught | None
    ) -> Style:
        folder = self._folder / id
        look = name.replace("{", "(").replace("}", ")")  # braces would make it a template of its own
        data = {"id": id, "name": name, "words": list(phrases), "template": f"{{prompt}}, {look} style"}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / DATA).write_text(json.dumps({**data, "licence": "the adder's own", "credit": CREDIT}), "utf-8")
            (folder / REFERENCE).write_bytes(encode_reference(reference))
            if taught is not None:
                (folder / LOOK).write_text(write_look(taught), "utf-8")
            write_hashes(folder, [hash_files(folder)])
        except OSError as error:
            raise StyleError(explain_disk_fault(error) or f"The style could not be kept: {error.strerror}.") from error
        return self._read(folder)

    def _read(self, folder: Path) -> Style:
        style = read_style(folder, builtin=False)
        if style.taught is None or not style.taught.lora_sha256:
            return style
        return replace(style, taught=replace(style.taught, lora=self._find_lora(style.taught.lora_sha256)))


def keep_style(library: StyleLibrary, lent: Style) -> Style:
    """Add a lent style to the library, with what it learnt. Raises StyleError as StyleLibrary.add does."""
    if lent.taught is not None:
        read = read_style_file(write_style_file(lent))
        return library.adopt(read.picture, read.name, read.words, read.beside)
    with Image.open(lent.image) as image:
        return library.add(image.convert("RGB"), lent.name, ", ".join(lent.words))
